"""Files, folders and corpora to read, cut into parts that processes can share (chapter 7).

What may be a source:

- a text file (`.txt`, `.md`, `.py` and others of `TEXT_SUFFIXES`): one document;
- JSON lines (`.jsonl`, `.ndjson`, `.json`): a document a line, in its field "text" or another one;
- both compressed (`.gz`, or `.zst` where the package `zstandard` is installed), and `.parquet` where `pyarrow` is;
- a folder: all such files below it, in the order of their names;
- the name of a corpus of `llmcourse.data.corpora`, such as "python".

A large file is cut into spans, so that several processes read it at once; small ones are put together. A corpus of the
hub is read a file of it at a time.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcourse.data.corpora import HUB, OFFLINE, hub_files

TEXT_SUFFIXES = [".txt", ".md", ".rst", ".tex", ".py", ".c", ".h", ".cpp", ".java", ".js", ".ts", ".go", ".rs", ".sh"]
LINES_SUFFIXES = [".jsonl", ".ndjson", ".json"]
COMPRESSED = (".gz", ".zst")
PART_BYTES = 1 << 26
END_BYTES = 1 << 16
"""How much of the beginning and of the end of a file `fingerprint` reads."""


@dataclass(frozen=True)
class SourceFile:
    """A file to read, or a corpus by name.

    Attributes:
        source: What the caller named, absolute: the file itself, or a folder that it lies in.
        path: The file, absolute; of a corpus its name.
        kind: "text", "lines", "parquet", "corpus" or, of a corpus of the hub, "hub".
        size: In bytes, as it lies on the disk; 0 of a corpus.
        mtime_ns: When it was changed last; 0 of a corpus.
    """

    source: str
    path: str
    kind: str
    size: int = 0
    mtime_ns: int = 0

    @property
    def is_compressed(self) -> bool:
        """Whether it can be read from its beginning only."""
        return self.path.endswith(COMPRESSED) and self.is_here

    @property
    def is_here(self) -> bool:
        """Whether it is a file of this machine; a corpus is known by its name alone."""
        return self.kind not in ("corpus", "hub")


@dataclass(frozen=True)
class Span:
    """A part of a file.

    Attributes:
        file: The file.
        start, stop: Bytes of the file, nearly: a span ends where a line (or, in a text, a word) does. Of a parquet
            file, numbers of its row groups; of a corpus of the hub, numbers of its files.
        is_last: Whether the file ends with it.
        n_bytes: How much of the file that is, for a progress bar; 0 where nobody knows. Of a corpus of the hub it is
            also where to stop.
    """

    file: SourceFile
    start: int
    stop: int
    is_last: bool
    n_bytes: int


def list_files(sources: str | Path | Iterable[str | Path]) -> list[SourceFile]:
    """Find the files of some sources.

    Args:
        sources: Files, folders or names of corpora; one or several. A file or folder goes before a corpus of its name.

    Returns:
        The files in the order of the sources; those of a folder in the order of their names. Hidden files of a folder
        and those of other kinds are left out.

    Raises:
        FileNotFoundError: There is no such file, folder or corpus; the message names it.
        ValueError: There is no source, one is a file of another kind, a folder has no file to read, or a file is named
            twice; the message names it.

    Example:
        >>> list_files("toy")
        [SourceFile(source='toy', path='toy', kind='corpus', size=0, mtime_ns=0)]
    """
    named = [sources] if isinstance(sources, str | Path) else list(sources)
    if not named:
        raise ValueError("sources is empty; it must have at least one file, folder or corpus")
    files = [file for source in named for file in _files_of(source)]
    seen: set[str] = set()
    for file in files:
        if file.path in seen:
            raise ValueError(f"{file.path} is named twice; its texts would count twice")
        seen.add(file.path)
    return files


def fingerprint(files: Sequence[SourceFile], on_file: Callable[[], object] = lambda: None) -> str:
    """What changes when files change: of their paths, sizes and contents, found without reading much.

    A file of at most 128 KiB is read whole: it has the same fingerprint exactly if it has the same bytes. Of a larger
    one the first and the last 64 KiB are read, and the time of its last change counts too. So what is promised is this:
    a file that was written again, cut off or added to has another fingerprint. Two large files of one size that differ
    only in the middle have one fingerprint where somebody has also set their times alike; a large file that was copied
    without its time has another one although its bytes are the same. Of a corpus the name is all that counts.

    Args:
        files: What `list_files` found.
        on_file: Called after each.

    Returns:
        Sixteen hexadecimal digits.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> fingerprint(list_files("toy")) == fingerprint(list_files("toy")) != fingerprint(list_files("python"))
        True
    """
    digest = hashlib.sha256()
    for file in files:
        is_small = file.size <= 2 * END_BYTES
        digest.update(repr((file.path, file.kind, file.size, 0 if is_small else file.mtime_ns)).encode())
        if file.is_here:
            with Path(file.path).open("rb") as opened:
                digest.update(opened.read(END_BYTES))
                opened.seek(max(END_BYTES, file.size - END_BYTES))
                digest.update(opened.read(END_BYTES))
        on_file()
    return digest.hexdigest()[:16]


def _files_of(source: str | Path) -> list[SourceFile]:
    path = Path(source)
    if path.is_dir():
        found = [_source_file(source, file) for file in _walk(path) if kind_of(file)]
        if not found:
            raise ValueError(f"the folder {path} has no file to read; it must have one of {_suffixes()}")
        return found
    if path.is_file():
        if kind_of(path) is None:
            raise ValueError(f"the suffix of {path} is {path.suffix!r}; it must be one of {_suffixes()}")
        return [_source_file(source, path)]
    if str(source) in OFFLINE or str(source) in HUB:
        return [SourceFile(str(source), str(source), "hub" if str(source) in HUB else "corpus")]
    names = ", ".join(map(repr, [*OFFLINE, *HUB]))
    raise FileNotFoundError(f"the source {str(source)!r} is missing; it must be a file, a folder or one of {names}")


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def kind_of(path: Path) -> str | None:
    """How a file is read, by its name: "text", "lines" or "parquet"; None if it is none of those.

    Example:
        >>> kind_of(Path("wiki.jsonl.gz")), kind_of(Path("notes.txt")), kind_of(Path("photo.jpg"))
        ('lines', 'text', None)
    """
    name = path.name.lower()
    is_compressed = name.endswith(COMPRESSED)
    suffix = Path(Path(name).stem if is_compressed else name).suffix
    if suffix == ".parquet" and not is_compressed:
        return "parquet"
    return "text" if suffix in TEXT_SUFFIXES else "lines" if suffix in LINES_SUFFIXES else None


def _suffixes() -> str:
    return " ".join([*TEXT_SUFFIXES, *LINES_SUFFIXES, ".parquet"]) + f", or with {' or '.join(COMPRESSED)} behind it"


def _source_file(source: str | Path, path: Path) -> SourceFile:
    stat = path.stat()
    return SourceFile(
        os.path.abspath(source), os.path.abspath(path), str(kind_of(path)), stat.st_size, stat.st_mtime_ns
    )


def cut_into_parts(
    files: Sequence[SourceFile], part_bytes: int = PART_BYTES, limit_bytes: int | None = None
) -> list[list[Span]]:
    """Cut files into parts of about equal size: units of work for any number of processes.

    A part is some small files, or a span of a large one, or a file of a corpus of the hub. A compressed file cannot be
    cut. Parts do not depend on who will read them, and a part does not hold files of two sources.

    Args:
        files: What `list_files` found.
        part_bytes: About how many bytes a part has.
        limit_bytes: Read only so much, counted as the files lie on the disk; of a corpus, bytes of its text; of a
            corpus of the hub, equally many of each of its files. None is all; the corpus "toy", which has no end, then
            has 1 MB.

    Returns:
        The parts in the order of the files.

    Raises:
        ValueError: A size is below 1.
        CorpusUnavailableError: A corpus of the hub cannot be reached.
    """
    for name, value in (("part_bytes", part_bytes), ("limit_bytes", limit_bytes)):
        if value is not None and value < 1:
            raise ValueError(f"{name} is {value!r}; it must be at least 1")
    parts: list[list[Span]] = []
    n_held = part_bytes
    for span in _limited(files, part_bytes, limit_bytes):
        if n_held >= part_bytes or span.file.kind == "hub" or parts[-1][-1].file.source != span.file.source:
            parts.append([])
            n_held = 0
        parts[-1].append(span)
        n_held += span.n_bytes
    return parts


def _limited(files: Sequence[SourceFile], part_bytes: int, limit: int | None) -> Iterator[Span]:
    for file in files:
        if limit is not None and limit <= 0:
            return
        if file.kind == "corpus":
            size = limit or (10**6 if file.path == "toy" else 0)
            yield Span(file, 0, size, True, size)
            limit = None if limit is None else 0
        elif file.kind == "hub":
            n_files = hub_files(file.path)
            size = 0 if limit is None else max(1, limit // n_files)
            yield from (Span(file, number, number + 1, number == n_files - 1, size) for number in range(n_files))
            limit = None if limit is None else 0
        elif file.kind == "parquet":
            for span in _row_groups(file, part_bytes):
                if limit is None or limit > 0:
                    yield span
                    limit = None if limit is None else limit - span.n_bytes
        else:
            size = file.size if limit is None else min(file.size, limit)
            step = max(size, 1) if file.is_compressed else part_bytes
            for start in range(0, size, step):
                stop = min(size, start + step)
                yield Span(file, start, stop, stop == size, stop - start)
            limit = None if limit is None else limit - size


def _row_groups(file: SourceFile, part_bytes: int) -> Iterator[Span]:
    """Spans of a parquet file: row groups, together until they are a part."""
    with open_parquet(file.path) as table:
        n_groups = table.metadata.num_row_groups
        sizes = [table.metadata.row_group(i).total_byte_size for i in range(n_groups)]
    start = 0
    for stop in range(1, n_groups + 1):
        n_bytes = sum(sizes[start:stop])
        if n_bytes >= part_bytes or stop == n_groups:
            yield Span(file, start, stop, stop == n_groups, n_bytes)
            start = stop


def open_parquet(path: str) -> Any:
    """Open a parquet file, where `pyarrow` is installed.

    Raises:
        ModuleNotFoundError: It is not.
        ValueError: The file is none; the message names it.
    """
    try:
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"{path} needs the package pyarrow; pip install pyarrow") from None
    try:
        return pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path} is damaged or no parquet file ({error})") from error


def refuse_changed(file: SourceFile) -> None:
    """Compare a file with what it was when it was listed.

    Raises:
        FileNotFoundError: It is gone.
        ValueError: Its size or its time has changed.
    """
    if not file.is_here:
        return
    try:
        now = _source_file(file.source, Path(file.path))
    except FileNotFoundError:
        raise FileNotFoundError(f"{file.path} is missing; it was there when the files were listed") from None
    if now != file:
        raise ValueError(
            f"{file.path} has changed since the files were listed: it had {file.size} bytes and the time "
            f"{file.mtime_ns}, now {now.size} and {now.mtime_ns}"
        )
