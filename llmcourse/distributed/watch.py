"""Which rank is it? The one that does not come, the slow one, the one with the first NaN (chapter 4).

When one rank of a run stops, all others wait for it, and what they say at last is that *they* have waited. So each rank
leaves a note of what it is about to do where the others can read it, also when it is gone.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Link, Wait
from llmcourse.model.losses import Batch, batch_loss

NOTE_BYTES = 256
"""Length of a rank's note, which is written over in one piece."""


class RankMissing(RuntimeError):
    """An operation of all ranks failed; the message says which ranks had not come to it, and what they did last."""


@dataclass(frozen=True)
class Note:
    """What a rank was about to do.

    Attributes:
        rank: Which one.
        number: How many operations it had started, with this one; 0 before the first.
        kind: The operation: "all_reduce", "barrier", ...
        began_s: When, in seconds since 1970.
        is_waiting: Whether it had also come to wait for the result.
    """

    rank: int
    number: int
    kind: str
    began_s: float
    is_waiting: bool = False


def watch_group(group: Group, folder: str | Path) -> Group:
    """The group, but each rank notes in a file what it starts, and an operation that fails names who has not come.

    The time after which an operation fails is that of the process group. A note costs some microseconds.

    Args:
        group: Of real processes.
        folder: Where the notes lie, the same for all ranks; made if it is not there.

    Returns:
        The same processes. After a failure use none of its operations again: what was under way is lost.

    Example:
        >>> from llmcourse.distributed import ALONE
        >>> watch_group(ALONE, "notes") is ALONE
        True
    """
    if group.link is None:
        return group
    return replace(group, link=_Watched(group.link, _Notes(folder, group.rank), group.size))


def read_notes(folder: str | Path) -> list[Note]:
    """The last note of every rank that has left one, also of ranks that are gone."""
    notes = [json.loads(path.read_text().rstrip("\0 \n")) for path in sorted(Path(folder).glob("rank-*.json"))]
    return [Note(**note) for note in notes]


def who_is_missing(notes: Sequence[Note], size: int, number: int, now_s: float) -> str:
    """Which ranks have not come to an operation, and what they did last, in words; empty if all have.

    Args:
        notes: One of each rank that has left one.
        size: How many ranks there are.
        number: The operation's.
        now_s: The time of the question, in seconds since 1970.

    Example:
        >>> notes = [Note(0, 7, "all_reduce", 100.0, True), Note(1, 6, "all_gather", 90.0)]
        >>> who_is_missing(notes, 3, 7, 102.5)
        'rank 1, whose last was operation 6, all_gather, 12.5 s ago; rank 2, which has left no note'
    """
    left = {note.rank: note for note in notes}
    told = []
    for rank in range(size):
        note = left.get(rank)
        if note is None or note.number == 0:
            told.append(f"rank {rank}, which has {'started nothing' if note else 'left no note'}")
        elif note.number < number:
            told.append(
                f"rank {rank}, whose last was operation {note.number}, {note.kind}, {now_s - note.began_s:.1f} s ago"
            )
    return "; ".join(told)


class _Notes:
    """One rank's file, and how many operations it has started."""

    def __init__(self, folder: str | Path, rank: int):
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.folder, self.rank, self.number = Path(folder), rank, 0
        self._file = os.open(self.folder / f"rank-{rank:05d}.json", os.O_CREAT | os.O_WRONLY, 0o644)
        self.write("", is_waiting=False)

    def write(self, kind: str, *, is_waiting: bool) -> None:
        note = {"rank": self.rank, "number": self.number, "kind": kind, "began_s": time.time()}
        os.pwrite(self._file, json.dumps(note | {"is_waiting": is_waiting}).ljust(NOTE_BYTES).encode(), 0)


class _Watched:
    """A link that notes what it starts."""

    def __init__(self, link: Link, notes: _Notes, size: int):
        self._link, self._notes, self._size = link, notes, size
        self._lost_in = 0

    @property
    def group(self) -> Any:
        """What lies under it, for what PyTorch itself sends."""
        return self._link.group  # type: ignore[attr-defined]

    def split(self, parts: Sequence[Sequence[int]]) -> Link | None:
        """A part of the group; its operations are not noted, as their numbers would be others on each part."""
        return self._link.split(parts)

    def __getattr__(self, name: str) -> Any:
        return partial(self._noted, name, getattr(self._link, name))

    def _noted(self, kind: str, start: Callable[..., Any], *args: Any) -> Any:
        if kind in ("send", "receive"):  # between two; they have no number in common with the others
            return start(*args)
        notes = self._notes
        if self._lost_in:
            raise RankMissing(f"rank {notes.rank}: the group is lost since operation {self._lost_in}; make a new one")
        notes.number += 1
        number = notes.number
        notes.write(kind, is_waiting=False)
        started = self._named(number, kind, lambda: start(*args))
        if not callable(started):
            return started
        wait: Wait = lambda: self._named(number, kind, started)  # noqa: E731
        return wait

    def _named(self, number: int, kind: str, call: Callable[[], Any]) -> Any:
        """Make a call; should it fail, say who has not come."""
        if self._notes.number == number:
            self._notes.write(kind, is_waiting=True)
        try:
            return call()
        except RuntimeError as error:
            self._lost_in = number
            rank, notes = self._notes.rank, read_notes(self._notes.folder)
            late = who_is_missing(notes, self._size, number, time.time())
            why = f"did not come: {late}" if late else f"all ranks came{_how_late(notes, rank, number)}"
            raise RankMissing(f"rank {rank}, operation {number}, {kind}: {why} ({_first_words(error)})") from error


def _how_late(notes: Sequence[Note], rank: int, number: int) -> str:
    """How long after the first one a rank came to an operation, for the message of a rank that was late itself."""
    came = {note.rank: note.began_s for note in notes if note.number == number}
    lag = came.get(rank, 0.0) - min(came.values(), default=0.0)
    return (
        f", this one {lag:.1f} s after the first, which may have given up" if lag > 0.1 else ", and one was lost in it"
    )


def _first_words(error: BaseException) -> str:
    """What an error says, without the place in the source of gloo and without advice."""
    line = f"{error}".strip().partition("\n")[0]
    return re.sub(r"^\[[^\]]*\] ", "", line).partition(". This is")[0]


def held_up(work_s: Tensor) -> Tensor:
    """Seconds that each rank alone has cost all others.

    In every step each rank works, then all wait for the last one. The time between the last and the second to last is
    the last one's doing alone: without it, the step would have been that much shorter. Where several ranks are last at
    the same time, none of them alone has held up the others.

    Args:
        work_s: (S, R): seconds that rank r worked in step s before it began to wait. At least one rank.

    Returns:
        (R,): the seconds that rank r has cost in all steps, of the dtype of `work_s`. A rank that is alone costs nobody
        anything.

    Example:
        >>> held_up(torch.tensor([[1.0, 1.0, 3.0], [1.0, 2.0, 1.5], [2.0, 2.0, 1.0]]))
        tensor([0.0000, 0.5000, 2.0000])
    """
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    two = work_s.topk(2, dim=1)
    costs = torch.zeros_like(work_s).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return costs.sum(0)


@dataclass(frozen=True)
class NotFinite:
    """Where the first number that is not finite was found.

    Attributes:
        rank: On which rank.
        row: Row of that rank's part of the batch.
        module: The first module of the forward pass whose output was not finite; None where only the loss was not.
        loss: What the row's loss was.
    """

    rank: int
    row: int
    module: str | None
    loss: float

    def __str__(self) -> str:
        where = f"first in the output of {self.module}" if self.module else "only in the loss"
        return f"rank {self.rank}, row {self.row} of its part of the batch: {where} (loss {self.loss})"


def find_not_finite(model: nn.Module, batch: Batch, group: Group) -> list[NotFinite]:
    """Who brought the number that is not finite: every rank runs each row of its own part alone.

    Called by all ranks after a `NonFiniteLossError`, whose `batch` is the rank's own part. All ranks have equally many
    rows, so that a sharded model is gathered as often everywhere.

    Args:
        model: As it was in the step that failed: the loop has not changed it since.
        batch: This rank's part.
        group: Who takes part.

    Returns:
        The rows of all ranks that are not finite alone, in the order of the ranks, the same everywhere. If there are
        none, the forward pass is finite, and the trouble is in the backward pass or between the ranks.
    """
    found = []
    for row in range(len(batch.inputs)):
        alone = type(batch)(*(None if values is None else values[row : row + 1] for values in batch))
        module, loss = _first_not_finite(model, alone)
        if not math.isfinite(loss):
            found.append(NotFinite(group.rank, row, module, loss))
    return [finding for part in group.gather(found) for finding in part]


def _first_not_finite(model: nn.Module, batch: Batch) -> tuple[str | None, float]:
    first: list[str] = []

    def look(name: str, module: nn.Module, args: Any, output: Any) -> None:
        if not first and isinstance(output, Tensor) and not output.isfinite().all():
            first.append(name)

    hooks = [module.register_forward_hook(partial(look, name)) for name, module in model.named_modules() if name]
    try:
        with torch.no_grad():
            loss = float(batch_loss(model, batch, reduction="sum"))
    finally:
        for hook in hooks:
            hook.remove()
    return (first[0] if first else None), loss
