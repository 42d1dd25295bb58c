"""What several processes run in the tests of the strategies; a module, so that new processes find it by name."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.data import Batch
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.parallelize import parallelize
from llmcourse.model import IGNORED, ModelConfig, Transformer
from llmcourse.optim.gradients import clip_gradients, total_norm
from llmcourse.training import parallel_step, split_batch, train_step

N_STEPS = 4


def make_model(tied: bool = True) -> Transformer:
    torch.manual_seed(0)
    return Transformer(ModelConfig(17, 32, 2, 2, 16, n_kv_heads=1, tie_embeddings=tied))


def whole_batch(step: int) -> Batch:
    """Rows with unequal numbers of targets, the last two with none: a mean of means would be another number."""
    ids = torch.randint(17, (8, 9), generator=torch.Generator().manual_seed(step))
    targets = ids[:, 1:].clone()
    for row in range(8):
        targets[row, : 2 * row] = IGNORED
    return Batch(ids[:, :-1], targets)


def one_process(clip_norm: float | None = 0.5) -> tuple[dict[str, Tensor], list[tuple[float, float]]]:
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    results = [tuple(train_step(model, optimizer, [whole_batch(k)], clip_norm)) for k in range(N_STEPS)]
    return {name: weight.clone() for name, weight in model.state_dict().items()}, results


def trained(strategy: str, n_parts: int, options: dict[str, Any], group: Group) -> tuple[Any, ...]:
    """Train under a strategy: all weights, the losses and norms, and what the weights are now."""
    parallel = parallelize(make_model(), strategy, group, **options)
    optimizer = torch.optim.AdamW(parallel.parameters(), lr=1e-2)
    step = functools.partial(parallel_step, parallel=parallel)
    results = []
    for number in range(N_STEPS):
        rows = Batch(*(None if part is None else part.chunk(group.size)[group.rank] for part in whole_batch(number)))
        results.append(tuple(step(parallel.model, optimizer, split_batch(rows, n_parts), 0.5)))
    first = next(iter(parallel.parameters()))
    return parallel.full_weights(), results, type(first).__name__, str(getattr(first, "placements", None))


def not_finite_once(strategy: str, options: dict[str, Any], group: Group) -> list[tuple[float, float]]:
    """Two micro-batches of which the first has no finite loss, then a step that must be as if there had been none."""
    results = []
    for poisoned in (True, False):
        parallel = parallelize(make_model(), strategy, group, **options)
        optimizer = torch.optim.AdamW(parallel.parameters(), lr=1e-2)
        step = functools.partial(parallel_step, parallel=parallel)
        parts = split_batch(whole_batch(0), 2)
        if poisoned:
            hook = parallel.model.register_forward_hook(poison_once())
            lost = step(parallel.model, optimizer, parts, None)
            hook.remove()
            assert not torch.isfinite(torch.tensor(lost.loss)), lost
        results.append(tuple(step(parallel.model, optimizer, parts, None)))
    return results


def poison_once() -> Any:
    calls: list[int] = []

    def hook(module: nn.Module, args: Any, output: Tensor) -> Tensor | None:
        calls.append(1)
        return output * float("nan") if len(calls) == 1 else None

    return hook


def clipped_mixture(max_norm: float, group: Group) -> tuple[float, float, Tensor, Tensor]:
    """Sharded and plain gradients, also an empty shard and one of each dtype: the norm, and what clipping leaves."""
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

    from llmcourse.distributed.fsdp2 import make_mesh

    mesh = make_mesh(group)
    wholes = [torch.arange(3.0).reshape(3, 1) - 1, torch.full((4,), 2.0), torch.tensor([5.0])]
    plain = nn.Parameter(torch.zeros(2))
    plain.grad = torch.tensor([3.0, -4.0])
    parameters: list[Tensor] = [plain]
    for whole, place in zip(wholes, (Shard(0), Replicate(), Shard(0))):
        parameter = nn.Parameter(distribute_tensor(torch.zeros_like(whole), mesh, [place]))
        parameter.grad = distribute_tensor(whole, mesh, [place])
        parameters.append(parameter)
    open_sum = DTensor.from_local(torch.tensor([1.0]), mesh, [Partial()])
    norm = clip_gradients(parameters, max_norm)
    with_open = total_norm([plain.grad, open_sum])
    sharded = torch.cat([p.grad.full_tensor().flatten() for p in parameters[1:]])  # type: ignore[union-attr]
    assert type(norm) is Tensor
    return float(norm), float(with_open), sharded, plain.grad


def comes_back(drop: str, precision: str, group: Group) -> str:
    """What the second micro-batch's gradient holds when the first was dropped while nothing was sent."""

    def gradient(parts: list[Batch]) -> Tensor:
        parallel = parallelize(make_model(), "fsdp2", group, precision=precision)
        with parallel.no_sync():
            for part in parts[:-1]:
                parallel.model(part.inputs).float().square().mean().backward()
                {"zero_grad": lambda: parallel.model.zero_grad(), "nothing": lambda: None}[drop]()
        parallel.model(parts[-1].inputs).float().square().mean().backward()
        return next(iter(parallel.parameters())).grad.full_tensor()

    first, second = split_batch(whole_batch(0), 2)
    got = gradient([first, second])
    if torch.allclose(got, gradient([second]), rtol=1e-3):
        return "second"
    return "both" if torch.allclose(got, gradient([first]) + gradient([second]), rtol=5e-2, atol=1e-4) else "neither"


def norms_by_units(group: Group) -> list[str]:
    """The traps of FSDP2: tied weights in two units; the infinity norm over an empty shard."""
    told = []
    model = make_model()
    parallel = parallelize(model, "fsdp2", group, units=[model.embedding, *model.blocks])
    try:
        parallel.model(whole_batch(0).inputs)
        told.append("ran")
    except ValueError as error:
        told.append(str(error))
    model = make_model()
    parallel = parallelize(model, "fsdp2", group, units=[*model.blocks])
    parallel.model(whole_batch(0).inputs)
    told.append(str(model.lm_head.weight is model.embedding.weight))
    return told


def refused(group: Group = ALONE) -> list[str]:
    """The errors of what cannot be."""
    told = []
    for options in ({"replicas": 3}, {"precision": "fp8"}):
        try:
            parallelize(make_model(), "fsdp2", group, **options)
        except ValueError as error:
            told.append(str(error))
    return told
