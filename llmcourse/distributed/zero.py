"""ZeRO, stages 1 and 2: whole parameters on every rank, and the optimizer's state, then the gradients, in shards
(chapter 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.distributed.flat import shard_size
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.shards import Shards, compute_dtype, require_same_models
from llmcourse.distributed.units import Unit, split_parameters

STAGES = (1, 2)


class Zero:
    """A model that every rank has whole, and whose optimizer steps a shard on each; a `Strategy`.

    The parameters lie in flat vectors, and `parameters()` are windows on this rank's shard of them. An optimizer over
    these has the state of a shard, and changes a shard of the parameters; before the next forward pass the shards are
    gathered. Gradients are summed with one reduce-scatter a unit: in stage 1 when the backward pass is over, in
    stage 2 as soon as a unit has all of its, so that no rank ever holds all gradients.

    With "bf16" the whole parameters are bfloat16, and the shards are float32: what the optimizer changes and what is
    gathered are two things. In "fp32" they are the same memory.

    Args:
        model: The same on every rank.
        group: Who takes part.
        stage: 1 shards the optimizer's state, 2 the gradients too.
        units: Modules whose gradients are sent together, in the order of the forward pass; None for the elements of
            every `nn.ModuleList`. What is in none of them is a unit of its own.
        precision: "fp32" or "bf16".

    Raises:
        ValueError: The stage or the precision is unknown, or the models differ.

    Example:
        >>> zero = Zero(nn.Linear(2, 1, bias=False), stage=2)
        >>> optimizer = torch.optim.SGD(zero.parameters(), lr=1.0)
        >>> zero.model(torch.ones(1, 2)).sum().backward()
        >>> zero.finish()
        >>> [piece.grad.tolist() for piece in zero.parameters()]
        [[1.0, 1.0]]

    Source: Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models" (2020),
    section 5.
    """

    def __init__(
        self,
        model: nn.Module,
        group: Group = ALONE,
        stage: int = 2,
        units: Sequence[nn.Module] | None = None,
        precision: str = "fp32",
    ) -> None:
        if stage not in STAGES:
            raise ValueError(f"stage is {stage!r}; it must be 1 or 2 (stage 3 is FullySharded)")
        dtype = compute_dtype(precision)
        require_same_models(model, group)
        self.model, self.group, self.stage = model, group, stage
        made = [
            _whole_unit(named, group, dtype)
            for _, own in modules_with_parameters(model, units)
            for named in split_parameters(own)
        ]
        self.shards = Shards(model, made, group, self._complete if stage == 2 else None)
        self._to_send: list[Unit] = []
        self._is_stale = False
        model.register_forward_pre_hook(self._begin)

    def parameters(self) -> Iterator[Tensor]:
        """This rank's slices of the parameters."""
        return iter(self.shards.slices.values())

    def no_sync(self) -> AbstractContextManager[None]:
        """A context for backward passes whose gradients stay here until one outside of it sends all of them."""
        return self.shards.no_sync()

    def zero_grad(self) -> None:
        """Forget all gradients, also those of a backward pass in `no_sync` that were never sent."""
        self.shards.drop()
        self._to_send = []

    def _complete(self, unit: Unit) -> None:
        """Send what is complete, in one order on all ranks: a unit waits for those before it."""
        while self.shards.is_syncing and self._to_send:
            first = self._to_send[0]
            if not self.shards.is_complete(first):
                return
            self.shards.send(self._to_send.pop(0))

    def finish(self) -> None:
        """Wait until the gradients of `parameters()` are the sums over all ranks."""
        for unit in self._to_send:
            self.shards.send(unit)
        self.shards.keep()
        self._to_send = []
        self._is_stale = True

    def clip(self, max_norm: float | None) -> float:
        """Scale the gradients so that the norm of all of them, over all ranks, is at most `max_norm`."""
        return self.shards.clip(max_norm)

    def full_weights(self) -> dict[str, Tensor]:
        """The whole model's weights by name, on every rank: copies, in the shards' precision."""
        return self.shards.full_weights()

    def gather(self) -> None:
        """Make the parameters those that the ranks' optimizers have made; the next forward pass does it by itself."""
        self.shards.refresh(self.shards.trained)
        self._is_stale = False

    def _begin(self, *_: Any) -> None:
        if self._is_stale:
            self.gather()
        if torch.is_grad_enabled():
            self.shards.begin()
            self._to_send = list(reversed(self.shards.trained))


def _whole_unit(named: dict[str, nn.Parameter], group: Group, dtype: torch.dtype | None) -> Unit:
    """A unit that stays whole: its shard is a window on the parameters, or a copy of it in their first dtype."""
    flat = torch.cat([parameter.detach().reshape(-1) for parameter in named.values()])
    size = shard_size(len(flat), group.size)
    padded = torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])
    part = padded[group.rank * size : (group.rank + 1) * size]
    if dtype is None or dtype == padded.dtype or not padded.is_floating_point():
        return Unit(named, part, group.rank, group.size, whole=padded)
    return Unit(named, part.clone(), group.rank, group.size, whole=padded.to(dtype))


def modules_with_parameters(
    model: nn.Module, units: Sequence[nn.Module] | None
) -> list[tuple[nn.Module, dict[str, nn.Parameter]]]:
    """The modules of a model that are units, each with the parameters that are its own; the model itself first.

    Args:
        model: Its parameters that are in no unit are its own.
        units: Modules of the model; None for the elements of every `nn.ModuleList`.

    Raises:
        ValueError: A unit is not a part of the model, or a parameter is in two of them.

    Example:
        >>> model = nn.ModuleDict({"emb": nn.Embedding(3, 2), "blocks": nn.ModuleList([nn.Linear(2, 2)])})
        >>> [list(own) for _, own in modules_with_parameters(model, None)]
        [['emb.weight'], ['blocks.0.weight', 'blocks.0.bias']]
    """
    if units is None:
        units = [child for module in model.modules() if isinstance(module, nn.ModuleList) for child in module]
    names = {id(module): name for name, module in model.named_modules()}
    owner: dict[int, nn.Module] = {}
    for unit in units:
        if id(unit) not in names:
            raise ValueError(f"a unit is {type(unit).__name__}; it must be a module of the model")
        for name, parameter in unit.named_parameters():
            if id(parameter) in owner:
                raise ValueError(f"{names[id(unit)]}.{name} is in two units; it must be in one, or in none")
            owner[id(parameter)] = unit
    own: dict[int, dict[str, nn.Parameter]] = {id(module): {} for module in (model, *units)}
    outside = {id(unit): _outside(model, unit) for unit in units}
    for name, parameter in model.named_parameters():
        unit = owner.get(id(parameter), model)
        if unit is not model and id(parameter) in outside[id(unit)]:
            raise ValueError(
                f"{name} is in the unit {names[id(unit)]} and outside of it; it must be in one: leave that unit out"
            )
        own[id(unit)][name] = parameter
    return [(module, own[id(module)]) for module in (model, *units) if own[id(module)]]


def _outside(model: nn.Module, unit: nn.Module) -> set[int]:
    """The parameters that modules of the model have which are not in the unit."""
    inside = {id(module) for module in unit.modules()}
    return {id(p) for m in model.modules() if id(m) not in inside for p in m.parameters(recurse=False)}
