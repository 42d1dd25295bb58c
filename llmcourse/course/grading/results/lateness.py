"""What being late costs: said once for an assignment, kept beside its grades, taken off the marks as they stand.

nbgrader computes a penalty while it autogrades, from the points of that moment. A mark given by hand, or a due date
that was moved, comes later; so the penalties are computed again whenever marks are read for a class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from nbgrader.api import SubmittedAssignment, SubmittedNotebook
from nbgrader.plugins import LateSubmissionPlugin

from llmcourse.course.grading.errors import GradingError
from llmcourse.files import write_atomically

METHODS = ("none", "zero")
"""The penalties that nbgrader comes with."""


def plugin(late: str) -> LateSubmissionPlugin:
    """What computes a penalty.

    Args:
        late: none, zero, or a class derived from nbgrader's LateSubmissionPlugin as `module:Class`.

    Raises:
        GradingError: There is no such thing.

    Example:
        >>> plugin("zero").late_submission_penalty("ada", 5.0, 60)
        5.0
    """
    if late in METHODS:
        return LateSubmissionPlugin(penalty_method=late)
    module, _, name = late.replace(":", ".").rpartition(".")
    try:
        found = getattr(import_module(module), name) if module else None
    except (ImportError, AttributeError) as error:
        raise GradingError(f"--late {late}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, LateSubmissionPlugin)):
        raise GradingError(
            f"--late {late}: it must be none, zero, or, as module:Class, a class derived from nbgrader's "
            "LateSubmissionPlugin"
        )
    return found()


def kept(root: Path, assignment: str) -> str | None:
    """What was said last of an assignment; None where nothing was."""
    path = _file(root, assignment)
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def keep(root: Path, assignment: str, late: str) -> None:
    """Keep what being late costs in an assignment."""
    if kept(root, assignment) != late:
        write_atomically(_file(root, assignment), f"{late}\n")


def _file(root: Path, assignment: str) -> Path:
    return root / "state" / assignment / "late"


def changed(
    submissions: Iterable[SubmittedAssignment], late: LateSubmissionPlugin
) -> Iterator[tuple[SubmittedNotebook, float | None]]:
    """The notebooks whose penalty is not that of their marks as they stand, each with the penalty that is.

    A penalty is at least 0 and at most what the notebook has earned.
    """
    for submission in submissions:
        seconds = submission.total_seconds_late
        for notebook in submission.notebooks:
            cost = late.late_submission_penalty(submission.student_id, notebook.score, seconds) if seconds > 0 else None
            penalty = None if cost is None else min(max(0.0, cost), notebook.score)
            if (notebook.late_submission_penalty or 0.0) != (penalty or 0.0):
                yield notebook, penalty
