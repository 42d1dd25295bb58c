"""When to read the little good text that there is: one budget, one set of rows, the good tenth early, late or spread.

The text that the model is for is the standard library; there is a tenth of a run of it. The rest are installed
packages. Every run but the first reads the same rows, each once, under the same schedule of warm-up, stable phase and
decay. Only the place of the good rows differs: anywhere, in the first fifth, or in the last one, where the learning
rate decays.
"""

import random
from collections.abc import Sequence

import numpy as np
import torch

from llmcourse.data import Batch, Batches, clean_texts, duplicate_groups, near_duplicates, sign_texts, tokenize_corpus
from llmcourse.data.corpora import source_files
from llmcourse.data.evaluation import evaluate
from llmcourse.model import ModelConfig, Transformer
from llmcourse.tokenization import BPETokenizer
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import one_thread

SEEDS = (0, 1, 2)
VOCAB_SIZE, SEQ_LEN, BATCH_SIZE, STEPS = 512, 64, 16, 300
N_ROWS = STEPS * BATCH_SIZE
N_GOOD = N_ROWS // 10
MARK = "<|endoftext|>"
MODEL = ModelConfig(vocab_size=VOCAB_SIZE, d_model=64, n_layers=2, n_heads=4, max_seq_len=SEQ_LEN, init_std=0.05)
RECIPE = TrainingConfig(steps=STEPS, lr=4e-3, warmup_steps=20, schedule="wsd", min_lr_ratio=0.0, log_every=STEPS)
ARMS = ("no good text", "spread over the run", "in the first fifth", "in the last fifth")
MAX_HELD_OUT = 40_000  # tokens


def sources() -> dict[str, tuple[list[str], list[str]]]:
    """Texts to learn from and held-out texts of the standard library ("good") and of packages ("rest").

    Near copies are gone from all of them together; a tenth of the files is held out.
    """
    files = list(source_files(limit_mb=12, by="folder"))
    named = [(name, cleaned[0]) for name, text in files if (cleaned := clean_texts([text])[0])]
    groups = duplicate_groups(near_duplicates(sign_texts([text for _, text in named]), 16, 0.7), len(named))
    named = [pair for number, pair in enumerate(named) if groups[number] == number]
    random.Random(0).shuffle(named)
    found = {}
    for kind, is_good in (("good", True), ("rest", False)):
        texts = [text for name, text in named if name.startswith("stdlib/") == is_good]
        found[kind] = texts[len(texts) // 10 :], texts[: len(texts) // 10]
    return found


def as_rows(texts: Sequence[str], tokenizer: BPETokenizer, n_rows: int) -> torch.Tensor:
    """Rows of SEQ_LEN + 1 tokens in a random order, (n_rows, T + 1)."""
    tokens = tokenize_corpus(list(texts), tokenizer, MARK)
    rows = torch.from_numpy(tokens[: len(tokens) // SEQ_LEN * SEQ_LEN].astype(np.int64)).view(-1, SEQ_LEN)
    rows = torch.cat([rows[:-1], rows[1:, :1]], dim=1)  # the next row's first token is the last target
    if len(rows) < n_rows:
        raise ValueError(f"n_rows is {n_rows}; it must be at most {len(rows)}, the rows that there are")
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:n_rows]]


def places(arm: str, rng: np.random.Generator) -> np.ndarray:
    """Where in the run the good rows stand, N_GOOD different places of N_ROWS."""
    start, end = {
        "spread over the run": (0, N_ROWS),
        "in the first fifth": (0, N_ROWS // 5),
        "in the last fifth": (N_ROWS - N_ROWS // 5, N_ROWS),
    }[arm]
    return start + rng.permutation(end - start)[:N_GOOD]


class Course:
    """The rows of a run in their order."""

    def __init__(self, rows: torch.Tensor):
        self.rows = rows

    def batch(self, step: int) -> Batch:
        """The rows of a step."""
        rows = self.rows[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
        return Batch(rows[:, :-1], rows[:, 1:])


def course(arm: str, good: torch.Tensor, rest: torch.Tensor, seed: int) -> Course:
    """All rows of an arm: the same ones for each seed and arm but the first, in another order."""
    rng = np.random.default_rng(seed)
    if arm == ARMS[0]:
        return Course(rest[torch.from_numpy(rng.permutation(N_ROWS))])
    is_good = np.zeros(N_ROWS, dtype=bool)
    is_good[places(arm, rng)] = True
    rows = torch.empty_like(rest)
    rows[torch.from_numpy(is_good)] = good[torch.from_numpy(rng.permutation(N_GOOD))]
    rows[torch.from_numpy(~is_good)] = rest[torch.from_numpy(rng.permutation(N_ROWS - N_GOOD))]
    return Course(rows)


def main() -> None:
    """Run every arm with every seed; about two minutes on one core."""
    one_thread()
    texts = sources()
    (good, held_good), (rest, held_rest) = texts["good"], texts["rest"]
    tokenizer = BPETokenizer.train(rest[:150] + good[:50], VOCAB_SIZE, special_tokens=[MARK])
    good_rows, rest_rows = as_rows(good, tokenizer, N_GOOD), as_rows(rest, tokenizer, N_ROWS)
    held_out = [tokenize_corpus(some, tokenizer, MARK)[:MAX_HELD_OUT] for some in (held_good, held_rest)]
    tests = [Batches(tokens, SEQ_LEN, BATCH_SIZE) for tokens in held_out]
    print([len(some) for some in (good, held_good, rest, held_rest)], [len(test.tokens) for test in tests], flush=True)
    table = []
    for seed in SEEDS:
        for arm in ARMS:
            torch.manual_seed(seed)
            model = Transformer(MODEL)
            train(model, course(arm, good_rows, rest_rows, seed), RECIPE, progress=False)
            losses = [evaluate(model, [test.batch(step) for step in range(test.batches_per_epoch)]) for test in tests]
            table.append([arm, seed, *losses])
            print(table[-1], flush=True)
    columns = ["good text", "seed", "standard library (nats per token)", "packages (nats per token)"]
    record("mid_training", columns, table)


if __name__ == "__main__":
    main()
