"""Grade a class: every submission received, repaired, run, marked, reported; what did not change is not run again.

Submissions are run by workers, which get and give back values. This process alone writes the gradebook, one submission
after the other, through nbgrader's converters. A submission's state file is written last, so that whatever a killed run
did not finish is done again from its start by the next one, and every step of it replaces what it finds.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

import llmcourse
from llmcourse.course.grading import backup
from llmcourse.course.grading.board import Board
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.execute import GRADER_ERRORS
from llmcourse.course.grading.feedback import message
from llmcourse.course.grading.interrupts import Interrupts
from llmcourse.course.grading.lock import only_run
from llmcourse.course.grading.repair import kind_of, repair
from llmcourse.course.grading.report import ClassReport, ExerciseResult, StudentResult, write_csv
from llmcourse.course.grading.rooms import SandboxUnavailable, rooms, why_not
from llmcourse.course.grading.stages import Course, Mark, StageFailed, assignments_in
from llmcourse.course.grading.submissions import (
    Received,
    Submission,
    exchange_secret,
    find_submissions,
    holds_any,
    read_notebooks,
)
from llmcourse.course.grading.times import TIMES, times_of, utc
from llmcourse.course.grading.trial import Settings
from llmcourse.course.grading.work import Executed, library_digest, run_submission
from llmcourse.course.grading.workers import LocalWorkers
from llmcourse.course.paths import write_atomically

PACKAGE = Path(llmcourse.__file__).resolve().parent
AHEAD = 2
"""How many submissions wait for each worker, so that none of them waits for the gradebook."""


def default_workers() -> int:
    """As many workers as this process has cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def grade(
    submissions: Path | str,
    output: Path | str = "grades",
    assignment: str | None = None,
    source: Path | str = PACKAGE.parent / "solutions",
    timeout_s: float = 60.0,
    *,
    total_timeout_s: float | None = None,
    force: bool = False,
    only: Iterable[str] = (),
    exercise: str | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    unsafe: bool = False,
    due: datetime | str | None = None,
    late: str = "none",
    progress: bool = False,
) -> ClassReport:
    """Grade every submission in a folder.

    A submission whose notebooks, whose assignment and whose library are as they were keeps its result; marks given by
    hand in nbgrader's formgrader are kept in any case. An interrupted or killed run is finished by the next one.

    Args:
        submissions: One folder or .zip a student, holding NN_name.ipynb at the top, in NN_name/ or in work/NN_name/;
            timestamps.csv beside them says when they were handed in, see `times`.
        output: Becomes an nbgrader course: received/ source/ release/ submitted/ autograded/ feedback/ gradebook.db,
            and scores.csv, report.json, grading.log, and backups/ with the gradebook as it was before each run.
        assignment: Its name; all that somebody handed in when None.
        source: The instructor's notebooks, NN_name/NN_name.ipynb.
        timeout_s: Seconds a cell may take.
        total_timeout_s: Seconds a notebook may take; ten times `timeout_s` when None.
        force: Grade again what did not change.
        only: Grade these students alone, again if need be; everybody else keeps what they have.
        exercise: Judge this exercise alone, again, with everybody's other points as they are. Its name as in
            scores.csv.
        workers: Processes that run submissions; as many as there are cores when None.
        cluster: The address of a dask scheduler, or its file, whose workers run the submissions instead.
        unsafe: Go on where nothing can be shut in: submissions can then read and change what this process can.
        due: When the assignment is due, in UTC unless it says otherwise; kept in the gradebook.
        late: What a late submission costs: none, zero, or nbgrader's plugin `module:Class`.
        progress: Show a progress bar on standard error.

    Returns:
        The class's results, as written to scores.csv and report.json.

    Raises:
        GradingError: The run cannot start: no such folder, assignment, student or exercise, nothing built, a time that
            is not positive, nothing to shut submissions in, a damaged gradebook, another run on the same output.
        KeyboardInterrupt: It was interrupted; the next run goes on where it stopped.
    """
    start = time.monotonic()
    submissions, output, source = Path(submissions).resolve(), Path(output).resolve(), Path(source).resolve()
    total_s = 10 * timeout_s if total_timeout_s is None else total_timeout_s
    count = default_workers() if workers is None else workers
    if not (timeout_s > 0 and total_s > 0):
        raise GradingError(f"a timeout must be a positive number of seconds, got {timeout_s} and {total_s}")
    due_utc = due if isinstance(due, datetime | None) else _due(due)
    if count < 1:
        raise GradingError(f"at least one worker is needed, got {count}")
    if submissions == output:
        raise GradingError(f"submissions and output are one folder, {output}: name another output")
    found, ignored = find_submissions(submissions, exclude=[output, submissions / TIMES])
    available = assignments_in(source)
    wanted = _wanted(assignment, available, found, submissions)
    if unknown := sorted(set(only) - {submission.student for submission in found}):
        raise GradingError(f"no student {unknown[0]!r} in {submissions}")
    settings = Settings(timeout_s, total_s, "unsafe" if unsafe else "auto")
    course = Course(output, settings, late)
    if not unsafe and cluster is None and (reason := why_not()):
        raise GradingError(f"submissions cannot be shut in on this machine: {reason}. --unsafe grades without walls")
    engine = _Engine(count, cluster, settings.way)
    with only_run(output), course.open(), Interrupts() as interrupts:
        backup.check(course.database)
        if not course.database.exists():
            engine.prepare(wanted)  # nothing has been graded yet, so all will be: its imports need not wait
        again = _Again(force, frozenset(only), exercise)
        key = f"{library_digest()} {settings.timeout_s:g} {settings.total_timeout_s:g} {settings.way}"
        graders = []
        for name in wanted:
            with interrupts.shielded():
                digest = course.install(name, available[name])
                if due_utc is not None:
                    course.set_due(name, due_utc)
            graders.append(_Grader(course, name, f"{digest} {key} {late} {course.due(name)}", again))
        if exercise is not None and not any(grader.wanted_cells for grader in graders):
            names = ", ".join(item.name for grader in graders for item in grader.exercises)
            raise GradingError(f"no exercise {exercise!r}: there are {names}")
        jobs = _Jobs(graders, times_of(submissions, found))
        jobs.plan(found)
        _Run(course, jobs, engine, interrupts, progress).run()
        students = [_joined(submission, graders) for submission in _with_marks(found, graders)]
        elapsed = time.monotonic() - start
        report = ClassReport(tuple(wanted), tuple(students), tuple(ignored), elapsed, unsafe)
        write_csv(report, output / "scores.csv")
        write_atomically(output / "report.json", report.to_json())
    return report


def _due(text: str) -> datetime:
    try:
        return utc(text)
    except ValueError as error:
        raise GradingError(f"the assignment cannot be due at {error}") from error


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


@dataclass(frozen=True)
class _Again:
    """What is graded although it has not changed, and what is left alone although it may have."""

    force: bool
    only: frozenset[str]
    exercise: str | None

    def leaves(self, student: str) -> bool:
        return bool(self.only) and student not in self.only

    def forces(self, student: str) -> bool:
        return self.force or student in self.only


@dataclass(frozen=True)
class _Job:
    """One submission on its way through the run.

    Attributes:
        repaired: Its notebooks, whole, as nbgrader takes them in.
        to_run: Those of them that are run, as JSON, with the instructor's check cells in full.
        kept: Executed notebooks of before, of which all stays but the exercise that is judged again.
        secret: What nbgrader's exchange finds its feedback by; empty without an exchange.
    """

    grader: _Grader
    student: str
    received: dict[str, Received]
    key: str
    time: str
    repaired: dict[str, NotebookNode]
    problems: dict[str, list[str]]
    to_run: dict[str, str]
    kept: dict[str, NotebookNode]
    secret: str = ""


class _Jobs:
    """Every submission of the run that has to be graded; each is read again when its turn comes."""

    def __init__(self, graders: list[_Grader], times: Mapping[str, str]):
        self.graders, self.times = graders, times
        self.planned: list[tuple[Submission, _Grader]] = []
        self.unchanged = 0

    def plan(self, found: list[Submission]) -> None:
        """Find out which submissions have to be graded."""
        names = [submission.student for submission in found]
        marks = {grader.assignment: grader.course.marks(grader.assignment, names) for grader in self.graders}
        for submission in found:
            for grader in self.graders:
                if grader.needs(submission, self._time(submission), marks[grader.assignment][submission.student]):
                    self.planned.append((submission, grader))
                else:
                    self.unchanged += 1

    @property
    def assignments(self) -> list[str]:
        """Whose submissions have to be run."""
        return sorted({grader.assignment for _, grader in self.planned})

    def __iter__(self) -> Iterator[_Job | tuple[_Grader, str, Exception]]:
        for submission, grader in self.planned:
            try:
                yield grader.job(submission, self._time(submission))
            except Exception as error:
                yield grader, submission.student, error

    def _time(self, submission: Submission) -> str:
        return self.times.get(submission.student, "")


class _Engine:
    """What runs submissions: workers here, or a cluster's. It is started when there is something to run."""

    def __init__(self, count: int, cluster: str | None, way: str):
        self.count, self.cluster, self.way = count, cluster, way
        self.workers: Any = None

    def __enter__(self) -> _Engine:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self.workers is not None:
            self.workers.shutdown(cancel_futures=kind is not None)

    def prepare(self, assignments: list[str]) -> None:
        """Begin to open the rooms of these assignments."""
        if self.cluster is None and not why_not():
            rooms(self.way).launch(assignments)

    def start(self, assignments: list[str], n_submissions: int) -> None:
        """Start it for the submissions of these assignments."""
        if self.cluster is not None:
            from llmcourse.course.grading.cluster import Cluster

            self.workers = Cluster(self.cluster, self.way)
            return
        try:
            lent = rooms(self.way).lend(assignments)
        except SandboxUnavailable as error:
            raise GradingError(f"submissions cannot be shut in on this machine: {error}") from error
        self.workers = LocalWorkers(min(self.count, n_submissions), self.way, lent)

    def names(self) -> list[str]:
        """Who is being graded."""
        return list(dict(self.workers.now).values()) if self.workers is not None else []


class _Run:
    """The main process's part: give work out, take results in, write the gradebook."""

    def __init__(self, course: Course, jobs: _Jobs, engine: _Engine, interrupts: Interrupts, progress: bool):
        self.course, self.jobs, self.engine, self.interrupts = course, jobs, engine, interrupts
        self.board = Board(progress, engine.names)
        self.running: dict[Future[Executed], _Job] = {}

    def run(self) -> None:
        """Grade everything that was planned."""
        with self.engine as engine, self.board as board:
            board.begin(len(self.jobs.planned), self.jobs.unchanged)
            if not self.jobs.planned:
                return
            engine.start(self.jobs.assignments, len(self.jobs.planned))
            waiting = iter(self.jobs)
            self._give_out(waiting)
            while self.running:
                done, _ = wait(self.running, return_when=FIRST_COMPLETED)
                for future in done:
                    with self.interrupts.shielded():
                        self._take_in(future)
                    self._give_out(waiting)

    def _give_out(self, waiting: Iterator[_Job | tuple[_Grader, str, Exception]]) -> None:
        while len(self.running) < self.engine.workers.count * AHEAD:
            job = next(waiting, None)
            if job is None:
                return
            if not isinstance(job, _Job):
                self._failed(*job)
                continue
            settings = self.course.settings
            future = self.engine.workers.submit(run_submission, job.to_run, settings, label=job.student)
            self.running[future] = job

    def _take_in(self, future: Future[Executed]) -> None:
        job = self.running.pop(future)
        try:
            job.grader.take(job, future.result())
        except Exception as error:
            self._failed(job.grader, job.student, error)
        else:
            self.board.advance()

    def _failed(self, grader: _Grader, student: str, error: Exception) -> None:
        self.course.log.error("grading %s of %s failed", grader.assignment, student, exc_info=error)
        reason = str(error) if isinstance(error, StageFailed) else f"{type(error).__name__}: {error}"
        grader.failed[student] = f"not graded, the grader itself failed ({reason}); grade again, see grading.log"
        self.board.advance(failed=True)


class _Grader:
    """One assignment of one run."""

    def __init__(self, course: Course, assignment: str, key: str, again: _Again):
        self.course = course
        self.assignment = assignment
        self.again = again
        self.key = key
        self.skeletons = course.skeletons(assignment)
        self.locked = course.locked_sources(assignment)
        self.exercises = list(self._exercises())
        self.wanted_cells = {(e.notebook, e.grade_id) for e in self.exercises if e.name == again.exercise}
        self.penalties: dict[str, float] = {}
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

    def needs(self, submission: Submission, handed_in: str, marks: list[Mark]) -> bool:
        """Whether a submission has to be graded; also when the gradebook is not what this run's state files say of it."""
        student = submission.student
        state = self.course.state(self.assignment, student)
        if state.get("scores") != _scores(marks):
            state = {}
        if self.again.leaves(student):
            if not state:
                self.failed[student] = "not graded yet: this run was for other students"
            return False
        if self.again.exercise is not None and not self.wanted_cells:
            return not state
        if self.again.forces(student) or self.again.exercise is not None or not self._is_complete(student):
            return True
        received = read_notebooks(submission, self.assignment, self.skeletons)
        return state.get("key") != self._submission_key(received, handed_in)

    def job(self, submission: Submission, handed_in: str) -> _Job:
        """Read and repair a submission."""
        received = read_notebooks(submission, self.assignment, self.skeletons)
        repaired = {name: repair(skeleton, received[name]) for name, skeleton in self.skeletons.items()}
        kept = self._kept(submission.student, received)
        to_run = {
            name: json.dumps(self._with_locked(name, nb.notebook))
            for name, nb in repaired.items()
            if not kept or any(notebook == name for notebook, _ in self.wanted_cells)
        }
        return _Job(
            self,
            submission.student,
            received,
            self._submission_key(received, handed_in),
            handed_in,
            {name: nb.notebook for name, nb in repaired.items()},
            {name: list(nb.problems) for name, nb in repaired.items() if nb.problems},
            to_run,
            kept,
            exchange_secret(submission),
        )

    def _kept(self, student: str, received: dict[str, Received]) -> dict[str, NotebookNode]:
        """The executed notebooks of before, when one exercise alone is judged again and nothing was handed in since."""
        state = self.course.state(self.assignment, student)
        if self.again.exercise is None or state.get("received") != _digest_of(received) or not self._is_complete(student):
            return {}
        return self.course.graded_notebooks(self.assignment, student)

    def _with_locked(self, name: str, notebook: NotebookNode) -> NotebookNode:
        """A notebook with the instructor's locked cells in full, as nbgrader will have it when it takes the outputs."""
        notebook = nbformat.from_dict(notebook)
        for cell in notebook.cells:
            key = (name, cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            cell.source = self.locked.get(key, cell.source)
        return notebook

    def take(self, job: _Job, executed: Executed) -> None:
        """Put a submission that has been run into the course and its gradebook, and write what its student gets."""
        course, student = self.course, job.student
        course.keep_state(self.assignment, student, None)
        self._keep_received(student, job.received)
        course.submit(self.assignment, student, job.repaired, job.time, job.secret)
        done = {name: nbformat.from_dict(json.loads(text)) for name, text in executed.notebooks.items()}
        course.autograde(self.assignment, student, self._joined_with_kept(job, done))
        course.feedback(self.assignment, student)
        self._finish(job, executed.seconds)

    def _joined_with_kept(self, job: _Job, done: dict[str, NotebookNode]) -> dict[str, NotebookNode]:
        """What was run, or where one exercise alone was judged again, what there was with its check cell's new outputs."""
        if not job.kept:
            return done
        joined = {}
        for name, repaired in job.repaired.items():
            notebook = joined[name] = self._with_locked(name, repaired)
            before = {cell.id: cell for cell in job.kept[name].cells}
            after = {cell.id: cell for cell in done[name].cells} if name in done else {}
            for cell in notebook.cells:
                is_wanted = (name, cell.metadata.get("nbgrader", {}).get("grade_id")) in self.wanted_cells
                ran = (after if is_wanted else before).get(cell.id)
                if cell.cell_type == "code" and ran is not None:
                    cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
        return joined

    def _finish(self, job: _Job, seconds: float) -> None:
        """Say that a submission is graded to its end."""
        self.graded.add(job.student)
        marks = self.course.marks(self.assignment, [job.student])[job.student]
        state = {
            "scores": _scores(marks),
            "key": job.key,
            "received": _digest_of(job.received),
            "problems": job.problems,
            "seconds": round(seconds, 3),
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


def _scores(marks: list[Mark]) -> dict[str, float | None]:
    return {f"{mark.notebook}/{mark.grade_id}": mark.auto_points for mark in marks}


def _digest_of(received: dict[str, Received]) -> str:
    digest = hashlib.sha256()
    for name, one in received.items():
        digest.update(json.dumps([name, one.reason, one.notes, len(one.data or b"")]).encode() + (one.data or b""))
    return digest.hexdigest()


def _is_graded(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _with_marks(found: list[Submission], graders: list[_Grader]) -> Iterator[tuple[Submission, dict[str, list[Mark]]]]:
    names = [submission.student for submission in found]
    marks = {grader.assignment: grader.course.marks(grader.assignment, names) for grader in graders}
    for grader in graders:
        grader.penalties = grader.course.penalties(grader.assignment)
    for submission in found:
        yield submission, {name: of_class[submission.student] for name, of_class in marks.items()}


def _joined(submission: tuple[Submission, dict[str, list[Mark]]], graders: list[_Grader]) -> StudentResult:
    """One student's line of the report, over all assignments."""
    who, marks = submission
    exercises: list[ExerciseResult] = []
    problems = list(who.problems)
    seconds = penalty = 0.0
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
        if late := grader.penalties.get(who.student):
            penalty += late
            told.append(f"{late:g} points taken off for being late")
        problems += told
        problems += [f"{r.name}: {r.reason}" for r in results if r.by_grader and not any(t in r.reason for t in told)]
    graded_now = any(who.student in grader.graded for grader in graders)
    return StudentResult(who.student, who.origin.name, tuple(exercises), tuple(problems), graded_now, seconds, penalty)
