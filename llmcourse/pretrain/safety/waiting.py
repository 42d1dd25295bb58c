"""One rank works for all of them, and the others wait as long as it moves (chapter 7).

To tokenize a corpus takes hours, and only the first rank does it. How long it will take nobody knows; that it still
moves can be known. So the first rank says so as its work goes on: a small message of all ranks every few seconds, for
which the others stand ready. Nothing else watches: a rank that is gone breaks the message off at once, and one that
hangs is what `Watchdog` is for, which hears of each sign of work and speaks when there has been none for too long.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from llmcourse.distributed.group import ALONE, Group
from llmcourse.pretrain.safety.stopping import AskedToLeave, Stopping
from llmcourse.pretrain.safety.watchdog import Watchdog

EVERY_S = 5.0
"""Seconds from one message to the next; an eighth of the patience where that is less."""
AT_ONE_GO = 2.5
"""How many times the patience something may take that cannot say how far it is; the group gives up after three."""
T = TypeVar("T")


class RankLost(RuntimeError):
    """Another rank is gone while one worked and the others waited; the message goes on from the name of this rank."""


@dataclass(frozen=True)
class _Word:
    """What a rank says to all: whether it is done, or what went wrong, or who asked it to leave; how far it is."""

    is_done: bool
    error: BaseException | None = None
    asked: str | None = None
    n_done: int = 0
    n_in_all: int = 0


class Waiting:
    """Ranks that do something before the first step, most of it the first one alone; a context.

    All ranks call the same methods in the same order. If one of them fails, all raise its error; if one has been asked
    to leave, all leave.

    Args:
        group: The ranks.
        timeout_s: Seconds without a sign of work after which a rank says where it stands, and ends. A process that is
            alone keeps nobody waiting, and may take any time.
        stopping: Who knows of signals; they are looked after at each sign of work.

    Example:
        >>> with Waiting() as ranks:
        ...     ranks.on_each("counting words", lambda: sum(len(text.split()) for text in ranks.moving(["a b", "c"])))
        3
    """

    def __init__(self, group: Group = ALONE, timeout_s: float = 600.0, stopping: Stopping | None = None) -> None:
        self.group, self._stopping = group, stopping
        self._timeout_s, self._every_s = timeout_s, min(EVERY_S, timeout_s / 8)
        self._what, self._n_done, self._n_in_all = "beginning", 0, 0
        self._told_s = self._heard_s = time.monotonic()
        self._over: BaseException | None = None
        self._watchdog = Watchdog(timeout_s, about=self.where, sign="sign of work") if group.size > 1 else None

    def __enter__(self) -> Waiting:
        if self._watchdog is not None:
            self._watchdog.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._watchdog is not None:
            self._watchdog.__exit__(*error)

    def on_first(self, what: str, work: Callable[[], object], *, at_one_go: bool = False) -> None:
        """Let the first rank do something, while the others wait; see `on_each`."""
        self.on_each(what, work if self.group.is_first else lambda: None, at_one_go=at_one_go)

    def on_each(self, what: str, work: Callable[[], T], *, at_one_go: bool = False) -> T:
        """Do something on every rank, and wait for all.

        What takes long is for the first rank alone, and is to call `moves`.

        Args:
            what: What it is, for a message such as "rank 0 was tokenizing code": an activity.
            work: Does it; its result is this rank's.
            at_one_go: Whether a part of it cannot call `moves`, and is given AT_ONE_GO times as long.

        Raises:
            Exception: What it raised on this rank, or else on another one.
            RankLost: Another rank is gone, or does not answer.
            AskedToLeave: A rank has been asked to leave.
        """
        result, wrong = None, None
        self._what, self._n_done, self._n_in_all = what, 0, 0
        if self._watchdog is not None:
            self._watchdog.patience_s = self._timeout_s * (AT_ONE_GO if at_one_go else 1)
        try:
            result = work()
        except (Exception, AskedToLeave) as error:  # whatever it is, the others must not wait for this rank
            wrong = error
        if self._over is not None:
            raise self._over
        while not all(word.is_done for word in self._exchange(is_done=True, wrong=wrong)):
            pass
        return result  # type: ignore[return-value]

    def moves(self, n_done: int = 0, n_in_all: int = 0) -> None:
        """Say that the work goes on; on the first rank that is a message to all, now and then.

        Args:
            n_done: How many bytes are done; 0 where they are not counted.
            n_in_all: Of how many; 0 where nobody knows.

        Raises:
            Exception, RankLost, AskedToLeave: As `on_each`; the work is to end, too.
        """
        now = time.monotonic()
        self._n_done, self._n_in_all, self._heard_s = n_done or self._n_done, n_in_all or self._n_in_all, now
        if self._watchdog is not None:
            self._watchdog.alive()
        if self.group.is_first and (self._asked or now - self._told_s > self._every_s):
            self._exchange(is_done=False)

    def moving(self, texts: Iterable[str]) -> Iterator[str]:
        """The same texts, each of them a sign of work."""
        n_bytes = 0
        for text in texts:
            n_bytes += len(text.encode())
            self.moves(n_bytes)
            yield text

    def where(self) -> str:
        """How far the work is, for a message."""
        return f"It {'was' if self.group.is_first else 'waits for rank 0, which was'} {self._did()}."

    def _did(self) -> str:
        far = f": {self._n_done / 1e6:,.1f}" if self._n_done else ""
        far += f" of {self._n_in_all / 1e6:,.1f}" if far and self._n_in_all else ""
        return f"{self._what}{far}{' MB' if far else ''}, {time.monotonic() - self._heard_s:.0f} s ago"

    @property
    def _asked(self) -> str | None:
        return None if self._stopping is None else self._stopping.asked

    def _exchange(self, *, is_done: bool, wrong: BaseException | None = None) -> list[_Word]:
        """Have all ranks hear one another; what one of them raises is the end for all."""
        word = _Word(is_done, _sendable(wrong), self._asked, self._n_done, self._n_in_all)
        try:
            words = self.group.gather(word)
        except RuntimeError as error:
            told = "was {} when it lost another rank" if self.group.is_first else "has lost rank 0, which was {}"
            self._over = RankLost(told.format(self._did()))
            raise self._over from error
        self._told_s = time.monotonic()
        if self._watchdog is not None:
            self._watchdog.alive()
        if told := next((word.error for word in words if word.error is not None), None):
            self._over = wrong or of_another(told)
        elif asked := next((word.asked for word in words if word.asked), None):
            self._over = AskedToLeave(f"{asked} came before the first step")
        if self._over is not None:
            raise self._over
        if not self.group.is_first and not words[0].is_done:
            self._n_done, self._n_in_all, self._heard_s = words[0].n_done, words[0].n_in_all, self._told_s
        return words


def _sendable(error: BaseException | None) -> BaseException | None:
    """An error, or what it says, where another process could not make it again: some need more than a message."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def of_another(error: BaseException) -> BaseException:
    """An error that another rank has met, and tells of."""
    error.is_of_another_rank = True  # type: ignore[attr-defined]
    return error
