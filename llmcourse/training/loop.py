"""The training loop: batches in, a trained model and its history out (chapter 3).

Steps count from 0 for the data and the schedule: step k reads batch k at the schedule's factor k. A row of the history
says how many steps are *done*: row 1 holds the loss of batch 0, measured before that batch changed the parameters.

Shape suffixes: B batch, T time, V vocabulary.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from tqdm import tqdm

from llmcourse.data.evaluation import evaluate
from llmcourse.model.losses import Batch
from llmcourse.optim.gradients import PRECISIONS, accumulate_gradients, autocast, clip_gradients
from llmcourse.optim.groups import make_optimizer
from llmcourse.optim.schedules import make_schedule, set_learning_rate
from llmcourse.training.checkpoint import latest_checkpoint, load_checkpoint, restore, save_checkpoint
from llmcourse.training.history import Metrics

MAY_CHANGE = {"eval_every", "eval_batches", "sample_every", "checkpoint_every", "log_every", "tensorboard"}
"""The settings of a run that do not change what it computes, so that a resumed run may have others."""


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides how a model is trained, apart from the model and the data.

    Attributes:
        steps: Optimizer steps of the whole run.
        lr: Peak learning rate.
        warmup_steps: Steps at the start whose rate is below the peak.
        schedule: Name of a schedule, as `make_schedule` knows them.
        min_lr_ratio: Where the schedule ends, as a share of the peak.
        optimizer: Name of an optimizer, as `make_optimizer` knows them.
        weight_decay: Decay of the matrices.
        betas: For Adam's moments.
        clip_norm: Largest norm of the gradient; None for no clipping.
        grad_accum_steps: Into how many micro-batches each batch is cut. It changes the memory, not the result.
        precision: "fp32" or "bf16", of the forward pass.
        eval_every: Steps between evaluations; None for one at the end, if there is validation data.
        eval_batches: Validation batches of an evaluation.
        sample_every: Steps between samples; None for none.
        checkpoint_every: Steps between checkpoints; None for one at the end, if there is a folder.
        log_every: Steps between rows of the history.
        seed: Of everything random in the model, such as dropout. The order of the data has its own seed.
        tensorboard: Whether the folder also gets TensorBoard's event files.

    Raises:
        ValueError: A setting is out of range; the message names it.

    Example:
        >>> TrainingConfig(steps=100, lr=1e-3).schedule
        'cosine'
        >>> TrainingConfig(steps=0, lr=1e-3)
        Traceback (most recent call last):
        ...
        ValueError: steps is 0; it must be at least 1
    """

    steps: int
    lr: float
    warmup_steps: int = 0
    schedule: str = "cosine"
    min_lr_ratio: float = 0.1
    optimizer: str = "adamw"
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    clip_norm: float | None = 1.0
    grad_accum_steps: int = 1
    precision: str = "fp32"
    eval_every: int | None = None
    eval_batches: int = 8
    sample_every: int | None = None
    checkpoint_every: int | None = None
    log_every: int = 1
    seed: int = 0
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "grad_accum_steps", "eval_batches", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("eval_every", "sample_every", "checkpoint_every", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0, or None")
        if not 0 <= self.warmup_steps < self.steps:
            raise ValueError(
                f"warmup_steps is {self.warmup_steps}; it must be at least 0 and below steps, {self.steps}"
            )
        if not (math.isfinite(self.lr) and self.lr >= 0):
            raise ValueError(f"lr is {self.lr}; it must be finite and at least 0")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; it is one of {', '.join(PRECISIONS)}")
        self.make_schedule()

    def make_schedule(self) -> Callable[[int], float]:
        """The function from the step to the factor of the peak rate."""
        return make_schedule(
            self.schedule, total_steps=self.steps, warmup_steps=self.warmup_steps, min_ratio=self.min_lr_ratio
        )


class StepResult(NamedTuple):
    """What one training step measured.

    Attributes:
        loss: Mean loss of the batch before the step, in nats per target.
        grad_norm: Norm of the whole gradient before clipping.
    """

    loss: float
    grad_norm: float


class NonFiniteLossError(RuntimeError):
    """The loss or the gradient of a step was infinite or not a number; the parameters are those before the step.

    Attributes:
        step: The step, from 0, which is the number of its batch too.
        batch: The batch itself.
        checkpoint: The last checkpoint, or None.
    """

    def __init__(self, step: int, result: StepResult, batch: Batch, checkpoint: Path | None):
        self.step, self.batch, self.checkpoint = step, batch, checkpoint
        saved = f"the last good checkpoint is {checkpoint}" if checkpoint else "there is no checkpoint"
        super().__init__(
            f"step {step}: the loss is {result.loss} and the norm of the gradient {result.grad_norm}. The step was not "
            f"made. Its batch is batches.batch({step}), {tuple(batch.inputs.shape)} tokens; {saved}"
        )


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
        model: As `accumulate_gradients` calls it.
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
    """Cut a batch into micro-batches of equally many rows.

    Raises:
        ValueError: The rows cannot be divided by `n_parts`.

    Example:
        >>> ids = torch.zeros(4, 8).long()
        >>> [tuple(part.inputs.shape) for part in split_batch(Batch(ids, ids), 2)]
        [(2, 8), (2, 8)]
    """
    n_rows = len(batch.inputs)
    if n_rows % n_parts:
        raise ValueError(f"a batch of {n_rows} rows cannot be cut into grad_accum_steps={n_parts} equal parts")
    columns = [[None] * n_parts if values is None else values.chunk(n_parts) for values in batch]
    return [Batch(*part) for part in zip(*columns)]


def train(
    model: nn.Module,
    batches: Any,
    config: TrainingConfig,
    *,
    validation: Any = None,
    folder: str | Path | None = None,
    progress: bool = True,
    optimizer: torch.optim.Optimizer | None = None,
    sample: Callable[[nn.Module], str] | None = None,
) -> list[dict[str, Any]]:
    """Train a model, from the last checkpoint in `folder` on if there is one.

    A resumed run computes what an uninterrupted one would have: same losses, bit for bit, on one process. The random
    numbers of the caller are not touched.

    Args:
        model: Changed in place; left in training mode.
        batches: `batches.batch(step)` is the batch of a step, on the model's device, as `Batches` gives it.
        config: All settings.
        validation: What `evaluate` reads; None for no evaluation.
        folder: Where metrics.jsonl and checkpoints go; None to keep nothing on disk.
        progress: Whether to show a progress bar.
        optimizer: None makes the one of `config`. In another the schedule multiplies each group's own rate, and `lr`,
            `betas` and `weight_decay` of `config` count for nothing.
        sample: Called with the model each `sample_every` steps; the text it returns is in the history's `sample`.

    Returns:
        The history, a row for each `log_every` steps and for each evaluation: `step` (steps done), `loss`, `lr` (the rate
        of that step, the largest if groups differ), `grad_norm`, `tokens_per_second`, and `val_loss` and `sample` where
        there is one. Losses are in nats per token.

    Raises:
        NonFiniteLossError: A loss or gradient is not finite. The model is as it was before that step.
        ValueError: The folder belongs to a run with other settings, or the batch cannot be cut.
    """
    folder = None if folder is None else Path(folder)
    optimizer = optimizer or make_optimizer(
        model, config.optimizer, lr=config.lr, weight_decay=config.weight_decay, betas=config.betas
    )
    schedule = config.make_schedule()
    with own_random_numbers(config.seed):
        start, checkpoint = resume(model, optimizer, config, folder)
        metrics = Metrics(folder, start, config.tensorboard)
        bar = tqdm(range(start, config.steps), initial=start, total=config.steps, disable=not progress, mininterval=1)
        tokens, seconds = 0, 0.0
        model.train()
        for step in bar:
            began = time.perf_counter()
            set_learning_rate(optimizer, schedule(step))
            batch = batches.batch(step)
            micro_batches = split_batch(batch, config.grad_accum_steps)
            result = train_step(model, optimizer, micro_batches, config.clip_norm, config.precision)
            if not all(map(math.isfinite, result)):
                metrics.close()
                raise NonFiniteLossError(step, result, batch, checkpoint)
            tokens, seconds = tokens + batch.inputs.numel(), seconds + time.perf_counter() - began

            done = step + 1
            lr = max(float(group["lr"]) for group in optimizer.param_groups)
            row = {"step": done, "loss": result.loss, "lr": lr, "grad_norm": result.grad_norm}
            row["tokens_per_second"] = round(tokens / seconds)
            row |= _look(model, config, done, validation, sample)
            if done % config.log_every == 0 or done == config.steps or "val_loss" in row or "sample" in row:
                metrics.write(row)
                tokens, seconds = 0, 0.0
            if folder and _is_due(done, config.checkpoint_every, config.steps):
                checkpoint = save_checkpoint(folder, done, model, optimizer, asdict(config))
            bar.set_postfix(loss=f"{result.loss:.3f}", refresh=False)
        metrics.close()
    return metrics.rows


def _is_due(done: int, every: int | None, steps: int) -> bool:
    return done == steps or (every is not None and done % every == 0)


def _look(model: nn.Module, config: TrainingConfig, done: int, validation: Any, sample: Any) -> dict[str, Any]:
    """Evaluate and sample where it is time to; neither may move the random numbers of training."""
    seen: dict[str, Any] = {}
    with own_random_numbers(config.seed):
        if validation is not None and _is_due(done, config.eval_every, config.steps):
            with autocast(next(model.parameters()).device, config.precision):
                seen["val_loss"] = evaluate(model, validation, config.eval_batches)
        if sample is not None and config.sample_every and done % config.sample_every == 0:
            model.eval()
            seen["sample"] = sample(model)
            model.train()
    return seen


def resume(
    model: nn.Module, optimizer: torch.optim.Optimizer, config: TrainingConfig, folder: Path | None
) -> tuple[int, Path | None]:
    """Put the last checkpoint's state into model, optimizer and random numbers.

    Returns:
        How many steps are done, and the checkpoint; 0 and None where there is none.

    Raises:
        ValueError: The checkpoint's run has other settings; the message names them with both values.
    """
    checkpoint = latest_checkpoint(folder) if folder else None
    if checkpoint is None:
        return 0, None
    state = load_checkpoint(checkpoint)
    theirs, ours = state["config"], asdict(config)
    if changed := [
        f"{k} ({theirs.get(k)} -> {v})" for k, v in ours.items() if k not in MAY_CHANGE and theirs.get(k) != v
    ]:
        raise ValueError(
            f"{checkpoint} belongs to a run with other settings: {', '.join(changed)}. Take another folder"
        )
    restore(state, model, optimizer)
    return state["step"], checkpoint


@contextmanager
def own_random_numbers(seed: int) -> Iterator[None]:
    """A context with random numbers of its own; afterwards the caller's go on where they were."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield
