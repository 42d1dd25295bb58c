"""The rotary model of `studies.positions` with a larger base, beside no change and Llama 3's scaling.

Rows of the table, for the model that was trained at length 64, three seeds: `part` is "extended" (without any further
training) or "tuned" (after 60 more steps on windows of four times the length), and `value` the mean loss of the same
last 64 targets of each window, predicted from x tokens of context.
"""

from dataclasses import replace

import torch

from llmcourse.model import Transformer
from studies import record
from studies.common import one_thread
from studies.positions import BASE, LONGEST, SCALINGS, SEEDS, TUNING_STEPS, by_context, read_corpus, train_model

CHANGES = {
    "no scaling": {},
    "llama3": {"rope_scaling": SCALINGS["llama3"]},
    "base 500,000": {"rope_theta": 500_000.0},
}


def extend(model: Transformer, seed: int, tokens, windows) -> list:
    """Change the trained rotary model's configuration in each way; then train it on for a moment at the new length."""
    rows = []
    for name, changes in CHANGES.items():
        longer = Transformer(replace(BASE, positions="rope", **changes))
        longer.load_state_dict(model.state_dict())
        rows += [["extended", name, seed, *pair] for pair in by_context(longer, windows)]
        train_model(longer, tokens, seed + 100, LONGEST, TUNING_STEPS, lr=1e-3)
        rows += [["tuned", name, seed, *pair] for pair in by_context(longer, windows)]
    return rows


def main() -> None:
    one_thread()
    tokens, windows = read_corpus()
    rows = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = Transformer(replace(BASE, positions="rope"))
        train_model(model, tokens, seed)
        rows += extend(model, seed, tokens, windows)
        print(f"seed {seed}: {rows[-1]}", flush=True)
    record("larger_base", ["part", "method", "seed", "x", "value"], rows)


if __name__ == "__main__":
    main()
