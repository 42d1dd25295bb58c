"""Gradients that travel together: buckets, filled in the order in which the backward pass brings them (chapter 4).

A message costs a little time however short it is, so many small gradients are sent as one flat tensor. Buckets are
started one after the other, in the same order on every rank: only the order tells the ranks which sums belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from llmcourse.distributed.group import Group, Pending


def assign_buckets(parameters: Sequence[Tensor], max_bytes: int) -> list[list[int]]:
    """Divide parameters into buckets whose gradients travel together, in the order in which they should arrive.

    The backward pass comes to the last layer first, so the parameters are taken from the last to the first. Each goes
    into the bucket that is being filled. A new bucket is begun before it where that one holds a parameter already, and

    - would have more than `max_bytes` bytes with it, or
    - holds parameters of another dtype, or of another device.

    Nothing is added to a bucket that has been left. A parameter that is larger than `max_bytes` is therefore alone, and
    with `max_bytes=0` each is (but those without elements have 0 bytes, and stay together). A gradient is as large as
    its parameter. Parameters that do not require gradients are passed over: they are in no bucket, and end none.

    Args:
        parameters: In the order in which the forward pass uses them, as `model.parameters()` has them.
        max_bytes: The most bytes of a bucket of several parameters, at least 0.

    Returns:
        For each bucket the positions of its parameters in `parameters`, in the order in which they were taken.

    Raises:
        ValueError: `max_bytes` is below 0; the message names it.

    Example:
        >>> sizes = [3, 1, 1, 2]
        >>> parameters = [torch.zeros(n, requires_grad=True) for n in sizes]
        >>> assign_buckets(parameters, max_bytes=12)  # three numbers of four bytes
        [[3, 2], [1], [0]]
        >>> assign_buckets([torch.nn.Parameter(p.to(torch.bfloat16)) for p in parameters], max_bytes=12)
        [[3, 2, 1], [0]]

    Source: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (2020), section 3.2.
    """
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes!r}; it must be at least 0")
    buckets: list[list[int]] = []
    kind, n_bytes = None, 0
    for position in reversed(range(len(parameters))):
        parameter = parameters[position]
        if not parameter.requires_grad:
            continue
        size = parameter.numel() * parameter.element_size()
        if not buckets or (parameter.dtype, parameter.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (parameter.dtype, parameter.device), 0
        buckets[-1].append(position)
        n_bytes += size
    return buckets


@dataclass
class Bucket:
    """The gradients of some parameters in one flat tensor, which is what is sent.

    Attributes:
        parameters: Whose gradients these are.
        flat: What is summed over the ranks: one gradient behind the other, and then a mark for each parameter.
        places: Each parameter's part of `flat`, in the parameter's shape: what is written there is in `flat`.
        marks: The last numbers of `flat`, one for each parameter: 1 where this rank has a gradient, else 0. Summed,
            they say how many ranks have one.
        missing: Positions, in `parameters`, of the gradients that have not arrived yet.
        pending: The sum that has been started; None before that.
        summed: Positions whose gradient is a sum over all ranks already.
    """

    parameters: list[Tensor]
    flat: Tensor
    places: list[Tensor]
    marks: Tensor
    missing: set[int] = field(default_factory=set)
    pending: Pending | None = None
    summed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.reset()

    @classmethod
    def of(cls, parameters: Sequence[Tensor]) -> Bucket:
        """An empty bucket for the gradients of parameters of one dtype and device.

        Example:
            >>> bucket = Bucket.of([torch.ones(2, 3), torch.ones(4)])
            >>> bucket.flat.shape, [tuple(place.shape) for place in bucket.places], bucket.missing
            (torch.Size([12]), [(2, 3), (4,)], {0, 1})
        """
        sizes = [parameter.numel() for parameter in parameters]
        flat = torch.zeros(sum(sizes) + len(sizes), dtype=parameters[0].dtype, device=parameters[0].device)
        *parts, marks = flat.split([*sizes, len(sizes)])
        return cls(list(parameters), flat, [part.view(p.shape) for part, p in zip(parts, parameters)], marks)

    def reset(self) -> None:
        """Wait for all gradients anew."""
        self.missing, self.pending = set(range(len(self.parameters))), None
        self.marks.fill_(1)


def make_buckets(parameters: Sequence[Tensor], max_bytes: int) -> list[Bucket]:
    """The buckets that `assign_buckets` divides parameters into, empty."""
    return [Bucket.of([parameters[i] for i in positions]) for positions in assign_buckets(parameters, max_bytes)]


def gradient_arrived(buckets: Sequence[Bucket], number: int, position: int, group: Group) -> None:
    """Take in one gradient that the backward pass has brought, and start what can be started: never wait.

    The gradient is in `parameter.grad`, where `parameter` is `buckets[number].parameters[position]`. That may be the
    parameter's place in the bucket already: where `.grad` was not None, the backward pass adds to what is there.

    1. Copy it to the parameter's place, over what the step before has left there.
    2. Make that place the parameter's `.grad`: the sum will be there without a second copy, and the gradient that the
       backward pass has made can be freed.
    3. It is no longer missing.
    4. Start the sum of every bucket that can be started, and keep what `group.all_reduce(bucket.flat)` returns in
       `bucket.pending`. A bucket can be started when none of its gradients is missing, it has not been started yet, and
       all buckets before it have been started: one that is full too early is kept back, and starts right after them.

    Gradients arrive in any order, and not in the same order on every rank. Each arrives once.

    Args:
        buckets: All buckets, in the order in which they are started, on every rank.
        number: Which of them the gradient belongs to.
        position: The gradient's parameter in that bucket.
        group: Who takes part.

    Example:
        Buckets 0 and 1 have one parameter each, of two numbers. The gradient [5, 7] arrives in bucket 1:
        `buckets[1].flat` is [5, 7, 1] (the last number is the mark), `buckets[1].missing` is empty, and nothing starts,
        since bucket 0 is not full. Then a gradient [1, 2] arrives in bucket 0: both sums start, that of bucket 0 first.

    Source: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (2020), algorithm 1.
    """
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


def finish_buckets(buckets: Sequence[Bucket], group: Group) -> None:
    """Make every gradient the sum over all ranks; what has not been started is started now, in order.

    A gradient that has not arrived may lie in `.grad` all the same, left there by backward passes that did not send. A
    rank that has none at all sends zeros and a mark of 0. Where no rank has one, `.grad` is None as it would be in one
    process: a zero would be something else to an optimizer, which then decays the weight, or moves it by its momentum.

    Every rank calls this once a step, whatever arrived on it.
    """
    unsure = [_fill(bucket, group) for bucket in buckets]
    for bucket in buckets:
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)
    for bucket, positions in zip(buckets, unsure):
        assert bucket.pending is not None
        bucket.pending.wait()
        for position in range(len(bucket.parameters)):
            # Only where this rank had none must the marks be read, for which a GPU would have to be waited for.
            is_there = position not in positions or bucket.marks[position].item() > 0
            bucket.parameters[position].grad = bucket.places[position] if is_there else None
        bucket.reset()
        bucket.summed = set(range(len(bucket.parameters)))


def _fill(bucket: Bucket, group: Group) -> set[int]:
    """Put into a bucket what has not arrived; the positions of which this rank has no gradient."""
    absent = set()
    for position in sorted(bucket.missing):
        drop_sum(bucket, position, group)
        parameter, place = bucket.parameters[position], bucket.places[position]
        if parameter.grad is None:
            place.zero_()
            bucket.marks[position] = 0
            absent.add(position)
        else:
            place.copy_(parameter.grad)
    bucket.missing.clear()
    return absent


def drop_sum(bucket: Bucket, position: int, group: Group) -> None:
    """Before more is added to a gradient: of what is the sum of all ranks already, only the first rank keeps its copy.

    Else a gradient that nobody has set to None since the last step would be counted once for every rank.
    """
    if position in bucket.summed:
        bucket.summed.discard(position)
        grad = bucket.parameters[position].grad
        if grad is not None and group.rank > 0:
            grad.zero_()
