"""Ranks as processes of this machine, watched, so that a rank that fails or hangs is an error with a message.

`torchrun` starts the ranks of a program; this starts the ranks of a function, from a notebook or a test.
"""

from __future__ import annotations

import importlib
import inspect
import os
import select
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any

import cloudpickle
import torch
import torch.distributed as dist

from llmcourse import _overlay, _sections
from llmcourse.distributed.group import Group
from llmcourse.distributed.rehearsal import RankFailed

MAX_RANKS = 8
ALWAYS_LOADED = ("cloudpickle", "numpy", "torch", "torch.distributed", "torch._dynamo")
"""An optimizer's first step loads the last one, which takes longer than all the rest, in each rank again."""
SLOW_TO_LOAD = (
    "torch.distributed.checkpoint",
    "torch.distributed.fsdp",
    "torch.distributed.tensor.parallel",
)
START_S = 120.0
"""Seconds that the new processes may take to find one another, imports included."""
PIECE_BYTES = getattr(select, "PIPE_BUF", 512) - 8
"""What a pipe takes in one go or not at all, less the words before it: a piece that has begun to come is all there."""


def run_on_ranks(function: Callable[..., Any], rows: Sequence[tuple[Any, ...]], timeout_s: float = 60.0) -> list[Any]:
    """Call a function on one rank for each row of arguments, all at the same time, in a group of as many processes.

    Each rank is a new process, in which `torch.distributed` is ready (gloo, on this machine alone) and which computes
    with one thread. A piece that a learner has built runs there too. What goes in and comes out is pickled.

    Args:
        function: A function of a module, which the new processes find by its name, or one of a notebook, which they are
            sent. If it has a parameter `group`, it gets the rank's `Group` there.
        rows: Rank r gets the arguments rows[r].
        timeout_s: Seconds, from when all are ready, until ranks that have not answered are ended.

    Returns:
        What each rank returned, in order.

    Raises:
        RankFailed: A rank raised an error, died, or gave no answer in time; the message names it.
        ValueError: There are no rows, or more than MAX_RANKS.

    Example:
        >>> run_on_ranks(max, [(1, 2), (5, 3)])
        [2, 5]
    """
    if not 1 <= len(rows) <= MAX_RANKS:
        raise ValueError(f"there are {len(rows)} rows; there must be 1 to {MAX_RANKS}")
    context = _context()
    packed = _packed(function)
    # By value: PyTorch makes a tensor that goes through a pipe shared memory, and two ranks would train one model.
    given = [cloudpickle.dumps(row) for row in rows]
    with tempfile.TemporaryDirectory(prefix="ranks-") as folder:
        pipes = [context.Pipe(duplex=False) for _ in rows]
        processes = [
            context.Process(
                target=_rank,
                args=(theirs, packed, row, dict(os.environ), rank, len(rows), folder, timeout_s),
                daemon=True,
            )
            for rank, (row, (_, theirs)) in enumerate(zip(given, pipes))
        ]
        try:
            for process, (_, theirs) in zip(processes, pipes):
                process.start()
                theirs.close()
            _answers([ours for ours, _ in pipes], START_S)
            return _answers([ours for ours, _ in pipes], timeout_s)
        finally:
            for process in processes:
                if process.pid is not None:
                    process.kill()
                    process.join()
            for ours, _ in pipes:
                ours.close()


def _context() -> BaseContext:
    """How processes start: forked from one that has PyTorch loaded, where that is safe.

    To load PyTorch takes seconds. It is loaded once, in a process that runs nothing, so that nothing of this one's
    (threads, locks, a learner's objects) is copied; the library itself is imported anew by each rank. Of PyTorch's
    parts that take seconds as well, it has those that this process has used before its first ranks.
    """
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([*ALWAYS_LOADED, *_used(SLOW_TO_LOAD)])
    return context


def _used(modules: Sequence[str]) -> list[str]:
    return [name for name in modules if name in sys.modules]


def _packed(function: Callable[..., Any]) -> tuple[str, str] | bytes:
    """How a new process finds a function: by its name, where it has one that can be imported."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "<")
    if module in (None, "__main__") or "<" in name:
        return cloudpickle.dumps(function)
    return module, name


def _unpacked(packed: tuple[str, str] | bytes) -> Callable[..., Any]:
    if isinstance(packed, bytes):
        return cloudpickle.loads(packed)
    function: Any = importlib.import_module(packed[0])
    for part in packed[1].split("."):
        function = getattr(function, part)
    return function


def _answers(pipes: list[Connection], timeout_s: float) -> list[Any]:
    """Wait for every rank; the first error ends the waiting, for the others may wait for the rank that is gone."""
    answers: dict[int, Any] = {}
    begun = [bytearray() for _ in pipes]
    end = time.monotonic() + timeout_s
    while len(answers) < len(pipes):
        waiting = [pipe for rank, pipe in enumerate(pipes) if rank not in answers]
        ready = wait(waiting, max(0.0, end - time.monotonic()))
        if not ready:
            late = " and ".join(str(rank) for rank in range(len(pipes)) if rank not in answers)
            hint = "does a rank wait for a message that no other one sends?"
            raise RankFailed(f"rank {late} gave no answer within {timeout_s:g} s: {hint}")
        for pipe in ready:
            rank = pipes.index(pipe)  # type: ignore[arg-type]
            try:
                piece = pipe.recv_bytes()  # type: ignore[union-attr]
            except (EOFError, OSError):  # before its answer, or in the middle of it
                raise RankFailed(f"rank {rank} died") from None
            begun[rank] += memoryview(piece)[1:]
            if not piece[0]:  # more is to come
                continue
            ok, value = cloudpickle.loads(begun[rank])
            if not ok:
                raise RankFailed(f"rank {rank} raised {value}")
            answers[rank] = value
    return [answers[rank] for rank in range(len(pipes))]


def _rank(
    pipe: Connection,
    packed: tuple[str, str] | bytes,
    row: bytes,
    environment: dict[str, str],
    rank: int,
    n: int,
    folder: str,
    timeout_s: float,
) -> None:
    threading.Thread(target=_leave_with_parent, args=(folder,), daemon=True).start()
    try:
        _take_over(environment)
        torch.set_num_threads(1)
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(n)}
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo" if sys.platform == "linux" else "lo0")
        dist.init_process_group(
            "gloo", init_method=f"file://{folder}/group", rank=rank, world_size=n,
            timeout=timedelta(seconds=START_S + timeout_s),
        )  # fmt: skip
        function = _unpacked(packed)
        arguments = cloudpickle.loads(row)
        _tell(pipe, True, "ready")
        _tell(pipe, True, function(*arguments, **_group_for(function)))
        # Until it is ended: a rank that leaves would be an error for one that still waits for it. The time for answers
        # begins when all ranks are ready, which may be later than this one.
        time.sleep(START_S + timeout_s)
    except BaseException as error:
        _tell(pipe, False, f"{type(error).__name__}: {error}")


def _take_over(environment: dict[str, str]) -> None:
    """Have the environment of who asked: the process that ranks are forked from may have another, older one."""
    os.environ.clear()
    os.environ.update(environment)
    if workspace := environment.get(_sections.WORKSPACE_VARIABLE):
        _overlay.install(workspace)


def _leave_with_parent(folder: str) -> None:
    """End this rank when the process that has started it is gone, and could not: it was killed."""
    wait([parent_process().sentinel])  # type: ignore[union-attr]
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _tell(pipe: Connection, ok: bool, value: Any) -> None:
    """Send an answer in pieces: one that stops in the middle of it must not hold up who waits with a clock."""
    answer = cloudpickle.dumps((ok, value))
    for start in range(0, len(answer), PIECE_BYTES):
        is_last = start + PIECE_BYTES >= len(answer)
        pipe.send_bytes(bytes([is_last]) + answer[start : start + PIECE_BYTES])


def _group_for(function: Callable[..., Any]) -> dict[str, Group]:
    try:
        takes_group = "group" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # built in, as `max` is
        return {}
    return {"group": Group.of_everybody()} if takes_group else {}
