"""One training step, on one process and on several; a batch cut into micro-batches (chapter 3).

Shape suffixes: B batch, T time.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.strategy import Strategy
from llmcourse.model.losses import Batch, auxiliary_share, count_targets
from llmcourse.model.weights import named_layers
from llmcourse.optim.gradients import accumulate_gradients, clip_gradients


class StepResult(NamedTuple):
    """What one training step measured.

    Attributes:
        loss: Mean loss of the batch before the step, in nats per target.
        grad_norm: Norm of the whole gradient before clipping.
    """

    loss: float
    grad_norm: float


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    micro_batches: Sequence[Batch],
    clip_norm: float | None = 1.0,
    precision: str = "fp32",
) -> StepResult:
    """One step of training: new gradients, clipped, and the optimizer's step.

    1. Forget the gradients that are there, those of the step before.
    2. `accumulate_gradients(model, micro_batches, precision=precision)` gives the loss and leaves the gradients.
    3. `clip_gradients(parameters, clip_norm)` gives their norm and limits it. Without a limit (`clip_norm` is None) the
       norm is measured all the same, and the gradients stay as they are.
    4. The optimizer steps, but only if loss and norm are both finite: a NaN in one parameter is in all of them a step
       later. What is not finite is returned like any other number, and the parameters stay as they were.

    Args:
        model: As `accumulate_gradients` calls it; its mode (train or eval) stays what it is.
        optimizer: Over the model's parameters, its learning rates already set.
        micro_batches: The batch in parts, at least one.
        clip_norm: Largest norm of the gradient, above 0; None for no clipping.
        precision: "fp32" or "bf16", of the forward pass.

    Returns:
        The loss before the step and the norm before clipping, both Python floats.

    Example:
        >>> from llmcourse.model import ModelConfig, Transformer
        >>> model = Transformer(ModelConfig(vocab_size=8, d_model=16, n_layers=1, n_heads=2, max_seq_len=8))
        >>> ids = torch.arange(8).reshape(1, 8)
        >>> optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        >>> losses = [train_step(model, optimizer, [Batch(ids[:, :-1], ids[:, 1:])]).loss for _ in range(20)]
        >>> losses[-1] < losses[0]
        True
    """
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    grad_norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(grad_norm):
        optimizer.step()
    return StepResult(loss, grad_norm)


def split_batch(batch: Batch, n_parts: int) -> list[Batch]:
    """Cut a batch, or the rows of `Packed`, into micro-batches of equally many rows.

    Raises:
        ValueError: The rows cannot be divided by `n_parts`.

    Example:
        >>> ids = torch.zeros(4, 8).long()
        >>> [tuple(part.inputs.shape) for part in split_batch(Batch(ids, ids), 2)]
        [(2, 8), (2, 8)]
    """
    n_rows = len(batch.inputs)
    if n_rows % n_parts:
        raise ValueError(f"grad_accum_steps is {n_parts!r}; it must divide the {n_rows} rows of a batch")
    columns = [[None] * n_parts if values is None else values.chunk(n_parts) for values in batch]
    return [type(batch)(*part) for part in zip(*columns)]


def parallel_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    micro_batches: Sequence[Batch],
    clip_norm: float | None = 1.0,
    precision: str = "fp32",
    *,
    parallel: Strategy,
) -> StepResult:
    """`train_step` under a strategy of `parallelize`: each process has a part of the batch.

    Each divides its losses by the number of targets of all, and the strategy sums the gradients: the step is that of
    one process with the whole batch, however unequal the parts. A process may have no target at all.

    `train(strategy.model, ..., step=functools.partial(parallel_step, parallel=strategy))` trains with it.

    Args:
        model: `parallel.model`.
        optimizer: Over `parallel.parameters()`.
        micro_batches, clip_norm, precision: As for `train_step`; equally many micro-batches on every process.
        parallel: The model on its processes.

    Returns:
        The loss of the whole batch and the norm of its gradient, the same on every process.

    Raises:
        ValueError: No process has a target; every process raises it.
    """
    group = parallel.group
    n_targets = int(group.sum(sum(count_targets(batch) for batch in micro_batches)))
    optimizer.zero_grad(set_to_none=True)
    loss = 0.0
    with auxiliary_share(model, 1 / (len(micro_batches) * group.size)):
        if len(micro_batches) > 1:
            with parallel.no_sync():
                loss += accumulate_gradients(model, micro_batches[:-1], precision=precision, n_targets=n_targets)
        # The last one sends, also where the loss is not finite by now: gradients that are kept back and not sent would
        # come back in the next step, for `zero_grad` does not reach them.
        loss += accumulate_gradients(model, micro_batches[-1:], precision=precision, n_targets=n_targets)
    parallel.finish()
    loss, grad_norm = group.sum(loss), parallel.clip(clip_norm)
    if math.isfinite(loss) and math.isfinite(grad_norm):
        optimizer.step()
    return StepResult(loss, grad_norm)


def group_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    micro_batches: Sequence[Batch],
    clip_norm: float | None = 1.0,
    precision: str = "fp32",
    *,
    group: Group,
) -> StepResult:
    """`train_step` on several processes, each with a whole model and a part of the batch: their gradients are summed.

    Each process runs `train_step` on its part. As a gradient arrives, it is weighted by the part's share of all targets
    and summed over the processes, so that it is that of one process with the whole batch, however unequal the parts.
    The optimizer steps when every process would have.

    Args:
        model, optimizer, micro_batches, clip_norm, precision: As for `train_step`; model and optimizer are the same on
            every process.
        group: Who takes part.

    Returns:
        The loss of the whole batch and the norm of its gradient, the same on every process.

    Raises:
        ValueError: A process has no target; every process raises it.
    """
    counts = group.gather(sum(count_targets(batch) for batch in micro_batches))
    if 0 in counts:
        raise ValueError(f"the processes have {counts} targets; each must have at least 1")
    share = counts[group.rank] / sum(counts)

    def everybodys(grad: Tensor) -> Tensor:
        grad = grad * share
        group.sum_in_place(grad)
        return grad

    # The backward pass meets the parameters in the same order everywhere, so the messages find one another.
    hooks = [parameter.register_hook(everybodys) for parameter in model.parameters() if parameter.requires_grad]
    asked = _Asked(optimizer)
    try:
        result = train_step(model, asked, micro_batches, clip_norm, precision)
    finally:
        for hook in hooks:
            hook.remove()
    if group.sum(asked.to_step) == group.size:
        optimizer.step()
    return StepResult(group.sum(share * result.loss), result.grad_norm)


class _Asked:
    """An optimizer that only notes whether it was asked to step: one process must not step without the others."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer, self.to_step = optimizer, False

    def step(self) -> None:
        self.to_step = True

    def __getattr__(self, name: str) -> object:
        return getattr(self.optimizer, name)


MERGED = {"expert_load_max": torch.max, "dead_experts": torch.sum}
"""How a measure of several layers becomes one; any other is their mean."""


def after_step(model: nn.Module, group: Group = ALONE) -> dict[str, Tensor]:
    """Let the layers that have counted something in a step act on it, and say what they have measured.

    Such a layer has a `tally`, what it has counted since the last step, and a method `after_step(tally)`, which gets
    the sum of the tallies of all processes and returns what it measures by name. All layers send one message.

    Args:
        model: Any module; one without such layers measures nothing.
        group: Whose tallies are added up: all that made the step.

    Returns:
        The measures of all layers together: the largest `expert_load_max`, the sum of `dead_experts`, the means of the
        others. Tensors, so that nobody waits for a device who does not look.

    Example:
        >>> after_step(nn.Linear(1, 1))
        {}
    """
    layers = _counting(model)
    if not layers:
        return {}
    tallies = [layer.tally for layer in layers]
    total = group.all_reduce(torch.cat(tallies)).wait().split([len(tally) for tally in tallies])
    measured = [layer.after_step(tally) for layer, tally in zip(layers, total)]
    return {name: _merged(name, [of_layer[name] for of_layer in measured]) for name in measured[0]}


def _merged(name: str, values: Sequence[Tensor]) -> Tensor:
    return MERGED.get(name, torch.mean)(torch.stack(list(values)))


def forget_tallies(model: nn.Module) -> None:
    """Make each layer count anew: what was counted since the last step belongs to no step."""
    for layer in _counting(model):
        layer.forget_tally()


def _counting(model: nn.Module) -> list[nn.Module]:
    return [module for _, module in named_layers(model) if hasattr(module, "after_step")]


def faults(model: nn.Module, group: Group = ALONE) -> list[str]:
    """What the layers of a model say is wrong with their last forward pass, on any process, the first layer first.

    Such a layer has a method `fault()`, which returns a sentence, or None.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> layer.fault = lambda: "it has had enough"
        >>> faults(nn.Sequential(nn.Linear(1, 1), layer))
        ['1: it has had enough']
    """
    found = []
    for name, module in named_layers(model):
        if hasattr(module, "fault") and (said := module.fault()) is not None:
            found.append(f"{name}: {said}")
    everybodys = group.gather(found)
    if group.size > 1:
        everybodys = [[f"{said} (rank {rank})" for said in told] for rank, told in enumerate(everybodys)]
    return [said for told in everybodys for said in told]
