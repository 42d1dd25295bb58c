"""What a grading run shows while it works: counts, who is being graded, how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

MAX_NAMES = 4
LINE_S = 5.0
"""Seconds between two plain lines."""


class Board:
    """A bar on a terminal; elsewhere plain lines, a few a minute; or nothing.

    Args:
        shown: Whether to show anything.
        names: Says who is being graded.
        console: Where; standard error by default.
    """

    def __init__(self, shown: bool, names: Callable[[], Iterable[str]] = tuple, console: Console | None = None):
        self.console = console or Console(stderr=True)
        self.shown, self.names = shown, names
        self.total = self.done = self.failed = self.unchanged = 0
        self._start = self._last_line = time.monotonic()
        columns = (TextColumn("grading"), BarColumn(), _Told(self), TimeRemainingColumn(elapsed_when_finished=True))
        self._bar = Progress(*columns, console=self.console, disable=not (shown and self.console.is_terminal))
        self._task = self._bar.add_task("grading", total=None)

    def __enter__(self) -> Board:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def begin(self, total: int, unchanged: int) -> None:
        """Say how many submissions will be graded and how many are there already."""
        self.total, self.unchanged = total, unchanged
        self._bar.update(self._task, total=total)

    def advance(self, failed: bool = False) -> None:
        """One more is graded, or could not be."""
        self.done += not failed
        self.failed += failed
        self._bar.update(self._task, completed=self.done + self.failed)
        finished = self.done + self.failed == self.total
        if self.shown and not self.console.is_terminal and (finished or time.monotonic() - self._last_line >= LINE_S):
            self._last_line = time.monotonic()
            self.console.print(f"grading: {self.text()}{self._eta()}", soft_wrap=True, highlight=False, markup=False)

    def text(self) -> str:
        """The counts and the names."""
        counts = [f"{self.done + self.failed}/{self.total}"]
        counts += [f"{self.failed} failed"] if self.failed else []
        counts += [f"{self.unchanged} unchanged"] if self.unchanged else []
        names = sorted(filter(None, self.names()))
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        return ", ".join(counts) + (f": {', '.join(names[:MAX_NAMES])}{more}" if names else "")

    def _eta(self) -> str:
        left = self.total - self.done - self.failed
        passed = self.done + self.failed
        if not left or not passed:
            return ""
        return f", about {(time.monotonic() - self._start) / passed * left / 60:.1f} minutes left"


class _Told(ProgressColumn):
    def __init__(self, board: Board):
        super().__init__()
        self._board = board

    def render(self, task: Task) -> Text:
        return Text(self._board.text())
