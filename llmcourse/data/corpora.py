"""Text to learn from, on every machine: `corpus(name)` gives a list of documents.

- `"python"`: the Python source of the running interpreter's standard library and installed packages, read in place;
- `"toy"`: sentences of a small probabilistic grammar whose entropy rate is known exactly (`toy_entropy_rate`);
- `"fineweb-edu"`, `"tinystories"`: streamed from the Hugging Face hub, with the optional extra `hub`.
"""

import hashlib
import math
import os
import random
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

OFFLINE = ("python", "toy")
HUB = {
    "fineweb-edu": {"path": "HuggingFaceFW/fineweb-edu", "name": "sample-10BT"},
    "tinystories": {"path": "roneneldan/TinyStories"},
}
SPLITS = ("train", "validation")
VALIDATION_PERCENT = 5


class CorpusUnavailableError(RuntimeError):
    """A corpus that this machine cannot reach; the message says what is missing and which corpora work offline."""


def corpus(name: str, split: str = "train", limit_mb: float | None = None, seed: int = 0) -> list[str]:
    """Read a corpus into memory. See `stream` for the arguments.

    Example:
        >>> documents = corpus("toy", limit_mb=0.001)
        >>> sum(len(document) for document in documents)
        1000
    """
    return list(stream(name, split, limit_mb, seed))


def stream(name: str, split: str = "train", limit_mb: float | None = None, seed: int = 0) -> Iterator[str]:
    """Read a corpus document by document.

    The same arguments give the same documents in the same order on the same installation. With the same seed, a
    smaller limit gives the beginning of what a larger one gives, and only that much is read.

    Args:
        name: "python", "toy", "fineweb-edu" or "tinystories".
        split: "train" or "validation". The two share no document (of "toy": are drawn independently). A document's
            contents decide where it belongs: 5 in 100 are for validation.
        limit_mb: Where to stop, in millions of UTF-8 bytes; the last document is cut. None is everything; "toy", which
            has no end, then stops at 1.
        seed: Another seed gives "python" in another order, and other sentences of "toy".

    Returns:
        An iterator over the documents; none is empty.

    Raises:
        ValueError: The name, the split or the limit is not one of those.
        CorpusUnavailableError: A corpus of the hub cannot be reached.
    """
    if name not in OFFLINE and name not in HUB:
        raise ValueError(f"the corpus is {name!r}; it must be one of {', '.join(map(repr, [*OFFLINE, *HUB]))}")
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be 'train' or 'validation'")
    if limit_mb is not None and not limit_mb > 0:
        raise ValueError(f"limit_mb is {limit_mb!r}; it must be above 0")
    if name == "toy":
        return _limit(_toy_documents(f"{seed} {split}"), limit_mb or 1.0)
    documents = _python_documents(seed) if name == "python" else _hub_documents(name)
    return _limit(_one_split(documents, split), limit_mb)


def _limit(documents: Iterable[str], limit_mb: float | None) -> Iterator[str]:
    """Stop after so many millions of bytes, within a document if need be, though never within a character."""
    left = math.inf if limit_mb is None else round(limit_mb * 1e6)
    for document in documents:
        size = len(document.encode())
        if size >= left:
            if cut := document.encode()[: int(left)].decode(errors="ignore"):
                yield cut
            return
        yield document
        left -= size


def _one_split(documents: Iterable[str], split: str) -> Iterator[str]:
    """Keep the documents of one split, each text once."""
    seen = set()
    for document in documents:
        digest = hashlib.blake2b(document.encode(), digest_size=16).digest()
        is_validation = int.from_bytes(digest) % 100 < VALIDATION_PERCENT
        if is_validation == (split == "validation") and digest not in seen:
            seen.add(digest)
            yield document


def _python_documents(seed: int) -> Iterator[str]:
    return (text for _, text in source_files(seed=seed))


def source_files(limit_mb: float | None = None, seed: int = 0, by: str = "file") -> Iterator[tuple[str, str]]:
    """Read the files of the "python" corpus under their names, before it is split and copies are left out.

    Args:
        limit_mb: Where to stop, in millions of UTF-8 bytes; the last file is the first one that passes the limit. None
            is everything.
        seed: Another seed gives another order.
        by: "file" takes the files in a random order; "folder" takes the folders of a package (or of a part of one) in a
            random order, all files of each: copies mostly lie near each other, and a random sample of files tears them
            apart.

    Returns:
        An iterator over (name, text), the name being the path below "stdlib", "purelib" or "platlib".

    Raises:
        ValueError: `by` is neither.

    Example:
        >>> all(name.endswith(".py") for name, text in source_files(limit_mb=0.01))
        True
    """
    if by not in ("file", "folder"):
        raise ValueError(f"by is {by!r}; it must be 'file' or 'folder'")
    paths = sysconfig.get_paths()
    roots = {"stdlib": paths["stdlib"], "purelib": paths["purelib"], "platlib": paths["platlib"]}
    files: dict[Path, tuple[bytes, bytes, str]] = {}
    for root_name, root in roots.items():
        for path in _python_files(root):
            name = f"{root_name}/{path.relative_to(root).as_posix()}"
            folder = "/".join(name.split("/")[:3][: name.count("/")]) if by == "folder" else ""
            order = [_digest(f"{seed} {root_name} {part}") for part in (folder, path.relative_to(root).as_posix())]
            files.setdefault(path, (order[0] if folder else b"", order[1], name))
    left = math.inf if limit_mb is None else limit_mb * 1e6
    # in the order of the paths' hashes: no file system has a say in it
    for path, (*_, name) in sorted(files.items(), key=lambda item: item[1]):
        try:
            text = _clean(path.read_bytes().decode("utf-8"))
        except (UnicodeDecodeError, OSError):
            continue
        if text:
            yield name, text
            left -= len(text.encode())
        if left <= 0:
            return


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _python_files(root: str) -> Iterator[Path]:
    """Find the .py files under a root, without the packages inside the standard library and without this project."""
    for folder, subfolders, names in os.walk(root):
        ignored = {"__pycache__", "site-packages", "dist-packages"}
        subfolders[:] = [name for name in subfolders if name not in ignored and not name.startswith("llmcourse")]
        yield from (Path(folder, name) for name in names if name.endswith(".py"))


def _clean(text: str) -> str:
    """Write all line ends as line feeds; drop NUL characters and the byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def hub_files(name: str) -> int:
    """In how many files a corpus of the hub lies, which several processes can read at the same time: see `hub_file`.

    Raises:
        CorpusUnavailableError: It cannot be reached.
    """
    with _reached(name) as found:
        return int(found.num_shards)


def hub_file(name: str, number: int, split: str = "train", limit_mb: float | None = None) -> Iterator[str]:
    """Read one file of a corpus of the hub. See `stream` for the arguments.

    All files one after the other are the corpus of `stream`, but for a text that is in two of them: each file has it.

    Args:
        name: "fineweb-edu" or "tinystories".
        number: Which of `hub_files(name)`, from 0.
        split: "train" or "validation".
        limit_mb: Where to stop.

    Raises:
        CorpusUnavailableError: The corpus cannot be reached.
    """
    return _limit(_one_split(_hub_documents(name, number), split), limit_mb)


def _hub_documents(name: str, number: int | None = None) -> Iterator[str]:
    """Stream a corpus from the hub, or one of its files."""
    with _reached(name) as found:
        for row in found if number is None else found.shard(found.num_shards, number):
            if text := _clean(row["text"]):
                yield text


@contextmanager
def _reached(name: str) -> Iterator[Any]:
    """A corpus of the hub as `datasets` streams it; what goes wrong in the block is that it cannot be reached."""
    offline = " and ".join(map(repr, OFFLINE))
    try:
        import datasets
    except ImportError:
        message = f"the corpus {name!r} needs the extra `hub` (pip install 'llmcourse[hub]'); {offline} work offline"
        raise CorpusUnavailableError(message) from None
    try:
        yield datasets.load_dataset(**HUB[name], split="train", streaming=True)
    except Exception as error:
        message = f"the corpus {name!r} could not be reached ({type(error).__name__}); {offline} work offline"
        raise CorpusUnavailableError(message) from error


def _zipf(words: str) -> list[tuple[float, list[str]]]:
    """Give each word a weight proportional to 1 / its rank."""
    return [(1 / rank, [word]) for rank, word in enumerate(words.split(), start=1)]


TOY_GRAMMAR: dict[str, list[tuple[float, list[str]]]] = {
    "TEXT": [(1, ["SENTENCE", "REST"])],
    "REST": [(7, [" ", "TEXT"]), (1, ["\n"])],
    "SENTENCE": [(3, ["NOUN_PHRASE", " ", "VERB_PHRASE", "."]), (1, ["ADVERB", ", ", "SENTENCE"])],
    "NOUN_PHRASE": [(2, ["the ", "NOMINAL"]), (1, ["a ", "NOMINAL"])],
    "NOMINAL": [(2, ["NOUN", "CLAUSE"]), (1, ["ADJECTIVE", " ", "NOMINAL"])],
    "CLAUSE": [(5, []), (1, [" that ", "VERB_PHRASE"])],
    "VERB_PHRASE": [(2, ["INTRANSITIVE"]), (3, ["TRANSITIVE", " ", "NOUN_PHRASE"])],
    "NOUN": _zipf("cat dog bird teacher river garden child letter house song road winter clock window friend story"),
    "ADJECTIVE": _zipf("big small quiet bright green tired curious gentle lazy strange"),
    "INTRANSITIVE": _zipf("sleeps waits sings falls returns laughs disappears"),
    "TRANSITIVE": _zipf("sees follows likes finds remembers paints hears carries forgets answers"),
    "ADVERB": _zipf("today often later sometimes tonight suddenly"),
}
"""For each symbol its rules: (weight, what it becomes). What is not a symbol is text.

From the next word alone one can tell which rule was used, so each text has one derivation. That is what makes the
entropy rate computable: the entropy of the texts is the entropy of the rules chosen.
"""


def _toy_documents(seed: str) -> Iterator[str]:
    """Draw texts from the grammar, without end."""
    rng = random.Random(seed)
    rules = {symbol: [body for _, body in options] for symbol, options in TOY_GRAMMAR.items()}
    weights = {symbol: list(accumulate(weight for weight, _ in options)) for symbol, options in TOY_GRAMMAR.items()}
    while True:
        pieces, todo = [], ["TEXT"]
        while todo:
            item = todo.pop()
            if item in rules:
                todo.extend(reversed(rng.choices(rules[item], cum_weights=weights[item])[0]))
            else:
                pieces.append(item)
        yield "".join(pieces)


def toy_entropy_rate() -> float:
    """Compute the entropy rate of the "toy" corpus: the loss that no model of it can beat.

    Let h be the entropy of the choice among a symbol's rules, c the expected number of characters that its rules write
    themselves, and M[i, j] the expected number of symbols j in symbol i's rules. What symbol i expands to then has the
    entropy H = h + M H and the length L = c + M L. Both are linear equations, and the rate is H / L for TEXT.

    Returns:
        Bits per character.

    Example:
        >>> round(toy_entropy_rate(), 4)
        0.6183

    Source: Grenander, "Syntax-controlled probabilities" (1967); Booth and Thompson (1973) for when H and L are finite.
    """
    symbols = list(TOY_GRAMMAR)
    own = np.zeros((len(symbols), 2))
    expected = np.zeros((len(symbols), len(symbols)))
    for i, symbol in enumerate(symbols):
        total = sum(weight for weight, _ in TOY_GRAMMAR[symbol])
        for weight, body in TOY_GRAMMAR[symbol]:
            p = weight / total
            own[i, 0] -= p * math.log2(p)
            own[i, 1] += p * sum(len(item) for item in body if item not in symbols)
            for item in body:
                if item in symbols:
                    expected[i, symbols.index(item)] += p
    bits, characters = np.linalg.solve(np.eye(len(symbols)) - expected, own)[symbols.index("TEXT")]
    return float(bits / characters)
