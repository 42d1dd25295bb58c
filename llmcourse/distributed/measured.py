"""Bytes as they are: held by tensors, kept for the backward pass, and at the worst moment (chapter 4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from llmcourse.distributed.group import Group
from llmcourse.distributed.memory import TrainingMemory
from llmcourse.distributed.shards import Shards


def tensor_bytes(tensors: Iterable[Tensor]) -> int:
    """The bytes of the memory behind tensors; memory that several share counts once.

    Example:
        >>> x = torch.zeros(10)
        >>> tensor_bytes([x, x[:5], torch.zeros(2)])
        48
    """
    storages = {tensor.untyped_storage()._cdata: tensor.untyped_storage() for tensor in tensors}
    return sum(storage.nbytes() for storage in storages.values())


def held(shards: Shards, optimizer: torch.optim.Optimizer) -> TrainingMemory:
    """The bytes of weights, gradients and optimizer state that this rank holds now.

    Weights are the shards and whatever is whole; gradients those that are kept, collected or on their way.
    """
    weights = [tensor for unit in shards.units for tensor in (unit.part, unit.whole)]
    gradients = [unit.gradient for unit in shards.trained if unit.gradient is not None]
    gradients += [piece.grad for piece in shards.slices.values() if piece.grad is not None]
    states = [value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)]
    return TrainingMemory(tensor_bytes(weights), tensor_bytes(gradients), tensor_bytes(states))


def saved_bytes(call: Callable[[], Tensor], but: Iterable[Tensor] = ()) -> int:
    """The bytes that a forward pass keeps for its backward pass.

    Args:
        call: The forward pass.
        but: Tensors whose memory is there anyway, such as the weights.

    Example:
        >>> x = torch.ones(3, requires_grad=True)
        >>> saved_bytes(lambda: x.exp().sum())  # the result of exp, for its slope
        12
    """
    known = {tensor.untyped_storage()._cdata for tensor in but}
    kept: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = call()
    del result
    return sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in known)


class Peak(NamedTuple):
    """What came of a call, and the most bytes that were allocated during it, above those there were before."""

    result: Any
    n_bytes: int


def peak_bytes(call: Callable[[], Any]) -> Peak:
    """Call something, and follow PyTorch's CPU allocator: every byte it gave and got back.

    Example:
        >>> peak_bytes(lambda: (torch.zeros(1000) + torch.zeros(1000)).sum().item() and None).n_bytes
        12000
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        result = call()
    now = most = 0
    for event in watched.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return Peak(result, most)


def slowed(group: Group, bytes_per_s: float) -> Group:
    """A group whose gathers and reduce-scatters take as long as a network of some speed would, one after the other.

    A machine whose processes speak through its memory shows little of what waiting costs. Here a message is over when
    the link, which carries one at a time, would have brought what this rank receives; waiting for it is idle time.

    Args:
        group: Who sends.
        bytes_per_s: What the link carries.
    """
    return replace(group, link=_Slowed(group.link, group.size, bytes_per_s))  # type: ignore[arg-type]


class _Slowed:
    def __init__(self, link: Any, size: int, bytes_per_s: float) -> None:
        self.link, self.size, self.bytes_per_s, self.free = link, size, bytes_per_s, 0.0

    def __getattr__(self, name: str) -> Any:
        start = getattr(self.link, name)
        received = {"all_gather": self.size - 1, "reduce_scatter": (self.size - 1) / self.size}.get(name)
        if received is None:
            return start

        def slow_start(tensor: Tensor, *args: Any) -> Callable[[], Tensor]:
            wait = start(tensor, *args)
            seconds = received * tensor.numel() * tensor.element_size() / self.bytes_per_s
            self.free = end = max(self.free, time.perf_counter()) + seconds

            def slow_wait() -> Tensor:
                result = wait()
                time.sleep(max(0.0, end - time.perf_counter()))
                return result

            return slow_wait

        return slow_start
