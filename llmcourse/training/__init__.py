"""The one training loop, the proofs that come before it, and what a run leaves behind (chapter 3, last notebook)."""

from llmcourse.training.loop import NonFiniteLossError, own_random_numbers, resume, step_seed, train
from llmcourse.training.settings import MAY_CHANGE, TrainingConfig
from llmcourse.training.steps import StepResult, group_step, parallel_step, split_batch, train_step

__all__ = [
    "MAY_CHANGE", "NonFiniteLossError", "StepResult", "TrainingConfig", "group_step", "own_random_numbers",
    "parallel_step", "resume", "split_batch", "step_seed", "train", "train_step",
]  # fmt: skip
