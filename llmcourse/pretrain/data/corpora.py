"""The text of a run as tokens on disk: made once, by the first rank, and opened by all (chapter 7)."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from llmcourse.data.corpora import HUB, stream
from llmcourse.data.shards import MANIFEST, ShardedTokens, open_shards, tokenizer_hash, write_shards
from llmcourse.pretrain.data.documents import read_documents
from llmcourse.pretrain.data.prepare import prepare
from llmcourse.pretrain.data.sources import fingerprint, list_files
from llmcourse.pretrain.safety.waiting import Waiting
from llmcourse.pretrain.settings.config import ConfigError, RunConfig
from llmcourse.pretrain.settings.sections import SourceSection
from llmcourse.tokenization import BPETokenizer

TOKENIZER = "tokenizer.json"


def run_tokenizer(config: RunConfig, folder: Path, ranks: Waiting, tell: Callable[[str], object]) -> BPETokenizer:
    """The tokenizer of a run: that of its folder, of the file that the settings name, or a new one.

    Raises:
        ConfigError: It has more tokens than the model, or no mark between documents; or the folder's is another one
            than the file's.
    """
    path = folder / TOKENIZER
    # It moves while words are counted. Which are merged is found at one go.
    ranks.on_first(
        "learning a tokenizer", lambda: path.exists() or _make_tokenizer(config, path, ranks, tell), at_one_go=True
    )
    tokenizer = BPETokenizer.load(path)
    if config.tokenizer.file is not None:
        named = BPETokenizer.load(config.tokenizer.file)
        if tokenizer_hash(named) != tokenizer_hash(tokenizer):
            raise ConfigError(
                f"tokenizer.file is {config.tokenizer.file!r}, another tokenizer than {path}, which the run began with"
            )
    if len(tokenizer) > config.model.vocab_size:
        raise ConfigError(
            f"model.vocab_size is {config.model.vocab_size}; it must be at least the {len(tokenizer)} tokens of the "
            "tokenizer"
        )
    if config.tokenizer.end_of_text not in tokenizer.special_tokens:
        raise ConfigError(
            f"tokenizer.end_of_text is {config.tokenizer.end_of_text!r}; it must be a special token, one of "
            f"{sorted(tokenizer.special_tokens)}"
        )
    return tokenizer


def _make_tokenizer(config: RunConfig, path: Path, ranks: Waiting, tell: Callable[[str], object]) -> None:
    wanted = config.tokenizer
    if wanted.file is not None:
        BPETokenizer.load(wanted.file).save(path)
        return
    size = wanted.vocab_size or config.model.vocab_size
    tell(f"learning a tokenizer of {size:,} tokens from {wanted.train_mb:g} MB of {config.data.sources[0].name}")
    texts = _first_megabytes(_documents(config.data.sources[0], "train"), wanted.train_mb)
    tokenizer = BPETokenizer.train(ranks.moving(texts), vocab_size=size, special_tokens=[wanted.end_of_text])
    tokenizer.save(path)


def _documents(source: SourceSection, split: str) -> Iterator[str]:
    if source.corpus is not None:
        return stream(source.corpus, split, source.limit_mb)
    return read_documents(source.files)


def _first_megabytes(texts: Iterator[str], megabytes: float) -> Iterator[str]:
    left = megabytes * 1e6
    for text in texts:
        if left <= 0:
            return
        left -= len(text.encode())
        yield text


def training_tokens(
    config: RunConfig,
    tokenizer: BPETokenizer,
    folder: Path,
    ranks: Waiting,
    tell: Callable[[str], object],
    *,
    progress: bool = True,
) -> dict[str, ShardedTokens]:
    """The tokens of each source by its name; what is not on disk yet is tokenized first.

    A source that names shards is read where they lie.

    A folder of tokens is named by what it was made from, so that runs may share one, and none reads another's: by the
    settings of its source, the tokenizer, and of files also by what `fingerprint` reads of them, so that a changed file
    is tokenized anew. Files that are gone are no change: what was made from them is read, if it was made once.
    """
    root = Path(config.data.folder) if config.data.folder else folder / "data"
    opened = {}
    for source in config.data.sources:
        if source.shards is not None:
            opened[source.name] = _read(Path(source.shards), tokenizer, ranks)
            continue
        made_from = {**asdict(source), "weight": None, "tokenizer": tokenizer_hash(tokenizer)}
        del made_from["shards"]
        place = _place(root, f"{source.name}-{_hash(made_from)}", source.files, ranks)

        def write(source: SourceSection = source, place: Path = place) -> None:
            tell(f"tokenizing {source.name} into {place}")
            mark = config.tokenizer.end_of_text
            if source.files is not None or source.corpus in HUB:
                prepare(
                    place, source.files or source.corpus, tokenizer, mark, n_workers=config.data.workers,
                    limit_mb=source.limit_mb, progress=progress, on_read=ranks.moves,
                    when_busy=_other_run(place, ranks, tell),
                )  # fmt: skip
            else:
                write_shards(place, ranks.moving(_documents(source, "train")), tokenizer, mark)

        opened[source.name] = _opened(place, f"{source.name} into {place}", write, tokenizer, ranks)
    return opened


def validation_tokens(
    config: RunConfig, tokenizer: BPETokenizer, folder: Path, ranks: Waiting, tell: Callable[[str], object]
) -> ShardedTokens | None:
    """The validation text as tokens: that of the files named for it, or of the sources that are corpora; None without
    either."""
    asked = config.evaluation
    corpora = [source for source in config.data.sources if source.corpus is not None]
    if asked.files is None and not corpora:
        return None
    root = Path(config.data.folder) if config.data.folder else folder / "data"
    made_from = {
        "files": asked.files, "corpora": [source.corpus for source in corpora], "limit_mb": asked.limit_mb,
        "tokenizer": tokenizer_hash(tokenizer),
    }  # fmt: skip
    place = _place(root, f"validation-{_hash(made_from)}", asked.files, ranks)

    def write() -> None:
        tell(f"tokenizing validation text into {place}")
        if asked.files is not None:
            texts = _first_megabytes(read_documents(asked.files), asked.limit_mb)
        else:
            each = asked.limit_mb / len(corpora)
            texts = chain.from_iterable(stream(source.corpus, "validation", each) for source in corpora)
        write_shards(place, ranks.moving(texts), tokenizer, config.tokenizer.end_of_text)

    return _opened(place, f"validation text into {place}", write, tokenizer, ranks)


def _opened(
    place: Path, what: str, write: Callable[[], object], tokenizer: BPETokenizer, ranks: Waiting
) -> ShardedTokens:
    """The tokens in a folder, written first where there are none; the first rank alone reads all of them, once."""
    ranks.on_first(f"tokenizing {what}", lambda: (place / MANIFEST).exists() or write())
    return _read(place, tokenizer, ranks)


def _read(place: Path, tokenizer: BPETokenizer, ranks: Waiting) -> ShardedTokens:
    return ranks.on_each(
        f"reading the tokens in {place}",
        lambda: open_shards(place, tokenizer, verify=ranks.group.is_first, on_read=ranks.moves),
    )


def _other_run(place: Path, ranks: Waiting, tell: Callable[[str], object]) -> Callable[[], None]:
    """What is to be done while another run tokenizes into a folder: it moves as long as the folder grows."""
    seen: list[int] = []

    def look() -> None:
        if not seen:
            tell("another process does that already; waiting for it")
        size = 0
        for path in [*place.glob("*.bin"), *place.glob(".*.unfinished")]:
            with suppress(FileNotFoundError):  # it may just have got its name
                size += path.stat().st_size
        if size not in seen[-1:]:
            ranks.moves(size)
        seen[:] = [size]

    return look


def _place(root: Path, name: str, files: Sequence[str] | None, ranks: Waiting) -> Path:
    """Where the tokens of a source are or will be; the first rank says it, for others may see other times of a file."""

    def find() -> Path:
        if files is None:
            return root / name
        try:
            return root / f"{name}-{fingerprint(list_files(files), ranks.moves)}"
        except FileNotFoundError:
            made = [found.parent for found in root.glob(f"{glob.escape(name)}-*/{MANIFEST}")]
            if len(made) != 1:
                raise
            return made[0]

    group = ranks.group
    found = ranks.on_each(f"looking for the files of {name}", lambda: find() if group.is_first else root)
    return group.gather(found)[0]


def bytes_per_token(tokens: ShardedTokens) -> float:
    """Bytes of text that a token stands for."""
    return tokens.manifest["n_bytes"] / tokens.manifest["n_tokens"]


def _hash(made_from: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:12]
