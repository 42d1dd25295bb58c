"""Two kernels for one notebook: in one a student's cells run, in the other the instructor's checks, with a line between.

The student's kernel (the box) has the student edition of the library and runs everything that a student wrote. The
judge's kernel has the whole library and runs the instructor's setup and check cells, restored from the release; what it
says of a check is the verdict. See `llmcourse.course.remote` for what crosses the line.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence

from llmcourse.course.grading.bench import Bench, JudgeProcess
from llmcourse.course.grading.kernel import KERNEL_DIED, PATIENCE_S, TIMED_OUT, Failure, Kernel, Ran
from llmcourse.course.grading.open_room import OpenRoom
from llmcourse.course.pieces import Piece
from llmcourse.course.remote.uses import PIECES_VARIABLE
from llmcourse.course.sandbox import Room

SERVE = "from llmcourse.course.remote.box import serve; serve()"


class Courtroom:
    """Box and judge of one notebook. They start and end together, for the line between them is as old as they are.

    Args:
        students: The room of the box.
        bench: Where the judge comes from.
        pieces: The assignment's pieces.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, students: Room | OpenRoom, bench: Bench, pieces: Sequence[Piece], max_output: int):
        ends = socket.socketpair()
        told = {PIECES_VARIABLE: json.dumps([str(piece) for piece in pieces])}
        self._ends = ends
        self._told: dict[str, str] = {}
        self.box = Kernel(students, {}, ends[0].fileno(), max_output)
        self.judge = JudgeProcess(bench, told, ends[1].fileno(), max_output)

    async def start(self) -> None:
        """Start both.

        Raises:
            KernelNotStarted: One does not start.
        """
        try:
            await asyncio.gather(self.box.start(), self.judge.start())
        except BaseException:
            await self.stop()
            raise
        finally:
            for end in self._ends:  # each end is one kernel's alone: the other one notices when that kernel dies
                end.close()

    async def stop(self) -> None:
        """End both, and every process that they left."""
        await asyncio.gather(self.box.stop(), self.judge.stop())

    async def check(
        self,
        source: str,
        passed: Sequence[str],
        sources: Mapping[str, str],
        timeout_s: float,
        late: str = "",
        *,
        changes_arguments: bool = True,
    ) -> Ran:
        """Judge one piece by a check cell.

        Args:
            source: The instructor's check cell.
            passed: The pieces whose checks have passed.
            sources: The student's cell of each piece.
            timeout_s: Seconds that it may take.
            late: What to say when it takes longer.
            changes_arguments: Whether the piece may change in place what it is given.
        """
        new = {piece: text for piece, text in sources.items() if self._told.get(piece) != text}
        self._told |= new
        serving = self.box.send(SERVE)
        arguments = [source, list(passed), new, changes_arguments]
        judged = asyncio.create_task(self.judge.check(arguments, timeout_s + 2 * PATIENCE_S, late))
        await asyncio.wait({judged}, timeout=timeout_s)
        was_late = not judged.done()
        if was_late:
            await self.box.interrupt()
            await asyncio.wait({judged}, timeout=PATIENCE_S)
        if was_late and not judged.done():
            await self.box.stop()  # the judge reads the end of the line, and its check fails
        ran = await judged
        ended = not was_late and await self.box.finished(serving) == "ok"  # otherwise the line is no good any more
        if was_late:
            ignored = "" if await self._answers(serving) else ", and the interrupt was ignored"
            ran.failure = Failure(TIMED_OUT, f"{late or f'no answer within {timeout_s:g} s'}{ignored}")
            ran.lost = ran.lost or bool(ignored)
        elif not ended:
            ran.lost = True
            if ran.failure is not None and not await self._box_lives():
                ran.failure = Failure(KERNEL_DIED, self.box._why_dead())
        return ran

    async def _answers(self, serving: str) -> bool:
        return self.box.client is not None and bool(await self.box.finished(serving))

    async def _box_lives(self) -> bool:
        return bool(await self.box.manager.is_alive())
