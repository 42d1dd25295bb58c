"""The tokenizer of chapter 1 beside the `tokenizers` package: 5 MB of Python source, 4096 tokens, one thread each.

Both sides of a row run alternately in this one process, so that the ratio means something on any machine. Training is
from texts to merges on both sides: finding the words and counting them is included.
"""

import json
import os
import statistics

# Read by the Rust code of `tokenizers` when it first starts threads, so they stand before its import.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402
from tokenizers import models, pre_tokenizers, trainers  # noqa: E402

from benchmarks.timing import alternate, ratios, row, spread  # noqa: E402
from llmcourse.data import corpus  # noqa: E402
from llmcourse.tokenization import BPETokenizer, to_tokenizer_json  # noqa: E402

MEGABYTES = 5
VOCAB_SIZE = 4096
REPEATS = 5


def train_theirs(texts: list[str]) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def copy_of(tokenizer: BPETokenizer) -> BPETokenizer:
    """The same tokenizer with an empty cache."""
    return BPETokenizer(tokenizer.vocab, tokenizer.merges, tokenizer.special_tokens, tokenizer.pattern)


def same_in_tokenizers(tokenizer: BPETokenizer) -> tokenizers.Tokenizer:
    parts = (tokenizer.vocab, tokenizer.merges, tokenizer.special_tokens, tokenizer.pattern)
    return tokenizers.Tokenizer.from_str(json.dumps(to_tokenizer_json(*parts)))


def compared(name: str, ours: list[float], theirs: list[float], target: str, met: bool) -> bool:
    return row(name, [spread(ours), spread(theirs), spread(ratios(ours, theirs))], target, met)


def main() -> bool:
    """Print the table; return whether every target was met."""
    texts = corpus("python", limit_mb=MEGABYTES)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{megabytes:.1f} MB of Python source, {VOCAB_SIZE} tokens, one thread, tokenizers {tokenizers.__version__}")
    print(f"median of {REPEATS} (smallest to largest)")
    row("", ["ours", "tokenizers", "ours / tokenizers"], "target")

    ours = BPETokenizer.train(texts, VOCAB_SIZE)
    theirs = train_theirs(texts)
    bulk = copy_of(ours)
    runs = BPETokenizer.train(["a" * 5000], 270)  # its merges join runs of "a", the most work that such a word can make
    runs_theirs = same_in_tokenizers(runs)
    times = alternate(
        lambda: BPETokenizer.train(texts, VOCAB_SIZE),
        lambda: train_theirs(texts),
        lambda: [copied.encode(text) for copied in [copy_of(ours)] for text in texts],
        lambda: [theirs.encode(text).ids for text in texts],
        lambda: bulk.encode_many(texts),
        lambda: [encoding.ids for encoding in theirs.encode_batch_fast(texts)],
        lambda: copy_of(runs).encode("a" * 100_000),
        lambda: runs_theirs.encode("a" * 100_000).ids,
        repeats=REPEATS,
    )
    speeds = [[megabytes / t for t in column] for column in times]
    ratio, bulk_ratio = (statistics.median(ratios(*pair)) for pair in (times[:2], speeds[4:6]))
    results = [
        compared("training (s)", *times[:2], "ratio at most 3", ratio <= 3),
        compared("encode (MB/s)", *speeds[2:4], "at least 1 MB/s", statistics.median(speeds[2]) >= 1),
        compared("encode_many (MB/s)", *speeds[4:6], "ratio at least 0.9", bulk_ratio >= 0.9),
        compared("100,000 times 'a' (s)", *times[6:8], "under 0.5 s", statistics.median(times[6]) < 0.5),
    ]
    return all(results)
