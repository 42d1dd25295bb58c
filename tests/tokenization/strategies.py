"""What the tests of the tokenizer have in common: hypothesis strategies and the `tokenizers` package as the oracle."""

import json
import random
from collections import Counter

import tokenizers
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from llmcourse.tokenization import GPT2_PATTERN, GPT4_PATTERN, to_printable

PATTERNS = {"gpt2": GPT2_PATTERN, "gpt4": GPT4_PATTERN}

TRICKY_TEXTS = [
    "",
    " ",
    "a\r\nb\r\n\r\n  c\rd",
    "\x00\x00a\x00",
    "\t\t  x\x0b\x0c\x1c\x1d\x1e\x1f\x85y\u2028\u2029z\u3000 \u200b",
    "I'll it's WE'RE 'S 'ſ don’t ''''s",
    "e\u0301 e\u0301\u0301 \u0301",
    "👩‍👩‍👧‍👦 👍🏽 🇩🇪🇫🇷",
    "1234567 ½ ⅷ ٣٤٥ 12,345.678",
    "ⅣABCдом中文字ไทยहिन्दी한국어עברית",
    "    def f(x):\n\n\n        return x\n",
    "\ufeffbom \ufffd \ufffe \U0010ffff",
    "\u088f\u1c89\ua7cb\ua7dd\U00011de0\U0003d000 \U00016ff4",
    "a" * 3000,
    " " * 3000 + "x",
    "\n" * 500,
    "👍" * 500,
]

_FRAGMENTS = [" ", "  ", "\n", "\r\n", "'s", "'LL", "the", " the", "12", "é", "中", "\u200d", "<|end|>", "<|e"]
_pieces = st.sampled_from(_FRAGMENTS)
texts = st.one_of(
    st.text(),
    st.lists(st.one_of(_pieces, st.text(max_size=3)), max_size=30).map("".join),
    st.builds(lambda char, n: char * n, st.characters(exclude_categories=["Cs"]), st.integers(0, 400)),
)


def oracle_pre_tokenizer(pattern: str) -> pre_tokenizers.PreTokenizer:
    """The step of the `tokenizers` package that corresponds to a pattern: for GPT-2's, its own implementation."""
    if pattern == GPT2_PATTERN:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    split = pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def oracle_trained(documents: list[str], pattern: str, vocab_size: int) -> tokenizers.Tokenizer:
    """A tokenizer trained by the `tokenizers` package."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = oracle_pre_tokenizer(pattern)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def oracle_merges(tokenizer: tokenizers.Tokenizer) -> list[tuple[int, int]]:
    """Its merges as pairs of ids."""
    model = json.loads(tokenizer.to_str())["model"]
    return [(model["vocab"][left], model["vocab"][right]) for left, right in model["merges"]]


def oracle_trained_on_words(word_counts: dict[bytes, int], vocab_size: int) -> tokenizers.Tokenizer:
    """A tokenizer trained by the `tokenizers` package on words that are given."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    words = [to_printable(word) for word, count in word_counts.items() for _ in range(count)]
    tokenizer.train_from_iterator(words, trainer)
    return tokenizer


def random_word_counts(rng: random.Random, longest: int = 20) -> dict[bytes, int]:
    """Words over a tiny alphabet, so that pairs often tie."""
    alphabet = rng.choice(["a", "ab", "abc", "abcde", "aé", " ab\n"])
    counts: Counter[bytes] = Counter()
    for _ in range(rng.randint(1, 15)):
        word = "".join(rng.choice(alphabet) for _ in range(rng.randint(1, longest)))
        counts[word.encode()] += rng.randint(1, 4)
    return dict(counts)
