"""A course folder in nbgrader's layout, and nbgrader's converters run on it, one student at a time."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat.notebooknode import NotebookNode
from nbgrader import preprocessors as nbgrader_steps
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.execute import SubmissionExecute
from llmcourse.course.grading.feedback import FeedbackExporter, HideTests, Marks
from llmcourse.course.paths import write_atomically


class StageFailed(RuntimeError):
    """One of nbgrader's converters gave up; the message is the last thing it logged."""


@dataclass(frozen=True)
class Mark:
    """One graded cell of one submission, as the gradebook has it. `points` is None until somebody marks it."""

    notebook: str
    grade_id: str
    points: float | None
    max_points: float


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


class Course:
    """The output folder as an nbgrader course.

    Attributes:
        execute_class: The nbgrader preprocessor that runs a submission: the place to put another one.
    """

    execute_class: type = SubmissionExecute

    def __init__(self, root: Path, timeout_s: float, total_timeout_s: float):
        if set("*?[") & set(str(root)):
            raise GradingError(f"nbgrader cannot work in {root}: its path has one of the characters * ? [")
        self.root = root
        self.log = logging.Logger("llmcourse.grading", logging.INFO)
        self._last_error = _LastError()
        self.config = Config()
        self.config.CourseDirectory.root = str(root)
        self.config.CourseDirectory.db_url = self.db_url = f"sqlite:///{root / 'gradebook.db'}"
        self.config[self.execute_class.__name__] = Config(timeout_s=timeout_s, total_timeout_s=total_timeout_s)
        self.config.Autograde.autograde_preprocessors = [
            self.execute_class,
            nbgrader_steps.IgnorePattern,
            nbgrader_steps.LimitOutput,
            nbgrader_steps.SaveAutoGrades,
            nbgrader_steps.AssignLatePenalties,
            nbgrader_steps.CheckCellMetadata,
        ]
        self.config.GenerateFeedback.exporter_class = FeedbackExporter
        self.config.GenerateFeedback.preprocessors = [Marks, HideTests, CSSHTMLHeaderPreprocessor]

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Send what nbgrader says to `grading.log`, not to the terminal."""
        self.root.mkdir(parents=True, exist_ok=True)
        file = logging.FileHandler(self.root / "grading.log", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self.log.handlers = [file, self._last_error]
        try:
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
        if _read(stamp) == digest and all((release / path.name).exists() for path in notebooks):
            return digest
        stamp.unlink(missing_ok=True)
        source = self.folder("source", assignment)
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir(parents=True)
        for path in notebooks:
            shutil.copyfile(path, source / path.name)
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

    def submit(self, assignment: str, student: str, notebooks: Mapping[str, NotebookNode]) -> None:
        """Put repaired notebooks where nbgrader collects them."""
        folder = self.folder("submitted", assignment, student)
        shutil.rmtree(folder, ignore_errors=True)
        for name, notebook in notebooks.items():
            write_atomically(folder / f"{name}.ipynb", nbformat.writes(notebook))

    def autograde(self, assignment: str, student: str) -> None:
        """Run a submission and put its marks into the gradebook. Raises StageFailed."""
        self._convert(Autograde, assignment, student)

    def feedback(self, assignment: str, student: str) -> None:
        """Write a submission's feedback pages. Raises StageFailed."""
        self._convert(GenerateFeedback, assignment, student)

    def _convert(self, converter: type, assignment: str, student: str = "*") -> None:
        coursedir = CourseDirectory(config=self.config, log=self.log)
        coursedir.assignment_id, coursedir.student_id = assignment, student
        self._last_error.text = ""
        self._create_gradebook()
        try:
            with warnings.catch_warnings(action="ignore"):
                converter(coursedir=coursedir, config=self.config, log=self.log, force=True).start()
        except (NbGraderException, OSError) as error:
            raise StageFailed(self._last_error.text or str(error)) from error

    def _create_gradebook(self) -> None:
        """Make the database. nbgrader asks the `alembic` command for its version, which is beside this interpreter."""
        if (self.root / "gradebook.db").exists():
            return
        before = os.environ.get("PATH", "")
        os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
        try:
            Gradebook(self.db_url).close()
        finally:
            os.environ["PATH"] = before

    def marks(self, assignment: str, students: list[str]) -> dict[str, list[Mark]]:
        """Every student's marks in an assignment; a student whom the gradebook does not know has none."""
        marks: dict[str, list[Mark]] = {}
        with Gradebook(self.db_url) as gradebook:
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
    return Mark(notebook, grade.name, None if unmarked else float(grade.score), float(grade.max_score))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _notebook(path: Path) -> NotebookNode:
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
