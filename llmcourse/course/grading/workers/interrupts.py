"""Ctrl-C, heard between two steps and never inside one that must not be torn."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """While it is entered, Ctrl-C and a request to end raise KeyboardInterrupt, but not before a shielded step is done.

    A second Ctrl-C does not wait. Outside the main thread, where no signal arrives, it does nothing.
    """

    NUMBERS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._before: dict[int, object] = {}
        self._is_shielded = self._heard = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in self.NUMBERS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._is_shielded and not self._heard:
            self._heard = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """A step that an interruption does not tear; it is raised at the step's end."""
        self._is_shielded = True
        try:
            yield
        finally:
            self._is_shielded = False
        if self._heard:
            raise KeyboardInterrupt
