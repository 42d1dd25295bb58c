"""What happens to gradients between the backward pass and the optimizer: clipping, accumulation, noise (chapter 3).

Shape suffixes: B batch, T time, V vocabulary.
"""

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from llmcourse.model.losses import (  # the last two serve another way of writing a piece
    Batch,
    batch_loss,
    count_targets,
    next_token_loss,  # noqa: F401
    predict,  # noqa: F401
)

PRECISIONS = ("fp32", "bf16")


def clip_gradients(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients by one common factor, so that their total norm is at most `max_norm`.

    The total norm is the Euclidean norm of all gradients written one after the other. Where it is larger than
    `max_norm`, each gradient is multiplied by `max_norm / norm`, in place; else the gradients stay as they are.

    The gradients of one call may have unlike dtypes and lie in memory in any order. The squares of narrow ones are
    summed up in float32 at least: a sum in bfloat16 stops growing after a few hundred gradients of one size.

    A norm that is infinite or NaN is returned as it is. No factor mends such gradients: what they hold afterwards
    (zeros and NaN, as with PyTorch's `clip_grad_norm_`) is of no use, and the caller must not step with them.

    Args:
        parameters: Tensors, or an iterator over them that can be used once; those whose `.grad` is None are passed
            over.
        max_norm: The largest norm that is allowed, above 0; infinity measures the norm and changes nothing.

    Returns:
        The total norm before clipping, a float32 or float64 tensor without dimensions; 0 if there is no gradient.

    Raises:
        ValueError: `max_norm` is not above 0.

    Example:
        >>> weight, bias = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
        >>> weight.grad, bias.grad = torch.tensor([3.0]), torch.tensor([4.0])
        >>> float(clip_gradients([weight, bias], max_norm=1.0))
        5.0
        >>> weight.grad, bias.grad
        (tensor([0.6000]), tensor([0.8000]))

    Source: Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks" (2013), algorithm 1.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm!r}; it must be above 0")
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = total_norm(grads)
    factor = (max_norm / norm.clamp(min=1e-30)).clamp(max=1.0)
    for grad in grads:
        local_part(grad).mul_(factor.to(grad.dtype))
    return norm


def total_norm(tensors: Iterable[Tensor]) -> Tensor:
    """The Euclidean norm of tensors written one after the other; at least float32, so that bf16 does not overflow.

    Tensors that are cut over several processes (`DTensor`) and plain ones may come together. The norm is a plain
    tensor, the same on every process: the processes of a mesh send one number for all tensors that are cut alike.

    Example:
        >>> total_norm([torch.tensor([3.0]), torch.tensor([4.0])])
        tensor(5.)
    """
    norms: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        tensor = _without_open_sums(tensor)
        norms.setdefault(_cut(tensor), []).append(_norm(local_part(tensor)))
    parts = [_over_the_mesh(cut, torch.linalg.vector_norm(torch.stack(part))) for cut, part in norms.items()]
    if len(parts) < 2:
        return parts[0] if parts else torch.zeros(())
    return torch.linalg.vector_norm(torch.stack(parts))


def local_part(tensor: Tensor) -> Tensor:
    """What of a tensor lies in this process: a `DTensor`'s own memory, or the tensor itself.

    Example:
        >>> x = torch.ones(2)
        >>> local_part(x) is x
        True
    """
    return tensor.to_local() if _is_distributed(tensor) else tensor


def _is_distributed(tensor: Tensor) -> bool:
    # Where nobody has imported it, nothing is one: the import takes as long as half of PyTorch's own.
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def _norm(tensor: Tensor) -> Tensor:
    return torch.linalg.vector_norm(tensor, dtype=torch.promote_types(tensor.dtype, torch.float32))


def _without_open_sums(tensor: Tensor) -> Tensor:
    """A tensor of which each process has a part of the values, not of the sum that these values are."""
    if not _is_distributed(tensor) or not any(place.is_partial() for place in tensor.placements):
        return tensor
    from torch.distributed.tensor import Replicate

    return tensor.redistribute(placements=[Replicate() if p.is_partial() else p for p in tensor.placements])


def _cut(tensor: Tensor) -> tuple[Any, tuple[bool, ...]] | None:
    """The mesh that a tensor is spread over, and along which of its dimensions it is cut; None for a plain one."""
    if not _is_distributed(tensor):
        return None
    return tensor.device_mesh, tuple(not place.is_replicate() for place in tensor.placements)


def _over_the_mesh(cut: tuple[Any, tuple[bool, ...]] | None, norm: Tensor) -> Tensor:
    """The norm of all parts from the norm of one's own."""
    if cut is None:
        return norm
    from torch.distributed.tensor import DTensor, Partial, Replicate

    mesh, is_cut = cut
    # A DTensor's own norm is the rank's share until it is summed: `item` would give that, without a word.
    total = DTensor.from_local(norm.square(), mesh, [Partial() if yes else Replicate() for yes in is_cut])
    for i in range(len(is_cut)):  # one dimension after the other: asked for both at once, it does the same, and warns
        total = total.redistribute(placements=[Replicate() if j <= i else p for j, p in enumerate(total.placements)])
    return total.to_local().sqrt()


def autocast(device: str | torch.device, precision: str) -> AbstractContextManager[object]:
    """The context for a forward pass: matrix products in bfloat16 for "bf16", nothing changed for "fp32".

    Weights, gradients and the optimizer's state stay float32 either way.

    Raises:
        ValueError: The precision is unknown.

    Example:
        >>> with autocast("cpu", "bf16"):
        ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
        torch.bfloat16
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(map(repr, PRECISIONS))}")
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bf16")


def accumulate_gradients(
    model: nn.Module, micro_batches: Sequence[Batch], *, precision: str = "fp32", n_targets: int | None = None
) -> float:
    """Add up the gradients of several micro-batches, so that they equal those of one big batch.

    The loss is the mean over all targets of all micro-batches that are not -100: the sum of their losses divided by
    their number. A mean of the micro-batches' means is another number as soon as they have unequal numbers of targets.
    The backward pass runs once a micro-batch, so that only one of them is in memory. Logits in float64 keep their
    precision.

    Args:
        model: Called as `model(inputs_BT, documents_BT=documents_BT)`; gives logits_BTV. Its gradients are added to
            what `.grad` already holds.
        micro_batches: Each with `inputs` and `targets`, int64 of shape (B, T), and `documents`, the same or None. A
            target of -100 is ignored; a micro-batch may hold nothing else.
        precision: "fp32" or "bf16", of the forward pass, as `autocast(device, precision)` sets it.
        n_targets: What to divide by; the number of targets in `micro_batches` if None. Several processes that add up
            their gradients all give the number of all their targets; one without a target of its own then adds nothing
            and has a loss of 0.

    Returns:
        The loss, as a number.

    Raises:
        ValueError: There is no target at all.

    Example:
        >>> from types import SimpleNamespace
        >>> class Guess(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.logits = nn.Parameter(torch.zeros(2))
        ...     def forward(self, inputs_BT, documents_BT=None):
        ...         return self.logits.expand(*inputs_BT.shape, 2)
        >>> def batch(*targets):
        ...     return SimpleNamespace(inputs=torch.zeros(1, 3).long(), targets=torch.tensor([targets]), documents=None)
        >>> model = Guess()
        >>> round(accumulate_gradients(model, [batch(0, 0, 0), batch(1, -100, -100)]), 4)  # ln 2
        0.6931
        >>> model.logits.grad  # three of four targets are 0
        tensor([-0.2500,  0.2500])
    """
    if n_targets is None:
        n_targets = sum(count_targets(batch) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"n_targets is {n_targets} for {len(micro_batches)} micro-batches; it must be at least 1")
    total: Tensor | float = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            loss = batch_loss(model, batch, reduction="sum") / n_targets
        loss.backward()
        total += loss.detach()
    return float(total)


class NoiseScale(NamedTuple):
    """How noisy gradients are.

    Attributes:
        signal: Estimate of the squared norm of the true gradient.
        noise: Estimate of the variance of one example's gradient, summed over all parameters.
        scale: Their ratio: the batch size at which noise and signal are equally strong.
    """

    signal: float
    noise: float
    scale: float


def gradient_noise_scale(
    small_norms: Sequence[float], big_norms: Sequence[float], small_batch: int, big_batch: int
) -> NoiseScale:
    """Estimate the simple noise scale from the squared gradient norms at two batch sizes.

    The mean gradient of B examples has the expected squared norm `signal + noise / B`. Two batch sizes give two such
    equations, whose left sides are the averages of the norms measured; solve them for signal and noise. Average before
    you divide: a ratio of two noisy numbers is biased.

    Args:
        small_norms: Squared norms of gradients averaged over `small_batch` examples, at least one.
        big_norms: The same for `big_batch`, at least one; there may be fewer or more of them.
        small_batch: The smaller number of examples (or tokens: the scale has the same unit).
        big_batch: The larger one.

    Returns:
        Signal, noise, and the scale `noise / signal`; the scale is infinite where the estimated signal is not above 0.
        A negative estimate, of either, is returned as it is.

    Raises:
        ValueError: `small_batch` is not below `big_batch`, or below 1.

    Example:
        >>> gradient_noise_scale([5.0, 7.0], [3.0], small_batch=2, big_batch=8)
        NoiseScale(signal=2.0, noise=8.0, scale=4.0)

    Source: McCandlish et al., "An Empirical Model of Large-Batch Training" (2018), appendix A.1.
    """
    if not 1 <= small_batch < big_batch:
        raise ValueError(
            f"small_batch is {small_batch!r} and big_batch is {big_batch!r}; "
            "they must satisfy 1 <= small_batch < big_batch"
        )
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


def squared_norms(model: nn.Module, micro_batches: Sequence[Batch]) -> tuple[list[float], float]:
    """The squared gradient norm of each micro-batch alone, and that of their mean.

    Together they are what `gradient_noise_scale` needs, from one pass over the data. The micro-batches must have equal
    numbers of targets. The model's gradients are None afterwards.

    Args:
        model: As for `accumulate_gradients`.
        micro_batches: At least two, of equal size.

    Returns:
        The squared norms of the single gradients, and the squared norm of the mean gradient.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    total = [torch.zeros_like(parameter) for parameter in parameters]
    singles = []
    for batch in micro_batches:
        model.zero_grad(set_to_none=True)
        accumulate_gradients(model, [batch])
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        singles.append(float(total_norm(grads)) ** 2)
        for summed, grad in zip(total, grads):
            summed.add_(grad, alpha=1 / len(micro_batches))
    model.zero_grad(set_to_none=True)
    return singles, float(total_norm(total)) ** 2
