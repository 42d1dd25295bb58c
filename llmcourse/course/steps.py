"""Counting the bytecode instructions that a call runs: a measure of work that is the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from llmcourse.course.walks import in_steps
from llmcourse.course.watched import Watched


def count_steps(function: Callable[..., Any], *args: Any) -> int:
    """Count the bytecode instructions that a call runs: a measure of work that is the same on every machine.

    What runs inside C code counts as one instruction, but for what walks over the lists and dictionaries that the call
    gets (also those that a dataclass holds), and but for `min`, `sorted` and their like: see `walks`.

    Example:
        >>> count_steps(lambda n: [i for i in range(n)], 1000) > 1000
        True
        >>> count_steps(lambda numbers: numbers[:], [0] * 1000) > 1000
        True
    """
    if remote := getattr(function, "count_steps", None):  # it runs in another process, which counts
        return remote(*args)
    function = function.__wrapped__ if isinstance(function, Watched) else function
    count = _count_by_monitoring if sys.version_info >= (3, 12) else _count_by_tracing
    with in_steps(args) as walked:
        return count(lambda: function(*walked))


CALLS_OF_THE_WAY = 200
"""Calls that may stand within each other besides those that Python allows, while something is said to another process
or a function of this one is called from there."""


@contextmanager
def not_counted() -> Iterator[None]:
    """Let no step count that is made in here, and no call that stands within another: the way into another process is
    no work of the piece's. A recursion that is too deep stops outside of it, where nothing is half said."""
    before, calls = sys.gettrace(), sys.getrecursionlimit()
    sys.settrace(None)
    sys.setrecursionlimit(calls + CALLS_OF_THE_WAY)
    _pauses.append(True)
    try:
        yield
    finally:
        _pauses.pop()
        sys.setrecursionlimit(calls)
        sys.settrace(before)


_pauses: list[bool] = []


def _count_by_tracing(call: Callable[[], Any]) -> int:
    steps = 0

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    def step(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if event == "opcode":
            steps += 1
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


def _count_by_monitoring(call: Callable[[], Any]) -> int:
    """Python 3.12 has its own interface for this; its tracing does not report every instruction."""
    steps = 0

    def count(*_: Any) -> None:
        nonlocal steps
        steps += not _pauses

    monitoring = sys.monitoring  # type: ignore[attr-defined]
    tool = next(number for number in range(6) if monitoring.get_tool(number) is None)
    monitoring.use_tool_id(tool, "llmcourse")
    monitoring.register_callback(tool, monitoring.events.INSTRUCTION, count)
    monitoring.set_events(tool, monitoring.events.INSTRUCTION)
    try:
        call()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return steps
