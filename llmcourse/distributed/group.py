"""Who am I among the processes of a run? One frozen answer, handed down to whatever asks; nothing looks it up by
itself.

A function that can work with others takes a `Group` and is the same code for one process and for many: alone, a sum is
the number itself and a barrier is passed at once. What carries the tensors is the group's `link`: real processes, or
threads that rehearse.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from llmcourse.distributed.links import Link, Processes, Wait, backend_device, is_started
from llmcourse.distributed.traffic import Event, Traffic


class Pending:
    """Something that was started, and will be done when `wait` returns.

    Example:
        >>> ALONE.all_reduce(torch.ones(2)).wait()
        tensor([1., 1.])
    """

    def __init__(self, wait: Wait, event: Event | None = None):
        self._wait, self._event = wait, event
        self._result: Tensor | None = None

    def wait(self) -> Tensor:
        """Wait for it; the result, the same one however often it is asked for."""
        if self._result is None:
            began = time.perf_counter()
            self._result = self._wait()
            if self._event is not None:
                self._event.waited_s, self._event.ended_s = began, time.perf_counter()
        return self._result


@dataclass(frozen=True)
class Group:
    """The processes of a run, as one of them sees them.

    What concerns tensors is started first and waited for later: `group.all_reduce(grad)` returns at once, and
    `group.all_reduce(grad).wait()` when the sum is there. A tensor that is under way must not be changed.

    Attributes:
        rank: The number of this process, from 0.
        size: How many processes there are.
        device: Where this process computes, and where what it sends lies.
        link: What carries tensors and values; None for one process alone.
        traffic: Where every message is noted; None for nowhere.

    Raises:
        ValueError: The rank is not one of the group's, or there are several processes and no link.

    Example:
        >>> ALONE.sum(2.5), ALONE.gather("me"), ALONE.is_first
        (2.5, ['me'], True)
        >>> Group(rank=2, size=2)
        Traceback (most recent call last):
        ...
        ValueError: rank is 2; it must be at least 0 and below size, 2
    """

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")
    link: Link | None = field(default=None, repr=False, compare=False)
    traffic: Traffic | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ValueError(f"rank is {self.rank!r}; it must be at least 0 and below size, {self.size!r}")
        if self.size > 1 and self.link is None:
            raise ValueError(f"link is None; it must be there for {self.size} processes to reach one another")

    @classmethod
    def of_everybody(cls, device: torch.device | str = "cpu") -> Group:
        """All processes that `torch.distributed` has been started with; ALONE's answer where it has not.

        Args:
            device: Where this process computes.
        """
        if not is_started():
            return cls(device=torch.device(device))
        return cls(dist.get_rank(), dist.get_world_size(), torch.device(device), Processes())

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes what is written once: histories, checkpoints, progress."""
        return self.rank == 0

    def watched(self) -> Group:
        """This group with a new `traffic`, in which every message is noted from now on."""
        return replace(self, traffic=Traffic())

    def split(self, parts: Sequence[Sequence[int]]) -> Group:
        """The part of the group that this process belongs to; every process calls this with the same parts.

        Args:
            parts: Ranks of the group, each in one part.

        Raises:
            ValueError: A rank is in no part, or in two.

        Example:
            >>> ALONE.split([[0]]).size
            1
        """
        if sorted(rank for part in parts for rank in part) != list(range(self.size)):
            raise ValueError(f"parts is {parts!r}; each of the {self.size} ranks must be in one part")
        mine = next(part for part in parts if self.rank in part)
        link = None if self.link is None else self.link.split(parts)
        return replace(self, rank=list(mine).index(self.rank), size=len(mine), link=link)

    # One process to another.

    def send(self, tensor: Tensor, to: int) -> None:
        """Send a tensor to one other process, and wait until it is on its way.

        Whether that means until it has been received is not promised: two processes that first send to one another may
        both wait forever. `exchange` is for that.

        Args:
            tensor: Of any shape and dtype.
            to: The other's rank.

        Raises:
            ValueError: There is no such rank, or it is this process itself.
        """
        self._start("send", tensor, to).wait()

    def start_send(self, tensor: Tensor, to: int) -> Pending:
        """Send a tensor to one other process, and wait for it later: what a schedule of many messages needs.

        Args:
            tensor: Of any shape and dtype; it must not be changed before the wait is over.
            to: The other's rank.

        Raises:
            ValueError: There is no such rank, or it is this process itself.
        """
        return self._start("send", tensor, to)

    def receive(self, like: Tensor, source: int) -> Tensor:
        """Wait for a tensor from one other process.

        Args:
            like: A tensor of the shape and dtype that will come; it is not changed.
            source: The other's rank.

        Returns:
            The tensor that came.

        Raises:
            ValueError: There is no such rank, or it is this process itself.
        """
        return self._start("receive", torch.empty_like(like, memory_format=torch.contiguous_format), source).wait()

    def exchange(self, tensor: Tensor, to: int, source: int, like: Tensor | None = None) -> Tensor:
        """Send a tensor to one process and, at the same time, receive one from another (or from the same).

        Args:
            tensor: What is sent.
            to: To which rank.
            source: From which rank another one comes.
            like: A tensor of the shape and dtype that will come, where it is not that of `tensor`.

        Returns:
            The tensor that came.
        """
        sending = self._start("send", tensor, to)
        received = self.receive(tensor if like is None else like, source)
        sending.wait()
        return received

    # All together.

    def all_reduce(self, tensor: Tensor) -> Pending:
        """Make a tensor the sum of every process's, in place; all have the same shape and dtype."""
        if self.size == 1:
            return Pending(lambda: tensor)
        if tensor.is_contiguous():
            return self._start("all_reduce", tensor)
        summed = self._start("all_reduce", tensor.contiguous())
        return Pending(lambda: tensor.copy_(summed.wait()))

    def all_gather(self, shard: Tensor, out: Tensor | None = None) -> Pending:
        """Every process's tensor, one behind the other along the first axis, in the order of the ranks.

        Args:
            shard: Of the same shape and dtype everywhere, with at least one axis.
            out: A contiguous tensor that the result is written into and that is returned; None for a new one.

        Raises:
            ValueError: `out` has not the shape and dtype of the result, or is not contiguous.
        """
        if out is not None:
            self._require_room(out, shard)
            out = out.detach()
        if self.size == 1:
            return Pending(lambda: shard if out is None else out.copy_(shard))
        return self._start("all_gather", shard.contiguous(), out)

    def reduce_scatter(self, whole: Tensor) -> Pending:
        """The sum of every process's tensor, of which each keeps one part along the first axis, its rank's.

        Args:
            whole: Of the same shape and dtype everywhere.

        Raises:
            ValueError: The first axis cannot be cut into as many equal parts as there are processes.
        """
        if whole.shape[0] % self.size:
            raise ValueError(f"the tensor has {whole.shape[0]} rows; it must have a multiple of {self.size}")
        if self.size == 1:
            return Pending(lambda: whole)
        return self._start("reduce_scatter", whole.contiguous())

    def all_to_all(
        self, tensor: Tensor, send: Sequence[int] | None = None, receive: Sequence[int] | None = None
    ) -> Pending:
        """Send some rows to each process, and get rows from each, in the order of the ranks.

        Args:
            tensor: What is sent: first the rows for rank 0, then those for rank 1, and so on.
            send: How many rows go to each; None for equally many.
            receive: How many rows come from each; None for equally many, as many as are sent.

        Raises:
            ValueError: The rows cannot be cut that way.
        """
        n_rows = tensor.shape[0]
        if send is None and n_rows % self.size:
            raise ValueError(f"the tensor has {n_rows} rows; it must have a multiple of {self.size}")
        send = [n_rows // self.size] * self.size if send is None else list(send)
        if len(send) != self.size or sum(send) != n_rows:
            raise ValueError(f"send is {send!r}; it must have {self.size} numbers whose sum is {n_rows}")
        receive = send if receive is None else list(receive)
        if self.size == 1:
            return Pending(lambda: tensor)
        return self._start("all_to_all", tensor.contiguous(), send, receive)

    def broadcast(self, tensor: Tensor, source: int = 0) -> Pending:
        """Make a tensor what one process has, in place; all have the same shape and dtype."""
        if self.size == 1:
            return Pending(lambda: tensor)
        if tensor.is_contiguous():
            return self._start("broadcast", tensor, source)
        # gloo takes a view with gaps for memory without any, and fills its neighbours.
        sent = self._start("broadcast", tensor.contiguous(), source)
        return Pending(lambda: tensor.copy_(sent.wait()))

    def sum_in_place(self, tensor: Tensor) -> None:
        """`all_reduce`, and wait."""
        self.all_reduce(tensor).wait()

    def sum(self, value: float) -> float:
        """The sum of every process's number, the same on each, bit for bit.

        Args:
            value: A number; it travels in double precision.
        """
        if self.size == 1:
            return value
        # MPS has no float64, and gloo reduces on the CPU: only NCCL wants the number on its own device.
        total = torch.tensor(value, dtype=torch.float64, device=backend_device(self.device))
        return self.all_reduce(total).wait().item()

    def gather(self, value: Any) -> list[Any]:
        """Every process's value, in the order of the ranks, on each of them; anything that can be pickled."""
        return [value] if self.link is None else self.link.gather_objects(value)

    def barrier(self) -> None:
        """Wait until every process has come here."""
        if self.link is not None:
            self.link.barrier()

    def _start(self, kind: str, tensor: Tensor, *args: Any) -> Pending:
        if kind in ("send", "receive"):
            self._require_other(kind, args[0])
            tensor = tensor.contiguous()
        whole = self.size if kind == "all_gather" else 1
        event = None if self.traffic is None else self.traffic.start(kind, tensor, args[0] if kind in _TO_ONE else None)
        if event is not None:
            event.n_bytes *= whole
        # What is sent is a value: no gradient flows through it, and an in-place sum of a leaf is no error.
        return Pending(getattr(self.link, kind)(tensor.detach(), *args), event)

    def _require_room(self, out: Tensor, shard: Tensor) -> None:
        shape = (self.size * shard.shape[0], *shard.shape[1:])
        if tuple(out.shape) != shape or out.dtype != shard.dtype or not out.is_contiguous():
            raise ValueError(
                f"out is {out.dtype} of shape {tuple(out.shape)}; it must be contiguous {shard.dtype} of shape {shape}"
            )

    def _require_other(self, kind: str, rank: int) -> None:
        if not 0 <= rank < self.size or rank == self.rank:
            raise ValueError(
                f"rank {self.rank} of {self.size} cannot {kind} with rank {rank}; it must be another rank of the group"
            )


_TO_ONE = ("send", "receive")

ALONE = Group()
"""One process that works for itself, on the CPU."""
