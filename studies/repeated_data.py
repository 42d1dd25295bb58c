"""How often data may be repeated: one budget of training tokens, from 1 epoch of much text to 64 epochs of little.

Every run makes the same number of steps on the same number of tokens; only how many of them are different changes. The
smaller texts are the beginnings of the larger ones. Two models do this, a small one and one with ten times the
parameters.
"""

import numpy as np
import torch

from llmcourse.data import Batches, clean_texts, corpus, duplicate_groups, near_duplicates, sign_texts
from llmcourse.model import ModelConfig, Transformer
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import Tokens, as_tokens, one_thread

EPOCHS = (1, 2, 4, 8, 16, 32, 64)
WIDTHS = (128, 32)
STEPS, BATCH_SIZE, SEQ_LEN = 640, 8, 64
VOCAB_SIZE = 512
MARK = "<|endoftext|>"


def prepare() -> Tokens:
    """Cleaned and deduplicated text as tokens: for training, and held out."""
    texts, _ = clean_texts(corpus("python", limit_mb=3))
    groups = duplicate_groups(near_duplicates(sign_texts(texts), 16, 0.7), len(texts))
    texts = [text for number, text in enumerate(texts) if groups[number] == number]
    validation, _ = clean_texts(corpus("python", "validation", limit_mb=0.3))
    return as_tokens(texts, validation, VOCAB_SIZE, MARK)


def run(width: int, epochs: int, tokens: np.ndarray, validation: np.ndarray) -> list[list[float]]:
    """Train one model on a part of the tokens, `epochs` times over: a row each time it is evaluated."""
    n_unique = STEPS * BATCH_SIZE * SEQ_LEN // epochs
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=VOCAB_SIZE, d_model=width, n_layers=2, n_heads=4, max_seq_len=SEQ_LEN))
    config = TrainingConfig(
        steps=STEPS, lr=0.01, warmup_steps=40, optimizer="muon", eval_every=64, eval_batches=100, log_every=64
    )
    history = train(
        model,
        Batches(tokens[: n_unique + 1], SEQ_LEN, BATCH_SIZE),
        config,
        validation=Batches(validation, SEQ_LEN, BATCH_SIZE),
        progress=False,
    )
    looks = [row for row in history if "val_loss" in row]
    n_parameters = sum(p.numel() for p in model.parameters())
    return [[n_parameters, epochs, n_unique, row["step"], row["loss"], row["val_loss"]] for row in looks]


def main() -> None:
    """Run the study; about ten minutes on one core."""
    one_thread()
    tokens, validation, _ = prepare()
    rows = []
    for width in WIDTHS:
        for epochs in EPOCHS:
            rows += run(width, epochs, tokens, validation)
            print(rows[-1], flush=True)
    columns = [
        "parameters",
        "epochs",
        "unique tokens",
        "step",
        "training loss (nats per token)",
        "validation loss (nats per token)",
    ]
    record("repeated_data", columns, rows)


if __name__ == "__main__":
    main()
