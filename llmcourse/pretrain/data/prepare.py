"""A corpus tokenized to shards by many processes; what was stopped goes on (chapter 7).

The files are cut into parts (see `sources`), and each part becomes one shard: `00000.bin` is the first part, and so on.
Which parts there are depends on the files alone, so the shards have the same bytes however many workers write them. A
worker reads, tokenizes and writes about a megabyte at a time. A shard gets its name when it is whole, and a record
beside it says so; a run that is killed leaves whole parts, which the next run finds, and parts that it does again.

Files of a folder: `preparation.json`, what is prepared, with the size and time of every file; `tokenizer.json`;
`parts/`, the records, until the manifest is there; the shards and `manifest.json`, which `open_shards` reads.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from llmcourse.data.batches import token_id
from llmcourse.data.shards import DTYPES, MANIFEST, tokenizer_hash, write_manifest
from llmcourse.files import write_atomically
from llmcourse.pretrain.data.parts import RECORDS, TOKENIZER, Task, finished, tokenize_part
from llmcourse.pretrain.data.sources import PART_BYTES, SourceFile, Span, cut_into_parts, list_files
from llmcourse.pretrain.data.workers import run_in_workers
from llmcourse.tokenization import BPETokenizer, Tokenizer, to_tokenizer_json
from llmcourse.values import whole

PREPARATION = "preparation.json"
BUSY_S = 1.0
SETTINGS = ("tokenizer", "end_of_text", "text_field", "part_bytes", "limit_bytes")


def prepare(
    folder: str | Path,
    sources: str | Path | Iterable[str | Path],
    tokenizer: Tokenizer,
    end_of_text: int | str | None = None,
    *,
    n_workers: int = 1,
    text_field: str = "text",
    part_bytes: int = PART_BYTES,
    limit_mb: float | None = None,
    progress: bool = True,
    on_read: Callable[[int, int], object] = lambda n_done, n_in_all: None,
    when_busy: Callable[[], object] | None = None,
) -> dict[str, Any]:
    """Tokenize files, folders or corpora to shards that `open_shards` reads.

    The same call goes on where an earlier one was stopped, and returns at once where it was finished. The number of
    workers may differ: tokens, their order and the bytes of all shards are the same. Each worker needs about 150 MB
    besides its libraries, however large the files are.

    Args:
        folder: Where to; made if it does not exist.
        sources: As `list_files` takes them.
        tokenizer: A `BPETokenizer`, or anything with its parts. What looks like a special token in a text is text.
        end_of_text: The mark after each document: the id of a token, or the spelling of a special token; None for no
            mark.
        n_workers: How many processes tokenize. One is this process; it uses all cores, as `tokenizers` does.
        text_field: Where the text stands in a line of JSON, or the column of a parquet file.
        part_bytes: About how many bytes of input become one shard. What a kill costs is one such part a worker.
        limit_mb: Read only so many millions of bytes, as `cut_into_parts` counts them; None is all.
        progress: Show a bar.
        on_read: Told how many bytes of how many are done, as the bar is, at least once for each megabyte that is read.
        when_busy: Called each second while another process prepares the folder, which is then waited for; None is an
            error.

    Returns:
        The manifest.

    Raises:
        FileNotFoundError: There is no such file, folder or corpus; the message names it.
        FileExistsError: The folder holds something else, or another process prepares it at the moment and nobody
            waits.
        ValueError: A file or an option differs from those with which the folder was begun; a source has no text; a file
            cannot be read; the tokenizer has no such mark; `folder` lies in a source; a size is below 1. The message
            names it.
        RuntimeError: A worker died twice over the same part; the message names its files.
        CorpusUnavailableError: A corpus of the hub cannot be reached; what has been tokenized stays.
    """
    folder, files = Path(folder), list_files(sources)
    n_workers, part_bytes = whole("n_workers", n_workers), whole("part_bytes", part_bytes)
    if n_workers < 1:
        raise ValueError(f"n_workers is {n_workers!r}; it must be at least 1")
    if limit_mb is not None and not limit_mb > 0:
        raise ValueError(f"limit_mb is {limit_mb!r}; it must be above 0")
    _refuse_inside(folder, files)
    mark = None if end_of_text is None else token_id(tokenizer, end_of_text)
    limit = None if limit_mb is None else max(1, round(limit_mb * 1e6))
    parts = cut_into_parts(files, part_bytes, limit)
    chosen = dict(zip(SETTINGS, (tokenizer_hash(tokenizer), mark, text_field, part_bytes, limit)))
    _refuse_unread(files, parts)
    _refuse_foreign(folder)
    with _locked(folder, when_busy):
        _begin(folder, chosen, files, tokenizer)
        if not (folder / MANIFEST).exists():
            todo = {number: part for number, part in enumerate(parts) if finished(folder, number, tokenizer) is None}
            task = Task(str(folder.absolute()), mark, text_field)
            with _bar(parts, todo, progress) as bar:
                _tokenize(task, todo, n_workers, _counted(parts, todo, bar, on_read))
            _forget_unfinished(folder)  # of workers that were killed on the way, and replaced
            _finish(folder, tokenizer, mark, len(parts), files)
        _clear_records(folder)
        return json.loads((folder / MANIFEST).read_bytes())


def _counted(
    parts: list[list[Span]], todo: dict[int, list[Span]], bar: tqdm, on_read: Callable[[int, int], object]
) -> Callable[[int, int | None], None]:
    """What moves the bar, and tells, when some text of a part is done; bytes of the files are counted."""
    sizes = {number: sum(span.n_bytes for span in part) for number, part in enumerate(parts)}
    seen = {number: 0 for number in todo}
    n_in_all = sum(sizes.values())
    n_done = n_in_all - sum(sizes[number] for number in todo)

    def count(number: int, n_bytes: int | None) -> None:
        nonlocal n_done
        # Text is counted, of which a file may hold more (compressed) or less (JSON) than its bytes.
        now = seen[number] + (n_bytes or 0)
        if sizes[number]:  # else nobody knows how much it will be
            now = sizes[number] if n_bytes is None else min(sizes[number], now)
        bar.update(now - seen[number])
        n_done += now - seen[number]
        seen[number] = now
        on_read(n_done, n_in_all)

    return count


def _tokenize(
    task: Task, todo: dict[int, list[Span]], n_workers: int, on_read: Callable[[int, int | None], None]
) -> None:
    """Do the parts that are not done yet."""
    if n_workers == 1:
        tokenizer = BPETokenizer.load(Path(task.folder, TOKENIZER))
        for number, part in todo.items():
            tokenize_part(task, number, part, tokenizer, lambda _, n_bytes, number=number: on_read(number, n_bytes))
            on_read(number, None)
    elif todo:
        run_in_workers(task, todo, min(n_workers, len(todo)), on_read)


def _refuse_inside(folder: Path, files: list[SourceFile]) -> None:
    for source in {file.source for file in files if file.is_here}:
        if folder.absolute().is_relative_to(source):
            raise ValueError(f"folder is {str(folder)!r}; it must lie outside of the source {source!r}, or it is read")


def _refuse_unread(files: list[SourceFile], parts: list[list[Span]]) -> None:
    """A source of empty files, or behind the limit, is told before the work begins."""
    read = {span.file.source for part in parts for span in part}
    for file in files:
        if file.source not in read:
            is_empty = file.is_here and not any(other.size for other in files if other.source == file.source)
            raise ValueError(f"the source {file.source} {'has no text' if is_empty else 'lies behind the limit'}")


def _refuse_foreign(folder: Path) -> None:
    """A folder that somebody else filled is not to be written into."""
    if folder.exists() and not (folder / PREPARATION).exists():
        if found := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
            raise FileExistsError(f"{folder} holds {found[0]!r}, and no {PREPARATION}; choose an empty folder")


@contextlib.contextmanager
def _locked(folder: Path, when_busy: Callable[[], object] | None) -> Iterator[None]:
    """Keep a second preparation out of a folder; a process that dies lets go of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        while not _has_locked(file):
            if when_busy is None:
                raise FileExistsError(f"{folder} is being prepared by another process at the moment")
            when_busy()
            time.sleep(BUSY_S)
        yield


def _has_locked(file: IO[str]) -> bool:
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except ImportError:  # Windows: two at once write the same bytes, and only do the work twice
        pass
    return True


def _begin(folder: Path, chosen: dict[str, Any], files: list[SourceFile], tokenizer: Tokenizer) -> None:
    """Write down what is prepared; where that was done before, refuse what differs."""
    rows = [[file.path, file.size, file.mtime_ns, file.source] for file in files]
    path = folder / PREPARATION
    if path.exists():
        _refuse_other(folder, json.loads(path.read_bytes()), chosen, rows)
    else:
        write_atomically(path, json.dumps(chosen | {"files": rows}, indent=1), sync=True)
    (folder / RECORDS).mkdir(exist_ok=True)
    _forget_unfinished(folder)
    kept = to_tokenizer_json(tokenizer.vocab, tokenizer.merges, tokenizer.special_tokens, tokenizer.pattern)
    write_atomically(folder / TOKENIZER, json.dumps(kept, ensure_ascii=False, indent=1))


def _forget_unfinished(folder: Path) -> None:
    """Remove what a process had begun to write when it was killed."""
    for unfinished in [*folder.glob(".*.unfinished"), *(folder / RECORDS).glob(".*.unfinished")]:
        unfinished.unlink(missing_ok=True)


def _refuse_other(folder: Path, begun: dict[str, Any], chosen: dict[str, Any], rows: list[list[Any]]) -> None:
    again = f"with which {folder} was begun; or choose another folder"
    for name in SETTINGS:
        if begun[name] != chosen[name]:
            old, new = (value[:12] if name == "tokenizer" else value for value in (begun[name], chosen[name]))
            raise ValueError(f"{name} is {new!r}; it must be {old!r}, {again}")
    old_rows, new_rows = ({row[0]: row[1:] for row in some} for some in (begun["files"], rows))
    for path, row in old_rows.items():
        if path not in new_rows:
            raise ValueError(f"{path} is missing; it was among the files {again}")
        if row != new_rows[path]:
            (size, time, _), (new_size, new_time, _) = row, new_rows[path]
            raise ValueError(
                f"{path} has changed: it has {new_size} bytes and the time {new_time}; it must have {size} bytes and "
                f"the time {time}, {again}"
            )
    if added := [path for path in new_rows if path not in old_rows]:
        raise ValueError(f"{added[0]} is none of the files {again}")
    if list(old_rows) != list(new_rows):
        raise ValueError(f"sources is in another order; it must be in the one {again}")


def _finish(folder: Path, tokenizer: Tokenizer, mark: int | None, n_parts: int, files: list[SourceFile]) -> None:
    """Write the manifest. An empty part has no shard, and an empty source is a mistake."""
    records = [record for n in range(n_parts) if (record := finished(folder, n, tokenizer))]
    n_documents = dict.fromkeys([file.source for file in files], 0)
    for record in records:
        for source, count in record["sources"].items():
            n_documents[source] += count
    for source, count in n_documents.items():
        if count == 0:
            raise ValueError(f"the source {source} has no text")
    shards = [{name: record[name] for name in ("file", "n_tokens", "sha256")} for record in records]
    kept = [shard for shard in shards if shard["n_tokens"]]
    for shard in shards:
        if shard not in kept:
            (folder / shard["file"]).unlink()
    n_bytes = sum(record["n_bytes"] for record in records)
    write_manifest(folder, tokenizer, mark, kept, sum(n_documents.values()), n_bytes)


def _clear_records(folder: Path) -> None:
    for path in (folder / RECORDS).glob("*.json"):
        path.unlink()
    with contextlib.suppress(OSError):
        (folder / RECORDS).rmdir()


def _bar(parts: list[list[Span]], todo: dict[int, list[Span]], is_shown: bool) -> tqdm:
    """A bar over the bytes of the files, with what is left of the time."""
    total = sum(span.n_bytes for part in parts for span in part)
    left = sum(span.n_bytes for part in todo.values() for span in part)
    return tqdm(
        total=total or None, initial=total - left, unit="B", unit_scale=True, mininterval=1, disable=not is_shown,
        desc=f"{len(parts) - len(todo)} of {len(parts)} parts were done" if len(todo) < len(parts) else None,
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """`python -m llmcourse.pretrain.data.prepare FILES... --tokenizer tokenizer.json --out FOLDER`."""
    parser = argparse.ArgumentParser(
        prog="python -m llmcourse.pretrain.data.prepare", description=__doc__.split("\n")[0]
    )
    parser.add_argument("sources", nargs="+", help="Files, folders, or names of corpora.")
    parser.add_argument("--tokenizer", required=True, help="A tokenizer.json.")
    parser.add_argument("--out", required=True, help="The folder of the shards.")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="Processes; all cores without it.")
    parser.add_argument("--end-of-text", help="The special token behind each document; <|endoftext|> if there is one.")
    parser.add_argument("--text-field", default="text", help="Where the text stands in a line of JSON.")
    parser.add_argument("--limit-mb", type=float, help="Read only so many millions of bytes.")
    chosen = parser.parse_args(arguments)
    try:
        print(told(**vars(chosen)))
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def told(
    sources: list[str],
    tokenizer: str,
    out: str,
    workers: int,
    end_of_text: str | None = None,
    text_field: str = "text",
    limit_mb: float | None = None,
) -> str:
    """Prepare what a command line asks for, and say what came of it."""
    loaded = BPETokenizer.load(tokenizer)
    usual = "<|endoftext|>" if "<|endoftext|>" in loaded.special_tokens else None
    mark = end_of_text or usual
    found = prepare(out, sources, loaded, mark, n_workers=workers, text_field=text_field, limit_mb=limit_mb)
    itemsize = DTYPES[found["dtype"]].itemsize
    end = f"{mark} after each" if mark else "no mark between them"
    return (
        f"{out}: {found['n_tokens']:,} tokens of {found['n_documents']:,} documents ({end}), "
        f"{found['n_bytes'] / 1e6:,.1f} MB of text, {found['n_bytes'] / found['n_tokens']:.2f} bytes a token, "
        f"{found['n_tokens'] * itemsize / 1e6:,.1f} MB in {len(found['shards'])} shards"
    )


if __name__ == "__main__":
    raise SystemExit(main())
