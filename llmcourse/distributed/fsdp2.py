"""PyTorch's own ways to train one model on many processes, as a `Strategy`: DDP and FSDP2 (chapter 4).

Both average gradients unless told otherwise, and the course sums them. What it takes to tell them stands here, once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, OffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Processes
from llmcourse.model.weights import named_weights
from llmcourse.optim.gradients import PRECISIONS, clip_gradients


class TorchDDP:
    """A model under `torch.nn.parallel.DistributedDataParallel`, whose gradients are summed.

    DDP divides by the number of processes. A communication hook takes the place of its reduction and does not.

    Args:
        model: The same on every process (DDP sends rank 0's weights to all).
        group: Who takes part: real processes.
        options: For `DistributedDataParallel`, such as `bucket_cap_mb` or `find_unused_parameters`.

    Raises:
        ValueError: The group is not made of processes that `torch.distributed` has been started in.

    Source: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (2020).
    """

    def __init__(self, model: nn.Module, group: Group, **options: Any):
        processes = require_processes(group, "torch_ddp")
        self.group = group
        self.model = DistributedDataParallel(model, process_group=processes, **options)
        self.model.register_comm_hook(processes, _sum_bucket)

    def parameters(self) -> Iterator[Tensor]:
        """The model's parameters."""
        return self.model.parameters()

    def no_sync(self) -> AbstractContextManager[None]:
        """DDP's own context: gradients add up here until a backward pass outside of it sends them."""
        return self.model.no_sync()

    def finish(self) -> None:
        """Nothing: DDP's backward pass ends when its messages have come."""

    def clip(self, max_norm: float | None) -> float:
        """`clip_gradients`: every process has the same whole gradients."""
        return float(clip_gradients(self.parameters(), math.inf if max_norm is None else max_norm))

    def full_weights(self) -> dict[str, Tensor]:
        """Copies of the weights, named as in the model that was wrapped."""
        return {name: weight.detach().clone() for name, weight in named_weights(self.model.module).items()}


def _sum_bucket(group, bucket):  # type: ignore[no-untyped-def]
    # Without annotations: DDP reads them, and refuses the strings that they are in this module.
    work = dist.all_reduce(bucket.buffer(), group=group, async_op=True)
    return work.get_future().then(lambda done: done.value()[0])


class FSDP2:
    """A model under `torch.distributed.fsdp.fully_shard`, whose gradients are summed.

    Each unit's parameters are gathered by one message and freed again. Parameters that are no part of a unit, such as
    an embedding tied to the output layer, belong to the model itself, the outermost unit: a tied weight whose two
    owners are in different units is an error, but only in the first forward pass.

    Args:
        model: The same on every process. Changed in place: its parameters become `DTensor`s, of which each process
            keeps its rows.
        group: Who takes part: real processes.
        units: The granularity: the modules whose parameters travel together, inner ones before outer ones. None is the
            elements of every `nn.ModuleList`; an empty list makes the whole model one unit.
        reshard_after_forward: Whether a unit is freed after the forward pass and gathered again for the backward pass;
            what belongs to the model itself stays in any case.
        precision: "fp32", or "bf16" to compute in bfloat16; shards, gradients and their sums stay float32.
        replicas: Into how many equal parts the group is cut (hybrid sharding): each part has the whole model in shards,
            and shards of the same rows sum their gradients over the parts.
        recompute: Whether a unit keeps only its input for the backward pass, and computes the rest again.
        offload: Whether shards, gradients and optimizer state lie in the CPU's memory.
        compiled: Whether `torch.compile` is applied to each unit.

    Raises:
        ValueError: The group is not made of processes, `replicas` does not divide it, or the precision is unknown.

    Source: Zhao et al., "PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel" (2023); hybrid sharding is
    its section 3.2.2.
    """

    def __init__(
        self,
        model: nn.Module,
        group: Group,
        *,
        units: Sequence[nn.Module] | None = None,
        reshard_after_forward: bool = True,
        precision: str = "fp32",
        replicas: int = 1,
        recompute: bool = False,
        offload: bool = False,
        compiled: bool = False,
    ):
        mesh = make_mesh(group, replicas)
        self.model, self.group = model, group
        inner = listed_modules(model) if units is None else list(units)
        for unit in inner:
            if recompute:
                recompute_in_backward(unit)
            if compiled:
                unit.compile()
        shard = functools.partial(
            fully_shard,
            mesh=mesh,
            mp_policy=mixed_precision(precision),
            offload_policy=_offload_policy(offload, group),
            shard_placement_fn=functools.partial(cut_of, n_shards=group.size // replicas),
        )
        for unit in inner:
            shard(unit, reshard_after_forward=reshard_after_forward)
        # Freed at the end of the forward pass, it would be gathered again at once.
        shard(model, reshard_after_forward=False)
        sum_gradients_of(model)

    def parameters(self) -> Iterator[Tensor]:
        """The model's parameters, `DTensor`s."""
        return self.model.parameters()

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A context for backward passes whose gradients stay here, whole and out of reach of `zero_grad`.

        A backward pass outside of it must follow: what was kept here comes back in that one's gradients, whatever has
        been set to zero in between.
        """
        self.model.set_requires_gradient_sync(False)
        try:
            yield
        finally:
            self.model.set_requires_gradient_sync(True)

    def finish(self) -> None:
        """Nothing: the backward pass ends when its messages have come."""

    def clip(self, max_norm: float | None) -> float:
        """`clip_gradients`, which knows that each process has only a part of each gradient."""
        return float(clip_gradients(self.parameters(), math.inf if max_norm is None else max_norm))

    def full_weights(self) -> dict[str, Tensor]:
        """The whole weights, gathered; every process must ask."""
        return {name: _whole(weight).clone() for name, weight in named_weights(self.model).items()}


def listed_modules(model: nn.Module) -> list[nn.Module]:
    """The elements of every `nn.ModuleList`, inner ones before outer ones.

    Example:
        >>> [type(unit).__name__ for unit in listed_modules(nn.ModuleList([nn.Linear(1, 1), nn.ReLU()]))]
        ['ReLU', 'Linear']
    """
    return [unit for module in model.modules() if isinstance(module, nn.ModuleList) for unit in module][::-1]


def make_mesh(group: Group, replicas: int = 1) -> DeviceMesh:
    """The processes of a group as PyTorch's grid: one row, or `replicas` rows of which each has the whole model.

    Raises:
        ValueError: The group is not made of processes, or cannot be cut into that many equal parts.
    """
    processes = require_processes(group, "fsdp2")
    if replicas < 1 or group.size % replicas:
        raise ValueError(f"replicas is {replicas!r}; it must divide the {group.size} processes of the group")
    if replicas == 1:
        return DeviceMesh.from_group(processes, group.device.type)
    if group.size != dist.get_world_size():
        raise ValueError(f"the group has {group.size} processes; it must have all {dist.get_world_size()} for a grid")
    shape = (replicas, group.size // replicas)
    return init_device_mesh(group.device.type, shape, mesh_dim_names=("replicate", "shard"))


def mixed_precision(precision: str) -> MixedPrecisionPolicy:
    """What a forward and backward pass compute in; gradients are summed in float32 either way.

    Raises:
        ValueError: The precision is unknown.

    Example:
        >>> mixed_precision("bf16").param_dtype, mixed_precision("bf16").reduce_dtype
        (torch.bfloat16, torch.float32)
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(map(repr, PRECISIONS))}")
    if precision == "fp32":
        return MixedPrecisionPolicy()
    return MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)


def recompute_in_backward(module: nn.Module) -> None:
    """Let a module keep nothing but its input in the forward pass, and compute itself again in the backward pass.

    Its name and those of its weights stay what they are.

    Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).
    """
    module.forward = functools.partial(checkpoint, module.forward, use_reentrant=False)  # type: ignore[method-assign]


def cut_of(parameter: Tensor, n_shards: int) -> Shard | None:
    """Along which dimension a stack of matrices is cut: within each, where there are too few to give all ranks as many.

    With one expert in a stack and two ranks, a cut by expert would give one rank all of it and the other nothing. None
    is FSDP2's own way, the first dimension.

    Example:
        >>> cut_of(torch.empty(1, 8, 4), 2), cut_of(torch.empty(4, 8, 4), 2), cut_of(torch.empty(1, 8), 2)
        (Shard(dim=1), None, None)
    """
    shape = parameter.to_local().shape if isinstance(parameter, DTensor) else parameter.shape
    within = len(shape) == 3 and shape[0] % n_shards and not shape[1] % n_shards
    return Shard(1) if within else None


def sum_gradients_of(model: nn.Module) -> None:
    """Let FSDP2 sum gradients instead of averaging them.

    A factor of 1 alone asks the backend for a sum with a factor, which gloo does not have: it raises, and only in the
    backward pass. To force a plain sum alone still divides. It takes both.
    """
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_force_sum_reduction_for_comms(True)
            module.set_gradient_divide_factor(1.0)


def _offload_policy(offload: bool, group: Group) -> OffloadPolicy:
    # Pinned memory is there to be copied to a GPU; without one, asking for it is an error.
    return CPUOffloadPolicy(pin_memory=group.device.type == "cuda") if offload else OffloadPolicy()


def _whole(weight: Tensor) -> Tensor:
    if not isinstance(weight, DTensor):
        return weight.detach()
    # What was cut last is put together first: a strided cut was made in what the others had left. Asked for all of it
    # at once, it does the same, and warns.
    strided = [hasattr(place, "split_factor") for place in weight.placements]
    for i in sorted(range(len(strided)), key=lambda i: (not strided[i], -i)):
        placements = [Replicate() if i == j else place for j, place in enumerate(weight.placements)]
        weight = weight.redistribute(placements=placements)
    return weight.to_local().detach()


def require_processes(group: Group, strategy: str) -> dist.ProcessGroup:
    """The group as PyTorch knows it.

    Raises:
        ValueError: The group is not made of processes; the message names the strategy that needs them.
    """
    if not isinstance(group.link, Processes):
        what = "one process alone" if group.link is None else "ranks in rehearsal"
        raise ValueError(
            f"the group is {what}; it must be processes started by torchrun or run_on_ranks for {strategy!r}"
        )
    return group.link.group or dist.group.WORLD
