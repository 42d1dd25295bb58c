"""Two processes for one notebook: in one a student's cells run, in the other the instructor's checks, with a line
between.

The student's process has the student edition of the library and runs everything that a student wrote. The
judge's has the whole library and runs the instructor's setup and check cells, restored from the release; what it says
of a check is the verdict. See `llmcourse.course.remote` for what crosses the line.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmcourse.course.environment import PIECES_VARIABLE
from llmcourse.course.grading.trial.open_room import OpenRoom
from llmcourse.course.grading.trial.orders import GRADER_ERRORS, PROCESS_DIED, TIMED_OUT, Failure, Ran
from llmcourse.course.grading.trial.processes import PATIENCE_S, JudgeProcess, JudgeServer, StudentProcess
from llmcourse.course.pieces import Piece
from llmcourse.course.sandbox import Room


class Courtroom:
    """A student's process and the judge of one notebook.

    They start and end together, for the line between them is as old as they are.

    Args:
        students: The room of the student's process.
        judges: Where the judge is forked.
        pieces: The assignment's pieces.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, students: Room | OpenRoom, judges: JudgeServer, pieces: Sequence[Piece], max_output: int):
        ends = socket.socketpair()
        variables = {PIECES_VARIABLE: json.dumps([str(piece) for piece in pieces])}
        self._ends = ends
        self._told: dict[str, str] = {}
        self.has_judged = False
        """Whether a check has run."""
        self.knows_hidden = False
        """Whether the student's process may know what hidden tests pass in."""
        self.last = Ran()
        """What came of the last check."""
        self.student = StudentProcess(students, ends[0].fileno(), max_output)
        self.judge = JudgeProcess(judges, variables, ends[1].fileno(), max_output)

    async def start(self) -> None:
        """Start both.

        Raises:
            ProcessNotStarted: One does not start.
        """
        try:
            await asyncio.gather(self.student.start(), self.judge.start())
        except BaseException:
            await self.stop()
            raise
        finally:
            for end in self._ends:  # each end is one process's alone: the other one notices when that process dies
                end.close()

    async def stop(self) -> None:
        """End both, and every process that they left."""
        self.judge.stop()
        await self.student.stop()

    async def check(
        self,
        source: str,
        passed: Sequence[str],
        sources: Mapping[str, str],
        timeout_s: float,
        late: str = "",
        *,
        lent: Sequence[str] = (),
        changes_arguments: bool = True,
        visible_only: bool = False,
        apart: bool = False,
    ) -> Ran:
        """Judge one piece by a check cell.

        What a student may read about its failure holds nothing that the student's process said once hidden tests had
        run in it.

        Args:
            source: The instructor's check cell.
            passed: The pieces whose checks have passed.
            sources: The student's cell of each piece.
            timeout_s: Seconds that it may take.
            late: What to say when it takes longer.
            lent: The pieces whose references may run in the student's process, for no check is to come of them. From
                then on it is one that knows hidden tests: nothing that it says is told.
            changes_arguments: Whether the piece may change in place what it is given.
            visible_only: Whether to run the part alone that students can read.
            apart: Whether a fork of the student's process answers: nothing that the check does to it stays.
        """
        new = {piece: text for piece, text in sources.items() if self._told.get(piece) != text}
        self._told |= new
        serving = asyncio.create_task(self.student.answer_judge(apart=apart))
        arguments = [source, list(passed), list(lent), new, changes_arguments, visible_only]
        judged = asyncio.create_task(self.judge.check(arguments, timeout_s + 2 * PATIENCE_S, late))
        try:
            ran = await self._verdict(serving, judged, timeout_s, late)
        finally:
            serving.cancel()
            judged.cancel()
            await asyncio.gather(serving, judged, return_exceptions=True)
        self.has_judged, self.last = True, ran
        self.knows_hidden = self.knows_hidden or ran.knows_hidden or ran.has_borrowed
        if ran.failure is not None and ran.failure.ename not in GRADER_ERRORS and self.knows_hidden:
            ran.failure = replace(ran.failure, told=ran.told or "a hidden test failed")
        return ran

    async def _verdict(
        self, serving: asyncio.Task[bool], judged: asyncio.Task[Ran], timeout_s: float, late: str
    ) -> Ran:
        deadline = time.monotonic() + timeout_s
        await asyncio.wait({judged, serving}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():  # a check is over when the judge says so, whatever the student's process says of itself
            left = deadline - time.monotonic() if serving.result() else PATIENCE_S
            listening = asyncio.create_task(self.student.listen())
            try:
                await asyncio.wait({judged}, timeout=max(0.0, left))
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        was_late = not judged.done() and not (serving.done() and not serving.result())
        if was_late:
            self.student.interrupt()
            await asyncio.wait({judged}, timeout=PATIENCE_S)
        was_stopped = not judged.done()
        if was_stopped:
            serving.cancel()
            await asyncio.wait({serving})
            await self.student.stop()  # the judge reads the end of the line, and its check fails
        ran = await judged
        await asyncio.wait({serving}, timeout=PATIENCE_S)
        has_answered = serving.done() and not serving.cancelled()
        if was_late:
            ignored = "" if has_answered else ", and the interrupt was ignored"
            ran.failure = Failure(TIMED_OUT, f"{late or f'no answer within {timeout_s:g} s'}{ignored}")
            ran.lost = True  # the interrupt may still be on its way, and would reach the next cell
        elif was_stopped or not (has_answered and serving.result()):
            ran.lost = True
            if ran.failure is not None and not self.student.is_alive:
                ran.failure = Failure(PROCESS_DIED, self.student.why_dead())
        return ran
