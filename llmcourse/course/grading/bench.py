"""The grader's side of the bench: judges, one for each notebook, forked from a process that stands in the judges' room."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nbformat.v4 import new_output

from llmcourse.course.grading.kernel import KERNEL_DIED, TIMED_OUT, Failure, KernelNotStarted, Ran
from llmcourse.course.grading.open_room import OpenRoom
from llmcourse.course.remote.uses import ROLE_VARIABLE
from llmcourse.course.sandbox import Room, SandboxUnavailable

MODULE = "llmcourse.course.remote.bench"
START_S = 120.0
"""Seconds that a judge may take to be there, where the bench has to import the library first."""
MAX_ANSWER = 64 << 20


class Bench:
    """The standing process of one room.

    Args:
        room: The judges' room, whose library is whole.
    """

    def __init__(self, room: Room | OpenRoom):
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.process = room.start_process(MODULE, {ROLE_VARIABLE: "1"}, theirs.fileno())
        finally:
            theirs.close()
        self._is_ready = False

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self.process.poll() is None

    async def wait_until_ready(self) -> None:
        """Wait until it is shut in.

        Raises:
            SandboxUnavailable: It cannot be, and why.
        """
        if not self._is_ready:
            await self.process.wait_until_ready()
            self._is_ready = True

    def ask(self, told: Mapping[str, Any], fds: list[int]) -> None:
        """Ask for a judge; raises OSError when nobody is there."""
        socket.send_fds(self._requests, [json.dumps(told).encode()], fds)

    def close(self) -> None:
        """End it and all its judges."""
        self._requests.close()
        self.process.kill()
        self.process.close()


class JudgeProcess:
    """The judge of one notebook.

    Args:
        bench: Where it comes from.
        environment: Variables that it gets.
        line: The descriptor of its line to the student's kernel.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, bench: Bench, environment: Mapping[str, str], line: int, max_output: int):
        self.bench = bench
        self._told = {"environment": dict(environment), "max_output": max_output}
        self._line = line
        self._control: socket.socket | None = None
        self._life: socket.socket | None = None

    async def start(self) -> None:
        """Start it and wait until it takes orders.

        Raises:
            KernelNotStarted: It does not start.
        """
        try:
            await self.bench.wait_until_ready()
            self._control, control = socket.socketpair()
            self._life, life = socket.socketpair()
            with control, life:
                self.bench.ask(self._told, [control.fileno(), self._line, life.fileno()])
            self._control.setblocking(False)
            await asyncio.wait_for(self._received(), START_S)
        except (OSError, EOFError, TimeoutError, SandboxUnavailable) as error:
            await self.stop()
            raise KernelNotStarted(f"no judge could be started: {error or self._why_dead()}") from error

    async def stop(self) -> None:
        """End it, with all that it has started."""
        for end in (self._control, self._life):
            if end is not None:
                end.close()
        self._control = self._life = None

    async def run_cell(self, source: str, timeout_s: float) -> Ran:
        """Run a cell of the instructor's."""
        return await self._do({"cell": source}, timeout_s, "")

    async def check(self, arguments: list[Any], timeout_s: float, late: str = "") -> Ran:
        """Run a check cell.

        Args:
            arguments: What `remote.judge.Judge.judge` gets.
            timeout_s: Seconds that it may take.
            late: What to say when it takes longer.
        """
        return await self._do({"check": arguments}, timeout_s, late)

    async def _do(self, order: dict[str, Any], timeout_s: float, late: str) -> Ran:
        assert self._control is not None
        text = json.dumps(order).encode()
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().sock_sendall(self._control, struct.pack("!I", len(text)) + text)
                answer = json.loads(await self._received())
        except TimeoutError:
            return Ran(failure=Failure(TIMED_OUT, late or f"no answer within {timeout_s:g} s"), lost=True)
        except (OSError, EOFError, ValueError):
            return Ran(failure=Failure(KERNEL_DIED, self._why_dead()), lost=True)
        return _ran(answer)

    async def _received(self) -> bytes:
        (size,) = struct.unpack("!I", await self._read(4))
        if size > MAX_ANSWER:
            raise EOFError(f"an answer of {size} bytes")
        return await self._read(size)

    async def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            assert self._control is not None
            part = await asyncio.get_running_loop().sock_recv(self._control, size - len(data))
            if not part:
                raise EOFError("it has ended")
            data += part
        return data

    def _why_dead(self) -> str:
        with suppress(OSError):
            self.bench.process.poll()
        reason = self.bench.process.killed
        return f"the judge died while running this cell{f': {reason}' if reason else ''}"


def _ran(answer: Mapping[str, Any]) -> Ran:
    outputs = [
        new_output("stream", name="stdout", text=one["text"])
        if "text" in one
        else new_output("display_data", data=one["data"], metadata=one["metadata"])
        for one in answer["outputs"]
    ]
    if answer["status"] == "ok":
        return Ran(outputs)
    error = {name: answer[name] for name in ("ename", "evalue", "traceback")}
    return Ran([*outputs, new_output("error", **error)], Failure(answer["ename"], answer["evalue"]))
