"""What the studies share: one thread, and the Python corpus as tokens, for training and held out."""

from typing import NamedTuple

import numpy as np
import torch

from llmcourse.data import corpus, tokenize_corpus
from llmcourse.tokenization import BPETokenizer


class Tokens(NamedTuple):
    """A corpus as tokens.

    Attributes:
        training: The tokens that models learn from.
        held_out: Those of other files.
        per_byte: Held-out tokens per byte of their text.
    """

    training: np.ndarray
    held_out: np.ndarray
    per_byte: float


def python_tokens(vocab_size: int, limit_mb: float, held_out_mb: float) -> Tokens:
    """The Python corpus in the tokens of a tokenizer learned on its training part.

    Args:
        vocab_size: How many tokens the tokenizer has.
        limit_mb: Megabytes for training.
        held_out_mb: Megabytes held out.
    """
    return as_tokens(corpus("python", limit_mb=limit_mb), corpus("python", "validation", held_out_mb), vocab_size)


def as_tokens(training: list[str], held_out: list[str], vocab_size: int, mark: str = "") -> Tokens:
    """Texts in the tokens of a tokenizer learned on those for training.

    Args:
        training: The texts to learn from.
        held_out: Others.
        vocab_size: How many tokens the tokenizer has.
        mark: A special token to put behind each text; none where it is empty.
    """
    tokenizer = BPETokenizer.train(training, vocab_size, special_tokens=[mark] if mark else [])
    tokens, others = (tokenize_corpus(texts, tokenizer, mark or None) for texts in (training, held_out))
    return Tokens(tokens, others, len(others) / sum(len(text.encode()) for text in held_out))


def one_thread() -> None:
    """Let torch compute on one thread, so that a study is the same on machines with more or fewer cores."""
    torch.set_num_threads(1)
