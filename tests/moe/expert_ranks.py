"""What ranks run in the tests of expert parallelism; a module, so that new processes find it by name."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.parallelize import parallelize
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.model import IGNORED, ModelConfig, Transformer
from llmcourse.model.losses import Batch
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.expert_parallel import AllToAll, shard_experts
from llmcourse.moe.layer import MoE
from llmcourse.optim.groups import make_optimizer
from llmcourse.training.steps import after_step, parallel_step, split_batch, train_step

N_ROWS, N_STEPS, CLIP = 4, 4, 0.3
EXPERTS = ExpertsConfig(
    8, n_experts=4, top_k=2, n_shared=1, balance_weight=0.5, z_weight=0.1, bias_rate=0.01, scores="sigmoid"
)
Weights = dict[str, Tensor]


def make_model(experts: ExpertsConfig = EXPERTS) -> Transformer:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(17, 16, 2, 2, 16, feed_forward=experts))
    with torch.no_grad():  # a router that has favourites, so that ranks get unequal numbers of rows
        for block in model.blocks:
            block.feed_forward.router.weight.mul_(20)
    return model


def batch_of(step: int, rows: slice = slice(None)) -> Batch:
    """Rows of a step's batch, of which each has another number of targets; the first has none."""
    ids = torch.randint(17, (N_ROWS, 9), generator=torch.Generator().manual_seed(step))
    targets = ids[:, 1:].clone()
    for row in range(N_ROWS):
        targets[row, : 8 - 2 * row] = IGNORED
    return Batch(ids[rows, :-1], targets[rows])


def part_of(step: int, group: Group) -> Batch:
    size = N_ROWS // group.size
    return batch_of(step, slice(group.rank * size, (group.rank + 1) * size))


def alone(n_steps: int = N_STEPS, optimizer: str = "adamw") -> tuple[Weights, list[tuple[float, float]], list[float]]:
    """Training in one process: the weights, each step's loss and norm, and each step's balancing loss."""
    model = make_model()
    stepper = make_optimizer(model, optimizer, lr=0.01)
    results, balance = [], []
    for step in range(n_steps):
        results.append(tuple(train_step(model, stepper, [batch_of(step)], CLIP)))
        balance.append(float(after_step(model)["balance_loss"]))
    return model.state_dict(), results, balance


def trained(
    strategy: str, options: dict[str, Any], n_parts: int = 1, optimizer: str = "adamw", group: Group = ALONE
) -> tuple[Weights, list[tuple[float, float]], list[float]]:
    """The same on the ranks of a group."""
    parallel = parallelize(make_model(), strategy, group, **options)
    if strategy == "fsdp2":
        for block in parallel.model.blocks:
            block.feed_forward.balance_group = group
    stepper = make_optimizer(parallel.model, optimizer, lr=0.01)
    results, balance = [], []
    for step in range(N_STEPS):
        parts = split_batch(part_of(step, group), n_parts)
        results.append(tuple(parallel_step(parallel.model, stepper, parts, CLIP, parallel=parallel)))
        balance.append(float(after_step(parallel.model, group)["balance_loss"]))
    return parallel.full_weights(), results, balance


def layer_there_and_back(
    layer: MoE, x_BTD: Tensor, is_spread: bool = True, group: Group = ALONE
) -> tuple[Tensor, Tensor, Weights]:
    """Answers, the gradient of the input, and the gradients of the weights, those of experts of this rank alone."""
    if is_spread:
        shard_experts(layer, group)
    x_BTD = x_BTD.clone().requires_grad_()
    y_BTD = layer(x_BTD)
    y_BTD.square().sum().backward()
    return y_BTD.detach(), x_BTD.grad, {name: weight.grad for name, weight in layer.named_parameters()}


def dispatched(x_RD: Tensor, counts_E: Tensor, group: Group) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows sent and multiplied by their expert's number plus 1, answers, and the gradient; what came here."""
    dispatcher = AllToAll(group, len(counts_E))
    x_RD = x_RD.clone().requires_grad_()
    rows_RD, counts_L = dispatcher.send(x_RD, counts_E)
    first = group.rank * len(counts_L)
    factors_R = torch.arange(first + 1, first + 1 + len(counts_L)).repeat_interleave(counts_L).to(x_RD.dtype)
    y_RD = dispatcher.give_back(rows_RD * factors_R[:, None])
    (y_RD * x_RD.detach()).sum().backward()
    return y_RD.detach(), x_RD.grad, rows_RD.detach(), counts_L


def clipped_by_torch(group: Group) -> str:
    """What PyTorch's own clipping says to gradients of two meshes."""
    parallel = parallelize(make_model(), "expert_parallel", group)
    parallel.model(batch_of(0).inputs).square().mean().backward()
    try:
        nn.utils.clip_grad_norm_(parallel.parameters(), 0.1)
    except RuntimeError as error:
        return str(error)
    return "no error"


def refused(options: dict[str, Any], group: Group) -> str:
    try:
        parallelize(make_model(), "expert_parallel", group, **options)
    except ValueError as error:
        return str(error)
    return "no error"


def checkpointed(
    folder: str, options: dict[str, Any], first: int, last: int, strategy: str = "expert_parallel", group: Group = ALONE
) -> tuple[Weights, list[float]]:
    """Train from a folder's checkpoint, if there is one, to another; the weights at the end, and the losses."""
    parallel = parallelize(make_model(), strategy, group, **options)
    if strategy == "fsdp2":
        for block in parallel.model.blocks:
            block.feed_forward.balance_group = group
    stepper = make_optimizer(parallel.model, "adamw", lr=0.01)
    store = ShardedCheckpoints(folder, group)
    if (path := store.latest()) is not None:
        assert store.restore(path, parallel.model, stepper) == first
    losses = []
    for step in range(first, last):
        part = part_of(step, group)
        losses.append(parallel_step(parallel.model, stepper, [part], CLIP, parallel=parallel).loss)
        after_step(parallel.model, group)
    store.save(last, parallel.model, stepper, {})
    return parallel.full_weights(), losses


class Apart(nn.Module):
    """Two experts as separate modules, of which each rank uses one."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)])

    def forward(self, x_SD: Tensor, expert: int) -> Tensor:
        return self.experts[expert](x_SD)


def mixed_by_fsdp(group: Group) -> tuple[list[list[float]], list[bool]]:
    """Separate experts in one FSDP2 unit, where rank r uses expert r: its gradient, and which are there."""
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(0)
    model = Apart()
    fully_shard(model)
    model(torch.tensor([[1.0 + group.rank, 0.0]]), group.rank).sum().backward()
    there = [expert.weight.grad is not None for expert in model.experts]
    return model.experts[group.rank].weight.grad.to_local().tolist(), there
