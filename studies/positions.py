"""Five positional encodings, the same tiny model, the same data, three seeds: inside and beyond the trained length.

Rows of the table: `part` says what `x` and `value` mean.
- "by position": x the first of 16 positions, value the mean loss there (nats per token), trained at length 64;
- "context": the same last 64 targets of each window, predicted from x tokens of context;
- "small start": as "context" at length 64, for models whose first weights have GPT-2's deviation of 0.02, one seed;
- "speed": thousand tokens per second of training, the median of rounds in which the methods take turns; x is 0;
- "training": x the step, value the mean training loss of the last 50 steps;
- "extended": as "context", for the rotary model under a scaling of its frequencies, without any further training;
- "tuned": the same after 60 more steps on windows of four times the length.
"""

import statistics
import time
from dataclasses import replace

import numpy as np
import torch

from llmcourse.data import Batches
from llmcourse.data.evaluation import loss_by_position
from llmcourse.model import ModelConfig, Transformer
from llmcourse.positional import RopeScaling
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import one_thread, python_tokens

SEEDS, TRAINED, STEPS, TUNING_STEPS, N_WINDOWS = (0, 1, 2), 64, 700, 60, 384
LONGEST = 4 * TRAINED
# GPT-2's 0.02 is for a width of 768; at 64 the same proportion is 0.02 * sqrt(768 / 64).
BASE = ModelConfig(vocab_size=512, d_model=64, n_layers=2, n_heads=4, max_seq_len=TRAINED, init_std=0.07)
SMALL_START = 0.02
SCALINGS = {
    "no scaling": None,
    "linear": RopeScaling("linear", 4.0),
    "ntk": RopeScaling("ntk", 4.0),
    "yarn": RopeScaling("yarn", 4.0, TRAINED),
    "yarn, beta_fast 8": RopeScaling("yarn", 4.0, TRAINED, beta_fast=8.0),
    "llama3": RopeScaling("llama3", 4.0, TRAINED),
}


def read_corpus() -> tuple[np.ndarray, torch.Tensor]:
    """Training tokens, and held-out windows of four times the trained length."""
    tokens = python_tokens(BASE.vocab_size, limit_mb=4, held_out_mb=1)
    starts = np.linspace(0, len(tokens.held_out) - LONGEST - 1, N_WINDOWS).astype(int)
    windows = np.stack([tokens.held_out[start : start + LONGEST + 1] for start in starts])
    return tokens.training, torch.from_numpy(windows.astype(np.int64))


def train_model(model, tokens, seed: int, seq_len: int = TRAINED, steps: int = STEPS, lr: float = 4e-3) -> list[dict]:
    """Train on windows of one length, 2,048 tokens a step."""
    batches = Batches(tokens, seq_len, 2048 // seq_len, seed=seed)
    config = TrainingConfig(steps=steps, lr=lr, warmup_steps=min(50, steps // 2))
    return train(model, batches, config, progress=False)


def by_context(model, windows: torch.Tensor) -> list[tuple[int, float]]:
    """The loss of the same last targets, given 1, 2 and 4 times the trained length as context."""
    table = []
    for length in (TRAINED, 2 * TRAINED, LONGEST):
        losses = loss_by_position(model, windows[:, -length - 1 :])
        table.append((length, losses[-TRAINED:].mean().item()))
    return table


def measure(name: str, seed: int, tokens, windows) -> tuple[list, Transformer]:
    """Train one model with one encoding and measure it at all lengths that it can take."""
    torch.manual_seed(seed)
    model = Transformer(replace(BASE, positions=name))
    history = train_model(model, tokens, seed)
    losses = [row["loss"] for row in history]
    rows = [
        ["training", name, seed, step, float(np.mean(losses[step - 50 : step]))] for step in range(50, STEPS + 1, 50)
    ]
    has_table = name == "learned"  # nothing lies beyond its last row
    positions = loss_by_position(model, windows[:, : TRAINED + 1] if has_table else windows)
    rows += [["by position", name, seed, 16 * i, part.mean().item()] for i, part in enumerate(positions.split(16))]
    if has_table:
        inside = loss_by_position(model, windows[:, -TRAINED - 1 :]).mean().item()
        return [*rows, ["context", name, seed, TRAINED, inside]], model
    return rows + [["context", name, seed, *pair] for pair in by_context(model, windows)], model


def measure_small_start(name: str, seed: int, tokens, windows) -> list:
    """Train one model from weights as small as GPT-2's and measure it at the length that it was trained on."""
    torch.manual_seed(seed)
    model = Transformer(replace(BASE, positions=name, init_std=SMALL_START))
    train_model(model, tokens, seed)
    return ["small start", name, seed, TRAINED, loss_by_position(model, windows[:, -TRAINED - 1 :]).mean().item()]


def extend(model: Transformer, seed: int, tokens, windows) -> list:
    """Scale the trained rotary model in each way; then train it on for a moment at the new length."""
    rows = []
    for name, scaling in SCALINGS.items():
        longer = Transformer(replace(BASE, positions="rope", rope_scaling=scaling))
        longer.load_state_dict(model.state_dict())
        rows += [["extended", name, seed, *pair] for pair in by_context(longer, windows)]
        train_model(longer, tokens, seed + 100, LONGEST, TUNING_STEPS, lr=1e-3)
        rows += [["tuned", name, seed, *pair] for pair in by_context(longer, windows)]
    return rows


def training_speed(names: list[str], tokens, rounds: int = 9, steps: int = 6) -> list:
    """The methods take turns, so that what else the machine does meets them all alike."""
    models = {name: Transformer(replace(BASE, positions=name)) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, model in models.items():
            began = time.perf_counter()
            train_model(model, tokens, 0, steps=steps)
            seconds[name].append(time.perf_counter() - began)
    return [["speed", name, 0, 0, steps * 2.048 / statistics.median(times)] for name, times in seconds.items()]


def main() -> None:
    one_thread()
    tokens, windows = read_corpus()
    names = ["none", "learned", "sinusoidal", "rope", "alibi"]
    rows = training_speed(names, tokens)
    for seed in SEEDS:
        for name in names:
            measured, model = measure(name, seed, tokens, windows)
            rows += measured
            print(f"seed {seed} {name}: {measured[-1]}", flush=True)
            if name == "rope":
                rows += extend(model, seed, tokens, windows)
    for name in ("none", "learned", "sinusoidal"):
        rows.append(measure_small_start(name, SEEDS[0], tokens, windows))
        print(f"seed {SEEDS[0]} {name}: {rows[-1]}", flush=True)
    record("positions", ["part", "method", "seed", "x", "value"], rows)


if __name__ == "__main__":
    main()
