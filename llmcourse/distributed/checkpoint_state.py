"""What a sharded checkpoint holds of a model and its optimizer: tensors by name, and all else as plain values.

The optimizer's own state is taken, under the names of the parameters. PyTorch's `get_optimizer_state_dict` would train
a fresh optimizer by one step, and gives a parameter that never had a gradient a state that it does not have.

Of a model that `Zero` or `FullySharded` has cut, this rank's slices stand in the place of the weights, and `places_of`
says where each of them belongs.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.distributed.flat import Place
from llmcourse.distributed.group import Group
from llmcourse.distributed.shards import shards_of
from llmcourse.files import CheckpointError
from llmcourse.model.weights import COMPILED, named_weights, unwrapped
from llmcourse.values import plain

MODEL, STATE = "model.", "state."


def tensors_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The tensors of a run by name: `model.WEIGHT`, and `state.KEY.PARAMETER` for what the optimizer keeps.

    Raises:
        ValueError: The optimizer steps a tensor that is no parameter of the model, or keeps something of a slice that
            cannot be cut as the slice is.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> optimizer = torch.optim.AdamW(model.parameters())
        >>> list(tensors_of(model, optimizer))
        ['model.weight']
        >>> model(torch.ones(1)).sum().backward()
        >>> optimizer.step()
        >>> list(tensors_of(model, optimizer))
        ['model.weight', 'state.step.weight', 'state.exp_avg.weight', 'state.exp_avg_sq.weight']
    """
    tensors = {MODEL + name: weight for name, weight in _weights(model).items()}
    for name, state in _state_by_name(model, optimizer).items():
        tensors |= {f"{STATE}{key}.{name}": value for key, value in state.items() if isinstance(value, Tensor)}
    slices = _slices(model)
    for name, tensor in tensors.items():
        piece, _ = slices.get(_weight_of(name), (tensor, None))
        if tensor.dim() and tensor.shape != piece.shape:
            raise ValueError(
                f"{name} is of the shape {tuple(tensor.shape)}; it must be a single number or {tuple(piece.shape)}, as "
                "the slice of the weight is"
            )
    return tensors


def places_of(model: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Place]:
    """Which of the tensors of a run are slices, and where these stand.

    Args:
        model: Whose weights they are.
        tensors: As `tensors_of` or `room_for` gives them.

    Example:
        >>> from llmcourse.distributed.fsdp import FullySharded
        >>> sharded = FullySharded(nn.Linear(2, 3, bias=False))
        >>> optimizer = torch.optim.AdamW(sharded.parameters())
        >>> places_of(sharded.model, tensors_of(sharded.model, optimizer))
        {'model.weight': Place(shape=(3, 2), first=0, end=6)}
    """
    slices = _slices(model)
    found = {name: slices.get(_weight_of(name)) for name in tensors}
    return {name: sliced[1] for name, sliced in found.items() if sliced and tensors[name].shape == sliced[0].shape}


def values_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What a run has beside tensors: the optimizer's `groups`, and `numbers`, the rest of its state by parameter."""
    names = _names(model)
    states = _state_by_name(model, optimizer).items()
    numbers = {name: {k: plain(v) for k, v in state.items() if not isinstance(v, Tensor)} for name, state in states}
    groups = [plain({**entry, "params": [names[p] for p in entry["params"]]}) for entry in optimizer.param_groups]
    return {"groups": groups, "numbers": {name: rest for name, rest in numbers.items() if rest}}


def room_for(model: nn.Module, saved: Mapping[str, Any], where: object) -> dict[str, Tensor]:
    """Tensors to read a checkpoint into, by name: the model's own, and new ones for the optimizer's state.

    New ones are sharded as their parameter is, where they have its shape.

    Args:
        model: What will be restored.
        saved: DCP's metadata by name, with `size` and `properties`.
        where: The checkpoint, for messages.

    Raises:
        CheckpointError: It is of another model; nothing has been changed.
    """
    slices, weights = _slices(model), _weights(model)
    theirs = {name.removeprefix(MODEL): tuple(e.size) for name, e in saved.items() if name.startswith(MODEL)}
    ours = {n: slices[n][1].shape if n in slices else tuple(weight.shape) for n, weight in weights.items()}
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            raise CheckpointError(
                f"{where} is of another model: {name} is {theirs.get(name, 'not there')} in it and "
                f"{ours.get(name, 'not there')} in the model"
            )
    room = {MODEL + name: weight for name, weight in weights.items()}
    for name, entry in saved.items():
        if name.startswith(STATE):
            weight = weights[_weight_of(name)]
            if _weight_of(name) in slices and tuple(entry.size) not in ((), ours[_weight_of(name)]):
                raise CheckpointError(
                    f"{where} has {name} of the shape {tuple(entry.size)}; it must be {ours[_weight_of(name)]} or one "
                    "number, to be cut as the weight is"
                )
            # The count of steps is one number, also of a parameter that is one.
            is_alike = tuple(entry.size) == ours[_weight_of(name)] and not name.startswith(f"{STATE}step.")
            make = torch.zeros_like(weight) if is_alike else torch.zeros(entry.size, device=weight.device)
            room[name] = make.to(entry.properties.dtype)
    return room


def restore_optimizer(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    tensors: Mapping[str, Tensor],
    values: Mapping[str, Any],
) -> None:
    """Put what `tensors_of` and `values_of` have given into an optimizer over the same parameters, in any order."""
    names = _names(model)
    ours = [[names[parameter] for parameter in entry["params"]] for entry in optimizer.param_groups]
    numbers = {name: i for i, name in enumerate(name for part in ours for name in part)}
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if name.startswith(STATE):
            _, key, parameter = name.split(".", 2)
            state.setdefault(numbers[parameter], {})[key] = tensor
    for parameter, rest in values["numbers"].items():
        state.setdefault(numbers[parameter], {}).update(rest)
    groups = [
        own
        | {key: _like(own.get(key), value) for key, value in saved.items()}
        | {"params": [numbers[name] for name in part]}
        for own, saved, part in zip(optimizer.param_groups, values["groups"], ours, strict=True)
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def require_same_groups(
    model: nn.Module, optimizer: torch.optim.Optimizer, values: Mapping[str, Any], where: object
) -> None:
    """Refuse an optimizer whose groups have other parameters than those of a checkpoint.

    Raises:
        CheckpointError: They have; the message names a parameter that is in another place.
    """
    names = _names(model)
    ours = {(i, names[p]) for i, entry in enumerate(optimizer.param_groups) for p in entry["params"]}
    theirs = {(i, name) for i, entry in enumerate(values["groups"]) for name in entry["params"]}
    if unlike := sorted(ours ^ theirs):
        raise CheckpointError(f"{where} is of another optimizer: {unlike[0][1]} is in group {unlike[0][0]} of one only")


def require_agreement(tensors: Mapping[str, Tensor], group: Group) -> None:
    """Refuse tensors that should be the same on every rank and are not: DCP would keep any one of them.

    Raises:
        ValueError: On every rank; the message names a tensor and a rank.
    """
    sums = {name: zlib.crc32(_bytes(tensor)) for name, tensor in tensors.items()}
    told = group.gather(sums)
    for rank, other in enumerate(told):
        if unlike := [name for name in told[0].keys() | other.keys() if told[0].get(name) != other.get(name)]:
            raise ValueError(
                f"{min(unlike)} is not the same on rank 0 and rank {rank}; it must be, as it is not sharded: only one "
                "of them would be kept"
            )


def _names(model: nn.Module) -> dict[Tensor, str]:
    """What an optimizer steps, parameters or their slices, with the names of `named_weights`; one that is tied has its
    first."""
    shards = shards_of(model)
    stepped = unwrapped(model).named_parameters() if shards is None else shards.slices.items()
    return {parameter: name.replace(COMPILED, "") for name, parameter in stepped}


def _slices(model: nn.Module) -> dict[str, tuple[Tensor, Place]]:
    """What this rank has of each weight that lies in shards, by the weight's name; a tied one has several."""
    shards = shards_of(model)
    if shards is None:
        return {}
    slices, places = shards.slices, shards.places
    first = {id(parameter): name for name, parameter in shards.model.named_parameters()}
    weights = {name: first.get(id(weight)) for name, weight in shards.model.state_dict(keep_vars=True).items()}
    return {name.replace(COMPILED, ""): (slices[own], places[own]) for name, own in weights.items() if own is not None}


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """A model's weights and buffers by name, slices where it lies in shards."""
    return named_weights(model) | {name: piece.detach() for name, (piece, _) in _slices(model).items()}


def _weight_of(name: str) -> str:
    """The weight that a tensor of a run belongs to."""
    return name.removeprefix(MODEL) if name.startswith(MODEL) else name.split(".", 2)[2]


def _state_by_name(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, dict[str, Any]]:
    names = _names(model)
    if any(parameter not in names for entry in optimizer.param_groups for parameter in entry["params"]):
        own = "the model's own" if shards_of(model) is None else "the slices, which are the strategy's `parameters()`"
        raise ValueError(f"the optimizer steps a tensor that is no parameter of the model; it must step {own}")
    return {names[parameter]: state for parameter, state in optimizer.state.items()}


def _like(ours: Any, saved: Any) -> Any:
    """A saved setting of an optimizer: a tuple where it has one, for JSON knows lists only."""
    return tuple(saved) if isinstance(ours, tuple) and isinstance(saved, list) else saved


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
