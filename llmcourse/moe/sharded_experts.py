"""Experts spread over ranks, all else sharded: expert parallelism and FSDP2 at once, as a `Strategy` (chapter 6).

The ranks form a grid. Along a row of it ("ep") the experts are spread, and tokens travel; down a column ("efsdp") all
ranks have the same experts, and keep a shard of their weights each. Whatever is no expert knows nothing of the grid: it
is sharded over all ranks.

    4 ranks, 8 experts, n_expert_ranks=2
                  ep 0              ep 1
    efsdp 0   rank 0: 0 to 3    rank 1: 4 to 7       tokens travel along rows,
    efsdp 1   rank 2: 0 to 3    rank 3: 4 to 7       gradients of experts are summed down columns
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Shard, distribute_tensor

from llmcourse.distributed.fsdp2 import FSDP2, mixed_precision, require_processes
from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Processes
from llmcourse.moe.expert_parallel import AllToAll, mixtures


class ExpertParallel:
    """A model with experts on many processes: `FSDP2`, but that each rank computes with some of the experts only.

    The balancing losses count the tokens of all processes. The gradients of an expert are summed twice: over the ranks
    whose tokens travel to it, by the travelling itself, and over those that have the same experts, by FSDP2. Clipping
    combines the norms of both kinds of parameters.

    Args:
        model: The same on every process; changed in place. It has at least one `MoE`.
        group: Who takes part: all processes.
        n_expert_ranks: Over how many ranks the experts of a layer are spread, neighbours in the order of the ranks:
            they should be on one machine, for tokens travel between them in every layer. None for all.
        units, reshard_after_forward, precision, recompute: As for `FSDP2`.

    Raises:
        ValueError: The group is not made of all processes, `n_expert_ranks` does not divide it, or the experts of a
            layer cannot be spread evenly; nothing has been changed.

    Source: Rajbhandari et al., "DeepSpeed-MoE" (2022), section 5; Lepikhin et al., "GShard" (2020), section 3.
    """

    def __init__(
        self,
        model: nn.Module,
        group: Group,
        *,
        n_expert_ranks: int | None = None,
        units: Sequence[nn.Module] | None = None,
        reshard_after_forward: bool = True,
        precision: str = "fp32",
        recompute: bool = False,
    ):
        policy = mixed_precision(precision)
        mesh = expert_mesh(group, n_expert_ranks)
        neighbours = _along(mesh, "ep", group)
        layers = [(layer, AllToAll(neighbours, layer.config.n_experts)) for layer in mixtures(model)]
        for layer, dispatcher in layers:
            _spread(layer.experts, mesh["ep"])
            fully_shard(
                layer.experts, mesh=mesh["efsdp"], mp_policy=policy, reshard_after_forward=reshard_after_forward
            )
            layer.dispatcher, layer.balance_group = dispatcher, group
        # What is sharded already stays what it is, and no part of the units around it.
        self._everything = FSDP2(
            model, group, units=units, reshard_after_forward=reshard_after_forward, precision=precision,
            recompute=recompute,
        )  # fmt: skip
        self.model, self.group = model, group

    def parameters(self) -> Iterator[Tensor]:
        """The model's parameters, `DTensor`s of two meshes."""
        return self._everything.parameters()

    def no_sync(self) -> AbstractContextManager[None]:
        """As `FSDP2.no_sync`; tokens travel all the same."""
        return self._everything.no_sync()

    def finish(self) -> None:
        """Nothing: the backward pass ends when its messages have come."""

    def clip(self, max_norm: float | None) -> float:
        """Scale all gradients by one factor, from one norm: that of experts and all else together."""
        return self._everything.clip(max_norm)

    def full_weights(self) -> dict[str, Tensor]:
        """The whole weights, gathered; every process must ask."""
        return self._everything.full_weights()


def expert_mesh(group: Group, n_expert_ranks: int | None = None) -> DeviceMesh:
    """The processes as a grid with the dimensions "efsdp" and "ep": neighbours in the order of the ranks share a row.

    Raises:
        ValueError: The group is not made of all processes, or cannot be cut into rows of that length.
    """
    require_processes(group, "expert_parallel")
    n = group.size if n_expert_ranks is None else n_expert_ranks
    if n < 1 or group.size % n:
        raise ValueError(f"n_expert_ranks is {n!r}; it must divide the {group.size} processes of the group")
    if group.size != dist.get_world_size():
        raise ValueError(f"the group has {group.size} processes; it must have all {dist.get_world_size()} for a grid")
    return init_device_mesh(group.device.type, (group.size // n, n), mesh_dim_names=("efsdp", "ep"))


def _along(mesh: DeviceMesh, name: str, group: Group) -> Group:
    """The processes of this one's row or column, as a part of the group."""
    link = Processes(mesh.get_group(name))
    return replace(group, rank=mesh.get_local_rank(name), size=link.size, link=link)


def _spread(experts: nn.Module, mesh: DeviceMesh) -> None:
    """Cut the stacked weights by expert: each rank of the mesh keeps its part."""
    for name, weight in list(experts.named_parameters()):
        part = distribute_tensor(weight.detach(), mesh, [Shard(0)])
        setattr(experts, name, nn.Parameter(part, requires_grad=weight.requires_grad))
