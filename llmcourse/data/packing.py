"""Documents of all lengths into rows of one length (chapter 3).

Shape suffixes: N rows, T tokens of a row.
"""

import bisect
from collections.abc import Sequence
from typing import NamedTuple

import torch

from llmcourse.model.losses import IGNORED


class Packed(NamedTuple):
    """Rows of tokens, with what a model must know to keep the documents in them apart.

    Attributes:
        inputs: Token ids, int64, (N, T).
        targets: The token after each input, int64, (N, T); -100 where there is nothing to predict.
        documents: The number of each token's document, int64, (N, T); -1 for filling.
        positions: How far each token stands from the first token of its document in the same row, int64, (N, T).
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    documents: torch.Tensor
    positions: torch.Tensor


def pack_documents(documents: Sequence[Sequence[int]], seq_len: int) -> Packed:
    """Write documents one behind the other and cut the long row into rows of `seq_len` tokens.

    A document may go on in the next row, and in the row after. Each token's target is the next token of the same
    document, also if that token stands in the next row. A document's last token has no next token: its target is -100.
    Only the last row may be too short; it is filled with the token 0, target -100, document -1 and position 0.

    Documents are numbered by their place in `documents`; one without tokens keeps its number, though no token has it.
    Positions are those *in the row*, since a row is all that attention sees: they start at 0 at each document's first
    token, and again at 0 where a document goes on at the beginning of a row.

    Args:
        documents: The token ids of each document: a list, a tuple, a range or an array of whole numbers.
        seq_len: T, tokens of a row.

    Returns:
        As many rows as needed, and no more: inputs, targets, documents and positions, each int64 (N, T).

    Raises:
        ValueError: `seq_len` is below 1, or there is no token at all.

    Example:
        >>> packed = pack_documents([[5, 6, 7], [8, 9]], seq_len=4)
        >>> packed.inputs.tolist(), packed.targets.tolist()
        ([[5, 6, 7, 8], [9, 0, 0, 0]], [[6, 7, -100, 9], [-100, -100, -100, -100]])
        >>> packed.documents.tolist(), packed.positions.tolist()
        ([[0, 0, 0, 1], [1, -1, -1, -1]], [[0, 1, 2, 0], [0, 0, 0, 0]])
    """
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len!r}; it must be at least 1")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        ids = [int(token) for token in document]
        start = len(inputs)
        inputs += ids
        targets += [*ids[1:], IGNORED] if ids else []
        numbers += [number] * len(ids)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


def pad_documents(documents: Sequence[Sequence[int]], seq_len: int) -> Packed:
    """Give each document rows of its own, and fill the end of the last one: the obvious way, for comparison.

    Args:
        documents: The token ids of each document.
        seq_len: T, tokens of a row.

    Returns:
        Rows as `pack_documents` gives them.

    Raises:
        ValueError: `seq_len` is below 1, or there is no token at all.

    Example:
        >>> pad_documents([[5, 6, 7], [8, 9]], seq_len=4).inputs.tolist()
        [[5, 6, 7, 0], [8, 9, 0, 0]]
    """
    if not any(map(len, documents)):
        raise ValueError(f"the {len(documents)} documents have no token")
    parts = []
    for number, document in enumerate(documents):
        if len(document):
            packed = pack_documents([document], seq_len)
            parts.append(packed._replace(documents=packed.documents.where(packed.documents < 0, number)))
    return Packed(*map(torch.cat, zip(*parts, strict=True)))


def best_fit(lengths: Sequence[int], seq_len: int) -> list[list[int]]:
    """Put whole documents into rows, so that none is cut that fits into a row and little room is left.

    The longest document comes first; each goes into the row that it fills best. One longer than a row must be cut
    before; here it is refused.

    Args:
        lengths: Tokens of each document.
        seq_len: T, room in a row.

    Returns:
        For each row the numbers of its documents.

    Raises:
        ValueError: A document is longer than a row.

    Example:
        >>> best_fit([3, 5, 2, 6, 4], seq_len=8)
        [[3, 2], [1, 0], [4]]

    Source: Ding et al., "Fewer Truncations Improve Language Modeling" (2024).
    """
    if too_long := [length for length in lengths if length > seq_len]:
        raise ValueError(f"a document has {too_long[0]} tokens; it must have at most seq_len, {seq_len!r}")
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (tokens free, row), sorted
    for number in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        place = bisect.bisect_left(room, (lengths[number], -1))
        if place == len(room):
            rows.append([])
            free, row = seq_len, len(rows) - 1
        else:
            free, row = room.pop(place)
        rows[row].append(number)
        bisect.insort(room, (free - lengths[number], row))
    return rows
