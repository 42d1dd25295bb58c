"""The text of a run as tokens on disk: made once, by the first rank, and opened by all (chapter 7)."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from llmcourse.data.corpora import stream
from llmcourse.data.shards import MANIFEST, ShardedTokens, open_shards, tokenizer_hash, write_shards
from llmcourse.distributed.group import Group
from llmcourse.pretrain.data.documents import read_documents
from llmcourse.pretrain.data.prepare import prepare
from llmcourse.pretrain.safety.stopping import AskedToLeave
from llmcourse.pretrain.settings.config import ConfigError, RunConfig
from llmcourse.pretrain.settings.sections import SourceSection
from llmcourse.tokenization import BPETokenizer

TOKENIZER = "tokenizer.json"
T = TypeVar("T")


def run_tokenizer(config: RunConfig, folder: Path, group: Group, tell: Callable[[str], object]) -> BPETokenizer:
    """The tokenizer of a run: that of its folder, of the file that the settings name, or a new one.

    Raises:
        ConfigError: It has more tokens than the model, or no mark between documents; or the folder's is another one
            than the file's.
    """
    path = folder / TOKENIZER
    on_first(group, lambda: None if path.exists() else _make_tokenizer(config, path, tell))
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


def _make_tokenizer(config: RunConfig, path: Path, tell: Callable[[str], object]) -> None:
    wanted = config.tokenizer
    if wanted.file is not None:
        BPETokenizer.load(wanted.file).save(path)
        return
    size = wanted.vocab_size or config.model.vocab_size
    tell(f"learning a tokenizer of {size:,} tokens from {wanted.train_mb:g} MB of {config.data.sources[0].name}")
    texts = list(_first_megabytes(_documents(config.data.sources[0], "train"), wanted.train_mb))
    tokenizer = BPETokenizer.train(texts, vocab_size=size, special_tokens=[wanted.end_of_text])
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
    config: RunConfig, tokenizer: BPETokenizer, folder: Path, group: Group, tell: Callable[[str], object]
) -> dict[str, ShardedTokens]:
    """The tokens of each source by its name; what is not on disk yet is tokenized first.

    A folder of tokens is named by what it was made from, so that runs may share one, and none reads another's.
    """
    root = Path(config.data.folder) if config.data.folder else folder / "data"
    opened = {}
    for source in config.data.sources:
        made_from = {**asdict(source), "weight": None, "tokenizer": tokenizer_hash(tokenizer)}
        place = root / f"{source.name}-{_hash(made_from)}"

        def write(source: SourceSection = source, place: Path = place) -> None:
            tell(f"tokenizing {source.name} into {place}")
            mark = config.tokenizer.end_of_text
            if source.files is not None:
                prepare(place, source.files, tokenizer, mark, n_workers=config.data.workers, limit_mb=source.limit_mb)
            else:
                write_shards(place, _documents(source, "train"), tokenizer, mark)

        on_first(group, lambda place=place, write=write: None if (place / MANIFEST).exists() else write())
        opened[source.name] = on_each(group, lambda place=place: open_shards(place, tokenizer, verify=group.is_first))
    return opened


def validation_tokens(
    config: RunConfig, tokenizer: BPETokenizer, folder: Path, group: Group, tell: Callable[[str], object]
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
    place = root / f"validation-{_hash(made_from)}"

    def write() -> None:
        tell(f"tokenizing validation text into {place}")
        if asked.files is not None:
            texts = _first_megabytes(read_documents(asked.files), asked.limit_mb)
        else:
            each = asked.limit_mb / len(corpora)
            texts = chain.from_iterable(stream(source.corpus, "validation", each) for source in corpora)
        write_shards(place, texts, tokenizer, config.tokenizer.end_of_text)

    on_first(group, lambda: None if (place / MANIFEST).exists() else write())
    return on_each(group, lambda: open_shards(place, tokenizer))


def bytes_per_token(tokens: ShardedTokens) -> float:
    """Bytes of text that a token stands for."""
    return tokens.manifest["n_bytes"] / tokens.manifest["n_tokens"]


def on_first(group: Group, work: Callable[[], T]) -> None:
    """Let the first rank do something, while the others wait; if it fails, all raise the same error."""
    on_each(group, work if group.is_first else lambda: None)


def on_each(group: Group, work: Callable[[], T]) -> T:
    """Do something on every rank; if it fails on one, all raise that one's error."""
    result, wrong, told_of = None, None, None
    try:
        result = work()
    except (Exception, AskedToLeave) as error:  # whatever it is, the others must not wait for this rank
        wrong, told_of = error, _sendable(error)
    if told := next((error for error in group.gather(told_of) if error is not None), None):
        raise wrong or of_another(told)
    return result  # type: ignore[return-value]


def _sendable(error: BaseException) -> BaseException:
    """An error, or what it says, where another process could not make it again: some need more than a message."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def of_another(error: BaseException) -> BaseException:
    """An error that another rank has met, and tells of."""
    error.is_of_another_rank = True  # type: ignore[attr-defined]
    return error


def _hash(made_from: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:12]
