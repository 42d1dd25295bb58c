"""Tokens on disk: flat files of integers beside a manifest that says what they are (chapter 3).

A shard is the tokens' bytes and nothing else, little-endian, so that it can be mapped into memory and read from any
place. What a flat file cannot say of itself stands in `manifest.json`: which tokenizer made it, how many tokens,
documents and bytes of text it holds, and a checksum of each file.
"""

import bisect
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from llmcourse.data.batches import token_id, tokenize_corpus
from llmcourse.files import write_atomically
from llmcourse.tokenization import Tokenizer, to_tokenizer_json
from llmcourse.tokenization.inputs import several

FORMAT = 1
MANIFEST = "manifest.json"
DTYPES = {"uint16": np.dtype("<u2"), "uint32": np.dtype("<u4")}
FIELDS = {"dtype": str, "tokenizer": str, "vocab_size": int, "n_tokens": int, "shards": list}
SHARD_FIELDS = {"file": str, "n_tokens": int, "sha256": str}


class ShardError(ValueError):
    """Shards that cannot be used; the message says which file, and why."""


def tokenizer_hash(tokenizer: Tokenizer) -> str:
    """Compute a tokenizer's fingerprint: the SHA-256 of its vocabulary, merges, special tokens and pattern.

    Example:
        >>> from llmcourse.tokenization import BASE_VOCAB, BPETokenizer
        >>> tokenizer_hash(BPETokenizer(BASE_VOCAB))[:12] == tokenizer_hash(BPETokenizer(list(BASE_VOCAB)))[:12]
        True
    """
    parts = to_tokenizer_json(tokenizer.vocab, tokenizer.merges, tokenizer.special_tokens, tokenizer.pattern)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def write_shards(
    folder: str | Path,
    texts: Iterable[str],
    tokenizer: Tokenizer,
    end_of_text: int | str | None = None,
    shard_tokens: int = 1 << 26,
) -> dict[str, Any]:
    """Tokenize texts and write them as shards. Only one shard and some texts are in memory at a time.

    The manifest comes last: a folder without it holds nothing that `open_shards` would read.

    Args:
        folder: Where to; made if it does not exist.
        texts: The documents.
        tokenizer: A `BPETokenizer`.
        end_of_text: The mark after each document, as `tokenize_corpus` takes it.
        shard_tokens: Tokens of a shard; the last one may have fewer.

    Returns:
        The manifest.

    Raises:
        TypeError: `texts` is one string, not several.
        ValueError: `shard_tokens` is below 1, the tokenizer has no such mark, or there is no text.
        FileExistsError: The folder holds shards already.
    """
    folder, texts = Path(folder), several(texts, "texts")
    if shard_tokens < 1:
        raise ValueError(f"shard_tokens is {shard_tokens!r}; it must be at least 1")
    if (folder / MANIFEST).exists():
        raise FileExistsError(f"{folder} holds shards already; choose another folder, or delete it")
    folder.mkdir(parents=True, exist_ok=True)
    n_documents = n_bytes = 0

    def parts() -> Iterator[np.ndarray]:
        nonlocal n_documents, n_bytes
        source = iter(texts)
        while some := list(islice(source, 256)):
            n_documents += len(some)
            n_bytes += sum(len(text.encode()) for text in some)
            yield tokenize_corpus(some, tokenizer, end_of_text)

    pieces = enumerate(_in_pieces(parts(), shard_tokens))
    shards = [write_shard(folder / f"{number:05d}.bin", [tokens]) for number, tokens in pieces]
    return write_manifest(folder, tokenizer, end_of_text, shards, n_documents, n_bytes)


def write_shard(path: Path, parts: Iterable[np.ndarray], *, sync: bool = False) -> dict[str, Any]:
    """Write rows of tokens, one after the other, as one shard; only one of them is in memory at a time.

    Args:
        path: The file; it is whole or not there, as `write_atomically` has it.
        parts: Token ids, each (N,).
        sync: Force the bytes to the disk.

    Returns:
        What a manifest says of the shard.
    """
    digest, n_tokens = hashlib.sha256(), 0

    def write(file: BinaryIO) -> None:
        nonlocal n_tokens
        for tokens in parts:
            content = tokens.astype(tokens.dtype.newbyteorder("<")).tobytes()
            digest.update(content)
            file.write(content)
            n_tokens += len(tokens)

    write_atomically(path, write, sync=sync)
    return {"file": path.name, "n_tokens": n_tokens, "sha256": digest.hexdigest()}


def write_manifest(
    folder: Path,
    tokenizer: Tokenizer,
    end_of_text: int | str | None,
    shards: list[dict[str, Any]],
    n_documents: int,
    n_bytes: int,
) -> dict[str, Any]:
    """Write the manifest of shards that `write_shard` has written, in their order.

    Returns:
        The manifest.

    Raises:
        ValueError: There is no shard.
    """
    if not shards:
        raise ValueError("there is no text to write")
    manifest = {
        "format": FORMAT,
        "dtype": token_dtype(tokenizer).name,
        "tokenizer": tokenizer_hash(tokenizer),
        "vocab_size": len(tokenizer),
        "end_of_text": None if end_of_text is None else token_id(tokenizer, end_of_text),
        "n_tokens": sum(shard["n_tokens"] for shard in shards),
        "n_documents": n_documents,
        "n_bytes": n_bytes,
        "shards": shards,
    }
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


def token_dtype(tokenizer: Tokenizer) -> np.dtype:
    """The narrowest type of a shard that holds a tokenizer's ids."""
    return DTYPES["uint16" if len(tokenizer) <= 1 << 16 else "uint32"]


def _in_pieces(parts: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Regroup arrays into arrays of `size`, the last one shorter."""
    held: list[np.ndarray] = []
    n_held = 0
    for part in parts:
        held.append(part)
        n_held += len(part)
        if n_held >= size:
            joined = np.concatenate(held)
            whole = len(joined) - len(joined) % size
            yield from (joined[start : start + size] for start in range(0, whole, size))
            held, n_held = [joined[whole:]], len(joined) - whole
    if n_held:
        yield np.concatenate(held)


class ShardedTokens:
    """Several memory-mapped shards that read like one row of tokens: `len`, `shape`, `dtype`, and `[i]` or `[i:j]`.

    Attributes:
        manifest: What `write_shards` wrote.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]):
        """Map the files; nothing is read yet."""
        self.folder, self.manifest, self.dtype = folder.absolute(), manifest, DTYPES[manifest["dtype"]]
        self._maps = [np.memmap(folder / shard["file"], dtype=self.dtype, mode="r") for shard in manifest["shards"]]
        self._ends = list(accumulate(map(len, self._maps)))
        self.shape = (self._ends[-1],)

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process maps the files itself: a pickled map would be a copy of the corpus.
        return ShardedTokens, (self.folder, self.manifest)

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, key: int | slice) -> Any:
        if not isinstance(key, slice):
            number = range(len(self))[key]
            shard = bisect.bisect_right(self._ends, number)
            return self._maps[shard][number - self._ends[shard]]
        start, stop, step = key.indices(len(self))
        if step != 1:
            raise ValueError(f"the step of a slice is {step!r}; it must be 1, as only neighbours can be read")
        first, last = bisect.bisect_right(self._ends, start), bisect.bisect_left(self._ends, stop)
        parts = []
        for shard in range(first, min(last, len(self._maps) - 1) + 1):
            begin = self._ends[shard] - len(self._maps[shard])
            parts.append(self._maps[shard][max(0, start - begin) : max(0, stop - begin)])
        return np.concatenate(parts) if parts else np.empty(0, dtype=self.dtype)


def open_shards(
    folder: str | Path,
    tokenizer: Tokenizer = None,
    verify: bool = True,
    on_read: Callable[[int, int], object] = lambda n_done, n_in_all: None,
) -> ShardedTokens:
    """Open what `write_shards` wrote, and refuse what is damaged or made for another tokenizer.

    Args:
        folder: Where the shards lie.
        tokenizer: The tokenizer that the reader will use; None skips that comparison.
        verify: Also read every file and compare its checksum. The sizes are compared in any case.
        on_read: Told after each file how many bytes of how many are compared: to read a large corpus takes long.

    Returns:
        The tokens; `.manifest` tells the rest.

    Raises:
        ShardError: There is no manifest or not one of this format, one of its fields is missing or cannot be right, a
            file is missing, has another size or another checksum, or the tokenizer is another one.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    if tokenizer is not None and (hashed := tokenizer_hash(tokenizer)) != manifest["tokenizer"]:
        raise ShardError(
            f"{folder} was written with another tokenizer ({manifest['tokenizer'][:12]}, "
            f"{manifest['vocab_size']} tokens) than this one ({hashed[:12]}, {len(tokenizer)} tokens); its numbers "
            "would mean other words"
        )
    n_done, itemsize = 0, DTYPES[manifest["dtype"]].itemsize
    for shard in manifest["shards"]:
        _check_shard(folder, shard, itemsize, verify)
        n_done += shard["n_tokens"] * itemsize
        on_read(n_done, manifest["n_tokens"] * itemsize)
    return ShardedTokens(folder, manifest)


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ShardError(f"{folder} has no {MANIFEST}; it holds no shards, or their writing was interrupted") from None
    except ValueError:
        raise ShardError(f"{path} is damaged, as it is not JSON") from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise ShardError(f"{path} has format {found!r}; it must have format {FORMAT}")
    _check_fields(str(path), manifest, FIELDS)
    if manifest["dtype"] not in DTYPES or not manifest["shards"]:
        raise ShardError(
            f"{path} has {len(manifest['shards'])} shards of {manifest['dtype']!r}; "
            f"it must have at least 1 of {' or '.join(map(repr, DTYPES))}"
        )
    for number, shard in enumerate(manifest["shards"]):
        _check_fields(f"{path}, entry {number} of shards,", shard, SHARD_FIELDS)
    if sum(shard["n_tokens"] for shard in manifest["shards"]) != manifest["n_tokens"]:
        raise ShardError(f"the shards of {path} do not add up to {manifest['n_tokens']} tokens")
    return manifest


def _check_fields(where: str, entry: Any, fields: dict[str, type]) -> None:
    """Raise a ShardError that names the first field of a manifest's entry which is missing or cannot be right."""
    if not isinstance(entry, dict):
        raise ShardError(f"{where} is {entry!r}; it must be an object")
    if missing := sorted(fields.keys() - entry.keys()):
        raise ShardError(f"{where} does not say its {', '.join(missing)}; it is damaged")
    for name, kind in fields.items():
        value = entry[name]
        if not isinstance(value, kind) or isinstance(value, bool) or (kind is int and value < 1):
            wanted = "a whole number of at least 1" if kind is int else f"of type {kind.__name__}"
            raise ShardError(f"{where} says {name} is {value!r}; it must be {wanted}")


def _check_shard(folder: Path, shard: dict[str, Any], itemsize: int, verify: bool) -> None:
    name = shard["file"]
    path = folder / name
    if Path(name).name != name:
        raise ShardError(f"{folder / MANIFEST} names the file {name!r}; it must lie beside the manifest")
    if not path.is_file():
        raise ShardError(f"{path} is missing")
    expected = shard["n_tokens"] * itemsize
    if path.stat().st_size != expected:
        raise ShardError(
            f"{path} has {path.stat().st_size} bytes; it must have {expected}, so it is cut off or not this shard"
        )
    if verify:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != shard["sha256"]:
                raise ShardError(f"{path} has another checksum than its manifest says; its content has changed")
