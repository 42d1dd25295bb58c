"""The best learning rate at three widths, in the ordinary parametrization and under muP.

The same two-layer model at widths 32, 64 and 128 (heads of 16 channels), trained for 120 steps with a linear decay at
each learning rate, with three seeds (of the first weights and of the order of the data). In both parametrizations the
matrices start with the standard deviation 0.5 / sqrt(width); under muP only the hidden ones do, and the embedding
starts like that of the base. muP's base is the smallest width, where the two are the same.
"""

from dataclasses import replace

import torch

from llmcourse.data import Batches
from llmcourse.data.evaluation import evaluate
from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim.mup import build_mup
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import one_thread, python_tokens

VOCAB = 512
WIDTHS = (32, 64, 128)
RATES = tuple(2.0**k for k in range(-11, -3))
SEEDS = (0, 1, 2)
STEPS = 120


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


def main() -> None:
    """Run all seeds, widths, rates and parametrizations."""
    one_thread()
    tokens = python_tokens(VOCAB, limit_mb=1, held_out_mb=0.2)
    validation = Batches(tokens.held_out, 64, 16)
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
