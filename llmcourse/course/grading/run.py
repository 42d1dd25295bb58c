"""Grade a class: every submission received, repaired, run, marked, reported; what did not change is not run again.

Submissions are run by workers, which get and give back values. This process alone writes the gradebook, one submission
after the other, through nbgrader's converters; `grader` has what is done for one assignment, `engine` who runs.
"""

from __future__ import annotations

import errno
import gc
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.grader import Again, Grader, Job
from llmcourse.course.grading.intake.names import shown
from llmcourse.course.grading.intake.received import assignments_held
from llmcourse.course.grading.intake.submissions import Submission, find_submissions
from llmcourse.course.grading.intake.times import TIMES, Times, times_of
from llmcourse.course.grading.nbgrader import backup
from llmcourse.course.grading.nbgrader.stages import Course, Mark, StageFailed, assignments_in
from llmcourse.course.grading.options import GradeOptions
from llmcourse.course.grading.results import lateness
from llmcourse.course.grading.results.report import ClassReport, ExerciseResult, StudentResult, write_csv
from llmcourse.course.grading.trial.rooms import why_not
from llmcourse.course.grading.trial.scratch import remove_left_over
from llmcourse.course.grading.workers.board import Board
from llmcourse.course.grading.workers.engine import Engine
from llmcourse.course.grading.workers.lock import only_run
from llmcourse.course.grading.workers.work import Executed, library_digest, run_submission
from llmcourse.course.interrupts import Interrupts
from llmcourse.files import write_atomically

CHANGED_SINCE = "changed since it was marked by hand; the {points:g} points stay until somebody marks it again"
AHEAD = 2
"""How many submissions wait for each worker, so that none of them waits for the gradebook."""


def grade(submissions: Path | str, output: Path | str = "grades", *fields: Any, **options: Any) -> ClassReport:
    """`grade_class` with the fields of `GradeOptions` as arguments, in their order or by name."""
    return grade_class(Path(submissions), Path(output), GradeOptions(*fields, **options))


def grade_class(submissions: Path, output: Path, asked: GradeOptions) -> ClassReport:
    """Grade every submission in a folder.

    A submission whose notebooks, whose assignment and whose library are as they were keeps its result; marks given by
    hand in nbgrader's formgrader are kept in any case. An interrupted or killed run is finished by the next one.

    Args:
        submissions: One folder or .zip a student, holding NN_name.ipynb at the top, in NN_name/ or in work/NN_name/, or
            what Moodle or Canvas made of them; timestamps.csv beside them says when they were handed in, see `times`.
        output: Becomes an nbgrader course: received/ source/ release/ submitted/ autograded/ feedback/ gradebook.db,
            and scores.csv, report.json, grading.log, and backups/ with the gradebook as it was before each run.
        asked: What is graded, and how.

    Returns:
        The class's results, as written to scores.csv and report.json.

    Raises:
        GradingError: The run cannot start: no such folder, assignment or student, nothing built, nothing to shut
            submissions in, a damaged gradebook, another run on the same output. Or it cannot go on: the disk is full.
        KeyboardInterrupt: It was interrupted; the next run goes on where it stopped.
    """
    start = time.monotonic()
    output = output.resolve()
    remove_left_over()
    with _room_on_disk(output):
        return _graded(submissions, output, asked, start)


@contextmanager
def _room_on_disk(output: Path) -> Iterator[None]:
    """Say what to do when the disk is full, whoever noticed it."""
    try:
        yield
    except Exception as error:
        if not _is_full_disk(error):
            raise
        raise GradingError(
            f"no room is left on the disk of {output} or of {tempfile.gettempdir()}: make room, then run the same "
            "command again. What is graded so far is kept"
        ) from error


def _is_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is the system's or SQLite's about a full disk."""
    if error is None:
        return False
    is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error)
    return is_full or _is_full_disk(error.__cause__ or error.__context__)


def _graded(submissions: Path, output: Path, asked: GradeOptions, start: float) -> ClassReport:
    received = _received(submissions.resolve(), output, asked)
    course = Course(output, asked.settings)
    engine = Engine(asked.n_workers, asked.settings.way)
    with only_run(output), course.open(), Interrupts() as interrupts:
        backup.check(course.database)
        if not course.database.exists():
            engine.prepare(received.wanted)  # nothing has been graded yet, so all will be: its imports need not wait
        graders = _install(course, received, asked, interrupts)
        jobs = _Jobs(graders, received.times.of)
        jobs.plan(received.found)
        _Run(course, jobs, engine, interrupts, asked.progress).run()
        return _report(received, graders, output, asked, start)


@dataclass(frozen=True)
class _Received:
    """What a run begins with.

    Attributes:
        found: The submissions.
        times: When they were handed in.
        ignored: What lies there and is none.
        available: The assignments that there are, with their notebooks.
        wanted: The assignments that are graded.
    """

    found: list[Submission]
    times: Times
    ignored: list[str]
    available: dict[str, list[Path]]
    wanted: list[str]


def _received(submissions: Path, output: Path, asked: GradeOptions) -> _Received:
    """Find the submissions, and refuse what cannot be graded before anything is written."""
    if submissions == output:
        raise GradingError(f"submissions and output are one folder, {output}: name another output")
    available = assignments_in(Path(asked.source))
    times_file = submissions / TIMES
    exclude = [output, times_file] if times_file.is_file() else [output]  # a folder of that name is somebody's hand-in
    found, ignored = find_submissions(submissions, exclude, available)
    wanted = _wanted(asked.assignment, available, found, submissions)
    if unknown := sorted(set(asked.only) - {submission.student for submission in found}):
        raise GradingError(f"no student {unknown[0]!r} in {submissions}")
    if not asked.unsafe and (reason := why_not()):
        raise GradingError(f"submissions cannot be shut in on this machine: {reason}. --unsafe grades without walls")
    return _Received(found, times_of(submissions, found, wanted), list(ignored), available, wanted)


def _install(course: Course, received: _Received, asked: GradeOptions, interrupts: Interrupts) -> list[Grader]:
    """Put the assignments into the course, one grader for each."""
    settings = asked.settings
    again = Again(asked.force, frozenset(asked.only))
    key = f"{library_digest()} {settings.timeout_s:g} {settings.total_timeout_s:g} {settings.way}"
    graders = []
    for name in received.wanted:
        with interrupts.shielded():
            digest = course.install(name, received.available[name])
            if asked.due is not None:
                course.set_due(name, asked.due)
            lateness.keep(course.root, name, asked.late or lateness.kept(course.root, name) or "none")
        graders.append(Grader(course, name, f"{digest} {key}", again))
    return graders


def _report(received: _Received, graders: list[Grader], output: Path, asked: GradeOptions, start: float) -> ClassReport:
    """Write down how everybody did."""
    times, told = received.times, [*received.ignored, *received.times.told, *_absent(received.found, graders)]
    doubts: Mapping[str, str] = {}
    if any(grader.course.due(grader.assignment) for grader in graders):
        doubts = times.doubts
        told += times.told_if_due
    found = [replace(one, problems=(*one.problems, *filter(None, [doubts.get(one.student)]))) for one in received.found]
    students = [_joined(submission, graders) for submission in _with_marks(found, graders)]
    elapsed = time.monotonic() - start
    report = ClassReport(tuple(received.wanted), tuple(students), tuple(told), elapsed, asked.unsafe)
    write_csv(report, output / "scores.csv")
    write_atomically(output / "report.json", report.to_json())
    return report


def _absent(found: list[Submission], graders: list[Grader]) -> Iterator[str]:
    """A line about those who were graded before and are not among the submissions now: scores.csv is without them."""
    here = {submission.student for submission in found}
    for grader in graders:
        if absent := sorted(grader.course.students(grader.assignment) - here):
            yield (
                f"{grader.assignment}: graded before, and not among these submissions: {shown(absent, 10)}; their "
                "marks stay in the gradebook and in exports, and scores.csv is without them"
            )


def _wanted(
    assignment: str | None, available: dict[str, list[Path]], found: list[Submission], folder: Path
) -> list[str]:
    if assignment is not None:
        if assignment not in available:
            raise GradingError(f"no assignment {assignment!r}: there are {', '.join(available)}")
        return [assignment]
    names = {name: [path.stem for path in notebooks] for name, notebooks in available.items()}
    held = set().union(*(assignments_held(submission, names) for submission in found))
    wanted = [name for name in available if name in held]
    if not wanted and len(available) > 1:
        raise GradingError(f"no submission in {folder} holds a notebook of {', '.join(available)}: name the assignment")
    return wanted or list(available)


class _Jobs:
    """Every submission of the run that has to be graded; each is read again when its turn comes."""

    def __init__(self, graders: list[Grader], times: Mapping[str, str]):
        self.graders, self.times = graders, times
        self.planned: list[tuple[Submission, Grader]] = []
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

    def __iter__(self) -> Iterator[Job | tuple[Grader, str, Exception]]:
        for submission, grader in self.planned:
            try:
                yield grader.job(submission, self._time(submission))
            except Exception as error:
                yield grader, submission.student, error

    def _time(self, submission: Submission) -> str:
        return self.times.get(submission.student, "")


class _Run:
    """The main process's part: give work out, take results in, write the gradebook."""

    def __init__(self, course: Course, jobs: _Jobs, engine: Engine, interrupts: Interrupts, progress: bool):
        self.course, self.jobs, self.engine, self.interrupts = course, jobs, engine, interrupts
        self.board = Board(progress, engine.names)
        self.running: dict[Future[Executed], Job] = {}

    def run(self) -> None:
        """Grade everything that was planned."""
        with self.engine as engine, self.board as board:
            board.begin(len(self.jobs.planned), self.jobs.unchanged)
            if not self.jobs.planned:
                return
            engine.start(self.jobs.assignments, len(self.jobs.planned))
            waiting = iter(self.jobs)
            self._give_out(waiting)
            with _frozen_imports():
                while self.running:
                    done, _ = wait(self.running, return_when=FIRST_COMPLETED)
                    for future in done:
                        with self.interrupts.shielded():
                            self._take_in(future)
                        self._give_out(waiting)

    def _give_out(self, waiting: Iterator[Job | tuple[Grader, str, Exception]]) -> None:
        while len(self.running) < self.engine.workers.count * AHEAD:
            job = next(waiting, None)
            if job is None:
                return
            if not isinstance(job, Job):
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

    def _failed(self, grader: Grader, student: str, error: Exception) -> None:
        if _is_full_disk(error):
            raise error  # it is nothing about this student, and so it would go on
        self.course.log.error("grading %s of %s failed", grader.assignment, student, exc_info=error)
        reason = str(error) if isinstance(error, StageFailed) else f"{type(error).__name__}: {error}"
        grader.failed[student] = f"not graded, the grader itself failed ({reason}); grade again, see grading.log"
        self.board.advance(failed=True)


@contextmanager
def _frozen_imports() -> Iterator[None]:
    """Spare the garbage collector the many objects that the imports have made, which it would look at again
    and again."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _with_marks(found: list[Submission], graders: list[Grader]) -> Iterator[tuple[Submission, dict[str, list[Mark]]]]:
    names = [submission.student for submission in found]
    marks = {grader.assignment: grader.course.marks(grader.assignment, names) for grader in graders}
    for grader in graders:
        grader.course.penalise(grader.assignment)
        grader.penalties = grader.course.penalties(grader.assignment)
    for submission in found:
        yield submission, {name: of_class[submission.student] for name, of_class in marks.items()}


def _joined(submission: tuple[Submission, dict[str, list[Mark]]], graders: list[Grader]) -> StudentResult:
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
        told += [f"{r.name}: {CHANGED_SINCE.format(points=r.points)}" for r in results if r.look_again]
        problems += told
        problems += [f"{r.name}: {r.reason}" for r in results if r.by_grader and not any(t in r.reason for t in told)]
    graded_now = any(who.student in grader.graded for grader in graders)
    origin = ", ".join(path.name for path in who.origins)
    return StudentResult(who.student, origin, tuple(exercises), tuple(problems), graded_now, seconds, penalty)
