"""Signals, and leaving in good order (chapter 7).

A scheduler that wants a machine back sends SIGTERM, or a signal of one's choice some time before it, SIGUSR1 by custom.
The step that is under way is finished first: ranks stand in the middle of messages to one another. They agree after
each step whether one of them has been asked, so that all leave after the same one.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from llmcourse.distributed.group import Group

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
STOPPED = 75
"""The status of a process that was asked to leave and can go on later: EX_TEMPFAIL, "try again", of sysexits.h."""


class Stopping:
    """A context in which SIGTERM and SIGUSR1 ask a run to leave, instead of ending the process.

    A second SIGTERM ends the process at once, as it would have without this.

    Attributes:
        asked: The name of the signal that has come to this process, or None.
    """

    def __init__(self) -> None:
        self.asked: str | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked is not None and number == signal.SIGTERM:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.asked = signal.Signals(number).name

    def agreed(self, group: Group) -> bool:
        """Whether any process of the group has been asked: the same answer on all, from one small message."""
        return group.sum(float(self.asked is not None)) > 0
