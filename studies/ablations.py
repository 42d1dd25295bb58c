"""From "Attention Is All You Need" to today's defaults, one change at a time: what each is worth on a small model.

Every row changes one thing in today's recipe back to what GPT-2 or the Transformer of 2017 did, or on to something
newer, and trains the same small model on the same batches. Differences are taken seed by seed, so that the luck of a
seed, which both sides share, cancels. One learning rate serves all rows, as it would if you changed one thing tonight.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import one_thread, python_tokens

SEEDS = (0, 1, 2)
VOCAB_SIZE, SEQ_LEN, BATCH_SIZE = 512, 64, 16

# The usual initial deviation, 0.02, is for models ten times as wide; it has a row of its own below.
MODEL = ModelConfig(vocab_size=VOCAB_SIZE, d_model=64, n_layers=2, n_heads=4, max_seq_len=SEQ_LEN, init_std=0.05)
RECIPE = TrainingConfig(steps=300, lr=4e-3, warmup_steps=20, eval_batches=24, log_every=300)

OLD_FF = {"d_ff": 264}  # with two matrices in place of three: as many parameters as SwiGLU's 176
CHANGES: dict[str, dict[str, Any]] = {
    "today's defaults": {},
    "LayerNorm": {"norm": "layernorm"},
    "norm after the sum": {"norm_position": "post"},
    "sinusoidal positions": {"positions": "sinusoidal"},
    "learned positions": {"positions": "learned"},
    "ReLU": {"activation": "relu", **OLD_FF},
    "GELU": {"activation": "gelu", **OLD_FF},
    "biases": {"bias": True},
    "dropout 0.1": {"dropout": 0.1},
    "initial deviation of 0.02": {"init_std": 0.02},
    "no scaled residual init": {"scale_residual_init": False},
    "output layer not tied": {"tie_embeddings": False},
    "2 key/value heads of 4": {"n_kv_heads": 2},
    "norm on queries and keys": {"qk_norm": True},
    "Adam, decay in the gradient": {"optimizer": "adam"},
    # 0.1 is AdamW's; in a gradient, where Adam divides it by the gradient's size, far smaller ones are usual.
    "Adam, 0.001 in the gradient": {"optimizer": "adam", "weight_decay": 1e-3},
    "Adam, 0.0001 in the gradient": {"optimizer": "adam", "weight_decay": 1e-4},
    "beta 2 of 0.999": {"betas": (0.9, 0.999)},
    "no weight decay": {"weight_decay": 0.0},
    "no clipping": {"clip_norm": None},
    "no warm-up": {"warmup_steps": 0},
    "inverse square root schedule": {"schedule": "inverse_sqrt"},
    "warmup-stable-decay": {"schedule": "wsd", "min_lr_ratio": 0.0},
    "Muon": {"optimizer": "muon"},
    "all of GPT-2": {
        "norm": "layernorm", "positions": "learned", "activation": "gelu_tanh", "bias": True, "dropout": 0.1, **OLD_FF,
    },
    "all of 2017": {
        "norm": "layernorm", "norm_position": "post", "positions": "sinusoidal", "activation": "relu", "bias": True,
        "dropout": 0.1, "scale_residual_init": False, "optimizer": "adam", "weight_decay": 0.0, "betas": (0.9, 0.98),
        "clip_norm": None, "schedule": "inverse_sqrt", **OLD_FF,
    },
}  # fmt: skip


def changed(base: Any, change: dict[str, Any]) -> Any:
    """A configuration with those of the changes that it has fields for."""
    names = {field.name for field in dataclasses.fields(base)}
    return dataclasses.replace(base, **{name: value for name, value in change.items() if name in names})


def measure(names: Sequence[str], seeds: Sequence[int]) -> dict[tuple[str, int], float]:
    """The loss on held-out text, in nats per token, of each row with each seed."""
    tokens = python_tokens(VOCAB_SIZE, limit_mb=1, held_out_mb=0.3)
    validation = Batches(tokens.held_out, SEQ_LEN, BATCH_SIZE)
    losses = {}
    for seed in seeds:
        for name in names:
            torch.manual_seed(seed)
            model = Transformer(changed(MODEL, CHANGES[name]))
            recipe = changed(dataclasses.replace(RECIPE, seed=seed), CHANGES[name])
            batches = Batches(tokens.training, SEQ_LEN, BATCH_SIZE, seed=seed)
            losses[name, seed] = train(model, batches, recipe, validation=validation, progress=False)[-1]["val_loss"]
            print(f"{name}, seed {seed}: {losses[name, seed]:.4f}", flush=True)
    return losses


def rows(losses: dict[tuple[str, int], float]) -> list[list[Any]]:
    """For each change: mean loss, mean difference from the defaults, its standard error over seeds, wins."""
    seeds = sorted({seed for _, seed in losses})
    table = []
    for name in CHANGES:
        differences = np.array([losses[name, seed] - losses["today's defaults", seed] for seed in seeds])
        mean = float(np.mean([losses[name, seed] for seed in seeds]))
        error = float(differences.std(ddof=1) / len(seeds) ** 0.5)
        table.append([name, mean, float(differences.mean()), error, len(seeds)])
    return table


def main() -> None:
    """Run every row with every seed and record the table."""
    one_thread()
    save(measure(list(CHANGES), SEEDS))


def save(losses: dict[tuple[str, int], float]) -> None:
    """Write the table of the study."""
    columns = ["change", "loss (nats per token)", "difference", "standard error", "seeds"]
    record("ablations", columns, rows(losses))


if __name__ == "__main__":
    main()
