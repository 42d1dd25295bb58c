"""Many solutions of one piece, judged in the two processes in which a notebook's checks are judged.

To start the processes and run a notebook's cells again for each solution takes ten times as long as most checks. Here
the solutions of a piece follow one another in the same processes, and right ones come last: that they pass there
shows that nothing before them had spoiled it. Where one does not, or where a process was lost on the way, each solution
is judged once more in processes of its own, and that counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from llmcourse.course.grading.results.feedback import message
from llmcourse.course.grading.results.report import ExerciseResult
from llmcourse.course.grading.trial.courtroom import Courtroom
from llmcourse.course.grading.trial.orders import GRADER_ERRORS, NOT_RUN, TOLD, Failure, Ran
from llmcourse.course.grading.trial.rooms import assignment_pieces, rooms
from llmcourse.course.grading.workers.local import Lent
from llmcourse.course.notebooks import facts_of, kind_of, marks_of, piece_of
from tests import classroom
from tests.walls import way

TIMEOUT_S = 60.0
MAX_OUTPUT = 200_000


def prepare(lent: Lent) -> None:
    """Make this process one that judges and grades for tests: without feedback pages, and with the rooms that the
    process of the tests has opened, so that no library is imported once more."""
    classroom.grade_without_feedback()
    rooms(way()).borrow(lent)


def judge_each(
    assignment: str, notebook: str, cells: Sequence[NotebookNode], wrong: Sequence[str], right: Sequence[str]
) -> list[ExerciseResult]:
    """What a check says of each of some solutions, the wrong ones first.

    Args:
        assignment: The assignment's name.
        notebook: The notebook's name.
        cells: The instructor's cells that stand above the check, and the check.
        wrong: Solutions, each what a student could have put below the `%%build` line.
        right: At least one that is to pass.
    """
    check = cells[-1]
    ran = asyncio.run(_judge_each(_Bench(assignment, cells), wrong, right))
    return [_result(assignment, notebook, check, one.failure) for one in ran]


async def _judge_each(bench: _Bench, wrong: Sequence[str], right: Sequence[str]) -> list[Ran]:
    sources = [*wrong, *right]
    found = await bench.judge(sources)
    if any(ran.failure for ran in found[len(wrong) :]) or any(ran.lost for ran in found):
        return [(await bench.judge([source]))[0] for source in sources]
    return found


class _Bench:
    """The processes of one notebook as they are before one of its checks."""

    def __init__(self, assignment: str, cells: Sequence[NotebookNode]):
        self.assignment = assignment
        self.check, self.piece = cells[-1], piece_of(cells[-1])
        self.before = [cell for cell in cells[:-1] if kind_of(cell) == "setup" or self._is_another(cell)]
        self.others = [piece for cell in self.before if (piece := piece_of(cell))]  # right ones, which have passed
        self.magic = next(cell.source.partition("\n")[0] for cell in cells if self._is_exercise(cell))

    def _is_exercise(self, cell: NotebookNode) -> bool:
        return kind_of(cell) == "exercise" and piece_of(cell) == self.piece

    def _is_another(self, cell: NotebookNode) -> bool:
        return kind_of(cell) == "exercise" and not self._is_exercise(cell)

    async def judge(self, sources: Sequence[str]) -> list[Ran]:
        """Judge solutions one after the other in new processes; when they are lost, in others from there on."""
        found: list[Ran] = []
        while len(found) < len(sources):
            pieces = assignment_pieces(self.assignment)
            standing = rooms(way())
            courtroom = Courtroom(
                standing.of_students(self.assignment), standing.judges(), pieces, max_output=MAX_OUTPUT
            )
            await courtroom.start()
            try:
                await self._furnish(courtroom)
                for source in sources[len(found) :]:
                    found.append(await self._judge(courtroom, source))
                    if found[-1].lost:
                        break
            finally:
                await courtroom.stop()
        return found

    async def _furnish(self, courtroom: Courtroom) -> None:
        """Run the cells above the check: setup in both processes, other exercises in the student's."""
        for cell in self.before:
            orders = [courtroom.student.run(cell.source, TIMEOUT_S)]
            if kind_of(cell) == "setup":
                orders.append(courtroom.judge.run_cell(cell.source, TIMEOUT_S))
            for ran in await asyncio.gather(*orders):
                assert ran.failure is None, f"a cell above the check of {self.piece} fails: {ran.failure}"

    async def _judge(self, courtroom: Courtroom, source: str) -> Ran:
        built = await courtroom.student.run(f"{self.magic}\n{source}", TIMEOUT_S)
        if built.failure is not None:
            return Ran(failure=Failure(NOT_RUN, f"the exercise cell failed: {built.failure.evalue}"), lost=built.lost)
        courtroom.knows_hidden = False  # what a message may say is as in new processes
        may_change = bool(facts_of(self.check).get("changes_arguments"))
        return await courtroom.check(
            self.check.source, self.others, {self.piece: source}, TIMEOUT_S, changes_arguments=may_change
        )


def _result(assignment: str, notebook: str, check: NotebookNode, failure: Failure | None) -> ExerciseResult:
    """What the class's report would say."""
    points = float(marks_of(check)["points"])
    name = piece_of(check).rpartition(":")[2]
    grade_id = marks_of(check)["grade_id"]
    if failure is None:
        return ExerciseResult(assignment, notebook, grade_id, name, "check", points, points)
    shown = check.copy()
    shown["outputs"] = [new_output("error", ename=failure.ename, evalue=failure.evalue, traceback=[])]
    shown["metadata"] = check.metadata | {"llmcourse": facts_of(check) | {TOLD: failure.for_student}}
    by_grader = failure.ename in GRADER_ERRORS
    return ExerciseResult(assignment, notebook, grade_id, name, "check", 0.0, points, message(shown), by_grader)
