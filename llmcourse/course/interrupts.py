"""Ctrl-C and requests to end, heard where things can be cleaned up, and never inside a step that must not be torn."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """While it is entered, Ctrl-C, a request to end and a terminal's end raise KeyboardInterrupt, but not before a
    shielded step is done.

    A second Ctrl-C does not wait. What is ignored stays so: `nohup` means it. Outside the main thread, where no signal
    arrives, it does nothing.
    """

    NUMBERS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else ()))

    def __init__(self) -> None:
        self._before: dict[int, object] = {}
        self._is_shielded = self._heard = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in self.NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._hear) for number in heard}
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
