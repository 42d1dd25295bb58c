"""Optimizers from scratch: SGD, momentum, Adam, AdamW and Muon (chapter 3)."""

from llmcourse.optim.groups import OPTIMIZERS, hidden_matrices, make_optimizer, muon_parameter_groups, parameter_groups
from llmcourse.optim.muon import QUINTIC, muon_scale, muon_step, newton_schulz
from llmcourse.optim.optimizers import SGD, AdamW, Muon
from llmcourse.optim.rules import adam_step, adamw_step, sgd_step

__all__ = [
    "OPTIMIZERS", "QUINTIC", "SGD", "AdamW", "Muon", "adam_step", "adamw_step", "hidden_matrices", "make_optimizer",
    "muon_parameter_groups", "muon_scale", "muon_step", "newton_schulz", "parameter_groups", "sgd_step",
]  # fmt: skip
