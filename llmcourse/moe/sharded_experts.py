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

import functools
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from llmcourse.distributed.flat import square_sum
from llmcourse.distributed.fsdp2 import FSDP2, cut_of, mixed_precision, require_processes
from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Processes
from llmcourse.moe.expert_parallel import AllToAll, mixtures
from llmcourse.optim.gradients import local_part


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
        replicas: Into how many equal parts the group is cut, of which each has the whole model.
        units, reshard_after_forward, precision, recompute, compiled: As for `FSDP2`.

    Raises:
        ValueError: The group is not made of all processes, `replicas` times `n_expert_ranks` does not divide it, or the
            experts of a layer cannot be spread evenly; nothing has been changed.

    Source: Rajbhandari et al., "DeepSpeed-MoE" (2022), section 5; Lepikhin et al., "GShard" (2020), section 3.
    """

    def __init__(
        self,
        model: nn.Module,
        group: Group,
        *,
        n_expert_ranks: int | None = None,
        replicas: int = 1,
        units: Sequence[nn.Module] | None = None,
        reshard_after_forward: bool = True,
        precision: str = "fp32",
        recompute: bool = False,
        compiled: bool = False,
    ):
        policy = mixed_precision(precision)
        mesh = expert_mesh(group, n_expert_ranks, replicas)
        neighbours = _along(mesh, "ep", group)
        layers = [(layer, AllToAll(neighbours, layer.config.n_experts)) for layer in mixtures(model)]
        for layer, dispatcher in layers:
            _spread(layer.experts, mesh["ep"])
            fully_shard(
                layer.experts,
                mesh=mesh["replicate", "efsdp"] if replicas > 1 else mesh["efsdp"],
                mp_policy=policy,
                reshard_after_forward=reshard_after_forward,
                shard_placement_fn=functools.partial(cut_of, n_shards=mesh["efsdp"].size()),
            )
            layer.dispatcher, layer.balance_group = dispatcher, group
        # What is sharded already stays what it is, and no part of the units around it.
        self._everything = FSDP2(
            model, group, units=units, reshard_after_forward=reshard_after_forward, precision=precision,
            replicas=replicas, recompute=recompute, compiled=compiled,
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
        grads = [parameter.grad for parameter in self.parameters() if parameter.grad is not None]
        copies = [_copies(grad, self.group.size) for grad in grads]
        parts = [local_part(grad) for grad in grads]
        return clip_across_meshes(parts, copies, math.inf if max_norm is None else max_norm, self.group)

    def full_weights(self) -> dict[str, Tensor]:
        """The whole weights, gathered; every process must ask."""
        return self._everything.full_weights()


def clip_across_meshes(gradients: Sequence[Tensor], copies: Sequence[int], max_norm: float, group: Group) -> float:
    """Scale one rank's part of the gradients, in place, so that the norm of all gradients is at most `max_norm`.

    In a model that lies on ranks in several ways, some gradients are cut over all ranks, experts over some of them with
    the same part on others, and a few are whole everywhere. The norm is that of the whole gradients, each number in it
    once. A rank knows its own parts, and of each how many ranks hold the same numbers: the sum over all ranks of the
    squares, each divided by the number of its copies, has every number once. All ranks send one message, of one number
    (`group.sum`), also a rank that has no gradient, and scale by the same factor: `max_norm` / norm where the norm is
    larger, else 1.

    Squares are taken and summed in float32 at least, whatever the dtype of the gradients. A norm that is infinite or
    NaN, on whichever rank it arose, is returned as it is on every rank; the gradients are then of no use.

    Args:
        gradients: This rank's parts, of any shapes and floating dtypes; also of no elements. The ranks may have
            different numbers of them.
        copies: For each of them, how many ranks of the group hold the same numbers, this one included: 1 where nobody
            else does, the size of the group for one that is whole on every rank.
        max_norm: The largest norm that is allowed, above 0; infinity measures and changes nothing.
        group: Who takes part; all call this at the same time.

    Returns:
        The norm before, a Python float, the same on every rank.

    Raises:
        ValueError: `max_norm` is not above 0, there are not as many `copies` as gradients, or one of them is not from 1
            to the size of the group; the message names the value, or both numbers, and nothing has been sent.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> two, four, one = torch.tensor([2.0]), torch.tensor([4.0]), torch.tensor([1.0])  # the last on both ranks
        >>> rows = [([two, one], [1, 2], 9.0), ([four, one], [1, 2], 9.0)]
        >>> [round(norm, 4) for norm in rehearse(clip_across_meshes, rows).results]  # of 4 + 16 + 1
        [4.5826, 4.5826]
        >>> clip_across_meshes([four], [1], 1.0, Group()), four
        (4.0, tensor([1.]))

    Source: Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks" (2013), algorithm 1.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm!r}; it must be above 0")
    if len(copies) != len(gradients):
        raise ValueError(f"copies has {len(copies)} numbers; it must have {len(gradients)}, one for each gradient")
    if wrong := [n for n in copies if not 1 <= n <= group.size]:
        raise ValueError(f"copies has {wrong[0]!r}; it must be from 1 to {group.size}, the size of the group")
    norm = math.sqrt(group.sum(sum(square_sum([part]) / n for part, n in zip(gradients, copies))))
    if norm > max_norm:
        for part in gradients:
            part.mul_(max_norm / norm)
    return norm


def _copies(grad: Tensor, n_ranks: int) -> int:
    """How many of all ranks hold the same numbers of a gradient as this one."""
    if not isinstance(grad, DTensor):
        return n_ranks
    mesh = grad.device_mesh
    spread = [mesh.size(i) for i, place in enumerate(grad.placements) if not place.is_replicate()]
    return n_ranks // math.prod(spread)


def rank_grid(n_ranks: int, n_expert_ranks: int = 1, replicas: int = 1) -> Tensor:
    """Which rank stands where, when some ranks hold copies of the model, some shards of it, and some its experts.

    The ranks are laid out in their order, the last dimension first: neighbours in the order of the ranks have
    neighbouring experts, for these talk in every layer and should be on one machine; replicas, which talk once a step,
    are as far apart as they can be.

    Args:
        n_ranks: How many ranks there are.
        n_expert_ranks: Over how many of them the experts of a layer are spread.
        replicas: How many copies of the whole model there are.

    Returns:
        The ranks 0 to `n_ranks` - 1, int64, of shape (`replicas`, S, `n_expert_ranks`), where S is what is left. Entry
        (r, s, e) is the rank with shard s of part e of the experts in copy r. The S times `n_expert_ranks` ranks of a
        copy share all that is no expert.

    Raises:
        ValueError: A number is below 1, or `replicas` times `n_expert_ranks` does not divide `n_ranks`; the message
            names the three numbers.

    Example:
        >>> rank_grid(8, n_expert_ranks=2, replicas=2).tolist()
        [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
        >>> rank_grid(8, n_expert_ranks=2)[0, :, 1].tolist()  # who has the second half of the experts
        [1, 3, 5, 7]
    """
    each = n_expert_ranks * replicas
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % each:
        raise ValueError(
            f"n_expert_ranks is {n_expert_ranks!r} and replicas is {replicas!r}; both must be at least 1, and their "
            f"product must divide the {n_ranks!r} ranks"
        )
    return torch.arange(n_ranks).view(replicas, n_ranks // each, n_expert_ranks)


def expert_mesh(group: Group, n_expert_ranks: int | None = None, replicas: int = 1) -> DeviceMesh:
    """The processes as a grid with the dimensions "replicate", "efsdp" and "ep", as `rank_grid` lays them out.

    Raises:
        ValueError: The group is not made of all processes, or cannot be cut into rows of that length.
    """
    require_processes(group, "expert_parallel")
    if n_expert_ranks is None:
        n_expert_ranks = max(1, group.size // max(1, replicas))
    grid = rank_grid(group.size, n_expert_ranks, replicas)
    if group.size != dist.get_world_size():
        raise ValueError(f"the group has {group.size} processes; it must have all {dist.get_world_size()} for a grid")
    return DeviceMesh(group.device.type, grid, mesh_dim_names=("replicate", "efsdp", "ep"))


def _along(mesh: DeviceMesh, name: str, group: Group) -> Group:
    """The processes of this one's row or column, as a part of the group."""
    link = Processes(mesh.get_group(name))
    return replace(group, rank=mesh.get_local_rank(name), size=link.size, link=link)


def _spread(experts: nn.Module, mesh: DeviceMesh) -> None:
    """Cut the stacked weights by expert: each rank of the mesh keeps its part."""
    for name, weight in list(experts.named_parameters()):
        part = distribute_tensor(weight.detach(), mesh, [Shard(0)])
        setattr(experts, name, nn.Parameter(part, requires_grad=weight.requires_grad))
