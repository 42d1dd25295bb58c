"""Ranks as threads of one process: to try in milliseconds what will run on many machines.

Only one rank runs at a time. When it has to wait for another, the next one that can go on does, in the order of the
ranks, so that a rehearsal gives the same each time: sums are added in the order of the ranks, and each rank has random
numbers of its own. Where nobody can go on, the rehearsal says at once who waits for whom: on real machines that would
be a run that stands still.

A send is over only when the other process has received: that is the strictest reading of `Group.send`, and finds every
program that works only because a small message fits into some buffer.
"""

from __future__ import annotations

import copy
import ctypes
import functools
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Wait
from llmcourse.distributed.traffic import Traffic

MAX_RANKS = 64


class RankFailed(AssertionError):
    """A rank raised an error, died, or waits for something that never comes; the message names it."""


class Rehearsed(NamedTuple):
    """What came of a rehearsal.

    Attributes:
        results: What each rank returned, in order.
        traffic: What each rank sent, received and did with the others.
    """

    results: list[Any]
    traffic: list[Traffic]


def rehearse(function: Callable[..., Any], rows: Sequence[tuple[Any, ...]], *, in_place: bool = False) -> Rehearsed:
    """Call a function on one rank for each row of arguments, in a group of as many ranks.

    Args:
        function: Called as `function(*row, group=group)`, where `group` is the rank's own.
        rows: Rank r gets the arguments rows[r], a copy of them as another process would.
        in_place: Whether the ranks get the arguments themselves, so that what they change in them can be seen.

    Returns:
        The ranks' results, and their traffic.

    Raises:
        RankFailed: A rank raised an error, or all that are left wait for one another; the message says for what.
        ValueError: There are no rows, or more than MAX_RANKS.

    Example:
        >>> def neighbour(tensor, group):
        ...     return group.exchange(tensor, to=(group.rank + 1) % group.size, source=(group.rank - 1) % group.size)
        >>> results, traffic = rehearse(neighbour, [(torch.tensor([10.0]),), (torch.tensor([20.0]),)])
        >>> results, traffic[0].bytes_sent
        ([tensor([20.]), tensor([10.])], 4)
        >>> rehearse(lambda group: group.receive(torch.zeros(1), 1 - group.rank), [(), ()])
        Traceback (most recent call last):
        ...
        llmcourse.distributed.rehearsal.RankFailed: nobody can go on: rank 0 waits for a message from rank 1; rank 1 waits for a message from rank 0
    """  # noqa: E501
    if not 1 <= len(rows) <= MAX_RANKS:
        raise ValueError(f"there are {len(rows)} rows; there must be 1 to {MAX_RANKS}")
    stage = _Stage()
    everybody = tuple(range(len(rows)))
    for rank, row in enumerate(rows):
        link = _Threads(stage, everybody, rank)
        group = Group(rank, len(rows), link=link, traffic=Traffic())
        stage.ranks.append(
            _Rank(rank, functools.partial(function, *(row if in_place else copy.deepcopy(row)), group=group), group)
        )
    stage.play()
    return Rehearsed([rank.result for rank in stage.ranks], [rank.group.traffic for rank in stage.ranks])


class _Left(BaseException):
    """Ends a rank's thread when the rehearsal is over for all."""


@dataclass
class _Rank:
    number: int
    call: Callable[[], Any]
    group: Group
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    can_go: Callable[[], bool] = lambda: True
    waits: Callable[[], str] = lambda: ""
    done: bool = False
    result: Any = None
    error: BaseException | None = None
    random: Tensor = field(default_factory=torch.get_rng_state)
    thread: threading.Thread | None = None


class _Stage:
    """Who may run, and what lies between the ranks: messages, and what all do together."""

    def __init__(self) -> None:
        self.ranks: list[_Rank] = []
        self.back = threading.Semaphore(0)
        self.is_over = False
        self.current: _Rank | None = None
        self.messages: dict[tuple[int, int], deque[list[Any]]] = defaultdict(deque)
        self.meetings: dict[Any, dict[int, tuple[Any, ...]]] = defaultdict(dict)

    def play(self) -> None:
        """Let the ranks run by turns until all are done."""
        outside = torch.get_rng_state()
        is_grad_enabled = torch.is_grad_enabled()
        for rank in self.ranks:
            rank.thread = threading.Thread(target=self._perform, args=(rank, is_grad_enabled), daemon=True)
            rank.thread.start()
        try:
            while waiting := [rank for rank in self.ranks if not rank.done]:
                ready = [rank for rank in waiting if rank.can_go()]
                if not ready:
                    told = "; ".join(f"rank {rank.number} waits for {rank.waits()}" for rank in waiting)
                    raise RankFailed(f"nobody can go on: {told}")
                self._let(ready[0])
                self._require_no_error(ready[0])
        finally:
            self._end()
            torch.set_rng_state(outside)

    @staticmethod
    def _require_no_error(rank: _Rank) -> None:
        if isinstance(rank.error, RankFailed):
            raise rank.error
        if rank.error is not None:
            raise RankFailed(f"rank {rank.number} raised {type(rank.error).__name__}: {rank.error}") from rank.error

    def _let(self, rank: _Rank) -> None:
        """Let one rank run until it waits or is done."""
        self.current = rank
        torch.set_rng_state(rank.random)
        rank.go.release()
        self.back.acquire()
        rank.random = torch.get_rng_state()

    def _perform(self, rank: _Rank, is_grad_enabled: bool) -> None:
        rank.go.acquire()
        try:
            if not self.is_over:
                with torch.set_grad_enabled(is_grad_enabled):
                    rank.result = rank.call()
        except _Left:
            pass
        except BaseException as error:
            rank.error = error
        rank.done = True
        self.back.release()

    def wait(self, can_go: Callable[[], bool], waits: Callable[[], str]) -> None:
        """Called by the rank that runs: give the turn away until something holds."""
        rank = self.current
        assert rank is not None
        if self.is_over:
            raise _Left
        if can_go():
            return
        rank.can_go, rank.waits = can_go, waits
        self.back.release()
        rank.go.acquire()
        if self.is_over:
            raise _Left
        self.current = rank

    def _end(self) -> None:
        """End the threads that are left; one that runs (after an interrupt) is stopped where it is."""
        self.is_over = True
        for rank in self.ranks:
            thread = rank.thread
            if thread is None or not thread.is_alive():
                continue
            rank.go.release()
            if rank is self.current and not rank.done:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Left))
            thread.join(timeout=5)

    def who_is_missing(self, meeting: dict[int, Any], members: Sequence[int]) -> str:
        """The members that have not come to a meeting, and whether they still can."""
        missing = [rank for rank in members if rank not in meeting]
        told = " and ".join(f"rank {rank}" + (", which has ended" if self.ranks[rank].done else "") for rank in missing)
        return told


class _Threads:
    """The link of one rank of a rehearsal to the members of one group.

    Args:
        stage: Where all ranks are.
        members: The group's ranks, as the stage counts them.
        me: This rank, as the stage counts it.
        name: Which of the splits that its members took part in it came from.
    """

    def __init__(self, stage: _Stage, members: tuple[int, ...], me: int, name: tuple[int, ...] = ()):
        self.stage, self.members, self.me, self.name = stage, members, me, name
        self.n_meetings = self.n_splits = 0

    def send(self, tensor: Tensor, to: int) -> Wait:
        receiver = self.members[to]
        letter = [tensor.clone(), False]
        self.stage.messages[self.me, receiver].append(letter)

        def wait() -> Tensor:
            self.stage.wait(lambda: letter[1], lambda: self._told_of("to receive its message", receiver, "rank {}"))
            return tensor

        return wait

    def receive(self, out: Tensor, source: int) -> Wait:
        sender = self.members[source]
        box = self.stage.messages[sender, self.me]

        def wait() -> Tensor:
            self.stage.wait(lambda: bool(box), lambda: self._told_of("", sender, "a message from rank {}"))
            letter = box.popleft()
            letter[1] = True
            sent = letter[0]
            if (sent.shape, sent.dtype) != (out.shape, out.dtype):
                raise RankFailed(
                    f"rank {self.me} waits for {_kind(out)} from rank {sender}, which has sent {_kind(sent)}"
                )
            return out.copy_(sent)

        return wait

    def _told_of(self, what: str, other: int, text: str) -> str:
        ended = ", which has ended" if self.stage.ranks[other].done else ""
        return " ".join(filter(None, (text.format(other) + ended, what)))

    def _meet(self, kind: str, value: Any, told: str) -> Callable[[], list[Any]]:
        """Put something on the table of the next meeting; the wait gives what every member has put there."""
        number = self.n_meetings
        self.n_meetings += 1
        meeting = self.stage.meetings[self.name, self.members, number]
        meeting[self.me] = (kind, told, value)

        def wait() -> list[Any]:
            self.stage.wait(
                lambda: len(meeting) == len(self.members),
                lambda: f"{self.stage.who_is_missing(meeting, self.members)} in {kind} number {number + 1}",
            )
            first = self.members[0]
            for rank in self.members:
                if meeting[rank][:2] != meeting[first][:2]:
                    ours, theirs = (f"rank {r} calls {meeting[r][0]}{meeting[r][1]}" for r in (first, rank))
                    raise RankFailed(f"operation number {number + 1}: {ours}, {theirs}")
            return [meeting[rank][2] for rank in self.members]

        return wait

    def _together(self, kind: str, tensor: Tensor, finish: Callable[[list[Tensor]], Tensor], told: str = "") -> Wait:
        came = self._meet(kind, tensor.clone(), told or f" of {_kind(tensor)}")
        return lambda: finish(came())

    def all_reduce(self, tensor: Tensor) -> Wait:
        return self._together("all_reduce", tensor, lambda parts: tensor.copy_(_summed(parts)))

    def all_gather(self, shard: Tensor, out: Tensor | None) -> Wait:
        return self._together("all_gather", shard, lambda parts: torch.cat(parts, out=out))

    def reduce_scatter(self, whole: Tensor) -> Wait:
        mine = self.members.index(self.me)

        def finish(parts: list[Tensor]) -> Tensor:
            return _summed([part.chunk(len(self.members))[mine] for part in parts]).clone()

        return self._together("reduce_scatter", whole, finish)

    def all_to_all(self, tensor: Tensor, send: Sequence[int], receive: Sequence[int]) -> Wait:
        mine = self.members.index(self.me)
        came = self._meet("all_to_all", (tensor.clone(), list(send)), f" of rows {_kind(tensor[:0])}")

        def wait() -> Tensor:
            rows = [sent.split(counts)[mine] for sent, counts in came()]
            for rank, part in zip(self.members, rows):
                if len(part) != receive[self.members.index(rank)]:
                    raise RankFailed(
                        f"rank {self.me} waits for {receive[self.members.index(rank)]} rows from rank {rank}, which "
                        f"has sent {len(part)}"
                    )
            return torch.cat(rows)

        return wait

    def broadcast(self, tensor: Tensor, source: int) -> Wait:
        return self._together("broadcast", tensor, lambda parts: tensor.copy_(parts[source]))

    def gather_objects(self, value: Any) -> list[Any]:
        return copy.deepcopy(self._meet("gather", value, "")())

    def barrier(self) -> None:
        self._meet("barrier", None, "")()

    def split(self, parts: Sequence[Sequence[int]]) -> _Threads:
        mine = next(part for part in parts if self.members.index(self.me) in part)
        members = tuple(self.members[rank] for rank in mine)
        self.n_splits += 1
        return _Threads(self.stage, members, self.me, (*self.name, self.n_splits))


def _summed(parts: Sequence[Tensor]) -> Tensor:
    """The sum in the order of the ranks, in the tensors' own dtype, as gloo and NCCL add."""
    total = parts[0].clone()
    for part in parts[1:]:
        total += part
    return total


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
