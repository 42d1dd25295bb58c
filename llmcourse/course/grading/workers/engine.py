"""What runs submissions: workers on this machine, started when there is something to run."""

from __future__ import annotations

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.trial.rooms import SandboxUnavailable, rooms, why_not
from llmcourse.course.grading.workers.local import LocalWorkers


class Engine:
    """Runs submissions; it is started when there is something to run.

    Args:
        count: How many workers.
        way: How processes are started.
    """

    def __init__(self, count: int, way: str):
        self.count, self.way = count, way
        self.workers: LocalWorkers | None = None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self.workers is not None:
            self.workers.shutdown(cancel_futures=kind is not None)

    def prepare(self, assignments: list[str]) -> None:
        """Begin to open the rooms of these assignments."""
        if not why_not():
            rooms(self.way).launch(assignments)

    def start(self, assignments: list[str], n_submissions: int) -> None:
        """Start it for the submissions of these assignments."""
        try:
            lent = rooms(self.way).lend(assignments)
        except SandboxUnavailable as error:
            raise GradingError(f"submissions cannot be shut in on this machine: {error}") from error
        self.workers = LocalWorkers(min(self.count, n_submissions), self.way, lent)

    def names(self) -> list[str]:
        """Who is being graded."""
        return list(dict(self.workers.now).values()) if self.workers is not None else []
