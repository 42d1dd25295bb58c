"""Run one repaired notebook and say what each of its checks deserves.

Setup, exercise and added cells run in the student's process, checks in the judge's (`courtroom`); setup cells, which
are the instructor's, run in both. Beyond that:
- experiments are skipped, and cells that carry a fault get it as their error instead of running;
- a check of an exercise that failed is not run: without a version of the student's, the reference would be judged;
- a cell that does not answer in time is interrupted, then its processes end, for the interrupt may reach them late;
  processes that are gone are replaced, and the setup, exercise and added cells that had succeeded run again, so that
  every other cell keeps its points;
- neither what a neighbouring check has left behind nor what was lent costs a right answer its points. Checks that fail
  in processes which have judged before are judged once more at the end, in new ones, each in a fork of the student's:
  what another check has changed is not there, and nothing is lent. One that fails again in the same way has failed; any
  other is judged a third time, in processes of its own, and that verdict counts. Where the visible part of a check had
  failed, it runs alone the second time: no hidden test has run there then, and the student may read what it says
  (`remote.hidden`). In the same way a cell that stops runs once more where no check has run. What failed first and then
  passed is noted for the instructor's log: a right answer should pass wherever it runs;
- a check passes only when the judge's process said that it ran to its end. nbgrader gives full marks to a check without
  outputs, none to one that warns, and partial ones to one that displays a number, so its outputs are settled at the
  end.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, replace

from nbformat.notebooknode import NotebookNode

from llmcourse._sections import belongs_to_library
from llmcourse.course.grading.trial.courtroom import Courtroom
from llmcourse.course.grading.trial.orders import (
    GRADER_ERRORS,
    NOT_RUN,
    PROCESS_DIED,
    TIMED_OUT,
    Failure,
    Ran,
)
from llmcourse.course.grading.trial.outcome import passed_on, settle, tell
from llmcourse.course.grading.trial.processes import JUDGE_DIED, ProcessNotStarted
from llmcourse.course.grading.trial.rooms import assignment_pieces, rooms
from llmcourse.course.notebooks import facts_of, kind_of, piece_of
from llmcourse.course.remote.hidden import known_type

MAX_NOTEBOOK_OUTPUT = 16_000_000
"""Characters of output that are kept of all cells: the process that takes in everybody's marks reads them."""
AGAIN_SHARE = 0.25
"""The part of a notebook's time that running cells once more may take."""


@dataclass(frozen=True)
class Settings:
    """How notebooks are run.

    Attributes:
        timeout_s: Seconds a cell may take.
        total_timeout_s: Seconds a notebook may take, replays included.
        way: How processes are started: auto, warm, cold, or unsafe for processes that are not shut in.
        max_output: Characters of output kept for a cell.
    """

    timeout_s: float = 60.0
    total_timeout_s: float = 600.0
    way: str = "auto"
    max_output: int = 200_000


@dataclass(frozen=True)
class Seen:
    """What the instructor may want to know of a notebook's run.

    Attributes:
        slowed_s: Seconds that its processes stood still for having used more than one share of the machine.
        overturned: Cells that failed and passed when they ran once more, a sentence each.
    """

    slowed_s: float
    overturned: tuple[str, ...]


def run_notebook(nb: NotebookNode, settings: Settings) -> Seen:
    """Run a repaired notebook's graded path in order; afterwards every check cell's outputs say what it deserves.

    Raises:
        ProcessNotStarted: The machine's fault: no process could be started.
        SandboxUnavailable: Nothing can be shut in on this machine, and why.
    """
    run = _Run(settings, nb)
    asyncio.run(run.run())
    return Seen(run.slowed_s, tuple(run.overturned))


@dataclass(frozen=True)
class _Doubt:
    """A check that failed, and may pass in other processes.

    Attributes:
        index: Its cell.
        took: Seconds.
        was_hidden: Whether its hidden part had begun.
    """

    index: int
    took: float
    was_hidden: bool


class _Run:
    """One notebook's run."""

    def __init__(self, settings: Settings, nb: NotebookNode):
        self.settings = settings
        self.nb = nb
        self.deadline = time.monotonic() + settings.total_timeout_s
        self.assignment = facts_of(nb).get("assignment", "")
        self.courtroom: Courtroom | None = None
        self.replayed: list[int] = []
        self.failures: dict[int, Failure] = {}
        self.failed_pieces: dict[str, Failure] = {}
        self.sources: dict[str, str] = {}
        self.verdicts: dict[str, dict[int, bool]] = {}
        self.doubts: list[_Doubt] = []
        self.is_over = False
        self.n_checks = Counter(piece_of(cell) for cell in nb.cells if kind_of(cell) == "check")
        self.slowed_s = 0.0
        self.overturned: list[str] = []
        self.output_left = MAX_NOTEBOOK_OUTPUT
        self.replay_s = 0.0
        self.again_s = 0.0

    async def run(self) -> None:
        try:
            for index, cell in enumerate(self.nb.cells):
                if cell.cell_type == "code":
                    await self._visit(index, cell)
            self.is_over = True
            await self._judge_again()
        finally:
            await self._adjourn()
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type == "code":
                settle(cell, self.failures.get(index))
                tell(cell, self.failures.get(index))

    async def _visit(self, index: int, cell: NotebookNode) -> None:
        """Run a cell, or decide what it gets without running."""
        cell.outputs, cell.execution_count = [], None
        kind, meta = kind_of(cell), facts_of(cell)
        if kind == "experiment":
            return
        piece = meta.get("piece", "")
        fault = meta.get("fault") or facts_of(self.nb).get("fault")
        if fault:
            failure: Failure | None = Failure(NOT_RUN, fault)
        elif kind == "check" and piece in self.failed_pieces:
            failure = passed_on(self.failed_pieces[piece])
        elif kind == "check":
            failure = await self._ready() or await self._judge(index, cell)
        else:
            failure = await self._ready() or await self._run_or_again(index, cell)
        if kind == "check":
            self.verdicts.setdefault(piece, {})[index] = failure is None
        if failure:
            self.failures[index] = failure
            if kind == "exercise" and piece:
                self.failed_pieces[piece] = failure
        elif kind != "check":
            self.replayed.append(index)

    def _time_left(self) -> tuple[float, str]:
        """Seconds that a cell may take, and what to say when they are over."""
        left = self.deadline - time.monotonic()
        if left < self.settings.timeout_s:
            return max(0.01, left), f"no answer before the notebook's {self.settings.total_timeout_s:g} s were used up"
        return self.settings.timeout_s, f"no answer within {self.settings.timeout_s:g} s"

    async def _judge(self, index: int, cell: NotebookNode) -> Failure | None:
        """Run a check for the first time, and note a failure that is not the last word."""
        assert self.courtroom is not None
        courtroom, start = self.courtroom, time.monotonic()
        is_used = courtroom.has_judged
        failure = await self._run(index, cell)
        if failure is None or failure.is_final or failure.ename in (TIMED_OUT, NOT_RUN):
            return failure
        # The judges' server is everybody's, so a judge may have died of something else; and what a process says that
        # was lent a reference is not for the student.
        if is_used or failure.evalue.startswith(JUDGE_DIED) or courtroom.last.has_borrowed:
            took = time.monotonic() - start
            self.doubts.append(_Doubt(index, took, was_hidden=courtroom.last.knows_hidden))
        return failure

    async def _judge_again(self) -> None:
        """Judge once more what failed where other checks had run: visible parts first, for no process whose words are
        told may have seen the inputs of hidden ones, and neither kind where the other was judged. What takes long
        comes last: it leaves no time for others."""
        for was_hidden in (False, True):
            await self._adjourn()
            doubts = [doubt for doubt in self.doubts if doubt.was_hidden == was_hidden]
            doubts.sort(key=lambda doubt: doubt.took)
            for doubt in doubts:
                start = time.monotonic()
                if not self._fits(doubt.took):
                    break
                if await self._ready() is not None:
                    return
                await self._judge_doubt(doubt, is_last=doubt is doubts[-1])
                self.again_s += time.monotonic() - start

    async def _judge_doubt(self, doubt: _Doubt, *, is_last: bool) -> None:
        """Judge one check a second time; a third time, in processes of its own, if that gives anything else. After the
        last one nothing comes that it could spoil: it needs no fork."""
        index, cell, first = doubt.index, self.nb.cells[doubt.index], self.failures[doubt.index]
        last = await self._run(index, cell, apart=not is_last, visible_only=not doubt.was_hidden)
        if last is None or (last.ename, last.evalue) != (first.ename, first.evalue):
            await self._adjourn()
            has_time = await self._ready(before=index) is None
            last = await self._run(index, cell) if has_time else first
            await self._adjourn()
        self.doubts.remove(doubt)
        if last is not None:
            self.failures[index] = last
        else:
            del self.failures[index]
            self.verdicts[piece_of(cell)][index] = True
            self._note_overturned(cell, first)

    def _fits(self, took: float) -> bool:
        """Whether there is time to run once more what took so long."""
        return self.again_s + self.replay_s + took < AGAIN_SHARE * self.settings.total_timeout_s

    async def _run_or_again(self, index: int, cell: NotebookNode) -> Failure | None:
        """Run a cell; once more in new processes when it failed in some that have judged."""
        assert self.courtroom is not None
        is_used, start = self.courtroom.has_judged, time.monotonic()
        failure = await self._run(index, cell)
        took = time.monotonic() - start
        if failure is None:
            self.replay_s += took
            return None
        if not is_used or failure.ename in GRADER_ERRORS or not self._fits(took):
            return failure
        await self._adjourn()
        if await self._ready() is None:
            first, failure = failure, await self._run(index, cell)
            if failure is None:
                self._note_overturned(cell, first)
        self.again_s += time.monotonic() - start - took
        return failure

    def _note_overturned(self, cell: NotebookNode, first: Failure) -> None:
        """Note that a cell failed, and passed when it ran once more."""
        name = piece_of(cell).rpartition(":")[2] or facts_of(cell).get("id", "")
        what = f"the {kind_of(cell)} {name}".strip()
        self.overturned.append(f"{what} failed at first and passed once more: {first.ename}: {first.evalue}")

    def _settled(self) -> list[str]:
        """The pieces that may be lent: no check is to come of them here. None once checks are judged again."""
        if self.is_over:
            return []
        return [piece for piece, verdicts in self.verdicts.items() if len(verdicts) == self.n_checks[piece]]

    async def _run(
        self, index: int, cell: NotebookNode, *, visible_only: bool = False, apart: bool = False
    ) -> Failure | None:
        assert self.courtroom is not None
        if kind_of(cell) == "check":
            passed = [piece for piece, verdicts in self.verdicts.items() if piece and all(verdicts.values())]
            seconds, late = self._time_left()
            facts = facts_of(cell)
            may_change = not facts.get("piece") or bool(facts.get("changes_arguments"))
            ran = await self.courtroom.check(
                cell.source,
                passed,
                self.sources,
                seconds,
                late,
                lent=self._settled(),
                changes_arguments=may_change,
                visible_only=visible_only,
                apart=apart,
            )
        else:
            if kind_of(cell) == "exercise":
                self.sources[piece_of(cell)] = cell.source.partition("\n")[2]
            ran = await self._run_in_processes(cell)
            if ran.failure is not None and ran.failure.ename not in GRADER_ERRORS and self.courtroom.knows_hidden:
                what = known_type(ran.failure.ename)
                told = f"this cell stopped with {what}: run it in your notebook to see what it says"
                ran.failure = replace(ran.failure, told=told)
        cell.outputs = self._kept(ran.outputs)
        if ran.lost:
            await self._adjourn()
        return ran.failure

    def _kept(self, outputs: list[NotebookNode]) -> list[NotebookNode]:
        """A cell's outputs, as long as those of the whole notebook are not too much; errors in any case, for few."""
        kept = []
        for output in outputs:
            size = len(json.dumps(output))
            if output.output_type != "error" and size > self.output_left:
                continue
            if size > self.output_left:
                output.traceback = []
            else:
                self.output_left -= size
            kept.append(output)
        return kept

    async def _run_in_processes(self, cell: NotebookNode) -> Ran:
        """Run a cell where it belongs: in the student's process, and a setup cell of the instructor's in both."""
        assert self.courtroom is not None
        seconds, late = self._time_left()
        ran = self.courtroom.student.run(cell.source, seconds, late)
        if kind_of(cell) != "setup":
            return await ran
        of_student, of_judge = await asyncio.gather(ran, self.courtroom.judge.run_cell(cell.source, 120.0))
        if of_judge.lost:
            of_student.lost = True  # it died of what came before; both are replaced, and this cell runs again
        elif of_judge.failure is not None:
            raise ProcessNotStarted(
                f"a setup cell fails before any code of the submission runs: {of_judge.failure.evalue}"
            )
        return of_student

    async def _ready(self, before: int | None = None) -> Failure | None:
        """Have processes in which the cells that succeeded have run, or those before one; a failure when time is up on
        the way there."""
        while True:
            if time.monotonic() >= self.deadline:
                return Failure(NOT_RUN, f"not run: the notebook had used up its {self.settings.total_timeout_s:g} s")
            if self.courtroom is not None:
                return None
            await self._convene(before)

    async def _convene(self, before: int | None) -> None:
        """Start both processes and run again what had succeeded; a cell that ends its own this time is not
        run a third."""
        pieces = assignment_pieces(self.assignment)
        if given := self._asked_for() - {str(piece) for piece in pieces}:
            asked = ", ".join(sorted(given))
            raise ProcessNotStarted(
                f"the library would answer {asked}: {self.assignment!r} is no assignment of this course"
            )
        standing = rooms(self.settings.way)
        students = standing.of_students(self.assignment)
        judges = standing.judges()
        judges.read(cell.source for cell in self.nb.cells if kind_of(cell) == "check")
        self.courtroom = Courtroom(students, judges, pieces, self.settings.max_output)
        await self.courtroom.start()
        for index in [index for index in self.replayed if before is None or index < before]:
            if time.monotonic() >= self.deadline:
                return
            cell = self.nb.cells[index]
            ran = await self._run_in_processes(cell)
            if ran.failure is not None and not ran.lost:  # it had succeeded: a busy machine may be all that is wrong
                first, ran = ran.failure, await self._run_in_processes(cell)
                if ran.failure is None:
                    self._note_overturned(cell, first)
            if ran.lost or ran.failure is not None:
                await self._adjourn()
                self.replayed.remove(index)
                self.failures[index] = ran.failure or Failure(
                    PROCESS_DIED, "the process died while running this cell again"
                )
                if piece := piece_of(cell):
                    self.failed_pieces[piece] = self.failures[index]
                return

    def _asked_for(self) -> set[str]:
        """The pieces of the library that the exercises ask for."""
        pieces = {piece_of(cell) for cell in self.nb.cells if kind_of(cell) == "exercise"}
        return {piece for piece in pieces if belongs_to_library(piece.partition(":")[0])}

    async def _adjourn(self) -> None:
        courtroom, self.courtroom = self.courtroom, None
        if courtroom is not None:
            await courtroom.stop()
            self.slowed_s += courtroom.student.slowed_s
