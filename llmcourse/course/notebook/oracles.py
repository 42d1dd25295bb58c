"""Independent answers that graded cells hold a learner's work against: other people's code, run on the same input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

Pair = tuple[int, int]


def tokenizers_merges(word_counts: Mapping[bytes, int], vocab_size: int) -> list[Pair]:
    """The merges that the `tokenizers` package learns from the same words, as pairs of ids.

    Args:
        word_counts: how often each word occurs; a word is valid UTF-8.
        vocab_size: the number of tokens, the 256 bytes included.

    Example:
        >>> tokenizers_merges({b"!!!!": 1}, 258)
        [(0, 0), (256, 256)]
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    words = (word.decode() for word, count in word_counts.items() for _ in range(count))
    tokenizer.train_from_iterator(words, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    ids = model["vocab"]
    return [(ids[left], ids[right]) for left, right in model["merges"]]


def tokenizers_encoder(merges: Sequence[Pair]) -> Tokenizer:
    """A tokenizer of the `tokenizers` package with given merges, which takes each text as one word.

    Args:
        merges: pairs of ids; merge number k makes token 256 + k.

    Example:
        >>> tokenizers_encoder([(0, 0)]).encode("!!!").ids
        [256, 0]
    """
    strings = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = []
    for left, right in merges:
        pairs.append((strings[left], strings[right]))
        strings.append(strings[left] + strings[right])
    vocab = {string: token for token, string in enumerate(strings)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def tokenizers_words(text: str) -> list[str]:
    """The words that GPT-2's pre-tokenizer in the `tokenizers` package cuts a text into.

    Example:
        >>> tokenizers_words("it's here")
        ['it', "'s", ' here']
    """
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    return [text[start:end] for _, (start, end) in pieces]
