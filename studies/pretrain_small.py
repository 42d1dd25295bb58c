"""A model of a million parameters learns Python for some minutes, beside a 5-gram model of the same text.

Both read the same tokens of the same tokenizer, and both are measured in bits per byte of the same held-out files. The
5-gram counts all of the text at once; the Transformer's loss is measured on the way.
"""

import math
from typing import Any

import numpy as np
import torch

from llmcourse.data import Batches
from llmcourse.data.ngram import NGram
from llmcourse.model import ModelConfig, Transformer
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import one_thread, python_tokens

MEGABYTES, HELD_OUT_MEGABYTES = 4, 0.2
MODEL = ModelConfig(vocab_size=1024, d_model=128, n_layers=4, n_heads=4, max_seq_len=128, qk_norm=True)
RECIPE = TrainingConfig(
    steps=1000, lr=5e-3, warmup_steps=20, schedule="linear", min_lr_ratio=0.0, optimizer="muon", eval_every=100,
    eval_batches=1000, log_every=100,
)  # fmt: skip
BATCH_SIZE = 16


def measure() -> list[list[Any]]:
    """Rows of model, tokens read and bits per held-out byte."""
    tokens, held_out, tokens_per_byte = python_tokens(MODEL.vocab_size, MEGABYTES, HELD_OUT_MEGABYTES)
    rows: list[list[Any]] = []
    for order in (1, 3, 5):
        nats = -NGram(tokens, MODEL.vocab_size, order).log_probs(held_out).mean()
        rows.append([f"{order}-gram", len(tokens), float(nats) * tokens_per_byte / math.log(2)])
        print(rows[-1], flush=True)
    torch.manual_seed(0)
    batches = Batches(tokens, MODEL.max_seq_len, BATCH_SIZE)
    validation = Batches(held_out, MODEL.max_seq_len, BATCH_SIZE)
    for row in train(Transformer(MODEL), batches, RECIPE, validation=validation, progress=False):
        n_read = row["step"] * BATCH_SIZE * MODEL.max_seq_len
        rows.append(["transformer", n_read, row["val_loss"] * tokens_per_byte / math.log(2)])
        print(rows[-1], f"{np.round(row['tokens_per_second'])} tokens/s", flush=True)
    return rows


def main() -> None:
    """Train, measure and record."""
    one_thread()
    record("pretrain_small", ["model", "tokens read", "bits per byte"], measure())


if __name__ == "__main__":
    main()
