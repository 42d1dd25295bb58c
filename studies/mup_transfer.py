"""The best learning rate at three widths, in the ordinary parametrization and under muP.

The same two-layer model at widths 32, 64 and 128 (heads of 16 channels), trained for 120 steps with a linear decay at
each learning rate, with three seeds (of the first weights and of the order of the data). In both parametrizations the
matrices start with the standard deviation 0.5 / sqrt(width); under muP only the hidden ones do, and the embedding
starts like that of the base. muP's base is the smallest width, where the two are the same.

With `--arms` it asks which of muP's rules does the work at width 128: the embedding's rate, or where the embedding
starts together with the factor on the logits. Each arm takes a part of the rules; the rate that is varied is that of
the hidden matrices, so that all arms can be held against each other at one rate.
"""

import argparse
from dataclasses import replace

import torch

from llmcourse.data import Batches
from llmcourse.data.evaluation import evaluate
from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim.mup import build_mup, mup_config, mup_init_, mup_parameter_groups
from llmcourse.optim.optimizers import AdamW
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import Tokens, one_thread, python_tokens

VOCAB = 512
WIDTHS = (32, 64, 128)
RATES = tuple(2.0**k for k in range(-11, -3))
SEEDS = (0, 1, 2)
STEPS = 120
ARMS = {  # name: (the embedding and the gains learn m times as fast, muP's start and factor on the logits)
    "nothing": (False, False),
    "embedding's rate": (True, False),
    "start and logits": (False, True),
    "both": (True, True),
}
HIDDEN_RATES = tuple(2.0**k for k in range(-9, -6))


def final_loss(
    width: int, lr: float, is_mup: bool, seed: int, batches: Batches, validation: Batches, steps: int = STEPS
) -> float:
    """Validation loss of one run."""
    config = ModelConfig(vocab_size=VOCAB, d_model=width, n_layers=2, n_heads=width // 16, max_seq_len=64)
    started = replace(config, init_std=0.5 * (WIDTHS[0] if is_mup else width) ** -0.5)
    torch.manual_seed(seed)
    model, optimizer = build_mup(started, WIDTHS[0], lr=lr) if is_mup else (Transformer(started), None)
    settings = TrainingConfig(steps=steps, lr=lr, warmup_steps=steps // 10, schedule="linear", min_lr_ratio=0.0)
    train(model, batches, settings, optimizer=optimizer, progress=False)
    return evaluate(model, validation, 8)


def arm_loss(
    arm: str, width: int, hidden_lr: float, seed: int, batches: Batches, validation: Batches, steps: int = STEPS
) -> float:
    """Validation loss of one run with a part of muP's rules; the decay is 0.1 times each weight's own rate in all."""
    is_fast, is_quiet = ARMS[arm]
    m = width / WIDTHS[0]
    std = 0.5 * (WIDTHS[0] if is_quiet else width) ** -0.5
    config = ModelConfig(vocab_size=VOCAB, d_model=width, n_layers=2, n_heads=width // 16, max_seq_len=64, init_std=std)
    torch.manual_seed(seed)
    model = Transformer(mup_config(config, WIDTHS[0]) if is_quiet else config)
    if is_quiet:
        mup_init_(model, WIDTHS[0])
    groups = mup_parameter_groups(model, WIDTHS[0], lr=m * hidden_lr, weight_decay=0.1)
    for group in groups:
        group["weight_decay"] = min(group["weight_decay"], 0.1)
        if not is_fast:
            group["lr"] = hidden_lr
    optimizer = AdamW(groups, lr=hidden_lr, betas=(0.9, 0.95))
    settings = TrainingConfig(steps=steps, lr=hidden_lr, warmup_steps=steps // 10, schedule="linear", min_lr_ratio=0.0)
    train(model, batches, settings, optimizer=optimizer, progress=False)
    return evaluate(model, validation, 8)


def arms(tokens: Tokens, validation: Batches) -> None:
    """Record the four arms at the largest width."""
    rows = []
    for seed in SEEDS:
        batches = Batches(tokens.training, 64, 8, seed=seed)
        for lr in HIDDEN_RATES:
            for arm in ARMS:
                loss = arm_loss(arm, WIDTHS[-1], lr, seed, batches, validation)
                rows.append([arm, lr, seed, loss])
                print(*rows[-1], flush=True)
    record("mup_arms", ["changed", "hidden lr", "seed", "loss"], rows, study="mup_transfer --arms")


def main() -> None:
    """Run all seeds, widths, rates and parametrizations; with --arms, the parts of muP's rules instead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arms", action="store_true")
    only_arms = parser.parse_args().arms
    one_thread()
    tokens = python_tokens(VOCAB, limit_mb=1, held_out_mb=0.2)
    validation = Batches(tokens.held_out, 64, 16)
    if only_arms:
        arms(tokens, validation)
        return
    rows = []
    for seed in SEEDS:
        batches = Batches(tokens.training, 64, 8, seed=seed)
        for width in WIDTHS:
            for lr in RATES:
                standard = final_loss(width, lr, False, seed, batches, validation)
                mup = standard if width == WIDTHS[0] else final_loss(width, lr, True, seed, batches, validation)
                rows += [["standard", width, lr, seed, standard], ["muP", width, lr, seed, mup]]
                print(seed, width, lr, round(standard, 3), round(mup, 3), flush=True)
    record("mup_transfer", ["parametrization", "width", "lr", "seed", "loss"], rows)


if __name__ == "__main__":
    main()
