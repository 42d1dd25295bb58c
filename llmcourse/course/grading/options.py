"""How a class is graded, as the command line or a program says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import llmcourse
from llmcourse.course.environment import cores
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.times import utc
from llmcourse.course.grading.results import lateness
from llmcourse.course.grading.trial.notebook import Settings

PACKAGE = Path(llmcourse.__file__).resolve().parent


@dataclass(frozen=True)
class GradeOptions:
    """How a class is graded; the command line makes the same object.

    Attributes:
        assignment: Its name; all that somebody handed in when None.
        source: The instructor's notebooks, NN_name/NN_name.ipynb.
        timeout_s: Seconds a cell may take.
        total_timeout_s: Seconds a notebook may take; ten times `timeout_s` when None.
        force: Grade again what did not change.
        only: Grade these students alone, again if need be; everybody else keeps what they have.
        workers: Processes that run submissions; as many as there are cores when None.
        unsafe: Go on where nothing can be shut in: submissions can then read and change what this process can.
        due: When the assignment is due, in UTC unless it says otherwise; kept in the gradebook.
        late: What a late submission costs: none, zero, or nbgrader's plugin `module:Class`; as it was said last for
            this output when None.
        progress: Show a progress bar on standard error.

    Raises:
        GradingError: A time is not positive or not a time, or there is no worker.
    """

    assignment: str | None = None
    source: Path | str = PACKAGE.parent / "solutions"
    timeout_s: float = 60.0
    total_timeout_s: float | None = None
    force: bool = False
    only: Iterable[str] = ()
    workers: int | None = None
    unsafe: bool = False
    due: datetime | str | None = None
    late: str | None = None
    progress: bool = False

    def __post_init__(self) -> None:
        if not (self.timeout_s > 0 and self.settings.total_timeout_s > 0):
            total_s = self.settings.total_timeout_s
            raise GradingError(f"a timeout must be a positive number of seconds, got {self.timeout_s} and {total_s}")
        if self.n_workers < 1:
            raise GradingError(f"at least one worker is needed, got {self.n_workers}")
        object.__setattr__(self, "only", frozenset(self.only))
        object.__setattr__(self, "source", Path(self.source).resolve())
        if isinstance(self.due, str):
            object.__setattr__(self, "due", _due(self.due))
        if self.late is not None:
            lateness.plugin(self.late)  # which says what is wrong with it

    @property
    def settings(self) -> Settings:
        """What the trial of a notebook is told."""
        total_s = 10 * self.timeout_s if self.total_timeout_s is None else self.total_timeout_s
        return Settings(self.timeout_s, total_s, "unsafe" if self.unsafe else "auto")

    @property
    def n_workers(self) -> int:
        """How many processes run submissions."""
        return cores() if self.workers is None else self.workers


def _due(text: str) -> datetime:
    try:
        return utc(text)
    except ValueError as error:
        raise GradingError(f"the assignment cannot be due at {error}") from error
