"""What several processes run in the tests of sharded checkpoints; a module, so that new processes find it by name."""

from __future__ import annotations

import dataclasses
import functools
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from llmcourse.data import Batches
from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Processes
from llmcourse.distributed.parallelize import parallelize
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.distributed.sharded_optimizers import make_sharded_optimizer
from llmcourse.distributed.watch import RankMissing, find_not_finite, watch_group
from llmcourse.optim.groups import make_optimizer
from llmcourse.training import NonFiniteLossError, StepResult, parallel_step, train, train_step
from tests.training.ranks import CONFIG, Poisoned, StopAt, Stopped, make_batches, make_model


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A copy of all of it, on every rank."""
    return (tensor.full_tensor() if isinstance(tensor, DTensor) else tensor).detach().clone()


def fsdp_step(model: nn.Module, optimizer: Any, micro_batches: Any, *args: Any, group: Group) -> StepResult:
    """A step under FSDP2, whose gradients are means over the ranks: here every part has the same number of targets."""
    loss, norm = train_step(model, optimizer, micro_batches, *args)
    return StepResult(group.sum(loss) / group.size, norm)


def state_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Everything that a checkpoint must bring back."""
    found = {name: whole(weight) for name, weight in model.state_dict().items()}
    names = {parameter: name for name, parameter in model.named_parameters()}
    for parameter, state in optimizer.state.items():
        found |= {f"{names[parameter]}/{key}": whole(torch.as_tensor(value)) for key, value in state.items()}
    return found


def run(
    folder: str | None, is_sharded: bool, steps: int = CONFIG.steps, in_background: bool = False, name: str = "adamw",
    settings: dict[str, Any] | None = None, group: Group | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train, sharded or whole, from the folder's last checkpoint on; losses and the state at the end."""
    torch.set_num_threads(1)
    group = group or Group.of_everybody()
    model = make_model()
    if is_sharded:
        for block in model.blocks:
            fully_shard(block)
        fully_shard(model)
    config = dataclasses.replace(CONFIG, eval_every=None, optimizer=name, **(settings or {}))
    optimizer = make_optimizer(model, name, lr=config.lr, weight_decay=0.1)
    batches: Any = make_batches(Batches)
    if steps < config.steps:
        batches = StopAt(batches, steps)
    store = ShardedCheckpoints(folder, group, in_background=in_background) if folder else None
    rows: list[Any] = []
    step = (lambda *args: fsdp_step(*args, group=group)) if is_sharded else None
    try:
        rows = train(
            model, batches, config, group=group, folder=folder, progress=False, optimizer=optimizer,
            checkpoints=store, step=step,
        )  # fmt: skip
    except Stopped:
        if store:
            store.wait()
    return {"losses": [row["loss"] for row in rows], "state": state_of(model, optimizer)}


def run_strategy(
    folder: str | None, strategy: str | None, steps: int = CONFIG.steps, name: str = "adamw",
    in_background: bool = False, group: Group | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train under a strategy, or whole in one process, from the folder's last checkpoint on: losses and weights."""
    torch.set_num_threads(1)
    group = group or Group.of_everybody()
    config = dataclasses.replace(CONFIG, eval_every=None, optimizer=name)
    model, step = make_model(), None
    if strategy is not None:
        parallel = parallelize(model, strategy, group)
        model, step = parallel.model, functools.partial(parallel_step, parallel=parallel)
    make = make_optimizer if strategy in (None, "fsdp2", "torch_ddp") else make_sharded_optimizer
    optimizer = make(model if make is make_optimizer else parallel, name, lr=config.lr)
    batches: Any = make_batches(Batches)
    store = ShardedCheckpoints(folder, group, in_background=in_background) if folder else None
    rows: list[Any] = []
    try:
        rows = train(
            model, batches if steps == config.steps else StopAt(batches, steps), config, group=group, folder=folder,
            progress=False, optimizer=optimizer, checkpoints=store, step=step,
        )  # fmt: skip
    except Stopped:
        if store:
            store.wait()
    weights = model.state_dict() if strategy is None else parallel.full_weights()
    return {"losses": [row["loss"] for row in rows], "state": {name: w.clone() for name, w in weights.items()}}


def saved_in_shards(folder: str, strategy: str, name: str, options: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Three steps in shards, then a checkpoint: all that it must hold, whole, on every rank."""
    torch.set_num_threads(1)
    group = Group.of_everybody()
    parallel = parallelize(make_model(), strategy, group, **options)
    optimizer = make_sharded_optimizer(parallel, name, lr=0.01)
    for number in range(3):
        batch = make_batches().batch(number, group.rank, group.size)
        parallel_step(parallel.model, optimizer, [batch], parallel=parallel)
    found = parallel.full_weights()
    for unit in parallel.shards.units:
        for name, shape in zip(unit.names, unit.shapes):
            for key, value in optimizer.state[unit.slices[name]].items():
                is_slice = isinstance(value, torch.Tensor) and value.dim()
                whole = torch.cat(group.gather(value)).view(shape) if is_slice else torch.as_tensor(value)
                found[f"{name}/{key}"] = whole
    ShardedCheckpoints(folder, group).save(3, parallel.model, optimizer, {})
    return found


def failing_save_in_shards(folder: str, strategy: str) -> list[Any]:
    """`failing_save` of a model that one of the course's own strategies has cut."""
    group = Group.of_everybody()
    store = ShardedCheckpoints(folder, group)
    torch.manual_seed(0)
    parallel = parallelize(nn.Linear(6, 4, bias=False), strategy, group)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=1.0)
    (piece,) = parallel.parameters()
    told = []
    write = dcp.FileSystemWriter.write_data
    for step in (1, 2):
        with torch.no_grad():
            piece.fill_(float(step))
        if (step, group.rank) == (2, 1):
            dcp.FileSystemWriter.write_data = broken
        try:
            store.save(step, parallel.model, optimizer, {})
        except ValueError as error:
            told.append(str(error))
        dcp.FileSystemWriter.write_data = write
    latest = store.latest()
    assert latest is not None
    step = store.restore(latest, parallel.model, optimizer)
    return [*told, latest.name, step, parallel.full_weights()["weight"].unique().tolist()]


def broken(self: Any, plan: Any, planner: Any) -> Any:
    """What a writer does whose disk is full."""
    raise OSError(28, "No space left on device")


def failing_save(folder: str) -> list[Any]:
    """A good save, then one in which rank 1 fails half-way: the error, what is latest, and what is loaded."""
    group = Group.of_everybody()
    store = ShardedCheckpoints(folder, group)
    model = nn.Linear(6, 4, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    fully_shard(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    store.save(1, model, optimizer, {})
    with torch.no_grad():
        model.weight.to_local().fill_(2.0)
    write = dcp.FileSystemWriter.write_data

    def broken(self: Any, plan: Any, planner: Any) -> Any:
        if group.rank == 1:
            raise OSError(28, "No space left on device")
        return write(self, plan, planner)

    told = "no error"
    dcp.FileSystemWriter.write_data = broken
    try:
        store.save(2, model, optimizer, {})
    except ValueError as error:
        told = str(error)
    finally:
        dcp.FileSystemWriter.write_data = write
    latest = store.latest()
    assert latest is not None
    step = store.restore(latest, model, optimizer)
    names = sorted(path.name for path in Path(folder, "checkpoints").iterdir())
    store.save(2, model, optimizer, {})
    return [told, latest.name, step, whole(model.weight).unique().tolist(), names]


def late_and_alone(folder: str) -> list[str]:
    """Rank 2 comes to the third operation when the others have given up: what each is told, and whether a new group
    works."""
    group = watch_group(_short(Group.of_everybody(), 3.0), folder)
    told = []
    try:
        group.sum_in_place(torch.ones(2))
        group.barrier()
        while group.rank == 2 and len(list(Path(folder).glob("*.gave-up"))) < 2:
            time.sleep(0.05)
        group.sum_in_place(torch.ones(2))
        told.append("no error")
    except RankMissing as error:
        Path(folder, f"{group.rank}.gave-up").touch()
        told.append(str(error))
    try:
        group.sum_in_place(torch.ones(2))
        told.append("no error")
    except RankMissing as error:
        told.append(str(error))
    fresh = _short(Group.of_everybody(), 30.0)
    told.append(str(fresh.sum(fresh.rank)))
    return told


def _short(group: Group, timeout_s: float) -> Group:
    """The same processes, in a group of their own that waits no longer than this."""
    link = Processes(dist.new_group(list(range(group.size)), timeout=timedelta(seconds=timeout_s)))
    return dataclasses.replace(group, link=link)


def poisoned() -> list[Any]:
    """A run whose last rank reads a row that is not finite: what is found about it, by every rank."""
    group = Group.of_everybody()
    model = make_model()
    with torch.no_grad():
        model.embedding.weight[15] = float("nan")
    model.lm_head = nn.Linear(32, 16, bias=False)  # one of its own: the table's NaN is in no other token's logit
    try:
        train(model, make_batches(Poisoned), CONFIG, group=group, progress=False)
    except NonFiniteLossError as error:
        return [error.step, find_not_finite(model, error.batch, group)]
    return []


def unlike_ranks(folder: str) -> str:
    """A plain model that is another one on each rank."""
    group = Group.of_everybody()
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.bias.fill_(float(group.rank))
        model.weight.fill_(0.0)
    try:
        ShardedCheckpoints(folder, group).save(1, model, torch.optim.SGD(model.parameters(), lr=1.0), {})
    except ValueError as error:
        return str(error)
    return "no error"
