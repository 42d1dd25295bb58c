"""Data parallelism: a whole model on every rank, each with its part of the batch, their gradients summed (chapter 4).

First the obvious way, one message a gradient after the backward pass; then `DataParallel`, whose buckets travel while
the backward pass still runs.

Shape suffixes: B batch, T time, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from llmcourse.distributed.agreement import require_same_model
from llmcourse.distributed.buckets import drop_sum, finish_buckets, gradient_arrived, make_buckets
from llmcourse.distributed.group import Group
from llmcourse.model.losses import IGNORED, next_token_loss
from llmcourse.model.weights import named_weights
from llmcourse.optim.gradients import clip_gradients

MIB = 2**20


def sum_gradients(parameters: Iterable[Tensor], group: Group) -> None:
    """Make every gradient the sum over all ranks, one message a parameter: the obvious way, after the backward pass.

    A rank that has no gradient of a parameter takes part with zeros; where no rank has one, it stays None.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> def step(x, group):
        ...     weight = torch.zeros(1, requires_grad=True)
        ...     (weight * x).sum().backward()
        ...     sum_gradients([weight], group)
        ...     return weight.grad.item()
        >>> rehearse(step, [(1.0,), (2.0,)]).results
        [3.0, 3.0]
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    n_ranks_with = torch.tensor([float(p.grad is not None) for p in trained], device=group.device)
    group.sum_in_place(n_ranks_with)
    for parameter, n in zip(trained, n_ranks_with.tolist()):
        if n:
            grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            group.sum_in_place(grad)
            parameter.grad = grad


def global_mean_loss(logits_BTV: Tensor, targets_BT: Tensor, group: Group) -> Tensor:
    """This rank's part of the mean loss over the targets of all ranks.

    The mean is the sum of all targets' losses, on all ranks, divided by their number; a target of -100 is none. A
    rank's part is the sum of its own losses divided by the number of targets of *all* ranks. So the parts add up to the
    mean, and the gradients of the parts to the gradient of the mean, however unequal the numbers of targets are.

    Every rank calls this, also one that has no target: its part is 0, and so is its gradient, which is there.

    Args:
        logits_BTV: This rank's scores, float32 or float64.
        targets_BT: The id that follows each position, int64; the number of rows may differ from rank to rank.
        group: Who takes part.

    Returns:
        A scalar of the dtype of the logits, to be given to `backward`.

    Raises:
        ValueError: No rank has a target. Every rank raises it.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> rows = [(torch.zeros(1, 3, 2), torch.tensor([[0, 1, 1]])), (torch.zeros(1, 3, 2), torch.tensor([[0, -100, -100]]))]
        >>> [round(part.item(), 4) for part in rehearse(global_mean_loss, rows).results]  # 3/4 and 1/4 of ln 2
        [0.5199, 0.1733]
    """  # noqa: E501
    n_targets = group.sum(int((targets_BT != IGNORED).sum()))
    if n_targets < 1:
        raise ValueError(f"the {group.size} ranks have {n_targets:.0f} targets; there must be at least 1")
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / n_targets


class DataParallel:
    """A model on every rank, whose gradients are summed over the ranks.

    After a backward pass, `finish()` waits until each `.grad` is the sum over all ranks, or None where no rank had a
    gradient. It also makes every buffer that is part of the state dict what rank 0 has. Each rank calls it once a step,
    whatever its backward pass has reached, so parameters may be frozen (from the start), shared, or used by some ranks
    in some steps only.

    The gradients of `parameters()` are parts of the buckets' own memory. Set them to None between steps, as
    `zero_grad()` does, or let them add up: both are right.

    Args:
        model: The same on every rank; the gradients are collected by hooks on its parameters.
        group: Who takes part.
        bucket_mb: The most MiB of gradients that travel together; 0 for each gradient by itself.
        overlap: Whether buckets are started while the backward pass still runs; else all of them by `finish`.

    Raises:
        ModelsDiffer: The ranks do not start with the same model; every rank raises it.
        ValueError: `bucket_mb` is below 0.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> def train(x, group):
        ...     model = nn.Linear(1, 1)
        ...     nn.init.ones_(model.weight), nn.init.zeros_(model.bias)
        ...     parallel = DataParallel(model, group)
        ...     model(torch.tensor([[x]])).sum().backward()
        ...     parallel.finish()
        ...     return model.weight.grad.item(), model.bias.grad.item()
        >>> rehearse(train, [(1.0,), (2.0,)]).results
        [(3.0, 2.0), (3.0, 2.0)]

    Source: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (2020).
    """

    def __init__(self, model: nn.Module, group: Group, *, bucket_mb: float = 25.0, overlap: bool = True):
        if not bucket_mb >= 0:
            raise ValueError(f"bucket_mb is {bucket_mb!r}; it must be at least 0")
        require_same_model(model, group)
        self.model, self.group, self.overlap = model, group, overlap
        self.buckets = make_buckets(list(model.parameters()), int(bucket_mb * MIB))
        self._names = {parameter: name for name, parameter in model.named_parameters()}
        # What is not in the state dict is computed, not learned, and the same everywhere: masks, tables of positions.
        kept = model.state_dict()
        self._buffers = [name for name, _ in model.named_buffers() if name in kept]
        self._frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
        self._sends = True
        self._hooks = [
            hook
            for number, bucket in enumerate(self.buckets)
            for position in range(len(bucket.parameters))
            for hook in self._hooks_of(number, position)
        ]
        self._share_buffers()

    def _hooks_of(self, number: int, position: int) -> Iterator[RemovableHandle]:
        """Two hooks on one parameter: before the backward pass adds to its gradient, and after that."""
        bucket = self.buckets[number]
        parameter = bucket.parameters[position]

        def before(_: Tensor) -> None:
            if position not in bucket.missing:
                raise RuntimeError(
                    f"{self._names[parameter]!r} gets a gradient while the last one is being sent; finish() must "
                    "follow each backward pass outside no_sync()"
                )
            drop_sum(bucket, position, self.group)

        def after(_: Tensor) -> None:
            if self._sends:
                gradient_arrived(self.buckets, number, position, self.group)

        yield parameter.register_hook(before)
        if self.overlap:
            yield parameter.register_post_accumulate_grad_hook(after)

    def parameters(self) -> Iterator[Tensor]:
        """What the optimizer steps: the model's parameters."""
        return self.model.parameters()

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A context for backward passes whose gradients stay here until one outside of it sends all of them."""
        before, self._sends = self._sends, False
        try:
            yield
        finally:
            self._sends = before

    def finish(self) -> None:
        """Wait until each gradient is the sum over all ranks; every rank calls this once a step.

        Raises:
            RuntimeError: A parameter that was frozen when this object was made has a gradient, which nobody would send.
        """
        if late := [self._names[p] for p in self._frozen if p.requires_grad]:
            raise RuntimeError(f"{late[0]!r} was frozen and is trained now; DataParallel must be made anew after that")
        finish_buckets(self.buckets, self.group)
        self._share_buffers()

    def _share_buffers(self) -> None:
        """Give every rank the buffers of rank 0, those of one dtype and device as one message."""
        kinds: dict[object, list[Tensor]] = {}
        for buffer in map(self.model.get_buffer, self._buffers):
            kinds.setdefault((buffer.dtype, buffer.device), []).append(buffer)
        for buffers in kinds.values():
            flat = self.group.broadcast(torch.cat([buffer.flatten() for buffer in buffers])).wait()
            for buffer, values in zip(buffers, flat.split([buffer.numel() for buffer in buffers])):
                buffer.copy_(values.view_as(buffer))

    def clip(self, max_norm: float | None) -> float:
        """Scale the gradients so that their norm is at most `max_norm`, or only measure it; the norm before."""
        return float(clip_gradients(self.parameters(), math.inf if max_norm is None else max_norm))

    def full_weights(self) -> dict[str, Tensor]:
        """The model's weights by name: copies."""
        return {name: weight.detach().clone() for name, weight in named_weights(self.model).items()}

    def detach(self) -> None:
        """Take the hooks off the model, which from then on trains alone."""
        for hook in self._hooks:
            hook.remove()
