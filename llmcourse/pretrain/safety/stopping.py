"""Signals, and leaving in good order (chapter 7).

A scheduler that wants a machine back sends SIGTERM, or a signal of one's choice some time before it, SIGUSR1 by custom.
The step that is under way is finished first: ranks stand in the middle of messages to one another. They agree after
each step whether one of them has been asked, so that all leave after the same one. Before the first step there is
nothing to finish, and to read the text may take hours: a run then leaves at once, and what has been read stays.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from llmcourse.distributed.group import Group
from llmcourse.pretrain.safety.watchdog import waits

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
STOPPED = 75
"""The status of a process that was asked to leave and can go on later: EX_TEMPFAIL, "try again", of sysexits.h."""


class AskedToLeave(BaseException):
    """A signal came before the first step. Like KeyboardInterrupt it is none of the errors that code recovers from."""


class Stopping:
    """A context in which SIGTERM and SIGUSR1 ask a run to leave, instead of ending the process.

    They are noted. Before `finish_steps` they also raise AskedToLeave, but for a process that waits for others, or in
    which an error is on its way: that is to be told first. They may come twice: a scheduler sends them to all processes
    of a job, and `torchrun`, which is one of these, passes them on. The context may be entered again within itself.

    Args:
        signals: Which ask; Ctrl-C, SIGINT, is none of them by itself.

    Attributes:
        asked: The name of the signal that has come to this process, or None.
    """

    def __init__(self, signals: Sequence[signal.Signals] = SIGNALS) -> None:
        self.asked: str | None = None
        self._signals = tuple(signals)
        self._before: dict[int, Any] = {}
        self._is_at_once, self._depth = True, 0

    def __enter__(self) -> Stopping:
        self._depth += 1
        if self._depth == 1:
            self._before = {number: signal.signal(number, self._note) for number in self._signals}
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        for number, handler in self._before.items() if not self._depth else ():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        was_asked, self.asked = self.asked is not None, signal.Signals(number).name
        if self._is_at_once and not was_asked and not waits(frame) and sys.exc_info()[0] is None:
            raise AskedToLeave(f"{self.asked} came before the first step")

    def finish_steps(self) -> None:
        """From now on let a step that is under way come to its end."""
        self._is_at_once = False

    def agreed(self, group: Group) -> bool:
        """Whether any process of the group has been asked: the same answer on all, from one small message."""
        return group.sum(float(self.asked is not None)) > 0
