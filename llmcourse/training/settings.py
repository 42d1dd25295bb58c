"""All that decides how a model is trained, apart from the model and the data (chapter 3)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from llmcourse.optim.gradients import PRECISIONS
from llmcourse.optim.schedules import make_schedule
from llmcourse.values import take_fields

MAY_CHANGE = {
    "eval_every", "eval_batches", "sample_every", "checkpoint_every", "log_every", "tensorboard", "wandb",
    "grad_accum_steps", "skip_not_finite",
}  # fmt: skip
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
        grad_accum_steps: Into how many micro-batches each batch is cut. It changes the memory, not the result, but for
            a balancing loss of experts, which is that of a micro-batch.
        precision: "fp32" or "bf16", of the forward pass.
        eval_every: Steps between evaluations; None for one at the end, if there is validation data.
        eval_batches: Validation batches of an evaluation.
        sample_every: Steps between samples; None for none.
        checkpoint_every: Steps between checkpoints; None for one at the end, if there is a folder.
        log_every: Steps between rows of the history.
        seed: Of everything random in the model, such as dropout. The order of the data has its own seed.
        tensorboard: Whether the folder also gets TensorBoard's event files.
        wandb: Whether the run is logged to Weights & Biases, too.
        skip_not_finite: How many steps one after the other may be left out because their loss or gradient is not
            finite. The parameters stay as they are, and the next batch is read.

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
    wandb: bool = False
    skip_not_finite: int = 0

    def __post_init__(self) -> None:
        take_fields(self)
        for name in ("steps", "grad_accum_steps", "eval_batches", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 1")
        for name in ("eval_every", "sample_every", "checkpoint_every", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value!r}; it must be above 0, or None")
        if self.skip_not_finite < 0:
            raise ValueError(f"skip_not_finite is {self.skip_not_finite!r}; it must be at least 0")
        if not 0 <= self.warmup_steps < self.steps:
            raise ValueError(
                f"warmup_steps is {self.warmup_steps!r}; it must be at least 0 and below steps, {self.steps!r}"
            )
        if not (math.isfinite(self.lr) and self.lr >= 0):
            raise ValueError(f"lr is {self.lr!r}; it must be finite and at least 0")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; it must be one of {', '.join(map(repr, PRECISIONS))}")
        self.make_schedule()

    def make_schedule(self) -> Callable[[int], float]:
        """The function from the step to the factor of the peak rate."""
        return make_schedule(
            self.schedule, total_steps=self.steps, warmup_steps=self.warmup_steps, min_ratio=self.min_lr_ratio
        )
