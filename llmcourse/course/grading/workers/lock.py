"""One grading run at a time in an output folder.

The system's own file lock tells whether a run on this machine lives: it goes with its process, so a killed run leaves
nothing to clean up. On a folder that several machines share, a lock may not reach across; there the file `grading.json`
beside it tells, which a living run touches a few times a minute.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from llmcourse.course.grading.errors import GradingError
from llmcourse.files import write_atomically

TOUCH_S, STALE_S = 15.0, 90.0


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Hold an output folder for one run.

    Raises:
        GradingError: Another run holds it; the message says which, since when, on which machine.
    """
    output.mkdir(parents=True, exist_ok=True)
    facts = output / ".grading.json"
    lock = FileLock(output / ".grading.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise GradingError(_refusal(output, _read(facts))) from None
    ended = threading.Event()
    try:
        _refuse_other_machine(output, facts)
        told = {"pid": os.getpid(), "host": platform.node(), "started": time.strftime("%Y-%m-%d %H:%M:%S")}
        write_atomically(facts, json.dumps(told) + "\n")
        threading.Thread(target=_touch, args=(facts, ended), daemon=True).start()
        try:
            yield
        finally:
            ended.set()
            facts.unlink(missing_ok=True)
    finally:
        lock.release()


def _refuse_other_machine(output: Path, facts: Path) -> None:
    told = _read(facts)
    with suppress(FileNotFoundError):
        age = time.time() - facts.stat().st_mtime
        if told.get("host", platform.node()) != platform.node() and age < STALE_S:
            wait = f"if that run was killed, wait {STALE_S - age:.0f} s, or remove {facts}"
            raise GradingError(f"{_refusal(output, told)}; {wait}")


def _refusal(output: Path, told: dict[str, Any]) -> str:
    who = f"process {told.get('pid', '?')} on {told.get('host', 'this machine')}, since {told.get('started', '?')}"
    return f"{output} is being graded by another run ({who}): wait for its end, or name another output"


def _read(facts: Path) -> dict[str, Any]:
    try:
        told = json.loads(facts.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _touch(facts: Path, ended: threading.Event) -> None:
    while not ended.wait(TOUCH_S):
        with suppress(OSError):
            os.utime(facts)
