"""What ranks run in the tests of sharding; a module, so that new processes find it by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from llmcourse.data import Batch
from llmcourse.distributed.fsdp import FullySharded
from llmcourse.distributed.group import Group
from llmcourse.distributed.sharded_optimizers import make_sharded_optimizer
from llmcourse.distributed.zero import Zero
from llmcourse.model import IGNORED, ModelConfig, Transformer
from llmcourse.optim.gradients import accumulate_gradients, clip_gradients
from llmcourse.optim.groups import make_optimizer

N_STEPS, N_ROWS = 4, 4


@dataclass(frozen=True)
class Case:
    """One way of training, and what is special about the model."""

    stage: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    optimizer: str = "adamw"
    exchange: str = "owners"
    tied: bool = True
    frozen: bool = False
    accum: int = 1
    recompute: bool = False
    lr: float = 0.01
    clip: float = 0.5
    unjoined: bool = False
    """Whether queries, keys and values are three products, as they are in `FullySharded`: the sums of others differ."""


def make_model(case: Case) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(ModelConfig(17, 16, 2, 2, 16, tie_embeddings=case.tied, norm="layernorm", bias=True))
    if case.unjoined:
        for module in model.modules():
            if type(module) is nn.Linear:
                module.register_forward_pre_hook(lambda *_: None)
    if case.frozen:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not ("norm" in name or "embedding" in name or "attention.key" in name))
    if case.recompute:
        for block in model.blocks:
            plain = block.forward
            block.forward = lambda *args, plain=plain: checkpoint(plain, *args, use_reentrant=False)
    return model


def batch_of(step: int, rows: slice) -> Batch:
    """Rows of a step's batch, of which each has another number of targets."""
    ids = torch.randint(17, (N_ROWS, 9), generator=torch.Generator().manual_seed(step))
    targets = ids[:, 1:].clone()
    for row in range(N_ROWS):
        targets[row, : 2 * row] = IGNORED
    return Batch(ids[rows, :-1], targets[rows])


def parts(step: int, rows: range, accum: int) -> list[Batch]:
    size = len(rows) // accum
    return [batch_of(step, slice(rows[i * size], rows[i * size] + size)) for i in range(accum)]


def n_targets(step: int) -> int:
    return int((batch_of(step, slice(None)).targets != IGNORED).sum())


def make_strategy(case: Case, model: nn.Module, group: Group) -> Zero | FullySharded:
    if case.stage < 3:
        return Zero(model, group, case.stage, **case.options)
    return FullySharded(model, group, **case.options)


def sharded(case: Case, group: Group) -> dict[str, Any]:
    """Train in shards: losses, norms and the whole weights at the end."""
    torch.set_num_threads(1)  # as in a rank: with more, products are added up in another order
    strategy = make_strategy(case, make_model(case), group)
    optimizer = make_sharded_optimizer(strategy, case.optimizer, lr=case.lr, exchange=case.exchange)
    size = N_ROWS // group.size
    rows = range(group.rank * size, (group.rank + 1) * size)
    losses, norms = [], []
    for step in range(N_STEPS):
        strategy.zero_grad()
        losses.append(group.sum(accumulate(strategy, parts(step, rows, case.accum), n_targets(step), step % 2 == 0)))
        strategy.finish()
        norms.append(strategy.clip(case.clip))
        optimizer.step()
    return {"losses": losses, "norms": norms, "weights": strategy.full_weights()}


def accumulate(strategy: Zero | FullySharded, batches: list[Batch], total: int, late: bool) -> float:
    """The gradients of micro-batches, sent after the last one or after each."""
    if not late:
        return accumulate_gradients(strategy.model, batches, n_targets=total)
    with strategy.no_sync():
        loss = accumulate_gradients(strategy.model, batches[:-1], n_targets=total)
    return loss + accumulate_gradients(strategy.model, batches[-1:], n_targets=total)


def alone(case: Case) -> dict[str, Any]:
    """The same training in one process, with nothing in shards."""
    torch.set_num_threads(1)
    model = make_model(case)
    optimizer = make_optimizer(model, case.optimizer, lr=case.lr)
    losses, norms = [], []
    for step in range(N_STEPS):
        optimizer.zero_grad()
        losses.append(accumulate_gradients(model, [batch_of(step, slice(None))]))
        norms.append(float(clip_gradients(model.parameters(), case.clip)))
        optimizer.step()
    return {"losses": losses, "norms": norms, "weights": model.state_dict()}


def largest_difference(got: dict[str, Tensor], want: dict[str, Tensor]) -> float:
    assert list(got) == list(want)
    return max((got[name].double() - want[name].double()).abs().max().item() for name in want)
