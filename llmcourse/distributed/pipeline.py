"""Pipeline parallelism: a model cut between its layers, and the order in which each part works (chapter 4).

A batch is cut into micro-batches. Stage s, on rank s, has some of the layers: it takes a micro-batch's activations from
stage s - 1, computes, and sends the result to stage s + 1; gradients travel the other way. A *schedule* says in which
order each stage does its forward ("F") and backward ("B") tasks. First schedules and what they cost, on paper; then a
pipeline that runs.

Shape suffixes: B batch, T time, D model width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import Group, Pending
from llmcourse.model.losses import Batch, count_targets, next_token_loss
from llmcourse.model.transformer import Transformer

Task = tuple[str, int]
"""What a stage does at a time: ("F", k) or ("B", k), the forward or the backward pass of micro-batch k."""


def gpipe(n_stages: int, n_micro_batches: int) -> list[list[Task]]:
    """All forward passes, then all backward passes in the opposite order; the same on every stage.

    Example:
        >>> gpipe(n_stages=2, n_micro_batches=2)[0]
        [('F', 0), ('F', 1), ('B', 1), ('B', 0)]

    Source: Huang et al., "GPipe: Efficient Training of Giant Neural Networks using Pipeline Parallelism" (2019).
    """
    _require_sizes(n_stages, n_micro_batches)
    forward = [("F", k) for k in range(n_micro_batches)]
    backward = [("B", k) for k in reversed(range(n_micro_batches))]
    return [forward + backward for _ in range(n_stages)]


def one_forward_one_backward(n_stages: int, n_micro_batches: int) -> list[list[Task]]:
    """The schedule 1F1B: a stage does a backward pass as soon as it can, so that it keeps few activations.

    Stage s, of p stages numbered from 0,

    1. begins with as many forward passes as there are stages behind it, p - 1 - s, or all if there are fewer
       micro-batches than that;
    2. then takes turns, one forward pass and one backward pass, until no forward pass is left;
    3. ends with the backward passes that are left.

    Forward passes take the micro-batches in order, and so do backward passes.

    Args:
        n_stages: Stages p, at least 1.
        n_micro_batches: Micro-batches m, at least 1.

    Returns:
        For each stage the list of its tasks in order: `("F", k)` or `("B", k)` for micro-batch k.

    Raises:
        ValueError: A number is below 1; the message names it.

    Example:
        >>> for tasks in one_forward_one_backward(n_stages=2, n_micro_batches=3):
        ...     print(" ".join(f"{kind}{number}" for kind, number in tasks))
        F0 F1 B0 F2 B1 B2
        F0 B0 F1 B1 F2 B2

    Source: Narayanan et al., "PipeDream" (2019), section 3.2; "Efficient Large-Scale Language Model Training on GPU
    Clusters Using Megatron-LM" (2021), section 2.2.
    """
    _require_sizes(n_stages, n_micro_batches)
    orders = []
    for stage in range(n_stages):
        n_first = min(n_stages - 1 - stage, n_micro_batches)
        tasks: list[Task] = [("F", k) for k in range(n_first)]
        for k in range(n_micro_batches - n_first):
            tasks += [("F", n_first + k), ("B", k)]
        tasks += [("B", k) for k in range(n_micro_batches - n_first, n_micro_batches)]
        orders.append(tasks)
    return orders


def _require_sizes(n_stages: int, n_micro_batches: int) -> None:
    for name, value in (("n_stages", n_stages), ("n_micro_batches", n_micro_batches)):
        if value < 1:
            raise ValueError(f"{name} is {value!r}; it must be at least 1")


def task_times(
    orders: Sequence[Sequence[Task]], forward_s: Sequence[float], backward_s: Sequence[float]
) -> list[list[tuple[float, float]]]:
    """When each task of a pipeline runs, if messages take no time.

    A stage does its tasks one at a time, in the order given, each as soon as it can:

    - a forward pass of micro-batch k when the stage before has done its forward pass of k (the first stage: at once);
    - a backward pass of k when the stage behind has done its backward pass of k (the last stage: when it has itself
      done its forward pass of k).

    The clock starts at 0. A stage that has to wait for a task waits; it does not take another one first.

    Args:
        orders: For each stage its tasks in order, `("F", k)` or `("B", k)`, as a schedule gives them: each stage has
            every micro-batch once in each direction. The orders of the stages may differ.
        forward_s: For each stage the seconds of one forward pass.
        backward_s: For each stage the seconds of one backward pass.

    Returns:
        For each stage, in the order of its tasks, when each begins and when it ends, in seconds.

    Raises:
        ValueError: The stages wait for one another forever.

    Example:
        >>> first, second = task_times(gpipe(2, 2), forward_s=[1, 1], backward_s=[2, 2])
        >>> second
        [(1.0, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, 7.0)]
        >>> first
        [(0.0, 1.0), (1.0, 2.0), (5.0, 7.0), (7.0, 9.0)]
    """
    last = len(orders) - 1
    done: dict[tuple[int, str, int], float] = {}
    times: list[list[tuple[float, float]]] = [[] for _ in orders]
    is_going = True
    while is_going:
        is_going = False
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                if kind == "F":
                    needs = (stage - 1, "F", k) if stage > 0 else None
                else:
                    needs = (stage + 1, "B", k) if stage < last else (stage, "F", k)
                if needs is not None and needs not in done:
                    break
                ready = 0.0 if needs is None else done[needs]
                begins = max(ready, times[stage][-1][1] if times[stage] else 0.0)
                ends = begins + (forward_s if kind == "F" else backward_s)[stage]
                times[stage].append((begins, ends))
                done[stage, kind, k] = ends
                is_going = True
    if any(len(times[stage]) < len(tasks) for stage, tasks in enumerate(orders)):
        raise ValueError("the orders wait for one another forever; each task must come after what it needs")
    return times


def bubble_fraction(times: Sequence[Sequence[tuple[float, float]]]) -> float:
    """The share of all stages' time in which a stage does nothing, from the first task's beginning to the last's end.

    Args:
        times: As `task_times` gives them.

    Example:
        >>> bubble_fraction(task_times(gpipe(2, 2), [1, 1], [2, 2]))  # (p - 1) / (m + p - 1)
        0.333...
    """
    total = max(ends for stage in times for _, ends in stage) * len(times)
    return 1.0 - sum(ends - begins for stage in times for begins, ends in stage) / total


def kept_at_once(tasks: Sequence[Task]) -> int:
    """The most micro-batches whose activations one stage keeps at the same time.

    Example:
        >>> [kept_at_once(schedule(4, 8)[0]) for schedule in (gpipe, one_forward_one_backward)]
        [8, 4]
    """
    n, most = 0, 0
    for kind, _ in tasks:
        n += 1 if kind == "F" else -1
        most = max(most, n)
    return most


class Stage(nn.Module):
    """One stage of a Transformer: some of its layers, before them the embedding on the first, behind them the head on
    the last.

    Args:
        model: The whole model, the same on every rank; the stage takes its own part out of it.
        number: Which stage.
        n_stages: How many.

    Raises:
        ValueError: There are more stages than layers, or the embedding and the head are one weight: they would lie on
            two ranks.

    Example:
        >>> from llmcourse.model import ModelConfig
        >>> model = Transformer(ModelConfig(16, 8, 4, 2, 32, tie_embeddings=False))
        >>> sum(p.numel() for n in range(2) for p in Stage(model, n, 2).parameters()) == sum(
        ...     p.numel() for p in model.parameters())
        True
    """

    def __init__(self, model: Transformer, number: int, n_stages: int) -> None:
        super().__init__()
        config = model.config
        if not 1 <= n_stages <= config.n_layers:
            raise ValueError(f"n_stages is {n_stages!r}; it must be at least 1 and at most n_layers, {config.n_layers}")
        if config.tie_embeddings and n_stages > 1:
            raise ValueError("tie_embeddings is True; it must be False where first and last stage are two ranks")
        if config.positions not in ("none", "rope"):
            raise ValueError(f"positions is {config.positions!r}; it must be 'none' or 'rope', which add nothing")
        self.number, self.n_stages, self.d_model = number, n_stages, config.d_model
        bounds = [round(stage * config.n_layers / n_stages) for stage in range(n_stages + 1)]
        self.blocks = nn.ModuleList(list(model.blocks)[bounds[number] : bounds[number + 1]])
        self.positions = model.positions
        self.embedding = model.embedding if self.is_first else None
        self.norm = model.norm if self.is_last else None
        self.lm_head = model.lm_head if self.is_last else None

    @property
    def is_first(self) -> bool:
        """Whether it reads token ids."""
        return self.number == 0

    @property
    def is_last(self) -> bool:
        """Whether it gives logits."""
        return self.number == self.n_stages - 1

    def forward(self, x: Tensor) -> Tensor:
        """Ids (B, T) or activations (B, T, D) in; activations, or logits (B, T, V), out."""
        x_BTD = self.embedding(x) if self.embedding is not None else x
        rotate = self.positions.rotation(torch.arange(x_BTD.shape[1], device=x_BTD.device))
        for block in self.blocks:
            x_BTD = block(x_BTD, rotate)
        return self.lm_head(self.norm(x_BTD)) if self.lm_head is not None else x_BTD


class PipelineResult(NamedTuple):
    """What one step of a pipeline measured.

    Attributes:
        loss: The mean loss of the batch, the same on every rank.
        kept: The most micro-batches whose activations this stage kept at once.
    """

    loss: float
    kept: int


def pipeline_gradients(
    stage: Stage, tasks: Sequence[Task], micro_batches: Sequence[Batch], group: Group
) -> PipelineResult:
    """Add the gradients of a batch to a stage's parameters: those that one process with the whole model would have.

    Args:
        stage: This rank's part of the model.
        tasks: What it does, in order; the ranks' orders are those of one schedule.
        micro_batches: The batch in parts of one shape, the same on every rank: the first stage reads the inputs, the
            last one the targets.
        group: The stages, in the order of the ranks.

    Raises:
        ValueError: There is no target at all; every rank raises it, before any message is sent.
    """
    n_targets = sum(count_targets(batch) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"n_targets is {n_targets} for {len(micro_batches)} micro-batches; it must be at least 1")
    kept: dict[int, tuple[Tensor, Tensor]] = {}
    under_way: list[Pending] = []
    loss, most = 0.0, 0
    for kind, k in tasks:
        if kind == "F":
            x = _input(stage, micro_batches[k], group)
            y = stage(x)
            if stage.is_last:
                y = next_token_loss(y, micro_batches[k].targets, "sum") / n_targets
                loss += float(y.detach())
            else:
                under_way.append(group.start_send(y, group.rank + 1))
            kept[k] = x, y
            most = max(most, len(kept))
        else:
            x, y = kept.pop(k)
            y.backward(None if stage.is_last else group.receive(y, group.rank + 1))
            if not stage.is_first:
                under_way.append(group.start_send(x.grad, group.rank - 1))
    for message in under_way:
        message.wait()
    return PipelineResult(group.sum(loss), most)


def _input(stage: Stage, batch: Batch, group: Group) -> Tensor:
    """What a stage computes with: ids, or what the stage before sends, of which it wants the gradient."""
    if stage.is_first:
        return batch.inputs
    like = batch.inputs.new_empty((*batch.inputs.shape, stage.d_model), dtype=next(stage.parameters()).dtype)
    return group.receive(like, group.rank - 1).requires_grad_()
