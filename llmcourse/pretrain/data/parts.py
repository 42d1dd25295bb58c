"""One part of a corpus: read, tokenized, written as a shard with a record beside it (chapter 7)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from llmcourse.data.shards import token_dtype, write_shard
from llmcourse.files import write_atomically
from llmcourse.pretrain.data.documents import PIECE_BYTES, read_span
from llmcourse.pretrain.data.sources import Span
from llmcourse.tokenization import Tokenizer

RECORDS, TOKENIZER = "parts", "tokenizer.json"
TEXTS_AT_ONCE = 256


class Task(NamedTuple):
    """What is the same for all parts of a preparation.

    Attributes:
        folder: Where the shards lie.
        end_of_text: The id of the mark after each document, or None.
        text_field: Where the text stands in a line of JSON.
    """

    folder: str
    end_of_text: int | None
    text_field: str


def tokenize_part(
    task: Task, number: int, part: list[Span], tokenizer: Tokenizer, on_read: Callable[[str, int], None]
) -> None:
    """Write one shard and its record.

    Args:
        task: Of the whole preparation.
        number: Of the part.
        part: What to read.
        tokenizer: The tokenizer.
        on_read: Told the file and how many bytes of its text were tokenized: 0 when a file is begun, then about a
            megabyte at a time.

    Raises:
        ValueError, OSError: The input cannot be read; the message names the file.
    """
    counts: dict[str, int] = {span.file.source: 0 for span in part}
    n_bytes = 0

    def arrays() -> Iterator[np.ndarray]:
        nonlocal n_bytes
        for span in part:
            on_read(span.file.path, 0)
            for some in _some_at_once(read_span(span, task.text_field)):
                counts[span.file.source] += sum(is_end for _, is_end in some)
                ids = _encoded(span, some, tokenizer)
                yield _in_a_row(ids, some, task.end_of_text, token_dtype(tokenizer))
                size = sum(len(text.encode()) for text, _ in some)
                n_bytes += size
                on_read(span.file.path, size)

    path = Path(task.folder, f"{number:05d}.bin")
    shard = write_shard(path, arrays(), sync=True)
    record = shard | {"n_bytes": n_bytes, "n_documents": sum(counts.values()), "sources": counts}
    write_atomically(record_path(path.parent, number), json.dumps(record), sync=True)


def _some_at_once(pieces: Iterator[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    """Pieces together until they are about a megabyte."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += len(piece[0])
        if size >= PIECE_BYTES or len(held) == TEXTS_AT_ONCE:
            yield held
            held, size = [], 0
    if held:
        yield held


def _encoded(span: Span, some: list[tuple[str, bool]], tokenizer: Tokenizer) -> list[list[int]]:
    try:
        return tokenizer.encode_many([text for text, _ in some])
    except ValueError as error:
        raise ValueError(f"{span.file.path} has a text that cannot be tokenized ({error})") from error


def _in_a_row(ids: list[list[int]], some: list[tuple[str, bool]], mark: int | None, dtype: np.dtype) -> np.ndarray:
    """The tokens of some pieces, with a mark behind those that end a document."""
    ends = [[mark] if is_end and mark is not None else [] for _, is_end in some]
    return np.concatenate([np.array([*row, *end], dtype=dtype) for row, end in zip(ids, ends)])


def record_path(folder: Path, number: int) -> Path:
    """Where the record of a part lies."""
    return folder / RECORDS / f"{number:05d}.json"


def finished(folder: Path, number: int, tokenizer: Tokenizer) -> dict[str, Any] | None:
    """Read the record of a part; None if the part is not finished, or its shard is not what the record says."""
    try:
        record = json.loads(record_path(folder, number).read_bytes())
        size = (folder / record["file"]).stat().st_size
    except (OSError, ValueError, KeyError):
        return None
    return record if size == record["n_tokens"] * token_dtype(tokenizer).itemsize else None
