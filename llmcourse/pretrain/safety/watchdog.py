"""A rank that hangs says where, and ends (chapter 7).

In a job of many ranks one that hangs holds up all others, each in a message that does not come. A clock on each rank
ends that: the rank that is no longer in a message, but in its own code, is the one to look at.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

from llmcourse.pretrain.safety.whose import piece_in

HUNG = 70
"""The status of a process that has ended itself because nothing went on: EX_SOFTWARE of sysexits.h."""


class Watchdog:
    """A context in which a process that does not call `alive` for some time is ended, and says first where it stood.

    Args:
        patience_s: Seconds without a call of `alive`, above 0.
        about: Called for what else is to be said: the step, the last checkpoint.
        end: What ends the process; for tests.
        sign: What has not been there, for the message.
    """

    def __init__(
        self,
        patience_s: float,
        about: Callable[[], str],
        end: Callable[[int], object] | None = None,
        sign: str = "step",
    ) -> None:
        if not patience_s > 0:
            raise ValueError(f"patience_s is {patience_s!r}; it must be above 0")
        self.patience_s, self._about, self._end, self._sign = patience_s, about, end or os._exit, sign
        self._main = threading.get_ident()
        self._last, self._done = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self.alive()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def alive(self) -> None:
        """Say that work goes on."""
        self._last = time.monotonic()

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self.patience_s / 4)):
            silent = time.monotonic() - self._last
            if silent > self.patience_s:
                # A launcher ends all ranks when the first one goes: let the one speak first that keeps others waiting.
                if waits(sys._current_frames().get(self._main)) and silent < 1.1 * self.patience_s + 5:
                    continue
                print(self._told(silent), file=sys.stderr, flush=True)
                self._end(HUNG)
                return

    def _told(self, silent: float) -> str:
        frame = sys._current_frames().get(self._main)
        piece = piece_in(frame)
        where = f"in your piece {piece}" if piece else _place(frame)
        stack = "".join(traceback.format_stack(frame)[-12:]) if frame else ""
        return f"no {self._sign} for {silent:.0f} s: this rank stands {where}. {self._about()}\n{stack}"


WAITING = (f"{os.sep}torch{os.sep}", f"distributed{os.sep}links.py", f"safety{os.sep}waiting.py")
"""Files whose innermost line means that a thread waits for others: PyTorch's, where messages are handed over, and where
one rank is waited for."""


def waits(frame: FrameType | None) -> bool:
    """Whether a thread that stands there waits for others, or is in PyTorch."""
    return frame is not None and any(part in frame.f_code.co_filename for part in WAITING)


def _place(frame: FrameType | None) -> str:
    """The innermost line of the library that a thread is in."""
    inner = frame
    while inner is not None and "llmcourse" not in inner.f_code.co_filename:
        inner = inner.f_back
    if (shown := inner or frame) is None:
        return "nowhere"
    return f"in {shown.f_code.co_name}, {os.path.basename(shown.f_code.co_filename)}, line {shown.f_lineno}"
