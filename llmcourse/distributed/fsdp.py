"""Fully sharded data parallelism: every rank keeps a shard of everything, and sees a whole layer only while it uses it
(chapter 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from llmcourse.distributed.flat import shard
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.shards import Shards, compute_dtype, require_same_models
from llmcourse.distributed.units import Unit, free_unit, gather_unit, split_parameters
from llmcourse.distributed.zero import modules_with_parameters

Fill = Callable[[str, Tensor], object]
"""Gives a parameter, known by its name, its first value, in place."""


class Layer:
    """A module whose parameters come before it is used and go afterwards.

    Attributes:
        units: Its parameters: trained ones, frozen ones.
        is_root: Whether it is the whole model, whose own parameters stay until the backward pass is over.
        in_backward: Whether the backward pass has reached it, so that a forward pass is one that is computed again.
        to_send: Whether its gradients are still to be sent.
    """

    def __init__(self, module: nn.Module, units: list[Unit], is_root: bool) -> None:
        self.module, self.units, self.is_root = module, units, is_root
        self.in_backward = self.to_send = False


class FullySharded:
    """A model of which every rank keeps a shard; a `Strategy`.

    The plan, for each layer (a module of `units`; what is in none of them belongs to the model itself):

    1. Before its forward pass its parameters are gathered; after it their memory is given back.
    2. When the backward pass reaches its outputs, they are gathered again.
    3. When the gradient of its inputs is there, its gradients are summed with one reduce-scatter, of which each rank
       keeps its shard, and the parameters' memory is given back for good.

    While a layer computes, the next ones are being gathered already: `prefetch` of them. The model's own parameters
    (embedding, last norm, output) stay from the beginning of the forward pass until `finish`.

    Every rank must use the same layers in the same order. A parameter that a rank does not use counts as zeros there.

    Args:
        model: The same on every rank, or on the meta device, with `fill`.
        group: Who takes part.
        units: Modules, in the order of the forward pass; None for the elements of every `nn.ModuleList`.
        reshard_after_forward: False keeps the layers whole from forward to backward: more memory, a message less.
        precision: "fp32", or "bf16": the parameters are gathered and used as bfloat16; shards, and the sums of
            gradients, stay float32.
        prefetch: How many layers ahead are gathered, 0 for none.
        fill: For a model on the meta device: called with each parameter's name and the whole parameter, on the group's
            device, which it gives its first value; the same on every rank.

    Raises:
        ValueError: A setting is unknown, the models differ, or a parameter is in two units.

    Example:
        >>> sharded = FullySharded(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)), units=[])
        >>> optimizer = torch.optim.SGD(sharded.parameters(), lr=1.0)
        >>> sharded.model(torch.ones(1, 2)).sum().backward()
        >>> sharded.finish()
        >>> [tuple(piece.grad.shape) for piece in sharded.parameters()]
        [(4,), (2,), (2,), (1,)]

    Source: Rajbhandari et al., "ZeRO" (2020), section 5.3; Zhao et al., "PyTorch FSDP" (2023), section 3.
    """

    def __init__(
        self,
        model: nn.Module,
        group: Group = ALONE,
        units: Sequence[nn.Module] | None = None,
        reshard_after_forward: bool = True,
        precision: str = "fp32",
        prefetch: int = 1,
        fill: Fill | None = None,
    ) -> None:
        if isinstance(prefetch, bool) or not isinstance(prefetch, int) or prefetch < 0:
            raise ValueError(f"prefetch is {prefetch!r}; it must be a whole number of at least 0")
        dtype = compute_dtype(precision)
        require_same_models(model, group)
        self.model, self.group = model, group
        self.reshard_after_forward, self.prefetch, self.dtype = reshard_after_forward, prefetch, dtype
        self.layers = []
        for module, own in modules_with_parameters(model, units):
            made = [_sharded_unit(model, named, group, dtype, fill) for named in split_parameters(own)]
            self.layers.append(Layer(module, made, module is model))
        self.root = next((layer for layer in self.layers if layer.is_root), Layer(model, [], True))
        self.inner = [layer for layer in self.layers if not layer.is_root]
        self.shards = Shards(model, [unit for layer in self.layers for unit in layer.units], group)
        for place, layer in enumerate([*self.inner, self.root]):
            self._hook(layer, -1 if layer.is_root else place)
        for module in model.modules():
            if type(module) is nn.Linear:
                module.register_forward_pre_hook(_called_by_itself)

    def _hook(self, layer: Layer, place: int) -> None:
        def before(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            return self._before_forward(layer, place, args, kwargs)

        def after(module: nn.Module, args: tuple, output: Any) -> None:
            self._after_forward(layer, place, output)

        layer.module.register_forward_pre_hook(before, with_kwargs=True, prepend=True)
        layer.module.register_forward_hook(after, always_call=False)

    # What the training step asks for.

    def parameters(self) -> Iterator[Tensor]:
        """This rank's slices of the parameters, float32 in mixed precision too."""
        return iter(self.shards.slices.values())

    def no_sync(self) -> AbstractContextManager[None]:
        """A context for backward passes whose gradients stay here, whole, until one outside of it sends all of them."""
        return self.shards.no_sync()

    def zero_grad(self) -> None:
        """Forget all gradients, also those of a backward pass in `no_sync` that were never sent."""
        self.shards.drop()
        for layer in self.layers:
            layer.to_send = False

    def finish(self) -> None:
        """Wait until the gradients of `parameters()` are the sums over all ranks; nothing is whole afterwards."""
        for layer in [*reversed(self.inner), self.root]:
            self._send(layer)
            self._free(layer)
        self.shards.keep()

    def clip(self, max_norm: float | None) -> float:
        """Scale the gradients so that the norm of all of them, over all ranks, is at most `max_norm`."""
        return self.shards.clip(max_norm)

    def full_weights(self) -> dict[str, Tensor]:
        """The whole model's weights by name, on every rank: copies, in the shards' precision."""
        return self.shards.full_weights()

    # What happens around a layer.

    def _before_forward(self, layer: Layer, place: int, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        if layer.is_root and torch.is_grad_enabled():
            self.shards.begin()
            for each in self.layers:  # a backward pass that was given up leaves its mark
                each.in_backward = False
        self._gather(layer, range(place + 1, place + 1 + self.prefetch))
        if not torch.is_grad_enabled() or layer.in_backward:
            return args, kwargs
        layer.to_send = True
        args, kwargs = _widened((args, kwargs), self.dtype) if layer.is_root else (args, kwargs)
        return (args, kwargs) if layer.is_root else _with_hook((args, kwargs), lambda: self._after_backward(layer))

    def _after_forward(self, layer: Layer, place: int, output: Any) -> None:
        outputs = [leaf for leaf in tree_flatten(output)[0] if isinstance(leaf, Tensor) and leaf.requires_grad]
        will_go_back = bool(outputs) and torch.is_grad_enabled()
        if will_go_back and not layer.in_backward:
            torch.autograd.graph.register_multi_grad_hook(
                outputs, lambda _: self._before_backward(layer, place), mode="any"
            )
        stays = layer.is_root or not self.reshard_after_forward
        if not layer.in_backward and not (stays and will_go_back):
            self._free(layer)

    def _before_backward(self, layer: Layer, place: int) -> None:
        layer.in_backward = True
        place = len(self.inner) if layer.is_root else place
        self._gather(layer, range(place - 1, place - 1 - self.prefetch, -1))

    def _after_backward(self, layer: Layer) -> None:
        self._send(layer)
        self._free(layer)

    # What is done there.

    def _gather(self, layer: Layer, ahead: range) -> None:
        """Make a layer's parameters ready, and start to gather those of the layers at some places."""
        for unit in layer.units:
            gather_unit(unit, self.group)
        for place in ahead:
            if 0 <= place < len(self.inner):
                for unit in self.inner[place].units:
                    gather_unit(unit, self.group)
        for unit in layer.units:
            unit.use()

    def _free(self, layer: Layer) -> None:
        layer.in_backward = False
        for unit in layer.units:
            free_unit(unit)

    def _send(self, layer: Layer) -> None:
        if layer.to_send and self.shards.is_syncing:
            for unit in layer.units:
                if unit.is_trained:
                    self.shards.send(unit)
            layer.to_send = False


def _called_by_itself(module: nn.Module, args: tuple) -> None:
    """A hook that says: call this layer. Who joins its weights with others keeps a copy of them for the backward pass,
    and copies of all layers are the whole model."""


class _Passing(torch.autograd.Function):
    """Passes tensors on, and calls something when the backward pass comes by."""

    @staticmethod
    def forward(ctx: Any, then: Callable[[], None], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.then = then
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        ctx.then()
        return None, *grads


def _with_hook(values: Any, then: Callable[[], None]) -> Any:
    """The same values; `then` is called in the backward pass when the gradient of all tensors in them is there."""
    leaves, form = tree_flatten(values)
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.requires_grad]
    if places:
        for i, passed in zip(places, _Passing.apply(then, *(leaves[i] for i in places))):
            leaves[i] = passed
    return tree_unflatten(leaves, form)


def _widened(values: Any, dtype: torch.dtype | None) -> Any:
    """The same values, their floating-point tensors in another dtype."""
    if dtype is None:
        return values
    leaves, form = tree_flatten(values)
    made = [leaf.to(dtype) if isinstance(leaf, Tensor) and leaf.is_floating_point() else leaf for leaf in leaves]
    return tree_unflatten(made, form)


def _sharded_unit(
    model: nn.Module, named: dict[str, nn.Parameter], group: Group, dtype: torch.dtype | None, fill: Fill | None
) -> Unit:
    """A unit of this rank's shards; of parameters on the meta device, one is whole at a time."""
    if next(iter(named.values())).is_meta:
        if fill is None:
            raise ValueError(f"{next(iter(named))} is on the meta device; it must have a value, or `fill` be given")
        named = _materialised(model, named, group.device, fill)
    first = next(iter(named.values()))
    part = shard([parameter.detach() for parameter in named.values()], group.rank, group.size)
    return Unit(named, part, group.rank, group.size, dtype if first.is_floating_point() else None)


def _materialised(
    model: nn.Module, named: dict[str, nn.Parameter], device: torch.device, fill: Fill
) -> dict[str, nn.Parameter]:
    """Real parameters in the place of those on the meta device, wherever in the model they are used."""
    places = [(module, name, id(p)) for module in model.modules() for name, p in module._parameters.items()]
    made = {}
    for name, old in named.items():
        new = torch.empty_like(old, device=device)
        with torch.no_grad():
            fill(name, new)
        made[name] = nn.Parameter(new, requires_grad=old.requires_grad)
        for module, own_name, identity in places:
            if identity == id(old):
                setattr(module, own_name, made[name])
    return made
