"""Processes that run cells for the grader: how they are asked, and how long and how much they may answer.

What a process says is not trusted to be what such a process should say: it is read with bounds, and what cannot be read
is the end of that process.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from llmcourse.course.grading.open_room import OpenProcess, OpenRoom
from llmcourse.course.remote.uses import ROLE_VARIABLE
from llmcourse.course.sandbox import Room, SandboxUnavailable
from llmcourse.course.sandbox.forkserver import KernelProcess

KERNEL_DIED, TIMED_OUT, NOT_RUN = "KernelDied", "TimedOut", "NotRun"
GRADER_ERRORS = (KERNEL_DIED, TIMED_OUT, NOT_RUN)
"""The error names that come from the grader, not from Python."""

TRUNCATED = "\n... output truncated ...\n"
MAX_OUTPUTS = 500
MAX_MESSAGE = 8 << 20
"""Bytes of one message of a process."""
MAX_BYTES = 64 << 20
"""Bytes of all messages about one cell."""
PATIENCE_S = 3.0
"""How long a process may take to answer an interrupt."""
START_S = 120.0
"""How long a process may take to be there, where it has to import the library first."""
STUDENTS_MODULE, BENCH_MODULE = "llmcourse.course.remote.cells", "llmcourse.course.remote.bench"


@dataclass(frozen=True)
class Failure:
    """Why a cell failed: an error's name and message."""

    ename: str
    evalue: str


class KernelNotStarted(RuntimeError):
    """A process could not be started before any code of the submission ran: the machine's fault, not the student's."""


@dataclass
class Ran:
    """What came of a cell.

    Attributes:
        outputs: As in a notebook, bounded.
        failure: None when the process said that the cell ended well.
        lost: The process cannot be used any more.
    """

    outputs: list[NotebookNode] = field(default_factory=list)
    failure: Failure | None = None
    lost: bool = False


class _Ended(Exception):
    """The process has ended, or says what cannot be read."""


class _Orders:
    """Orders to one process, one after the other.

    Args:
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, max_output: int):
        self.max_output = max_output
        self.control: socket.socket | None = None
        self._number = 0
        self._unread = b""

    async def begin(self, control: socket.socket) -> None:
        """Take over the connected socket of a process, and wait until it takes orders."""
        self.control = control
        control.setblocking(False)
        async with asyncio.timeout(START_S):
            await self._message()

    async def give(self, word: str, value: Any) -> Ran:
        """Give an order, and wait for its answer; raises _Ended."""
        self._number += 1
        ran = Ran()
        await self._send({"n": self._number, word: value})
        used = size = 0
        while True:
            message, n_bytes = await self._message()
            size += n_bytes
            if size > MAX_BYTES:
                raise _Ended
            if message.get("n") != self._number:
                continue
            output = message.get("output")
            if isinstance(output, dict):
                used += self._keep(output, ran.outputs, self.max_output - used)
            elif isinstance(message.get("status"), str):
                _finish(ran, message)
                return ran

    def _keep(self, output: dict[str, Any], outputs: list[NotebookNode], room: int) -> int:
        """Add an output, where there is room for it; returns its size."""
        text, data, metadata = output.get("text"), output.get("data"), output.get("metadata")
        if isinstance(text, str):
            if room > 0:
                cut = text if len(text) <= room else text[:room] + TRUNCATED
                _append(outputs, new_output("stream", name="stdout", text=cut))
            return len(text)
        if not isinstance(data, dict) or not isinstance(metadata, dict):
            return 0
        size = len(json.dumps(output))
        if size <= room:
            with suppress(Exception):  # what makes no output of a notebook
                _append(outputs, new_output("display_data", data=data, metadata=metadata))
        return size

    async def _send(self, order: dict[str, Any]) -> None:
        data = json.dumps(order).encode()
        try:
            assert self.control is not None
            await asyncio.get_running_loop().sock_sendall(self.control, struct.pack("!I", len(data)) + data)
        except OSError as error:
            raise _Ended from error

    async def _message(self) -> tuple[dict[str, Any], int]:
        """The next message, and its size."""
        (size,) = struct.unpack("!I", await self._read(4))
        if size > MAX_MESSAGE:
            raise _Ended
        data = await self._read(size)
        try:
            message = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _Ended from error
        if not isinstance(message, dict):
            raise _Ended
        return _writable(message), size

    async def _read(self, size: int) -> bytes:
        parts, have = [self._unread], len(self._unread)
        while have < size:
            try:
                assert self.control is not None
                part = await asyncio.get_running_loop().sock_recv(self.control, max(1 << 16, min(size - have, 1 << 20)))
            except OSError as error:
                raise _Ended from error
            if not part:
                raise _Ended
            parts.append(part)
            have += len(part)
        data = b"".join(parts)
        self._unread = data[size:]
        return data[:size]

    def close(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None


def _finish(ran: Ran, message: Mapping[str, Any]) -> None:
    """Note how a cell ended."""
    if message.get("exit"):
        ran.lost = True
        ran.failure = Failure(KERNEL_DIED, "this cell ended the kernel (exit or quit)")
    if message["status"] == "ok":
        return
    ename, evalue = str(message.get("ename", "Error"))[:200], str(message.get("evalue", ""))[:4000]
    lines = message.get("traceback")
    traceback = [str(line)[:4000] for line in lines[:100]] if isinstance(lines, list) else []
    _append(ran.outputs, new_output("error", ename=ename, evalue=evalue, traceback=traceback))
    ran.failure = ran.failure or Failure(ename, evalue)


def _writable(value: Any) -> Any:
    """What was read, with texts that can be written as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    return [_writable(item) for item in value] if isinstance(value, list) else value


def _append(outputs: list[NotebookNode], new: NotebookNode) -> None:
    last = outputs[-1] if outputs else None
    if last is not None and new.output_type == last.output_type == "stream":
        last.text += new.text
    elif len(outputs) < MAX_OUTPUTS or new.output_type == "error":
        outputs.append(new)


class Box:
    """The student's process of one notebook.

    Args:
        room: Where it runs.
        line: The descriptor of its line to the judge.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, room: Room | OpenRoom, line: int, max_output: int):
        self._room, self._line = room, line
        self._orders = _Orders(max_output)
        self._process: KernelProcess | OpenProcess | None = None

    async def start(self) -> None:
        """Start it and wait until it takes orders.

        Raises:
            KernelNotStarted: It does not start.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = self._room.start_process(STUDENTS_MODULE, {}, theirs.fileno())
            socket.send_fds(ours, [b"\0"], [self._line])
            await self._process.wait_until_ready()
            await self._orders.begin(ours)
        except (OSError, _Ended, TimeoutError, SandboxUnavailable) as error:
            ours.close()
            reason = str(error) or self.why_dead()
            await self.stop()
            raise KernelNotStarted(f"no kernel could be started: {reason}") from error

    async def stop(self) -> None:
        """End it and every process it left, at once."""
        self._orders.close()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()
            process.close()

    def interrupt(self) -> None:
        """Interrupt what it runs."""
        if self._process is not None:
            self._process.interrupt()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def why_dead(self) -> str:
        """What to say when it has ended."""
        reason = ""
        if self._process is not None:
            self._process.poll()
            reason = self._process.killed
        return f"the kernel died while running this cell{f': {reason}' if reason else ''}"

    async def run(self, source: str, timeout_s: float, late: str = "") -> Ran:
        """Run a cell.

        Args:
            source: The cell.
            timeout_s: Seconds that it may take before it is interrupted.
            late: What to say then.
        """
        order = asyncio.create_task(self._orders.give("cell", source))
        try:
            await asyncio.wait({order}, timeout=timeout_s)
            failure = None
            if not order.done():
                failure = Failure(TIMED_OUT, late or f"no answer within {timeout_s:g} s")
                self.interrupt()
                await asyncio.wait({order}, timeout=PATIENCE_S)
                if not order.done():
                    return Ran(failure=Failure(TIMED_OUT, f"{failure.evalue}, and the interrupt was ignored"), lost=True)
            try:
                ran = order.result()
            except _Ended:
                await self._until_it_is_known_why()
                return Ran(failure=failure or Failure(KERNEL_DIED, self.why_dead()), lost=True)
            ran.failure = failure or ran.failure
            return ran
        finally:
            order.cancel()
            await asyncio.gather(order, return_exceptions=True)

    async def answer_judge(self) -> bool:
        """Answer the judge's calls until the check is over; returns whether that ended well."""
        try:
            return (await self._orders.give("judge", None)).failure is None
        except _Ended:
            await self._until_it_is_known_why()
            return False

    async def _until_it_is_known_why(self) -> None:
        """The end of its socket comes before what its warden says about its end."""
        for _ in range(50):
            if not self.is_alive:
                return
            await asyncio.sleep(0.01)


class Bench:
    """The standing process of the judges' room, from which a judge is forked for each notebook.

    Args:
        room: A room whose library is whole.
    """

    def __init__(self, room: Room | OpenRoom):
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = room.start_process(BENCH_MODULE, {ROLE_VARIABLE: "1"}, theirs.fileno())
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

    def ask(self, environment: Mapping[str, str], fds: list[int]) -> None:
        """Ask for a judge; raises OSError when nobody is there."""
        socket.send_fds(self._requests, [json.dumps(dict(environment)).encode()], fds)

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
        line: The descriptor of its line to the student's process.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, bench: Bench, environment: Mapping[str, str], line: int, max_output: int):
        self._bench, self._environment, self._line = bench, environment, line
        self._orders = _Orders(max_output)
        self._life: socket.socket | None = None

    async def start(self) -> None:
        """Start it and wait until it takes orders.

        Raises:
            KernelNotStarted: It does not start.
        """
        try:
            await self._bench.wait_until_ready()
            ours, control = socket.socketpair()
            self._life, life = socket.socketpair()
            with control, life:
                self._bench.ask(self._environment, [control.fileno(), self._line, life.fileno()])
            await self._orders.begin(ours)
        except (OSError, _Ended, TimeoutError, SandboxUnavailable) as error:
            reason = str(error) or self._why_dead()
            self.stop()
            raise KernelNotStarted(f"no judge could be started: {reason}") from error

    def stop(self) -> None:
        """End it, with all that it has started."""
        self._orders.close()
        if self._life is not None:
            self._life.close()
            self._life = None

    async def run_cell(self, source: str, timeout_s: float) -> Ran:
        """Run a cell of the instructor's."""
        return await self._do("cell", source, timeout_s, "")

    async def check(self, arguments: list[Any], timeout_s: float, late: str = "") -> Ran:
        """Run a check cell.

        Args:
            arguments: What `remote.judge.Judge.judge` gets.
            timeout_s: Seconds that it may take.
            late: What to say when it takes longer.
        """
        return await self._do("check", arguments, timeout_s, late)

    async def _do(self, word: str, value: Any, timeout_s: float, late: str) -> Ran:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._orders.give(word, value)
        except TimeoutError:
            return Ran(failure=Failure(TIMED_OUT, late or f"no answer within {timeout_s:g} s"), lost=True)
        except _Ended:
            return Ran(failure=Failure(KERNEL_DIED, self._why_dead()), lost=True)

    def _why_dead(self) -> str:
        with suppress(OSError):
            self._bench.process.poll()
        reason = self._bench.process.killed
        return f"the judge died while running this cell{f': {reason}' if reason else ''}"
