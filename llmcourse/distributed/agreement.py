"""Do all ranks hold the same model? Asked at the start, where the answer is a sentence; later it is a run that stands
still, or one that trains several models at once (chapter 4).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.model.weights import COMPILED


class ModelsDiffer(ValueError):
    """The ranks do not hold the same model; the message names the ranks and the first parameter that differs."""


class Fingerprint(NamedTuple):
    """What must be the same of one parameter or buffer on every rank.

    Attributes:
        name: Its name in the model.
        shape, dtype: As they say.
        trains: Whether it is a parameter that requires a gradient.
        digest: A hash of its values, bit for bit; empty for a buffer, which rank 0 gives to the others.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    trains: bool
    digest: str


def fingerprints(model: nn.Module) -> list[Fingerprint]:
    """What must be the same of a model on every rank, in the model's order.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> [(found.name, found.shape, found.trains) for found in fingerprints(model)]
        [('weight', (1, 2), True), ('bias', (1,), True)]
        >>> before = fingerprints(model)
        >>> _ = model.bias.data.add_(1)
        >>> [old == new for old, new in zip(before, fingerprints(model))]
        [True, False]
    """
    parameters = [_fingerprint(name, tensor, digest(tensor)) for name, tensor in model.named_parameters()]
    return parameters + [_fingerprint(name, tensor, "") for name, tensor in model.named_buffers()]


def _fingerprint(name: str, tensor: Tensor, digest: str) -> Fingerprint:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Fingerprint(name.replace(COMPILED, ""), tuple(tensor.shape), dtype, tensor.requires_grad, digest)


def digest(tensor: Tensor) -> str:
    """A hash of a tensor's bytes, the same on every device and in any order in memory.

    Example:
        >>> x = torch.arange(6.0).reshape(2, 3)
        >>> digest(x) == digest(x.t().contiguous().t()), digest(x) == digest(-x)
        (True, False)
    """
    plain = tensor.detach().cpu().contiguous().reshape(-1)
    return hashlib.blake2b(plain.view(torch.uint8).numpy(), digest_size=16).hexdigest()


def require_same_model(model: nn.Module, group: Group) -> None:
    """Compare the model over all ranks: names, shapes, dtypes, what is trained, and the values of the parameters.

    One hash a rank is sent; only where they differ, one for each parameter. Every rank calls this, and either all of
    them go on or all of them raise the same error.

    Args:
        model: This rank's model.
        group: Whose models are compared.

    Raises:
        ModelsDiffer: They are not the same; the message names the ranks and the first parameter or buffer that differs.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> def start(value, group):
        ...     model = nn.Linear(1, 1)
        ...     nn.init.constant_(model.weight, value), nn.init.zeros_(model.bias)
        ...     require_same_model(model, group)
        >>> rehearse(start, [(1.0,), (1.0,)]).results
        [None, None]
        >>> rehearse(start, [(1.0,), (1.0,), (2.0,)])
        Traceback (most recent call last):
        ...
        llmcourse.distributed.rehearsal.RankFailed: rank 1 raised ModelsDiffer: the ranks have different models: rank 2 differs from rank 0, first in 'weight': its values are others; all ranks must start with the same
    """  # noqa: E501
    mine = fingerprints(model)
    whole = hashlib.blake2b(repr(mine).encode(), digest_size=16).hexdigest()
    if len(set(group.gather(whole))) == 1:
        return
    everybody = group.gather(mine)
    others = defaultdict(list)
    for rank, theirs in enumerate(everybody):
        if theirs != everybody[0]:
            others[_first_difference(everybody[0], theirs)].append(rank)
    told = "; ".join(f"{_ranks(ranks)} from rank 0, first in {what}" for what, ranks in others.items())
    raise ModelsDiffer(f"the ranks have different models: {told}; all ranks must start with the same")


def _ranks(ranks: list[int]) -> str:
    if len(ranks) == 1:
        return f"rank {ranks[0]} differs"
    return f"ranks {', '.join(map(str, ranks[:-1]))} and {ranks[-1]} differ"


def _first_difference(first: list[Fingerprint], other: list[Fingerprint]) -> str:
    """The first entry in which a rank's model is not rank 0's, and in what."""
    for ours, theirs in zip(first, other):
        if ours.name != theirs.name:
            return f"{theirs.name!r}: rank 0 has {ours.name!r} in its place"
        if ours.shape != theirs.shape:
            return f"{ours.name!r}: its shape is {theirs.shape}, on rank 0 {ours.shape}"
        if ours.dtype != theirs.dtype:
            return f"{ours.name!r}: its dtype is {theirs.dtype}, on rank 0 {ours.dtype}"
        if ours.trains != theirs.trains:
            where = ("there and not on rank 0", "on rank 0 and not there")[ours.trains]
            return f"{ours.name!r}: it is trained {where}"
        if ours.digest != theirs.digest:
            return f"{ours.name!r}: its values are others"
    longer, who = (other, "it") if len(other) > len(first) else (first, "rank 0")
    return f"{longer[min(len(first), len(other))].name!r}: only {who} has it"
