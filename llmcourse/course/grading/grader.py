"""One assignment of one run: which submissions it has to grade, and what it makes of those that have been run.

A submission's state file is written last, so that whatever a killed run did not finish is done again from its start by
the next one, and every step of it replaces what it finds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import nbformat
from nbformat.notebooknode import NotebookNode

from llmcourse.course.grading.intake.contents import exchange_secret
from llmcourse.course.grading.intake.received import Received, read_notebooks
from llmcourse.course.grading.intake.repair import repair
from llmcourse.course.grading.intake.submissions import Submission
from llmcourse.course.grading.nbgrader import by_hand
from llmcourse.course.grading.nbgrader.stages import Course, Mark
from llmcourse.course.grading.results.feedback import message
from llmcourse.course.grading.results.pages import plain
from llmcourse.course.grading.results.report import ExerciseResult
from llmcourse.course.grading.trial.orders import GRADER_ERRORS
from llmcourse.course.grading.workers.work import Executed
from llmcourse.course.notebooks import facts_of, kind_of, marks_of, piece_of

MAX_LOGGED = 500
"""Characters of a sentence that the log keeps."""
SLOWED = "its processes together wanted more than one core, and got the time of one"


@dataclass(frozen=True)
class Again:
    """What is graded although it has not changed, and what is left alone although it may have."""

    force: bool
    only: frozenset[str]

    def leaves(self, student: str) -> bool:
        return bool(self.only) and student not in self.only

    def forces(self, student: str) -> bool:
        return self.force or student in self.only


@dataclass(frozen=True)
class Job:
    """One submission on its way through the run.

    Attributes:
        repaired: Its notebooks, whole, as nbgrader takes them in.
        to_run: Those of them that are run, as JSON, with the instructor's check cells in full.
        secret: What nbgrader's exchange finds its feedback by; empty without an exchange.
    """

    grader: Grader
    student: str
    received: dict[str, Received]
    key: str
    time: str
    repaired: dict[str, NotebookNode]
    problems: dict[str, list[str]]
    to_run: dict[str, str]
    secret: str = ""


class Grader:
    """One assignment of one run."""

    def __init__(self, course: Course, assignment: str, key: str, again: Again):
        self.course = course
        self.assignment = assignment
        self.again = again
        self.key = key
        self.skeletons = course.skeletons(assignment)
        self.locked = course.locked_sources(assignment)
        self.exercises = list(self._exercises())
        self.penalties: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.graded: set[str] = set()

    def _exercises(self) -> Iterator[ExerciseResult]:
        """Every graded cell in notebook order, without points."""
        cells = [(name, cell) for name, nb in self.skeletons.items() for cell in nb.cells if _is_graded(cell)]
        pieces = [piece_of(cell) for _, cell in cells]
        ids = [marks_of(cell)["grade_id"] for _, cell in cells]
        for (notebook, cell), piece, grade_id in zip(cells, pieces, ids):
            cell_name = grade_id if ids.count(grade_id) == 1 else f"{notebook}/{grade_id}"
            name = piece.rpartition(":")[2] if piece and pieces.count(piece) == 1 else cell_name
            kind = "check" if kind_of(cell) == "check" else "written"
            points = float(marks_of(cell)["points"])
            yield ExerciseResult(self.assignment, notebook, grade_id, name, kind, None, points)

    def needs(self, submission: Submission, handed_in: str, marks: list[Mark]) -> bool:
        """Whether a submission has to be graded; also when the gradebook is not what this run's state files
        say of it."""
        student = submission.student
        state = self.course.state(self.assignment, student)
        if state.get("scores") != _scores(marks):
            state = {}
        if self.again.leaves(student):
            if not state:
                self.failed[student] = "not graded yet: this run was for other students"
            return False
        if self.again.forces(student) or not self._is_complete(student):
            return True
        received = read_notebooks(submission, self.assignment, self.skeletons)
        return state.get("key") != self._submission_key(received, handed_in)

    def job(self, submission: Submission, handed_in: str) -> Job:
        """Read and repair a submission."""
        received = read_notebooks(submission, self.assignment, self.skeletons)
        repaired = {name: repair(skeleton, received[name]) for name, skeleton in self.skeletons.items()}
        to_run = {name: json.dumps(self._with_locked(name, nb.notebook)) for name, nb in repaired.items()}
        return Job(
            self,
            submission.student,
            received,
            self._submission_key(received, handed_in),
            handed_in,
            {name: nb.notebook for name, nb in repaired.items()},
            {name: list(nb.problems) for name, nb in repaired.items() if nb.problems},
            to_run,
            exchange_secret(submission),
        )

    def _with_locked(self, name: str, notebook: NotebookNode) -> NotebookNode:
        """A notebook with the instructor's locked cells in full, as nbgrader will have it when it takes the outputs."""
        notebook = nbformat.from_dict(notebook)
        for cell in notebook.cells:
            key = (name, marks_of(cell).get("grade_id", ""))
            cell.source = self.locked.get(key, cell.source)
        return notebook

    def take(self, job: Job, executed: Executed) -> None:
        """Put a submission that has been run into the course and its gradebook, and write what its student gets."""
        course, student = self.course, job.student
        by_hand.remember(course, self.assignment, student)
        course.keep_state(self.assignment, student, None)
        self._keep_received(student, job.received)
        course.submit(self.assignment, student, job.repaired, job.time, job.secret)
        done = {name: nbformat.from_dict(json.loads(text)) for name, text in executed.notebooks.items()}
        course.autograde(self.assignment, student, done)
        by_hand.settle(course, self.assignment, student)
        course.penalise(self.assignment, student)
        course.feedback(self.assignment, student)
        self._finish(job, executed)

    def _finish(self, job: Job, executed: Executed) -> None:
        """Say that a submission is graded to its end."""
        self.graded.add(job.student)
        for sentence in executed.overturned:
            line = plain(sentence, MAX_LOGGED).replace("\n", " ")  # what a student's code says is no line of its own
            self.course.log.warning("%s of %s: %s", self.assignment, job.student, line)
        marks = self.course.marks(self.assignment, [job.student])[job.student]
        state = {
            "scores": _scores(marks),
            "key": job.key,
            "problems": job.problems | ({"": [SLOWED]} if executed.slowed_s else {}),
            "seconds": round(executed.seconds, 3),
            "feedback": "",
        }
        self.course.keep_state(self.assignment, job.student, state)

    def _submission_key(self, received: dict[str, Received], handed_in: str) -> str:
        return hashlib.sha256(f"{self.key} {handed_in} {_digest_of(received)}".encode()).hexdigest()

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
            (name, marks_of(cell)["grade_id"]): cell
            for name, notebook in self.course.graded_notebooks(self.assignment, student).items()
            for cell in notebook.cells
            if _is_graded(cell)
        }
        return [self._result(e, by_cell[e.notebook, e.grade_id], cells[e.notebook, e.grade_id]) for e in self.exercises]

    def _result(self, exercise: ExerciseResult, mark: Mark, cell: NotebookNode) -> ExerciseResult:
        reason = "" if mark.points is None or mark.points >= mark.max_points else self._reason(exercise, cell)
        errors = [out.ename for out in cell.get("outputs", []) if out.output_type == "error"]
        by_grader = bool(errors and errors[-1] in GRADER_ERRORS)
        own = replace(exercise, points=mark.points, max_points=mark.max_points, reason=reason, by_grader=by_grader)
        return replace(own, look_again=mark.look_again)

    def _reason(self, exercise: ExerciseResult, cell: NotebookNode) -> str:
        if exercise.kind == "check":
            return message(cell) or "marked by hand"
        fault = facts_of(cell).get("fault")
        return fault or ("no answer" if cell.source == self._released(exercise) else "marked by hand")

    def _released(self, exercise: ExerciseResult) -> str:
        cells = self.skeletons[exercise.notebook].cells
        return next(c.source for c in cells if marks_of(c).get("grade_id") == exercise.grade_id)

    def refresh_feedback(self, student: str, marks: list[Mark]) -> None:
        """Write the feedback again when somebody has marked by hand since, or being late costs something else."""
        state = self.course.state(self.assignment, student)
        shown = f"{marks!r} {self.penalties.get(student, 0.0):g}"
        if not state or state["feedback"] == shown:
            return
        if state["feedback"]:
            self.course.feedback(self.assignment, student)
        self.course.keep_state(self.assignment, student, {**state, "feedback": shown})


def _scores(marks: list[Mark]) -> dict[str, float | None]:
    return {f"{mark.notebook}/{mark.grade_id}": mark.auto_points for mark in marks}


def _digest_of(received: dict[str, Received]) -> str:
    digest = hashlib.sha256()
    for name, one in received.items():
        digest.update(json.dumps([name, one.reason, one.notes, len(one.data or b"")]).encode() + (one.data or b""))
    return digest.hexdigest()


def _is_graded(cell: NotebookNode) -> bool:
    return bool(marks_of(cell).get("grade"))
