"""What several processes run in the tests of the one loop; a module, so that new processes find it by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch

from llmcourse.data import Batch, Batches
from llmcourse.data.evaluation import evaluate
from llmcourse.distributed.group import Group
from llmcourse.model import IGNORED, ModelConfig, Transformer
from llmcourse.training import NonFiniteLossError, TrainingConfig, group_step, train

CONFIG = TrainingConfig(steps=6, lr=3e-3, warmup_steps=2, clip_norm=0.5, eval_every=3, checkpoint_every=2)


class Uneven(Batches):
    """Batches whose rows have different numbers of targets: a mean of the ranks' means would be another number."""

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        whole = super().batch(step)
        for row in range(self.batch_size):
            whole.targets[row, : 2 * row] = IGNORED
        n_rows = self.batch_size // world_size
        return Batch(*(part[rank * n_rows : (rank + 1) * n_rows] for part in whole[:2]))


class Poisoned(Batches):
    """Batches of which one row of one step, which a single rank reads, has no finite loss."""

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        batch = super().batch(step, rank, world_size)
        if step == 2 and rank == world_size - 1:
            batch.inputs[-1, 0] = 15
        return batch


def make_model(dropout: float = 0.0) -> Transformer:
    torch.manual_seed(0)
    return Transformer(ModelConfig(16, 32, 2, 2, 16, dropout=dropout))


def make_batches(kind: type[Batches] = Uneven) -> Batches:
    tokens = np.random.default_rng(0).integers(0, 15, 2000)
    return kind(tokens, seq_len=16, batch_size=4)


def trained(folder: str | None, steps: int = CONFIG.steps, dropout: float = 0.0, accum: int = 1) -> dict[str, Any]:
    """Train on this rank; what every rank must agree about."""
    torch.set_num_threads(1)
    model, batches = make_model(dropout), make_batches()
    config = dataclasses.replace(CONFIG, grad_accum_steps=accum)
    if steps < config.steps:
        batches = StopAt(batches, steps)
    group = Group.of_everybody()
    try:
        rows = train(model, batches, config, group=group, validation=make_batches(), folder=folder, progress=False)
    except Stopped:
        rows = []
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    return {"rank": group.rank, "rows": rows, "weights": weights.tolist()}


class Stopped(Exception):
    """The run was stopped on purpose."""


class StopAt:
    def __init__(self, batches: Batches, step: int):
        self.batches, self.step = batches, step

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        if step == self.step:
            raise Stopped
        return self.batches.batch(step, rank, world_size)


def not_finite() -> tuple[str, list[float], list[float]]:
    """A run of which one rank's rows have no finite loss: the error's text, and the first weights around that step."""
    torch.set_num_threads(1)
    model = make_model()
    with torch.no_grad():
        model.embedding.weight[15] = float("nan")
        model.lm_head.weight[15] = float("nan")
    model.lm_head = torch.nn.Linear(32, 16, bias=False)
    before: list[float] = []

    def watched(*args: Any) -> Any:
        before[:] = model.lm_head.weight[0].tolist()
        return group_step(*args, group=Group.of_everybody())

    try:
        train(model, make_batches(Poisoned), CONFIG, group=Group.of_everybody(), progress=False, step=watched)
    except NonFiniteLossError as error:
        return str(error), before, model.lm_head.weight[0].tolist()
    return "no error", [], []


def measured() -> float:
    """The validation loss that this rank hears of."""
    torch.set_num_threads(1)
    return evaluate(make_model(), make_batches(), 3, Group.of_everybody())


def spoke() -> tuple[float, list[int], list[float]]:
    """What a group's sum, gather and sum in place give here."""
    group = Group.of_everybody()
    tensor = torch.tensor([1.0, float(group.rank)])
    group.sum_in_place(tensor)
    group.barrier()
    return group.sum(0.1 * (group.rank + 1)), group.gather(group.rank), tensor.tolist()


def resumed_apart(folders: list[str]) -> str:
    """Two ranks that see different folders: what the error says."""
    group = Group.of_everybody()
    try:
        train(make_model(), make_batches(), CONFIG, group=group, folder=Path(folders[group.rank]), progress=False)
    except ValueError as error:
        return str(error)
    return "no error"


def infinite_on_one() -> tuple[float, bool]:
    """A step in which one rank's loss is infinite and its gradients are not: the loss, and whether anything moved."""
    torch.set_num_threads(1)
    group = Group.of_everybody()
    model = Table()
    before = model.table.detach().clone()
    ids = torch.zeros(1, 3, dtype=torch.int64)
    batch = Batch(ids, ids + (1 if group.rank == 0 else 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    loss = group_step(model, optimizer, [batch], None, group=group).loss
    return loss, not torch.equal(model.table, before)


class Table(torch.nn.Module):
    """A row of logits for every token, in which token 2 cannot be."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.zeros(4, 4))

    def forward(self, ids_BT: torch.Tensor) -> torch.Tensor:
        return self.table[ids_BT] + torch.tensor([0.0, 0.0, -torch.inf, 0.0])


def nothing_to_learn() -> str:
    """A step in which one rank has no target: what the error says."""
    group = Group.of_everybody()
    ids = torch.zeros(1, 3, dtype=torch.int64)
    batch = Batch(ids, ids + 1 if group.rank == 0 else torch.full_like(ids, IGNORED))
    try:
        group_step(Table(), torch.optim.SGD(Table().parameters(), lr=1.0), [batch], group=group)
    except ValueError as error:
        return str(error)
    return "no error"
