"""Grade a class: every submission received, repaired, run, marked, reported; what did not change is not run again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import llmcourse
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.execute import GRADER_ERRORS
from llmcourse.course.grading.feedback import message
from llmcourse.course.grading.repair import kind_of, repair
from llmcourse.course.grading.report import ClassReport, ExerciseResult, StudentResult, write_csv
from llmcourse.course.grading.stages import Course, Mark, StageFailed, assignments_in
from llmcourse.course.grading.submissions import Received, Submission, find_submissions, holds_any, read_notebooks
from llmcourse.course.paths import write_atomically

PACKAGE = Path(llmcourse.__file__).resolve().parent


def grade(
    submissions: Path | str,
    output: Path | str = "grades",
    assignment: str | None = None,
    source: Path | str = PACKAGE.parent / "solutions",
    timeout_s: float = 60.0,
    *,
    total_timeout_s: float | None = None,
    force: bool = False,
    progress: bool = False,
) -> ClassReport:
    """Grade every submission in a folder.

    A submission whose notebooks, whose assignment and whose library are as they were keeps its result; marks given by
    hand in nbgrader's formgrader are kept in any case. An interrupted run is finished by the next one.

    Args:
        submissions: One folder or .zip a student, holding NN_name.ipynb at the top, in NN_name/ or in work/NN_name/.
        output: Becomes an nbgrader course: received/ source/ release/ submitted/ autograded/ feedback/ gradebook.db,
            and scores.csv, report.json, grading.log.
        assignment: Its name; all that somebody handed in when None.
        source: The instructor's notebooks, NN_name/NN_name.ipynb.
        timeout_s: Seconds a cell may take.
        total_timeout_s: Seconds a notebook may take; ten times `timeout_s` when None.
        force: Grade again what did not change.
        progress: Show a progress bar on standard error.

    Returns:
        The class's results, as written to scores.csv and report.json.

    Raises:
        GradingError: The run cannot start: no such folder or assignment, nothing built, a time that is not positive.
    """
    start = time.monotonic()
    submissions, output, source = Path(submissions), Path(output).resolve(), Path(source)
    total_s = 10 * timeout_s if total_timeout_s is None else total_timeout_s
    if not (timeout_s > 0 and total_s > 0):
        raise GradingError(f"a timeout must be a positive number of seconds, got {timeout_s} and {total_s}")
    if submissions.resolve() == output:
        raise GradingError(f"submissions and output are one folder, {output}: name another output")
    found, ignored = find_submissions(submissions, exclude=[output])
    available = assignments_in(source)
    wanted = _wanted(assignment, available, found, submissions)
    course = Course(output, timeout_s, total_s)
    with course.logging(), _bar(len(found) * len(wanted), progress) as advance:
        key = f"{library_digest()} {timeout_s:g} {total_s:g}"
        graders = [_Grader(course, name, available[name], key, force) for name in wanted]
        for submission in found:
            for grader in graders:
                advance(submission.student)
                grader.grade(submission)
        advance("")
        students = [_joined(submission, graders) for submission in _with_marks(found, graders)]
        report = ClassReport(tuple(wanted), tuple(students), tuple(ignored), time.monotonic() - start)
        write_csv(report, output / "scores.csv")
        write_atomically(output / "report.json", report.to_json())
    return report


def _wanted(
    assignment: str | None, available: dict[str, list[Path]], found: list[Submission], folder: Path
) -> list[str]:
    if assignment is not None:
        if assignment not in available:
            raise GradingError(f"no assignment {assignment!r}: there are {', '.join(available)}")
        return [assignment]
    names = {name: [path.stem for path in notebooks] for name, notebooks in available.items()}
    wanted = [name for name in available if any(holds_any(submission, names[name]) for submission in found)]
    if not wanted and len(available) > 1:
        raise GradingError(f"no submission in {folder} holds a notebook of {', '.join(available)}: name the assignment")
    return wanted or list(available)


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Any]:
    now = TextColumn("{task.fields[now]}")
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), now)
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("grading", total=total, now="")
        started = 0

        def advance(student: str) -> None:
            nonlocal started
            bar.update(task, completed=started, now=student)
            started += 1

        yield advance


def library_digest() -> str:
    """A hash of the installed llmcourse: its version and every Python file."""
    digest = hashlib.sha256(llmcourse.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class _Grader:
    """One assignment of one run."""

    def __init__(self, course: Course, assignment: str, notebooks: list[Path], key: str, force: bool):
        self.course = course
        self.assignment = assignment
        self.force = force
        self.key = f"{course.install(assignment, notebooks)} {key}"
        self.skeletons = course.skeletons(assignment)
        self.exercises = list(self._exercises())
        self.failed: dict[str, str] = {}
        self.graded: set[str] = set()

    def _exercises(self) -> Iterator[ExerciseResult]:
        """Every graded cell in notebook order, without points."""
        cells = [(name, cell) for name, nb in self.skeletons.items() for cell in nb.cells if _is_graded(cell)]
        pieces = [cell.metadata.get("llmcourse", {}).get("piece", "") for _, cell in cells]
        ids = [cell.metadata.nbgrader.grade_id for _, cell in cells]
        for (notebook, cell), piece, grade_id in zip(cells, pieces, ids):
            cell_name = grade_id if ids.count(grade_id) == 1 else f"{notebook}/{grade_id}"
            name = piece.rpartition(":")[2] if piece and pieces.count(piece) == 1 else cell_name
            kind = "check" if kind_of(cell) == "check" else "written"
            points = float(cell.metadata.nbgrader.points)
            yield ExerciseResult(self.assignment, notebook, grade_id, name, kind, None, points)

    def grade(self, submission: Submission) -> None:
        """Take one submission through every stage, unless it is there unchanged."""
        student, course = submission.student, self.course
        start = time.monotonic()
        received = read_notebooks(submission, self.assignment, self.skeletons)
        key = self._submission_key(received)
        if not self.force and course.state(self.assignment, student).get("key") == key and self._is_complete(student):
            return
        course.keep_state(self.assignment, student, None)
        self._keep_received(student, received)
        repaired = {name: repair(skeleton, received[name]) for name, skeleton in self.skeletons.items()}
        problems = {name: list(nb.problems) for name, nb in repaired.items() if nb.problems}
        try:
            course.submit(self.assignment, student, {name: nb.notebook for name, nb in repaired.items()})
            course.autograde(self.assignment, student)
            course.feedback(self.assignment, student)
        except Exception as error:
            course.log.exception("grading %s of %s failed", self.assignment, student)
            reason = str(error) if isinstance(error, StageFailed) else f"{type(error).__name__}: {error}"
            self.failed[student] = f"not graded, the grader itself failed ({reason}); grade again, see grading.log"
            return
        self.graded.add(student)
        state = {"key": key, "problems": problems, "seconds": round(time.monotonic() - start, 3), "feedback": ""}
        course.keep_state(self.assignment, student, state)

    def _submission_key(self, received: dict[str, Received]) -> str:
        digest = hashlib.sha256(self.key.encode())
        for name, one in received.items():
            digest.update(json.dumps([name, one.reason, one.notes, len(one.data or b"")]).encode() + (one.data or b""))
        return digest.hexdigest()

    def _is_complete(self, student: str) -> bool:
        autograded = self.course.folder("autograded", self.assignment, student)
        feedback = self.course.folder("feedback", self.assignment, student)
        return all((autograded / f"{n}.ipynb").exists() and (feedback / f"{n}.html").exists() for n in self.skeletons)

    def _keep_received(self, student: str, received: dict[str, Received]) -> None:
        folder = self.course.folder("received", self.assignment, student)
        folder.mkdir(parents=True, exist_ok=True)
        for name, one in received.items():
            path = folder / f"{name}.ipynb"
            if one.data is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(one.data)

    def results(self, student: str, marks: list[Mark]) -> list[ExerciseResult]:
        """One student's points and reasons."""
        if student in self.failed:
            return [replace(exercise, points=0.0, reason=self.failed[student]) for exercise in self.exercises]
        by_cell = {(mark.notebook, mark.grade_id): mark for mark in marks}
        cells = {
            (name, cell.metadata.nbgrader.grade_id): cell
            for name, notebook in self.course.graded_notebooks(self.assignment, student).items()
            for cell in notebook.cells
            if _is_graded(cell)
        }
        return [self._result(e, by_cell[e.notebook, e.grade_id], cells[e.notebook, e.grade_id]) for e in self.exercises]

    def _result(self, exercise: ExerciseResult, mark: Mark, cell: NotebookNode) -> ExerciseResult:
        reason = "" if mark.points is None or mark.points >= mark.max_points else self._reason(exercise, cell)
        errors = [out.ename for out in cell.get("outputs", []) if out.output_type == "error"]
        by_grader = bool(errors and errors[-1] in GRADER_ERRORS)
        return replace(exercise, points=mark.points, max_points=mark.max_points, reason=reason, by_grader=by_grader)

    def _reason(self, exercise: ExerciseResult, cell: NotebookNode) -> str:
        if exercise.kind == "check":
            return message(cell) or "marked by hand"
        fault = cell.metadata.get("llmcourse", {}).get("fault")
        return fault or ("no answer" if cell.source == self._released(exercise) else "marked by hand")

    def _released(self, exercise: ExerciseResult) -> str:
        cells = self.skeletons[exercise.notebook].cells
        return next(c.source for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == exercise.grade_id)

    def refresh_feedback(self, student: str, marks: list[Mark]) -> None:
        """Write the feedback again when somebody has marked by hand since."""
        state = self.course.state(self.assignment, student)
        shown = repr(marks)
        if not state or state["feedback"] == shown:
            return
        if state["feedback"]:
            self.course.feedback(self.assignment, student)
        self.course.keep_state(self.assignment, student, {**state, "feedback": shown})


def _is_graded(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _with_marks(found: list[Submission], graders: list[_Grader]) -> Iterator[tuple[Submission, dict[str, list[Mark]]]]:
    names = [submission.student for submission in found]
    marks = {grader.assignment: grader.course.marks(grader.assignment, names) for grader in graders}
    for submission in found:
        yield submission, {name: of_class[submission.student] for name, of_class in marks.items()}


def _joined(submission: tuple[Submission, dict[str, list[Mark]]], graders: list[_Grader]) -> StudentResult:
    """One student's line of the report, over all assignments."""
    who, marks = submission
    exercises: list[ExerciseResult] = []
    problems = list(who.problems)
    seconds = 0.0
    for grader in graders:
        if who.student not in grader.failed:
            grader.refresh_feedback(who.student, marks[grader.assignment])
        results = grader.results(who.student, marks[grader.assignment])
        exercises += results
        state = grader.course.state(grader.assignment, who.student)
        seconds += state.get("seconds", 0.0)
        told = [text for texts in state.get("problems", {}).values() for text in texts]
        if who.student in grader.failed:
            told = [f"{grader.assignment}: {grader.failed[who.student]}"]
        problems += told
        problems += [f"{r.name}: {r.reason}" for r in results if r.by_grader and not any(t in r.reason for t in told)]
    graded_now = any(who.student in grader.graded for grader in graders)
    return StudentResult(who.student, who.origin.name, tuple(exercises), tuple(problems), graded_now, seconds)
