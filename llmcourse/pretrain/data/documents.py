"""Texts out of files, a megabyte at a time (chapter 7).

Nothing here needs more memory than some megabytes, however large a file is: a text, too, comes in pieces. Pieces end
where a tokenizer begins a new word in any case. (But for a line of JSON, which is read as a whole.)
"""

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from llmcourse.data.corpora import hub_file, stream
from llmcourse.pretrain.data.sources import SourceFile, Span, cut_into_parts, list_files, open_parquet, refuse_changed
from llmcourse.tokenization.inputs import check_text

PIECE_BYTES = 1 << 20
SEAM = re.compile(rb"[^\s](?= [^\s])|[^\s]\n(?=[^\s])")
"""Where a text may be cut: before a single space, or behind a single line end.

The patterns that find GPT-2's and GPT-4's words begin a new word there in any case, so the tokens stay the same.
"""


def read_documents(sources: str | Path | Iterable[str | Path], *, text_field: str = "text") -> Iterator[str]:
    """Read the documents of some sources, one after the other; none is empty.

    Args:
        sources: As `list_files` takes them.
        text_field: Where the text stands in a line of JSON, or the column of a parquet file.

    Returns:
        An iterator over the texts. A text file is one text, however large.

    Raises:
        FileNotFoundError: As `list_files`.
        ValueError: As `list_files` and `read_span`.

    Example:
        >>> sum(map(len, read_documents("toy")))
        1000000
    """
    held: list[str] = []
    for part in cut_into_parts(list_files(sources)):
        for span in part:
            for text, is_end in read_span(span, text_field):
                held.append(text)
                if is_end:
                    yield "".join(held)
                    held = []


def read_span(span: Span, text_field: str = "text") -> Iterator[tuple[str, bool]]:
    """Read a part of a file.

    Args:
        span: Which part.
        text_field: As for `read_documents`.

    Returns:
        An iterator over (piece, is_end): pieces of documents, of about a megabyte at most, and whether the document
        ends with this piece. All spans of a file in order give the file's documents; empty ones are left out.

    Raises:
        FileNotFoundError: The file is gone.
        ValueError: The file has changed since it was listed, is damaged, is not UTF-8, or a line is no JSON object with
            a string in the field; the message names the file and the line or byte.
        ModuleNotFoundError: The package that reads such files is not installed; the message names it.
        CorpusUnavailableError: A corpus of the hub cannot be reached.
    """
    if span.file.kind == "corpus":
        for text in stream(span.file.path, limit_mb=span.stop / 1e6 if span.stop else None):
            yield from _whole(text)
        return
    if span.file.kind == "hub":
        for text in hub_file(span.file.path, span.start, limit_mb=span.n_bytes / 1e6 if span.n_bytes else None):
            yield from _whole(text)
        return
    refuse_changed(span.file)
    reader = {"text": _read_text, "lines": _read_lines, "parquet": _read_parquet}[span.file.kind]
    try:
        yield from reader(span, text_field)
    except (EOFError, gzip.BadGzipFile, zlib.error, *_zstandard_errors()) as error:
        raise ValueError(f"{span.file.path} is damaged or cut off ({error})") from error
    refuse_changed(span.file)


def _read_text(span: Span, _: str) -> Iterator[tuple[str, bool]]:
    path = span.file.path
    with _opened(path) as (file, raw):
        begin, end = (0, None) if span.file.is_compressed else (_seam(file, n, span.file.size) for n in _ends(span))
        if not span.file.is_compressed:
            file.seek(begin)
        offset, last = begin, None
        for piece in _pieces(_chunks(file, raw, span, begin, end)):
            try:
                text = piece.decode()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path} has the byte 0x{piece[error.start]:02x} at offset {offset + error.start}; it must be UTF-8"
                ) from None
            text = text.removeprefix("\ufeff") if offset == 0 else text
            offset += len(piece)
            if last:
                yield last, False
            last = text
    # The end of a text may fall into an empty span: the one before it could not know.
    if last or (span.is_last and span.start):
        yield last or "", span.is_last


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.stop


def _chunks(file: BinaryIO, raw: BinaryIO, span: Span, begin: int, end: int | None) -> Iterator[bytes]:
    """Read a text between two places; of a compressed one until so many compressed bytes are used."""
    while chunk := file.read(PIECE_BYTES if end is None else min(PIECE_BYTES, end - begin)):
        yield chunk
        begin += len(chunk)
        if end is None and span.stop < span.file.size and raw.tell() >= span.stop:
            return


def _seam(file: BinaryIO, position: int, size: int) -> int:
    """The first place from a position on where a text may be cut; its two neighbours find the same one."""
    if position in (0, size):
        return position
    file.seek(position)
    held, offset = b"", position
    while chunk := file.read(1 << 16):
        held += chunk
        if found := SEAM.search(held):
            return offset + found.end()
        offset, held = offset + len(held) - min(2, len(held)), held[-2:]
    return size


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Regroup a text's bytes into pieces that end at a seam. What has none for 16 pieces is cut between characters."""
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) >= PIECE_BYTES:
            place = _last_seam(held) or (_last_character(held) if len(held) >= 16 * PIECE_BYTES else 0)
            if place:
                yield held[:place]
                held = held[place:]
    if held:
        yield held


def _last_seam(held: bytes) -> int:
    """The last place where a text may be cut, 0 if there is none."""
    for between, shift in ((b" ", 0), (b"\n", 1)):
        place = len(held) - 1
        while (place := held.rfind(between, 1, place)) > 0:
            if not held[place - 1 : place].isspace() and not held[place + 1 : place + 2].isspace():
                return place + shift
    return 0


def _last_character(held: bytes) -> int:
    place = len(held) - 1
    while place > 0 and held[place] & 0xC0 == 0x80:
        place -= 1
    return place


def _whole(text: str) -> Iterator[tuple[str, bool]]:
    """A text in memory as pieces."""
    data = text.encode()
    if len(data) <= PIECE_BYTES:
        if text:
            yield text, True
        return
    pieces = list(_pieces(data[i : i + PIECE_BYTES] for i in range(0, len(data), PIECE_BYTES)))
    yield from ((piece.decode(), number == len(pieces) - 1) for number, piece in enumerate(pieces))


def _read_lines(span: Span, text_field: str) -> Iterator[tuple[str, bool]]:
    with _opened(span.file.path) as (file, raw):
        if span.start:
            # A line belongs to the span in which it begins.
            file.seek(span.start - 1)
            file.readline()
        offset = file.tell() if span.start else 0
        where = raw.tell if span.file.is_compressed else file.tell
        is_cut = span.stop < span.file.size
        while not (is_cut and where() >= span.stop) and (line := file.readline()):
            if line.strip():
                try:
                    text = text_of_line(line, text_field)
                except ValueError as error:
                    raise ValueError(f"{span.file.path}, line {_line_number(span.file, offset)}, {error}") from None
                yield from _whole(text)
            offset += len(line)


def text_of_line(line: bytes, text_field: str) -> str:
    r"""The text in a line of JSON.

    Raises:
        ValueError: It has none; the message goes on from the name of the line.

    Example:
        >>> text_of_line(b'{"text": "a\\nb", "id": 3}', "text")
        'a\nb'
        >>> text_of_line(b'{"body": "a"}', "text")
        Traceback (most recent call last):
        ValueError: has no field 'text'; its fields are 'body'
    """
    try:
        row: Any = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise ValueError(f"is no JSON ({error})") from None
    if not isinstance(row, dict):
        raise ValueError(f"is {type(row).__name__}; it must be an object with the field {text_field!r}")
    if text_field not in row:
        raise ValueError(f"has no field {text_field!r}; its fields are {', '.join(map(repr, sorted(row)))}")
    text = row[text_field]
    if not isinstance(text, str):
        raise ValueError(f"has the field {text_field!r} of type {type(text).__name__}; it must be a string")
    try:
        check_text(text)
    except ValueError as error:
        raise ValueError(f"has a text that cannot be used: {error}") from None
    return text


def _line_number(file: SourceFile, offset: int) -> int:
    """Count the lines before a byte: only when something is wrong is it worth reading the file again."""
    number = 1
    with _opened(file.path) as (opened, _):
        while offset > 0 and (chunk := opened.read(min(PIECE_BYTES, offset))):
            number += chunk.count(b"\n")
            offset -= len(chunk)
    return number


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, BinaryIO]]:
    """A file as the bytes of its text, and as those on the disk."""
    with open(path, "rb") as raw:
        if path.endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as file:
                yield file, raw
        elif path.endswith(".zst"):
            with _zstandard(path, raw) as file:
                yield file, raw
        else:
            yield raw, raw


def _zstandard(path: str, raw: BinaryIO) -> Any:
    try:
        import zstandard
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"{path} needs the package zstandard; pip install zstandard") from None
    return io.BufferedReader(_Frames(raw, zstandard.ZstdDecompressor().decompressobj), PIECE_BYTES)


class _Frames(io.RawIOBase):
    """The plain bytes of zstandard's frames. The package's own reader takes a file that is cut off for a short one."""

    def __init__(self, raw: BinaryIO, new_frame: Callable[[], Any]):
        self._raw, self._new_frame, self._frame, self._held = raw, new_frame, None, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held and (chunk := self._raw.read(1 << 14)):
            while chunk:
                self._frame = self._frame or self._new_frame()
                self._held += self._frame.decompress(chunk)
                chunk, self._frame = (self._frame.unused_data, None) if self._frame.eof else (b"", self._frame)
        if not self._held and self._frame is not None:
            raise EOFError("it ends within a frame")
        n_bytes = min(len(buffer), len(self._held))
        buffer[:n_bytes], self._held = self._held[:n_bytes], self._held[n_bytes:]
        return n_bytes


def _zstandard_errors() -> tuple[type[Exception], ...]:
    loaded = sys.modules.get("zstandard")
    return (loaded.ZstdError,) if loaded else ()


def _read_parquet(span: Span, text_field: str) -> Iterator[tuple[str, bool]]:
    path = span.file.path
    with open_parquet(path) as table:
        if text_field not in table.schema_arrow.names:
            names = ", ".join(map(repr, table.schema_arrow.names))
            raise ValueError(f"{path} has no column {text_field!r}; its columns are {names}")
        groups = list(range(span.start, span.stop))
        try:
            for batch in table.iter_batches(64, row_groups=groups, columns=[text_field]):
                for text in batch.column(0).to_pylist():
                    if not isinstance(text, str):
                        kind = type(text).__name__
                        raise ValueError(f"{path} has {kind} in the column {text_field!r}; it must have strings")
                    yield from _whole(text)
        except OSError as error:
            raise ValueError(f"{path} is damaged or cut off ({error})") from error
