"""The tokenizer of chapter 1 beside the `tokenizers` package: 5 MB of Python source, 4096 tokens, one thread each.

Both sides of a row run alternately in this one process, so that the ratio means something on any machine. Training is
from texts to merges on both sides: finding the words and counting them is included.
"""

import json
import os
import statistics
import time
from collections.abc import Callable

# Read by the Rust code of `tokenizers` when it first starts threads, so they stand before its import.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402
from tokenizers import models, pre_tokenizers, trainers  # noqa: E402

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


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def alternate(*calls: Callable[[], object]) -> list[list[float]]:
    """Time each call REPEATS times, in turn."""
    rounds = [[seconds(call) for call in calls] for _ in range(REPEATS)]
    return [list(times) for times in zip(*rounds)]


def spread(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def row(name: str, ours: list[float], theirs: list[float], unit: str, target: str, met: bool) -> bool:
    ratios = [a / b for a, b in zip(ours, theirs)]
    verdict = "met" if met else "MISSED"
    columns = (spread(ours, ".2f"), spread(theirs, ".2f"), spread(ratios, ".2f"))
    print(f"{name:<24}{unit:<6}{columns[0]:<24}{columns[1]:<24}{columns[2]:<24}{target}: {verdict}")
    return met


def main() -> bool:
    """Print the table; return whether every target was met."""
    texts = corpus("python", limit_mb=MEGABYTES)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{megabytes:.1f} MB of Python source, {VOCAB_SIZE} tokens, one thread, tokenizers {tokenizers.__version__}")
    print(f"median of {REPEATS} (smallest to largest)")
    print(f"{'':<24}{'unit':<6}{'ours':<24}{'tokenizers':<24}{'ours / tokenizers':<24}target")

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
    )
    speeds = [[megabytes / t for t in column] for column in times]
    median_ratio = statistics.median(a / b for a, b in zip(times[0], times[1]))
    bulk_ratio = statistics.median(a / b for a, b in zip(speeds[4], speeds[5]))
    results = [
        row("training", times[0], times[1], "s", "ratio at most 3", median_ratio <= 3),
        row("encode", speeds[2], speeds[3], "MB/s", "at least 1 MB/s", statistics.median(speeds[2]) >= 1),
        row("encode_many", speeds[4], speeds[5], "MB/s", "ratio at least 0.9", bulk_ratio >= 0.9),
        row("100,000 times 'a'", times[6], times[7], "s", "under 0.5 s", statistics.median(times[6]) < 0.5),
    ]
    return all(results)
