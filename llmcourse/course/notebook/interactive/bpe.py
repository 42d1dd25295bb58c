"""Byte-pair encoding, merge by merge: the figure of chapter 1."""

import html
import json
from collections.abc import Sequence
from functools import cache

import tokenizers
from IPython.display import HTML
from tokenizers import models, pre_tokenizers, trainers

from llmcourse.course.notebook.interactive.figure import embed

N_BYTES = 256
MAX_CHARACTERS = 600


def bpe_stepper(text: str, merges: Sequence[tuple[int, int]] | None = None, n_merges: int = 12) -> HTML:
    """A figure that trains byte-pair encoding on a short text as the reader clicks.

    Words are GPT-2's split, base ids are bytes in GPT-2's order, and the pair that goes next is the most frequent one,
    the smallest pair of ids among equals. The reader may choose another pair, or write another text.

    Args:
        text: at most 600 characters.
        merges: pairs for the Merge button to replay in this order (say, those of a tokenizer trained on a whole
            corpus); the pair at index i makes token 256 + i. Without it the text itself decides.
        n_merges: how many merges the fallback lists, the chart leaves room for and Play makes in one go.

    Raises:
        ValueError: for a text that is too long or empty, a pair whose ids do not exist yet, or fewer than 1 merge.
    """
    if not 0 < len(text) <= MAX_CHARACTERS:
        raise ValueError(f"the text has {len(text)} characters; the figure shows 1 to {MAX_CHARACTERS}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the text holds half of a surrogate pair, which UTF-8 cannot write")
    if n_merges < 1:
        raise ValueError(f"n_merges is {n_merges}; it must be at least 1")
    for i, pair in enumerate(merges or ()):
        if len(pair) != 2 or not all(0 <= token < N_BYTES + i for token in pair):
            raise ValueError(f"merge {i} is {tuple(pair)}; it must be two ids from 0 to {N_BYTES + i - 1}")
    given = None if merges is None else [[int(left), int(right)] for left, right in merges]
    return embed(
        "bpe-stepper",
        scripts=("bpe_core.js", "bpe_stepper.js"),
        styles=("bpe_stepper.css",),
        config={"text": text, "merges": given, "nMerges": n_merges},
        fallback=_merge_table(text, given, n_merges),
        label="Byte-pair encoding, merge by merge",
    )


@cache
def _byte_characters() -> tuple[str, ...]:
    """The printable character that stands for each byte in GPT-2's files, in the order of their ids."""
    return tuple(sorted(pre_tokenizers.ByteLevel.alphabet()))


def _show(token: str) -> str:
    """A token for people: its text with blanks made visible, or hexadecimal bytes when it is not whole characters.

    >>> _show("Ġlow"), _show("Ã"), _show("Ã©")
    ('␣low', 'C3', 'é')
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = printable + [byte for byte in range(N_BYTES) if byte not in printable]
    byte_of = dict(zip(_byte_characters(), order, strict=True))
    raw = bytes(byte_of[character] for character in token)
    try:
        shown = raw.decode()
    except UnicodeDecodeError:
        return raw.hex(" ").upper()
    return shown.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def _merge_table(text: str, merges: list[list[int]] | None, n_merges: int) -> str:
    """The first merges as an HTML table, by the `tokenizers` library: a learner's unfinished code cannot break it."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocab, pairs = list(_byte_characters()), []
    if merges is None:
        trained = tokenizers.Tokenizer(models.BPE())
        trained.pre_tokenizer = split
        trainer = trainers.BpeTrainer(
            vocab_size=N_BYTES + n_merges, initial_alphabet=list(_byte_characters()), show_progress=False
        )
        trained.train_from_iterator([text], trainer)
        pairs = [tuple(pair) for pair in json.loads(trained.to_str())["model"]["merges"]]
    else:
        for left, right in merges[:n_merges]:
            pairs.append((vocab[left], vocab[right]))
            vocab.append(vocab[left] + vocab[right])
    rows = []
    for i in range(len(pairs) + 1):
        known = dict.fromkeys([*_byte_characters(), *(left + right for left, right in pairs[:i])])
        model = tokenizers.Tokenizer(models.BPE(vocab={token: k for k, token in enumerate(known)}, merges=pairs[:i]))
        model.pre_tokenizer = split
        tokens = len(model.encode(text).ids)
        cells = [_show(part) for part in (*pairs[i - 1], "".join(pairs[i - 1]))] if i else ["", "", "(bytes)"]
        shown = "".join(f"<td><code>{html.escape(cell)}</code></td>" if cell else "<td></td>" for cell in cells)
        rows.append(f"<tr><td>{i}</td>{shown}<td>{tokens}</td></tr>")
    return (
        f"<p>Byte-pair encoding of “{html.escape(text)}”. With JavaScript this is an interactive figure; "
        "here are its first merges. ␣ is a space.</p>\n<table><thead><tr><th>merge</th><th>left</th><th>right</th>"
        f"<th>new token</th><th>tokens in the text</th></tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
