"""Somebody's texts as two files of JSON lines: what is learned from, and what is held out to judge by (chapter 7).

The texts are copied, so that a run which was interrupted goes on with what it began with, whatever has become of the
folder since.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from llmcourse.files import write_atomically
from llmcourse.pretrain.data.documents import read_documents
from llmcourse.pretrain.data.sources import kind_of

TRAIN, HELD_OUT, ABOUT = "train.jsonl", "held-out.jsonl", "texts.json"
EVERY = 20
"""One text of so many is held out; of fewer texts, so large a part of each, from its end."""
MIN_BYTES = 20_000


@dataclass(frozen=True)
class Texts:
    """What was read, and where it lies now.

    Attributes:
        source: The folder or file that it came from, absolute.
        n_documents, n_bytes: Of the texts to train on.
        n_held_out: Bytes that are held out.
        n_files, n_left_out: Files of the folder that were read, and those of another kind.
    """

    source: str
    n_documents: int
    n_bytes: int
    n_held_out: int
    n_files: int
    n_left_out: int


def hold_out(source: str | Path, folder: str | Path) -> Texts:
    """Copy the texts of a folder into two files, `train.jsonl` and `held-out.jsonl`, and say what there was.

    Args:
        source: A folder or a file, as `read_documents` reads them.
        folder: Where to; made if it does not exist. What is there already is used again if it is of the same source.

    Raises:
        ValueError: There is no such folder, or no text in it, or too little of it; a file is not text; or other texts
            are there already. The message names what.
    """
    source, folder = Path(source).absolute(), Path(folder)
    if (folder / ABOUT).exists():
        texts = Texts(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
        if texts.source != str(source):
            raise ValueError(f"{folder} holds the texts of {texts.source}; they must be those of {source}")
        return texts
    if not source.exists():
        raise ValueError(f"{source} is not there; it must be a folder of text, or a file")
    try:
        n_documents, n_bytes, n_held_out = _write(_split(read_documents(source)), folder)
        if (found := n_bytes + n_held_out) < MIN_BYTES:
            raise ValueError(f"{source} has {found:,} bytes of text; it must have at least {MIN_BYTES:,} to learn from")
        texts = Texts(str(source), n_documents, n_bytes, n_held_out, *_count_files(source))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    write_atomically(folder / ABOUT, json.dumps(asdict(texts), indent=1) + "\n")
    return texts


def _write(split: Iterable[tuple[str, bool]], folder: Path) -> tuple[int, int, int]:
    """Write the two files; returns texts and bytes to train on, and bytes held out."""
    folder.mkdir(parents=True, exist_ok=True)
    n_documents, sizes = 0, [0, 0]
    with (
        (folder / TRAIN).open("w", encoding="utf-8") as train,
        (folder / HELD_OUT).open("w", encoding="utf-8") as held_out,
    ):
        for text, is_held_out in split:
            (held_out if is_held_out else train).write(json.dumps({"text": text}) + "\n")
            sizes[is_held_out] += len(text.encode())
            n_documents += not is_held_out
    return n_documents, *sizes


def _split(documents: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Parts of texts, and whether each is held out."""
    documents = (text for text in documents if not text.isspace())
    few = list(itertools.islice(documents, EVERY))
    if len(few) < EVERY:
        for text in few:
            place = _place_to_cut(text)
            yield text[:place], False
            if place < len(text):
                yield text[place:], True
        return
    for number, text in enumerate(itertools.chain(few, documents)):
        yield text, number % EVERY == EVERY // 2


def _place_to_cut(text: str) -> int:
    """Where the last twentieth of a text begins: behind a line, or else behind a word."""
    wanted = len(text) - len(text) // EVERY
    for end in ("\n", " "):
        if (place := text.rfind(end, len(text) // 2, wanted) + 1) > 0:
            return place
    return wanted


def _count_files(source: Path) -> tuple[int, int]:
    if source.is_file():
        return 1, 0
    files = [path for path in source.rglob("*") if path.is_file() and not path.name.startswith(".")]
    n_read = sum(kind_of(path) is not None for path in files)
    return n_read, len(files) - n_read
