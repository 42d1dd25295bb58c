"""What a sharded checkpoint holds of a model and its optimizer: tensors by name, and all else as plain values.

The optimizer's own state is taken, under the names of the parameters. PyTorch's `get_optimizer_state_dict` would train
a fresh optimizer by one step, and gives a parameter that never had a gradient a state that it does not have.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.files import CheckpointError
from llmcourse.model.weights import COMPILED, named_weights
from llmcourse.values import plain

MODEL, STATE = "model.", "state."


def tensors_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The tensors of a run by name: `model.WEIGHT`, and `state.KEY.PARAMETER` for what the optimizer keeps.

    Raises:
        ValueError: The optimizer steps a tensor that is no parameter of the model.

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
    tensors = {MODEL + name: weight for name, weight in named_weights(model).items()}
    for name, state in _state_by_name(model, optimizer).items():
        tensors |= {f"{STATE}{key}.{name}": value for key, value in state.items() if isinstance(value, Tensor)}
    return tensors


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
    weights = {MODEL + name: weight for name, weight in named_weights(model).items()}
    theirs = {name: tuple(entry.size) for name, entry in saved.items() if name.startswith(MODEL)}
    ours = {name: tuple(weight.shape) for name, weight in weights.items()}
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            raise CheckpointError(
                f"{where} is of another model: {name.removeprefix(MODEL)} is {theirs.get(name, 'not there')} in it and "
                f"{ours.get(name, 'not there')} in the model"
            )
    parameters = {name: parameter for parameter, name in _names(model).items()}
    room = dict(weights)
    for name, entry in saved.items():
        if name.startswith(STATE):
            parameter = parameters[name.split(".", 2)[2]].detach()
            is_alike = parameter.dim() > 0 and entry.size == parameter.shape
            make = torch.zeros_like(parameter) if is_alike else torch.zeros(entry.size, device=parameter.device)
            room[name] = make.to(entry.properties.dtype)
    return room


def restore_optimizer(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    tensors: Mapping[str, Tensor],
    values: Mapping[str, Any],
) -> None:
    """Put what `tensors_of` and `values_of` have given into an optimizer over the same parameters."""
    numbers = {name: i for i, name in enumerate(name for entry in values["groups"] for name in entry["params"])}
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if name.startswith(STATE):
            _, key, parameter = name.split(".", 2)
            state.setdefault(numbers[parameter], {})[key] = tensor
    for parameter, rest in values["numbers"].items():
        state.setdefault(numbers[parameter], {}).update(rest)
    groups = [
        {key: _like(own.get(key), value) for key, value in saved.items()}
        | {"params": [numbers[name] for name in saved["params"]]}
        for own, saved in zip(optimizer.param_groups, values["groups"], strict=True)
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def require_same_groups(
    model: nn.Module, optimizer: torch.optim.Optimizer, values: Mapping[str, Any], where: object
) -> None:
    """Refuse an optimizer whose groups are other ones than those of a checkpoint.

    Raises:
        CheckpointError: They are; the message names a parameter that is in another place.
    """
    names = _names(model)
    ours = [[names[parameter] for parameter in entry["params"]] for entry in optimizer.param_groups]
    theirs = [entry["params"] for entry in values["groups"]]
    if ours != theirs:
        place = {(i, name) for i, part in enumerate(ours) for name in part}
        unlike = sorted(place ^ {(i, name) for i, part in enumerate(theirs) for name in part})
        told = f"{unlike[0][1]} is in group {unlike[0][0]} of one only" if unlike else "the order is another"
        raise CheckpointError(f"{where} is of another optimizer: {told}")


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
    """A model's parameters with the names of `named_weights`; one that is tied has its first."""
    return {parameter: name.replace(COMPILED, "") for name, parameter in model.named_parameters()}


def _state_by_name(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, dict[str, Any]]:
    names = _names(model)
    if any(parameter not in names for entry in optimizer.param_groups for parameter in entry["params"]):
        raise ValueError("the optimizer steps a tensor that is no parameter of the model; it must step the model's own")
    return {names[parameter]: state for parameter, state in optimizer.state.items()}


def _like(ours: Any, saved: Any) -> Any:
    """A saved setting of an optimizer: a tuple where it has one, for JSON knows lists only."""
    return tuple(saved) if isinstance(ours, tuple) and isinstance(saved, list) else saved


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
