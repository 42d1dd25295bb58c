"""How tensors travel between the processes of a group.

A `Group` says who is who and counts; a link carries. `Processes` is the real one, over `torch.distributed` with gloo or
NCCL. `rehearsal` has another, between threads. Nothing else in the library calls `torch.distributed` to send something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor

Wait = Callable[[], Tensor]
"""Waits until what was started is done, and gives its result."""


class Link(Protocol):
    """What carries the tensors of a group; `rank` and `peer` count within the group.

    Each method starts something and returns how to wait for it. Shapes are those that `Group` promises.
    """

    def send(self, tensor: Tensor, to: int) -> Wait: ...

    def receive(self, out: Tensor, source: int) -> Wait: ...

    def all_reduce(self, tensor: Tensor) -> Wait: ...

    def all_gather(self, shard: Tensor, out: Tensor | None) -> Wait: ...

    def reduce_scatter(self, whole: Tensor) -> Wait: ...

    def all_to_all(self, tensor: Tensor, send: Sequence[int], receive: Sequence[int]) -> Wait: ...

    def broadcast(self, tensor: Tensor, source: int) -> Wait: ...

    def gather_objects(self, value: Any) -> list[Any]: ...

    def barrier(self) -> None: ...

    def split(self, ranks: Sequence[Sequence[int]]) -> Link | None: ...


class Processes:
    """Processes that `torch.distributed` has been started in.

    Args:
        group: Whom it reaches; None for everybody.
    """

    def __init__(self, group: dist.ProcessGroup | None = None):
        self.group = group

    @property
    def size(self) -> int:
        return dist.get_world_size(self.group)

    def send(self, tensor: Tensor, to: int) -> Wait:
        return _then(dist.isend(tensor, group=self.group, group_dst=to), tensor)

    def receive(self, out: Tensor, source: int) -> Wait:
        return _then(dist.irecv(out, group=self.group, group_src=source), out)

    def all_reduce(self, tensor: Tensor) -> Wait:
        return _then(dist.all_reduce(tensor, group=self.group, async_op=True), tensor)

    def all_gather(self, shard: Tensor, out: Tensor | None) -> Wait:
        whole = shard.new_empty(self.size * shard.shape[0], *shard.shape[1:]) if out is None else out
        return _then(_ALL_GATHER(whole, shard, group=self.group, async_op=True), whole)

    def reduce_scatter(self, whole: Tensor) -> Wait:
        shard = whole.new_empty(whole.shape[0] // self.size, *whole.shape[1:])
        return _then(_REDUCE_SCATTER(shard, whole, group=self.group, async_op=True), shard)

    def all_to_all(self, tensor: Tensor, send: Sequence[int], receive: Sequence[int]) -> Wait:
        out = tensor.new_empty(sum(receive), *tensor.shape[1:])
        work = dist.all_to_all_single(out, tensor, list(receive), list(send), group=self.group, async_op=True)
        return _then(work, out)

    def broadcast(self, tensor: Tensor, source: int) -> Wait:
        return _then(dist.broadcast(tensor, group=self.group, group_src=source, async_op=True), tensor)

    def gather_objects(self, value: Any) -> list[Any]:
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value, group=self.group)
        return values

    def barrier(self) -> None:
        dist.barrier(group=self.group)

    def split(self, ranks: Sequence[Sequence[int]]) -> Link | None:
        everybody = dist.get_process_group_ranks(self.group or dist.group.WORLD)
        mine, _ = dist.new_subgroups_by_enumeration([[everybody[rank] for rank in part] for part in ranks])
        return None if mine is None else Processes(mine)


# PyTorch 2.13 gave both of them a second name, and warns of the first one of the second.
_ALL_GATHER = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
_REDUCE_SCATTER = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor


def _then(work: dist.Work | None, result: Tensor) -> Wait:
    def wait() -> Tensor:
        if work is not None:
            work.wait()
        return result

    return wait


def is_started() -> bool:
    """Whether `torch.distributed` has been started in this process."""
    return dist.is_available() and dist.is_initialized()


def backend_device(device: torch.device) -> torch.device:
    """Where a number must lie to be sent: NCCL wants it on its own device, gloo on the CPU."""
    return device if device.type == "cuda" else torch.device("cpu")
