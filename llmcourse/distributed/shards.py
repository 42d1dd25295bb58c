"""A model's units together: whose slice is whose, gradients as they come, the norm of all, the whole weights
(chapter 4)."""

from __future__ import annotations

import functools
import math
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from llmcourse.distributed.flat import Place, part_of, sharded_norm, unshard
from llmcourse.distributed.group import Group
from llmcourse.distributed.units import Unit, drop_gradient, keep_gradient, send_gradient, take_gradient

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}
"""How a model computes -> the dtype of its whole parameters; None leaves it. Shards and sums stay as they are."""


def compute_dtype(precision: str) -> torch.dtype | None:
    """The dtype of whole parameters.

    Raises:
        ValueError: The precision is unknown.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(map(repr, PRECISIONS))}")
    return PRECISIONS[precision]


class Shards:
    """All units of a model, and their gradients on the way to where they are kept.

    Args:
        model: Whose parameters the units have.
        units: In the order in which the forward pass needs them.
        group: Who has the other shards.
        when_complete: Called with a unit when the backward pass has given all its gradients.
    """

    def __init__(
        self, model: nn.Module, units: Sequence[Unit], group: Group, when_complete: Callable[[Unit], None] | None = None
    ) -> None:
        self.model, self.units, self.group = model, list(units), group
        self.trained = [unit for unit in self.units if unit.is_trained]
        self.is_syncing = True
        self._last: Unit | None = None
        self._n_missing: dict[Unit, int] = {}
        self.begin()
        _SHARDS[model] = weakref.ref(self)
        for unit in self.trained:
            for number, parameter in enumerate(unit.parameters):
                hook = functools.partial(self._take, unit, number, when_complete)
                parameter.register_post_accumulate_grad_hook(hook)

    def _take(self, unit: Unit, number: int, when_complete: Callable[[Unit], None] | None, _: Tensor) -> None:
        take_gradient(unit, number, unit.part.dtype)
        self._n_missing[unit] -= 1
        if when_complete is not None and self.is_complete(unit):
            when_complete(unit)

    def begin(self) -> None:
        """Say that a backward pass will come, in which every gradient arrives anew."""
        self._n_missing = {unit: len(unit.parameters) for unit in self.trained}

    def is_complete(self, unit: Unit) -> bool:
        """Whether the backward pass has given all gradients of a unit."""
        return self._n_missing[unit] <= 0

    @property
    def slices(self) -> dict[str, nn.Parameter]:
        """What this rank keeps of each parameter, by name, in the order of the units."""
        return {name: piece for unit in self.units for name, piece in unit.slices.items()}

    @property
    def places(self) -> dict[str, Place]:
        """Where each of the slices stands in its parameter, by name."""
        found = {}
        for unit in self.units:
            for name, shape, offset in zip(unit.names, unit.shapes, unit.offsets):
                run = part_of(offset, math.prod(shape), len(unit.part), unit.rank)
                found[name] = Place(tuple(shape), *run)
        return found

    def refresh(self, units: Sequence[Unit] | None = None) -> None:
        """Make parameters that are whole what the shards hold by now; every rank calls this.

        Args:
            units: Which ones; None for all.
        """
        units = [unit for unit in (self.units if units is None else units) if unit.is_whole]
        for unit in units:
            unit.pending = self.group.all_gather(unit.part.detach().to(unit.whole.dtype), out=unit.whole)
        for unit in units:
            unit.use()

    def send(self, unit: Unit) -> None:
        """Start to sum up a unit's gradients; the one before is waited for, so that no more than two are under way."""
        if self._last is not None:
            keep_gradient(self._last)
        send_gradient(unit, self.group, unit.part.dtype)
        self._last = unit

    def keep(self) -> None:
        """Wait until all sums that were started are in the slices' gradients."""
        for unit in self.trained:
            keep_gradient(unit)
        self._last = None

    def drop(self) -> None:
        """Forget all gradients, those under way and those not sent too."""
        for unit in self.trained:
            drop_gradient(unit)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A context in which gradients are added up here and not sent."""
        before, self.is_syncing = self.is_syncing, False
        try:
            yield
        finally:
            self.is_syncing = before

    def clip(self, max_norm: float | None) -> float:
        """Scale the gradients by one factor, so that the norm of all of them is at most `max_norm`; the norm before."""
        if max_norm is not None and not max_norm > 0:
            raise ValueError(f"max_norm is {max_norm!r}; it must be above 0")
        grads = [piece.grad for piece in self.slices.values() if piece.grad is not None]
        norm = sharded_norm(grads, group=self.group)
        if max_norm is not None and norm > max_norm:
            for grad in grads:
                grad.mul_(max_norm / norm)
        return norm

    def full_weights(self) -> dict[str, Tensor]:
        """The whole model's weights by name, from the shards, in their precision; every rank calls this."""
        whole: dict[str, Tensor] = {}
        for unit in self.units:
            whole |= zip(unit.names, unshard(unit.part.detach().clone(), unit.shapes, self.group))
        first_name = {id(parameter): name for name, parameter in self.model.named_parameters()}
        tied = {n: whole[first_name[id(p)]] for n, p in self.model.named_parameters(remove_duplicate=False)}
        return {n: tied[n] if n in tied else value.clone() for n, value in self.model.state_dict().items()}


_SHARDS: weakref.WeakKeyDictionary[nn.Module, weakref.ref[Shards]] = weakref.WeakKeyDictionary()


def shards_of(model: nn.Module) -> Shards | None:
    """Where the weights of a model are that `Zero` or `FullySharded` has cut; None for one that has them itself.

    Args:
        model: It may have been compiled since.

    Example:
        >>> shards_of(nn.Linear(2, 1)) is None
        True
    """
    found = _SHARDS.get(getattr(model, "_orig_mod", model))
    return None if found is None else found()


def is_in_shards(model: nn.Module) -> bool:
    """Whether no process has the whole model: its weights are in shards here, or FSDP2's DTensors."""
    return shards_of(model) is not None or any(hasattr(weight, "full_tensor") for weight in model.parameters())


def require_same_models(model: nn.Module, group: Group) -> None:
    """Raise a ValueError on every rank that names the first parameter which is not the same on all of them.

    Every rank keeps a shard of its own model: of models that differ, the whole would be a mixture that none of them is.
    """
    mine = [(name, tuple(p.shape), str(p.dtype), p.requires_grad, _checksum(p)) for name, p in model.named_parameters()]
    everybody = group.gather(mine)
    for rank, theirs in enumerate(everybody):
        if theirs != everybody[0]:
            pairs = zip(everybody[0], theirs)
            name = next((a[0] for a, b in pairs if a != b), "the number of parameters")
            raise ValueError(f"{name} is another one on rank {rank} than on rank 0; all must start from one model")


def _checksum(parameter: Tensor) -> int:
    if parameter.is_meta:
        return 0
    return zlib.crc32(parameter.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
