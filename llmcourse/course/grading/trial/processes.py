"""The processes of a notebook, as the grader starts, asks and ends them: the student's, and its judge."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from llmcourse.course.environment import ROLE_VARIABLE
from llmcourse.course.grading.trial.open_room import OpenProcess, OpenRoom
from llmcourse.course.grading.trial.orders import PROCESS_DIED, TIMED_OUT, Ended, Failure, OrderClient, Ran
from llmcourse.course.sandbox import Room, SandboxUnavailable
from llmcourse.course.sandbox.forkserver import ShutInProcess

PATIENCE_S = 3.0
"""How long a process may take to answer an interrupt."""
JUDGE_DIED = "the judge died while running this cell"
STUDENTS_MODULE, JUDGES_MODULE = "llmcourse.course.remote.cells", "llmcourse.course.remote.judges"


class ProcessNotStarted(RuntimeError):
    """A process could not be started before any code of the submission ran: the machine's fault, not the student's."""


class StudentProcess:
    """The student's process of one notebook.

    Args:
        room: Where it runs.
        line: The descriptor of its line to the judge.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, room: Room | OpenRoom, line: int, max_output: int):
        self._room, self._line = room, line
        self._orders = OrderClient(max_output)
        self._process: ShutInProcess | OpenProcess | None = None
        self.slowed_s = 0.0
        """Seconds that it stood still for having used more than its share of the machine, known once it has ended."""

    async def start(self) -> None:
        """Start it and wait until it takes orders.

        Raises:
            ProcessNotStarted: It does not start.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = self._room.start_process(STUDENTS_MODULE, {}, theirs.fileno())
            socket.send_fds(ours, [b"\0"], [self._line])
            await self._process.wait_until_ready()
            await self._orders.begin(ours)
        except (OSError, Ended, TimeoutError, SandboxUnavailable) as error:
            ours.close()
            reason = str(error) or self.why_dead()
            await self.stop()
            raise ProcessNotStarted(f"no process could be started: {reason}") from error

    async def stop(self) -> None:
        """End it and every process it left, at once."""
        self._orders.close()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()
            process.close()
            self.slowed_s = process.slowed_s

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
        return f"the process died while running this cell{f': {reason}' if reason else ''}"

    async def run(self, source: str, timeout_s: float, late: str = "") -> Ran:
        """Run a cell; a process that had to be interrupted is lost.

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
                    return Ran(
                        failure=Failure(TIMED_OUT, f"{failure.evalue}, and the interrupt was ignored"), lost=True
                    )
            try:
                ran = order.result()
            except Ended:
                await self._until_it_is_known_why()
                return Ran(failure=failure or Failure(PROCESS_DIED, self.why_dead()), lost=True)
            if failure is not None:
                ran.failure, ran.lost = failure, True  # the interrupt may still be on its way to the next cell
            return ran
        finally:
            order.cancel()
            await asyncio.gather(order, return_exceptions=True)

    async def answer_judge(self, *, apart: bool = False) -> bool:
        """Answer the judge's calls until the check is over; returns whether that ended well.

        Args:
            apart: Whether a fork of it answers, which ends with the check.
        """
        try:
            return (await self._orders.give("judge", apart)).failure is None
        except Ended:
            await self._until_it_is_known_why()
            return False

    async def listen(self) -> None:
        """Take in what it says although it has nothing to do."""
        await self._orders.listen()

    async def _until_it_is_known_why(self) -> None:
        """The end of its socket comes before what its warden says about its end."""
        for _ in range(50):
            if not self.is_alive:
                return
            await asyncio.sleep(0.01)


class JudgeServer:
    """The standing process of the judges' room, from which a judge is forked for each notebook.

    Args:
        room: A room whose library is whole.
    """

    def __init__(self, room: Room | OpenRoom):
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = room.start_process(JUDGES_MODULE, {ROLE_VARIABLE: "1"}, theirs.fileno())
        self._is_ready = False
        self._has_read: set[str] = set()

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

    def read(self, cells: Iterable[str]) -> None:
        """Have it compile check cells for all judges to come, those that it has not read yet.

        What does not get through is compiled by each judge for itself.
        """
        for cell in cells:
            if cell not in self._has_read:
                self._has_read.add(cell)
                with suppress(OSError):
                    self._requests.send(json.dumps(cell).encode(), socket.MSG_DONTWAIT)

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
        judges: Where it comes from.
        environment: Variables that it gets.
        line: The descriptor of its line to the student's process.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, judges: JudgeServer, environment: Mapping[str, str], line: int, max_output: int):
        self._judges, self._environment, self._line = judges, environment, line
        self._orders = OrderClient(max_output)
        self._life: socket.socket | None = None

    async def start(self) -> None:
        """Start it and wait until it takes orders.

        Raises:
            ProcessNotStarted: It does not start.
        """
        try:
            await self._judges.wait_until_ready()
            ours, control = socket.socketpair()
            self._life, life = socket.socketpair()
            with control, life:
                self._judges.ask(self._environment, [control.fileno(), self._line, life.fileno()])
            await self._orders.begin(ours)
        except (OSError, Ended, TimeoutError, SandboxUnavailable) as error:
            reason = str(error) or self._why_dead()
            self.stop()
            raise ProcessNotStarted(f"no judge could be started: {reason}") from error

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
        except Ended:
            return Ran(failure=Failure(PROCESS_DIED, self._why_dead()), lost=True)

    def _why_dead(self) -> str:
        with suppress(OSError):
            self._judges.process.poll()
        reason = self._judges.process.killed
        return f"{JUDGE_DIED}{f': {reason}' if reason else ''}"
