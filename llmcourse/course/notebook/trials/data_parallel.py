"""The pieces of data parallelism at work, on one rank of a rehearsal (chapter 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from llmcourse.distributed.buckets import Bucket
from llmcourse.distributed.group import Group

OLD = 7.0
"""What a bucket still holds from the step before."""


def loss_and_gradient(
    piece: Callable[[Tensor, Tensor, Group], Tensor], logits: Tensor, targets: Tensor, group: Group
) -> tuple[Tensor, Tensor | None] | str:
    """A rank's part of a loss and the gradient of its logits; the error's name where it raises ValueError."""
    logits = logits.detach().clone().requires_grad_()
    try:
        loss = piece(logits, targets, group)
    except ValueError as error:
        return f"ValueError: {error}"
    if isinstance(loss, Tensor) and loss.requires_grad:
        loss.sum().backward()
    return (loss.detach() if isinstance(loss, Tensor) else loss), logits.grad


def arrivals(
    piece: Callable[[Sequence[Bucket], int, int, Group], None],
    gradients: Sequence[Tensor],
    layout: Sequence[Sequence[int]],
    order: Sequence[tuple[int, int]],
    in_place: bool,
    group: Group,
) -> dict[str, Any]:
    """Let gradients arrive one after the other, and see what `gradient_arrived` makes of each.

    Args:
        piece: What takes a gradient in.
        gradients: This rank's, one for each parameter.
        layout: For each bucket the parameters in it.
        order: What arrives when: the bucket, and the position in it.
        in_place: Whether the backward pass adds to a gradient that is in the bucket already.
        group: This rank's.

    Returns:
        "started": how many sums had been started after each arrival. "waited": whether the piece waited for one.
        "in bucket": for each parameter whether its gradient is its place in the bucket. "missing": of each bucket.
        "pending": of each bucket, whether it has been started. "sums" and "flat": each gradient and each bucket at the
        end, when all sums that were started have been waited for.
    """
    parameters = [torch.zeros_like(gradient, requires_grad=True) for gradient in gradients]
    buckets = [Bucket.of([parameters[i] for i in positions]) for positions in layout]
    for bucket in buckets:
        for place in bucket.places:
            place.fill_(OLD)
    started = []
    for number, position in order:
        i, place = layout[number][position], buckets[number].places[position]
        parameters[i].grad = place.copy_(gradients[i]) if in_place else gradients[i].clone()
        piece(buckets, number, position, group)
        # One rank alone sends nothing, so nothing is noted.
        alone = group.traffic is None or group.size == 1
        started.append(sum(b.pending is not None for b in buckets) if alone else len(group.traffic))
    places = {i: bucket.places[j] for bucket, positions in zip(buckets, layout) for j, i in enumerate(positions)}
    found = {
        "started": started,
        "waited": group.traffic is not None and any(event.waited_s is not None for event in group.traffic),
        "in bucket": [_is(parameter.grad, places[i]) for i, parameter in enumerate(parameters)],
        "missing": [sorted(bucket.missing) for bucket in buckets],
        "pending": [bucket.pending is not None for bucket in buckets],
    }
    for bucket in buckets:
        if bucket.pending is not None:
            bucket.pending.wait()
    found["sums"] = [None if parameter.grad is None else parameter.grad.clone() for parameter in parameters]
    found["flat"] = [bucket.flat.clone() for bucket in buckets]
    return found


def _is(grad: Tensor | None, place: Tensor) -> bool:
    """Whether a gradient is a place: the same memory in the same shape, if not the same object."""
    return grad is not None and grad.data_ptr() == place.data_ptr() and grad.shape == place.shape
