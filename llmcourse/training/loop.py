"""The training loop: batches in, a trained model and its history out (chapter 3).

Steps count from 0 for the data and the schedule: step k reads batch k at the schedule's factor k. A row of the history
says how many steps are *done*: row 1 holds the loss of batch 0, measured before that batch changed the parameters.

Shape suffixes: B batch, T time, V vocabulary.
"""

import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from llmcourse.data.batches import Batches, read_part
from llmcourse.data.evaluation import count_batches, evaluate
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.shards import is_in_shards
from llmcourse.model.losses import Batch, BatchSource, auxiliary_share, evaluation_mode
from llmcourse.optim.gradients import autocast
from llmcourse.optim.groups import make_optimizer
from llmcourse.optim.schedules import set_learning_rate
from llmcourse.training.checkpoint import Checkpoints, CheckpointStore
from llmcourse.training.history import History, Row
from llmcourse.training.settings import MAY_CHANGE, TrainingConfig
from llmcourse.training.steps import (
    StepResult,
    after_step,
    faults,
    forget_tallies,
    group_step,
    split_batch,
    train_step,
)


class NonFiniteLossError(RuntimeError):
    """The loss or the gradient of a step was infinite or not a number; the parameters are those before the step.

    Attributes:
        step: The step, from 0, which is the number of its batch too.
        batch: The batch itself.
        checkpoint: The last checkpoint, or None.
        faults: What layers say is wrong, the first layer first: a router whose logits are not finite.
    """

    def __init__(
        self, step: int, result: StepResult, batch: Batch, checkpoint: Path | None, faults: Sequence[str] = ()
    ):
        self.step, self.batch, self.checkpoint, self.faults = step, batch, checkpoint, tuple(faults)
        saved = f"the last good checkpoint is {checkpoint}" if checkpoint else "there is no checkpoint"
        first = f"; the first layer with a fault is {faults[0]}" if faults else ""
        super().__init__(
            f"the loss of step {step} is {result.loss} and the norm of its gradient {result.grad_norm}; the step was "
            f"not made, its batch is batches.batch({step}), {tuple(batch.inputs.shape)} tokens, and {saved}{first}"
        )


class Observer(Protocol):
    """Who is told how a run goes, on every process of it at the same time; `Unseen` has an answer to everything."""

    def begins(self, done: int, checkpoint: Path | None) -> None:
        """The run goes on after so many steps, from a checkpoint if there is one."""

    def step_ends(self, done: int, result: StepResult) -> bool:
        """A step has been made. True, on every process, ends the run here, after a checkpoint."""

    def adds(self, row: Row) -> Row:
        """What else is to stand in a row that is about to be written, of a step or of what was looked at after it."""

    def saved(self, done: int, checkpoint: Path) -> None:
        """The state after so many steps is kept, or on its way to the disk."""


class Unseen:
    """An observer who only lets things happen."""

    def begins(self, done: int, checkpoint: Path | None) -> None:
        """Nothing."""

    def step_ends(self, done: int, result: StepResult) -> bool:
        """Go on."""
        return False

    def adds(self, row: Row) -> Row:
        """Nothing."""
        return Row()

    def saved(self, done: int, checkpoint: Path) -> None:
        """Nothing."""


def train(
    model: nn.Module,
    batches: BatchSource,
    config: TrainingConfig,
    *,
    group: Group = ALONE,
    validation: Batches | Sequence[Batch] | None = None,
    folder: str | Path | None = None,
    progress: bool = True,
    optimizer: torch.optim.Optimizer | None = None,
    sample: Callable[[nn.Module], str] | None = None,
    step: Callable[..., StepResult] | None = None,
    checkpoints: CheckpointStore | None = None,
    observer: Observer | None = None,
) -> list[Row]:
    """Train a model, from the last checkpoint in `folder` on if there is one.

    A resumed run computes what an uninterrupted one would have: same losses, bit for bit, on as many processes. The
    random numbers of the caller are not touched.

    With a group of several processes each one calls this with its own part of the work: it reads its rows of every
    batch, the first writes history and checkpoints, and all return the same history and raise the same errors.

    Where evaluation or sampling fails, the step's checkpoint and row are kept, and the run that goes on from them looks
    again before it trains. A checkpoint that is cut off is passed over for the one before, with a warning.

    Args:
        model: Changed in place; left in training mode. On several processes the same weights everywhere. It may be
            compiled; its checkpoints are those of the plain model.
        batches: Where the batch of a step comes from, on the model's device, as from `Batches`.
        config: All settings.
        group: Who takes part, and which of them this process is.
        validation: What `evaluate` reads; None for no evaluation.
        folder: Where history and checkpoints go; None to keep nothing on disk.
        progress: Whether to show a progress bar.
        optimizer: None makes the one of `config`. In another the schedule multiplies each group's own rate, and `lr`,
            `betas` and `weight_decay` of `config` count for nothing.
        sample: Called with the model each `sample_every` steps; the text it returns is in the history's `sample`.
        step: Called as `train_step` is, once a step; what it returns must be the same on every process. None is
            `train_step` for one process and `group_step` for several.
        checkpoints: Where the state of a run is kept; None keeps it in `folder` as whole files. A model in shards needs
            `ShardedCheckpoints(folder, group)`.
        observer: Who is told how the run goes, and may end it after any step; None for nobody.

    Returns:
        The history, a row for each `log_every` steps and for each evaluation. Losses are in nats per token.

    Raises:
        NonFiniteLossError: A loss or gradient is not finite, and `skip_not_finite` steps before it were left out. The
            model is as it was before that step.
        ValueError: The folder belongs to a run with other settings, the batch cannot be cut, there is no validation
            batch, no checkpoint can be read, processes resume from different steps, or the model is in shards and
            `checkpoints` keeps whole files.
    """
    optimizer = optimizer or make_optimizer(
        model, config.optimizer, lr=config.lr, weight_decay=config.weight_decay, betas=config.betas
    )
    step = step or (train_step if group.size == 1 else functools.partial(group_step, group=group))
    if checkpoints is None and folder is not None:
        checkpoints = Checkpoints(folder, group)
    if isinstance(checkpoints, Checkpoints) and is_in_shards(model):
        raise ValueError(
            "the model is in shards, and a file of one process would have that one's only; checkpoints must be "
            "ShardedCheckpoints(folder, group)"
        )
    if validation is not None:
        count_batches(validation, config.eval_batches)  # an empty one is told before the run, not at its end
    schedule = config.make_schedule()
    start, checkpoint = (0, None) if checkpoints is None else resume(model, optimizer, config, checkpoints, group)
    observer = observer or Unseen()
    with own_random_numbers(), History(folder, start, config.tensorboard, group, config.wandb) as history:
        group.barrier()  # all have read the history before the first writes to it
        observer.begins(start, checkpoint)
        if looks := _left_out(history.rows, start, _looks(config, start, validation, sample)):
            history.add((seen := _look(model, config, looks, validation, sample, group)) | observer.adds(seen))
        shown = _bar(start, config.steps, progress and group.is_first)
        tokens, seconds, skipped, in_a_row = 0, 0.0, 0, 0
        model.train()
        for number in shown:
            began = time.perf_counter()
            # Each step's random numbers follow from its number: a resumed run needs no state of theirs.
            torch.manual_seed(step_seed(config.seed, number, group.rank))
            set_learning_rate(optimizer, schedule(number))
            batch = read_part(batches, number, group)
            micro_batches = split_batch(batch, config.grad_accum_steps)
            forget_tallies(model)
            with auxiliary_share(model, 1 / len(micro_batches)):
                result = step(model, optimizer, micro_batches, config.clip_norm, config.precision)
            # Every process has the same loss and norm by now, so that all of them stop, or none.
            if all(map(math.isfinite, result)):
                in_a_row, measured = 0, after_step(model, group)
            else:
                skipped, in_a_row, measured = skipped + 1, in_a_row + 1, {}
                if in_a_row > config.skip_not_finite:
                    if checkpoints is not None:
                        checkpoints.wait()  # what the error names must be there
                    raise NonFiniteLossError(number, result, batch, checkpoint, faults(model, group))
            # The parts are equal, so one's tokens tell those of all. Looking and saving are not counted as training.
            tokens += batch.inputs.numel() * group.size
            seconds += time.perf_counter() - began

            done = number + 1
            is_last = observer.step_ends(done, result) or done == config.steps
            looks = _looks(config, done, validation, sample)
            if done % config.log_every == 0 or is_last or looks:
                row = _row(done, result, optimizer, tokens / seconds, measured)
                history.write(row | ({"skipped": skipped} if skipped else {}) | observer.adds(row))
                tokens, seconds, skipped = 0, 0.0, 0
            # Before looking, which may fail or take long: what was trained is not lost by it.
            if checkpoints is not None and (is_last or _is_due(done, config.checkpoint_every, config.steps)):
                checkpoint = checkpoints.save(done, model, optimizer, asdict(config))
                observer.saved(done, checkpoint)
            if looks:
                history.add((seen := _look(model, config, looks, validation, sample, group)) | observer.adds(seen))
            shown.set_postfix(loss=f"{result.loss:.3f}", refresh=False)
            if is_last:
                break
    return history.rows


def _bar(start: int, steps: int, is_shown: bool) -> tqdm:
    return tqdm(range(start, steps), initial=start, total=steps, mininterval=1, disable=not is_shown)


def _row(
    done: int,
    result: StepResult,
    optimizer: torch.optim.Optimizer,
    tokens_per_second: float,
    measured: Mapping[str, Tensor],
) -> Row:
    lr = max(float(entry["lr"]) for entry in optimizer.param_groups)
    row = Row(
        step=done, loss=result.loss, lr=lr, grad_norm=result.grad_norm, tokens_per_second=round(tokens_per_second)
    )
    row |= {name: value.item() for name, value in measured.items()}
    # A step that was left out has no loss; JSON has no word for what it had.
    return Row(**{name: value for name, value in row.items() if math.isfinite(value)})


def _is_due(done: int, every: int | None, steps: int) -> bool:
    return done == steps or (every is not None and done % every == 0)


def _looks(
    config: TrainingConfig,
    done: int,
    validation: Batches | Sequence[Batch] | None,
    sample: Callable[[nn.Module], str] | None,
) -> set[str]:
    """What it is time to add to the row of a step: "val_loss", "sample"."""
    looks = set()
    if validation is not None and _is_due(done, config.eval_every, config.steps):
        looks.add("val_loss")
    if sample is not None and config.sample_every and done % config.sample_every == 0:
        looks.add("sample")
    return looks


def _left_out(rows: Sequence[Row], start: int, looks: set[str]) -> set[str]:
    """What an earlier run that ended while it looked has left to do, at the step from which this one goes on."""
    return looks - set(rows[-1]) if start and rows and rows[-1]["step"] == start else set()


def _look(
    model: nn.Module,
    config: TrainingConfig,
    looks: set[str],
    validation: Batches | Sequence[Batch] | None,
    sample: Callable[[nn.Module], str] | None,
    group: Group,
) -> Row:
    """Evaluate and sample."""
    seen = Row()
    if "val_loss" in looks:
        with autocast(next(model.parameters()).device, config.precision):
            seen["val_loss"] = evaluate(model, validation, config.eval_batches, group)
    if "sample" in looks:
        torch.manual_seed(config.seed)  # the same choices each time: what changes is the model
        with evaluation_mode(model):
            seen["sample"] = sample(model)
    return seen


def resume(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: TrainingConfig,
    checkpoints: CheckpointStore,
    group: Group = ALONE,
) -> tuple[int, Path | None]:
    """Put the last checkpoint's state into model and optimizer.

    Returns:
        How many steps are done, and the checkpoint; 0 and None where there is none.

    Raises:
        ValueError: The checkpoint's run has other settings (the message names them with both values), or the processes
            of the group see different checkpoints.
    """
    latest = checkpoints.latest()
    if len(seen := dict.fromkeys(group.gather(None if latest is None else latest.name))) > 1:
        names = ", ".join(map(str, seen))
        raise ValueError(f"the last checkpoint is {names}; it must be the same for all {group.size} processes")
    if latest is None:
        return 0, None
    theirs, ours = checkpoints.settings(latest), asdict(config)
    if changed := [
        f"{k} ({theirs.get(k)} -> {v})" for k, v in ours.items() if k not in MAY_CHANGE and theirs.get(k) != v
    ]:
        raise ValueError(f"{latest} belongs to a run with other settings: {', '.join(changed)}; take another folder")
    return checkpoints.restore(latest, model, optimizer), latest


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """What the random numbers of one process begin with in one step: another number for each run, step and process.

    Example:
        >>> len({step_seed(seed, step, rank) for seed in range(3) for step in range(3) for rank in range(3)})
        27
    """
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def own_random_numbers() -> Iterator[None]:
    """A context after which the caller's random numbers go on where they were."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield
