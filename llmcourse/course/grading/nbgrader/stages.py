"""A course folder in nbgrader's layout, and nbgrader's converters run on it, one student at a time."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_locked
from traitlets.config import Config

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.contents import SECRET
from llmcourse.course.grading.nbgrader import backup
from llmcourse.course.grading.nbgrader.gradebooks import create_gradebook, kept_open, open_gradebook
from llmcourse.course.grading.nbgrader.settings import Marking, configure
from llmcourse.course.grading.results import lateness
from llmcourse.course.grading.trial.notebook import Settings
from llmcourse.course.notebooks import marks_of
from llmcourse.files import write_atomically


class StageFailed(RuntimeError):
    """One of nbgrader's converters gave up; the message is the last thing it logged."""


@dataclass(frozen=True)
class Mark:
    """One graded cell of one submission, as the gradebook has it.

    Attributes:
        points: None until somebody marks it.
        auto_points: What grading gave, whatever somebody has made of it since.
        look_again: It was marked by hand, and what was marked has changed since.
    """

    notebook: str
    grade_id: str
    points: float | None
    max_points: float
    auto_points: float | None
    look_again: bool = False


def assignments_in(source: Path) -> dict[str, list[Path]]:
    """The assignments of a source folder: name -> its notebooks, both in order.

    Raises:
        GradingError: There is none.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(source.glob("*/*.ipynb")) if source.is_dir() else []:
        found.setdefault(path.parent.name, []).append(path)
    if not found:
        raise GradingError(f"{source} holds no ASSIGNMENT/NOTEBOOK.ipynb: run `llmcourse build` or name another source")
    return found


NBGRADER_CONFIG = """\
\"\"\"nbgrader's commands and formgrader, in this folder: its buttons grade as `llmcourse grade` does, shut in.\"\"\"

from llmcourse.course.grading.nbgrader.settings import configure

c = get_config()  # noqa: F821 - nbgrader provides it
configure(c)
c.SubmissionExecute.timeout_s = {timeout_s}
c.SubmissionExecute.total_timeout_s = {total_timeout_s}
"""


class Course:
    """The output folder as an nbgrader course. Only one process at a time may write to it.

    Args:
        root: The folder.
        settings: How notebooks are run.
    """

    def __init__(self, root: Path, settings: Settings):
        if set("*?[") & set(str(root)):
            raise GradingError(f"nbgrader cannot work in {root}: its path has one of the characters * ? [")
        self.root = root
        self.log = logging.Logger("llmcourse.grading", logging.INFO)
        self._last_error = _LastError()
        self.config = Config()
        self.config.CourseDirectory.root = str(root)
        self.config.CourseDirectory.db_url = self.db_url = f"sqlite:///{root / 'gradebook.db'}"
        configure(self.config)
        self.settings = settings
        self._is_backed_up = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the gradebook open, and send what nbgrader says to `grading.log`, not to the terminal."""
        self.root.mkdir(parents=True, exist_ok=True)
        file = logging.FileHandler(self.root / "grading.log", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        file.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk is told once, not per line
        self.log.handlers = [file, self._last_error]
        try:
            with kept_open():
                yield
        finally:
            self.log.handlers = []
            file.close()

    def folder(self, step: str, assignment: str, student: str = ".") -> Path:
        """nbgrader's folder of one step."""
        return self.root / step / student / assignment

    def install(self, assignment: str, notebooks: list[Path]) -> str:
        """Take an assignment in: `source/`, `release/` and the gradebook. Does nothing when it is there as it is.

        Returns:
            A digest of the assignment's sources.

        Raises:
            GradingError: A notebook is none, or nbgrader refuses it.
        """
        digest = hashlib.sha256(b"".join(p.name.encode() + b"\0" + p.read_bytes() for p in notebooks)).hexdigest()
        stamp = self.root / "state" / assignment / "source.sha256"
        release = self.folder("release", assignment)
        is_there = all((release / path.name).exists() for path in notebooks) and self._knows(assignment)
        if is_there and _read(stamp) == digest:
            return digest
        stamp.unlink(missing_ok=True)
        source = self.folder("source", assignment)
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir(parents=True)
        for path in notebooks:
            shutil.copyfile(path, source / path.name)
        limits = {"timeout_s": self.settings.timeout_s, "total_timeout_s": self.settings.total_timeout_s}
        write_atomically(self.root / "nbgrader_config.py", NBGRADER_CONFIG.format(**limits))
        try:
            self._convert(GenerateAssignment, assignment)
        except StageFailed as error:
            raise GradingError(
                f"nbgrader could not take in the assignment {assignment}: {error}. If its cells were added or removed "
                f"since {self.root} was made, grade into a new folder."
            ) from error
        write_atomically(stamp, digest)
        return digest

    def skeletons(self, assignment: str) -> dict[str, NotebookNode]:
        """The released notebooks, by name, in order."""
        return {path.stem: _notebook(path) for path in sorted(self.folder("release", assignment).glob("*.ipynb"))}

    def locked_sources(self, assignment: str) -> dict[tuple[str, str], str]:
        """The instructor's source of every locked cell, hidden tests included: (notebook, grade id) -> source."""
        notebooks = {path.stem: _notebook(path) for path in self.folder("source", assignment).glob("*.ipynb")}
        return {
            (name, marks_of(cell)["grade_id"]): cell.source
            for name, notebook in notebooks.items()
            for cell in notebook.cells
            if marks_of(cell) and is_locked(cell)
        }

    def submit(
        self, assignment: str, student: str, notebooks: Mapping[str, NotebookNode], time: str = "", secret: str = ""
    ) -> None:
        """Put repaired notebooks where nbgrader collects them, with the time of handing in, when it is known.

        `secret` is what `nbgrader release_feedback` needs to give a page back through the exchange, when there is one.
        """
        folder = self.folder("submitted", assignment, student)
        shutil.rmtree(folder, ignore_errors=True)
        for name, notebook in notebooks.items():
            write_atomically(folder / f"{name}.ipynb", nbformat.writes(notebook))
        if time:
            write_atomically(folder / "timestamp.txt", f"{time}\n")
        if secret:
            write_atomically(folder / SECRET, secret)

    def autograde(self, assignment: str, student: str, executed: Mapping[str, NotebookNode]) -> None:
        """Put the marks of a submission that has been run into the gradebook.

        Args:
            assignment: The assignment's name.
            student: The student's id.
            executed: The submission's notebooks after they were run, by name.

        Raises:
            StageFailed: nbgrader gave up, or what was run is not what was submitted.
        """
        self.config.Autograde.sanitize_preprocessors = [_taking(executed)]
        self.config.Autograde.autograde_preprocessors = [Marking]
        self._convert(Autograde, assignment, student)

    def feedback(self, assignment: str, student: str) -> None:
        """Write a submission's feedback pages. Raises StageFailed."""
        self._convert(GenerateFeedback, assignment, student)

    def _convert(self, converter: type, assignment: str, student: str = "*") -> None:
        coursedir = CourseDirectory(config=self.config, log=self.log)
        coursedir.assignment_id, coursedir.student_id = assignment, student
        self._last_error.text = ""
        if converter is not GenerateFeedback:
            self._prepare_gradebook()
        try:
            with warnings.catch_warnings(action="ignore"):
                converter(coursedir=coursedir, config=self.config, log=self.log, force=True).start()
        except (NbGraderException, OSError) as error:
            raise StageFailed(self._last_error.text or str(error)) from error

    def _knows(self, assignment: str) -> bool:
        if not self.database.exists():
            return False
        with open_gradebook(self.db_url) as gradebook:
            return assignment in {known.name for known in gradebook.assignments}

    @property
    def database(self) -> Path:
        """The gradebook's file."""
        return self.root / "gradebook.db"

    def _prepare_gradebook(self) -> None:
        """Before this object's first write: back the database up, or make it."""
        if not self._is_backed_up:
            backup.check(self.database)
            backup.back_up(self.database)
            self._is_backed_up = True
        if not self.database.exists():
            self._create_gradebook()

    def _create_gradebook(self) -> None:
        """Make the database, under another name until it is whole."""
        part = self.root / "gradebook.db.part"
        part.unlink(missing_ok=True)
        create_gradebook(f"sqlite:///{part}")
        os.replace(part, self.database)

    def due(self, assignment: str) -> datetime | None:
        """When an assignment is due, as the gradebook (and so the formgrader) has it, in UTC."""
        with open_gradebook(self.db_url) as gradebook:
            return gradebook.find_assignment(assignment).duedate

    def set_due(self, assignment: str, due: datetime) -> None:
        """Keep when an assignment is due; `due` is in UTC, without a time zone."""
        if self.due(assignment) != due:
            self._prepare_gradebook()
            with open_gradebook(self.db_url) as gradebook:
                gradebook.update_or_create_assignment(assignment, duedate=due)

    def penalise(self, assignment: str, student: str = "") -> None:
        """Take off what being late costs, of the marks as they stand: of everybody's, or of one student's."""
        plugin = lateness.plugin(lateness.kept(self.root, assignment) or "none")
        with open_gradebook(self.db_url) as gradebook:
            one = [gradebook.find_submission(assignment, student)] if student else None
            for notebook, penalty in lateness.changed(one or gradebook.assignment_submissions(assignment), plugin):
                self._prepare_gradebook()
                notebook.late_submission_penalty = penalty
            gradebook.db.commit()

    def students(self, assignment: str) -> set[str]:
        """Whose submissions of an assignment the gradebook has."""
        with open_gradebook(self.db_url) as gradebook:
            return {submission.student_id for submission in gradebook.assignment_submissions(assignment)}

    def penalties(self, assignment: str) -> dict[str, float]:
        """What being late cost each student, where it cost something."""
        with open_gradebook(self.db_url) as gradebook:
            submissions = gradebook.assignment_submissions(assignment)
            return {s.student.id: float(s.late_submission_penalty) for s in submissions if s.late_submission_penalty}

    def marks(self, assignment: str, students: list[str]) -> dict[str, list[Mark]]:
        """Every student's marks in an assignment; a student whom the gradebook does not know has none."""
        marks: dict[str, list[Mark]] = {}
        with open_gradebook(self.db_url) as gradebook:
            for student in students:
                try:
                    submission = gradebook.find_submission(assignment, student)
                except MissingEntry:
                    marks[student] = []
                    continue
                marks[student] = [_mark(nb.name, grade) for nb in submission.notebooks for grade in nb.grades]
        return marks

    def graded_notebooks(self, assignment: str, student: str) -> dict[str, NotebookNode]:
        """A submission's autograded notebooks, by name."""
        folder = self.folder("autograded", assignment, student)
        return {path.stem: _notebook(path) for path in sorted(folder.glob("*.ipynb"))}

    def state(self, assignment: str, student: str) -> dict[str, Any]:
        """What was kept about a graded submission; empty when it is not graded, or not to its end."""
        text = _read(self.root / "state" / assignment / f"{student}.json")
        try:
            return json.loads(text) if text else {}
        except ValueError:
            return {}

    def keep_state(self, assignment: str, student: str, state: Mapping[str, Any] | None) -> None:
        """Keep a submission's state, or with None forget it."""
        path = self.root / "state" / assignment / f"{student}.json"
        if state is None:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, json.dumps(state, indent=1, sort_keys=True) + "\n")


def _taking(executed: Mapping[str, NotebookNode]) -> Callable[[NotebookNode, Any], tuple[NotebookNode, Any]]:
    """The nbgrader step that stands where a notebook would be restored and run: takes the one that was."""

    def take(nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        done = executed[resources["nbgrader"]["notebook"]]
        if [(cell.cell_type, cell.id) for cell in nb.cells] != [(cell.cell_type, cell.id) for cell in done.cells]:
            raise ValueError("the notebook that was run is not the one that was submitted")
        return done, resources

    return take


class _LastError(logging.Handler):
    """Remembers the last line of the last error before nbgrader's own closing remarks."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().strip()
        closing = message.startswith(("There was an error processing", "Please see the"))
        if record.levelno >= logging.ERROR and message and not closing:
            self.text = message.splitlines()[-1]


def _mark(notebook: str, grade: Any) -> Mark:
    unmarked = grade.manual_score is None and grade.auto_score is None
    points = None if unmarked else float(grade.score)
    look_again = grade.manual_score is not None and grade.needs_manual_grade
    return Mark(notebook, grade.name, points, float(grade.max_score), grade.auto_score, look_again)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _notebook(path: Path) -> NotebookNode:
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
