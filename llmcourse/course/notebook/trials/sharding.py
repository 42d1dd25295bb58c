"""The pieces of sharding at work, on one rank of a rehearsal (chapter 4)."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.distributed.units import Unit


def stepped(
    piece: Callable[..., None],
    params: Sequence[Tensor],
    grads: Sequence[Tensor],
    m: Tensor,
    v: Tensor,
    step: int,
    settings: tuple[float, tuple[float, float], float, float],
    group: Group,
) -> dict[str, Any]:
    """One step of `sharded_adamw_step` on copies, as a model has them: parameters that want a gradient.

    Returns:
        "params", "m", "v", "grads": what these memories hold afterwards. "in place": whether the parameters still lie
        in theirs. "returned": whether anything was.
    """
    params, grads = [nn.Parameter(param.clone()) for param in params], [grad.clone() for grad in grads]
    given = list(params)
    memories = [param.detach() for param in params]
    m, v = m.clone(), v.clone()
    returned = piece(given, grads, m, v, step, *settings, group)
    in_place = all(param.data_ptr() == memory.data_ptr() for param, memory in zip(params, memories))
    return {"params": memories, "m": m, "v": v, "grads": grads, "in place": in_place, "returned": returned is not None}


class _Overheard:
    """A link that counts what is gathered as values, which no traffic notes."""

    def __init__(self, link: Any):
        self._link, self.n_bytes = link, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def gather_objects(self, value: Any) -> list[Any]:
        """As the link does."""
        self.n_bytes += len(pickle.dumps(value))
        return self._link.gather_objects(value)


def norm_of_streams(
    piece: Callable[..., float], shards: Iterable[Tensor], replicated: Iterable[Tensor], group: Group
) -> tuple[Any, int]:
    """`sharded_norm` of tensors that can be read once, and how many bytes this rank has told the others."""
    overheard = _Overheard(group.link)
    norm = piece(iter(shards), iter(replicated), replace(group, link=overheard))
    noted = 0 if group.traffic is None else sum(event.n_bytes for event in group.traffic)
    return norm, overheard.n_bytes + noted


def _unit(part: Tensor, shapes: Sequence[Sequence[int]], narrow: bool, group: Group) -> Unit:
    named = {f"p{i}": nn.Parameter(part.new_zeros(tuple(shape))) for i, shape in enumerate(shapes)}
    return Unit(named, part.clone(), group.rank, group.size, torch.bfloat16 if narrow else None)


def _n_messages(group: Group) -> int:
    return 0 if group.traffic is None else len(group.traffic)


def _has_waited(group: Group) -> bool:
    return group.traffic is not None and any(event.waited_s is not None for event in group.traffic)


def gathered(
    piece: Callable[[Unit, Group], None], part: Tensor, shapes: Sequence[Sequence[int]], narrow: bool, group: Group
) -> dict[str, Any]:
    """Gather a unit, ask twice more, forget it and gather it again.

    Args:
        piece: `gather_unit`.
        part: This rank's shard.
        shapes: Of the parameters.
        narrow: Whether the whole is bfloat16.
        group: This rank's.

    Returns:
        "messages": how many had been started after the first, the second and the third call, the last one when the unit
        was whole, and after it was gathered once more. "waited": whether the piece did. "is whole": whether it said so
        before the wait. "storage": whether `whole` has its storage still. "bytes": how many that has got. "values": the
        parameters. "dtype": theirs. "part": the shard. "again": the parameters when they were gathered again, from a
        shard twice as large.
    """
    unit = _unit(part, shapes, narrow, group)
    whole, place = unit.whole, unit.whole.untyped_storage()._cdata
    piece(unit, group)
    found: dict[str, Any] = {"messages": [_n_messages(group)], "waited": _has_waited(group), "is whole": unit.is_whole}
    piece(unit, group)
    found["messages"].append(_n_messages(group))
    found["pending"] = unit.pending is not None and hasattr(unit.pending, "wait")
    found["storage"] = unit.whole is whole and whole.untyped_storage()._cdata == place
    found["bytes"] = whole.untyped_storage().nbytes()
    has_room = found["bytes"] >= whole.numel() * whole.element_size()  # else a message would write beyond it
    if not (found["pending"] and found["storage"] and has_room):
        return found
    unit.use()
    found |= {
        "dtype": str(unit.parameters[0].dtype),
        "part": unit.part.clone(),
    }
    found["values"] = [parameter.detach().clone() for parameter in unit.parameters]
    piece(unit, group)
    found["messages"].append(_n_messages(group))
    if unit.pending is not None:  # its memory must not go while a message writes to it
        unit.use()
        return found
    unit.blank()
    whole.untyped_storage().resize_(0)
    unit.is_whole = False
    with torch.no_grad():
        unit.part.mul_(2)
    piece(unit, group)
    if unit.pending is not None:
        unit.use()
        found["again"] = [parameter.detach().clone() for parameter in unit.parameters]
    found["messages"].append(_n_messages(group))
    found["storage"] = unit.whole is whole and whole.untyped_storage()._cdata == place
    return found


def freed(
    piece: Callable[[Unit], None], part: Tensor, shapes: Sequence[Sequence[int]], state: str, group: Group
) -> dict[str, Any]:
    """Free a unit that is "whole", "pending" (being gathered) or "freed" already.

    Returns:
        "bytes": of the storage afterwards. "elements": of the whole. "storage": whether it is the same one. "is
        whole", "is pending": what the unit says. "has waited": whether a message was waited for. "nan": whether every
        parameter is. "shapes": theirs. "same": whether the module still has the same parameters. "shared": whether a
        parameter still looks at the storage. "part": the shard. "again": the parameters when they are put back by hand,
        in the same storage.
    """
    unit = _unit(part, shapes, False, group)
    whole, place = unit.whole, unit.whole.untyped_storage()._cdata
    size = whole.numel() * whole.element_size()
    if state != "freed":
        whole.untyped_storage().resize_(size)
        unit.pending = group.all_gather(unit.part, out=whole)
    if state == "whole":
        unit.use()
    parameters = list(unit.parameters)
    piece(unit)
    found: dict[str, Any] = {
        "bytes": unit.whole.untyped_storage().nbytes(),
        "elements": unit.whole.numel(),
        "storage": unit.whole is whole and whole.untyped_storage()._cdata == place,
        "is whole": unit.is_whole,
        "is pending": unit.pending is not None,
        "has waited": state != "pending" or group.size == 1 or _has_waited(group),  # one rank alone notes nothing
        "same": len(parameters) == len(unit.parameters) and all(map(_is, parameters, unit.parameters)),
        "shared": any(p.untyped_storage()._cdata == place for p in unit.parameters if p.numel()),
        "shapes": [tuple(parameter.shape) for parameter in unit.parameters],
        "part": unit.part,
    }
    found["nan"] = not found["shared"] and all(bool(parameter.isnan().all()) for parameter in unit.parameters)
    if found["storage"] and found["elements"] * whole.element_size() == size:
        whole.untyped_storage().resize_(size)
        whole.copy_(group.all_gather(unit.part).wait())
        unit.point()
        found["again"] = [parameter.detach().clone() for parameter in unit.parameters]
    return found


def _is(one: Any, other: Any) -> bool:
    return one is other
