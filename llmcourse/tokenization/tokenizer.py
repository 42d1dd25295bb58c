"""The tokenizer that a model is trained with, and the `tokenizer.json` file that keeps it (chapter 1)."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import tokenizers

from llmcourse.files import write_atomically
from llmcourse.tokenization.bpe import Pair, build_vocab, decode, encode_word, rank_merges, train_bpe
from llmcourse.tokenization.compatibility import check_supported, read_pattern
from llmcourse.tokenization.inputs import as_list, check_special_tokens, check_text, read_text
from llmcourse.tokenization.words import (
    GPT2_PATTERN,
    compile_pattern,
    count_words,
    from_printable,
    pretokenize,
    split_special,
    to_printable,
)
from llmcourse.values import whole

_MAX_CACHED_WORDS = 200_000
_MAX_CACHED_WORD_LENGTH = 64


class Tokenizer(Protocol):
    """What turns text into the ids that a model reads: `BPETokenizer`, or anything else with these parts.

    Attributes:
        vocab: The bytes of each token at the position of its id, special tokens included.
        merges: Pairs of ids, the merge learned first at position 0.
        special_tokens: The id of each special token.
        pattern: The pattern that finds the words.
    """

    vocab: Sequence[bytes]
    merges: Sequence[Pair]
    special_tokens: Mapping[str, int]
    pattern: str

    def __len__(self) -> int:
        """The number of tokens; ids are below it."""

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""


def to_tokenizer_json(
    vocab: Sequence[bytes], merges: Sequence[Pair], special_tokens: Mapping[str, int], pattern: str = GPT2_PATTERN
) -> dict[str, Any]:
    """Describe a tokenizer as the `tokenizer.json` of the `tokenizers` package.

    `to_printable` writes a token's bytes as the string that stands in the file. The parts of the file:

    - `"added_tokens"`: for each special token, by id, `{"id", "content", "single_word": False, "lstrip": False,
      "rstrip": False, "normalized": False, "special": True}`;
    - `"model"`: `{"type": "BPE", "vocab": {string: id}, "merges": [[left string, right string], ...]}`; the
      vocabulary holds the special tokens too, as plain text, not through `to_printable`;
    - `"pre_tokenizer"`: a sequence of the pattern's split and the step that turns bytes into printable characters,
      as in the example;
    - `"decoder"`: the reverse of that step, `{"type": "ByteLevel"}` with the same three options.

    Args:
        vocab: The bytes of each token at the position of its id, special tokens included (as UTF-8).
        merges: Pairs of ids, the merge learned first at position 0.
        special_tokens: The id of each special token.
        pattern: The pattern that finds the words.

    Returns:
        A dictionary that `json.dump` writes and `tokenizers.Tokenizer.from_file` reads.

    Example:
        >>> data = to_tokenizer_json(build_vocab([(72, 68)]), [(72, 68)], {}, pattern=".")
        >>> data["model"]["merges"], data["model"]["vocab"]["ie"]
        ([['i', 'e']], 256)
        >>> data["pre_tokenizer"]["pretokenizers"][0]
        {'type': 'Split', 'pattern': {'Regex': '.'}, 'behavior': 'Isolated', 'invert': False}
        >>> data["pre_tokenizer"]["pretokenizers"][1]
        {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': False}
    """
    strings = [to_printable(token) for token in vocab]
    for token, token_id in special_tokens.items():
        strings[token_id] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    by_id = sorted(special_tokens.items(), key=lambda item: item[1])
    return {
        "version": "1.0",
        "added_tokens": [{"id": token_id, "content": token, **flags} for token, token_id in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {string: token_id for token_id, string in enumerate(strings)},
            "merges": [[strings[left], strings[right]] for left, right in merges],
        },
    }


def from_tokenizer_json(data: Mapping[str, Any]) -> tuple[list[bytes], list[Pair], dict[str, int], str]:
    """Read what `to_tokenizer_json` wrote, or a byte-level BPE file written by others.

    `check_supported` of the file, `read_pattern` of its part `"pre_tokenizer"` and `from_printable` of a token's string
    do what their names say. A merge may also be written as one string with a space between its two tokens. A special
    token may be missing from the model's vocabulary, and it may have any id.

    Args:
        data: The parsed file.

    Returns:
        (vocab, merges, special_tokens, pattern), as `to_tokenizer_json` takes them.

    Raises:
        ValueError: The file uses an unsupported feature, its ids are not 0, 1, 2, ..., each once, a merge is not of two
            tokens, or one of these two or the token that they make is not in the vocabulary; the message names the
            feature, or the token that is missing.

    Example:
        >>> vocab = build_vocab([(72, 68)]) + [b"<|end|>"]
        >>> parts = from_tokenizer_json(to_tokenizer_json(vocab, [(72, 68)], {"<|end|>": 257}))
        >>> parts == (vocab, [(72, 68)], {"<|end|>": 257}, GPT2_PATTERN)
        True
    """
    check_supported(data)
    special_tokens = {token["content"]: token["id"] for token in data.get("added_tokens") or []}
    ids = {**data["model"]["vocab"], **special_tokens}
    by_id = sorted(ids.items(), key=lambda item: item[1])
    if [token_id for _, token_id in by_id] != list(range(len(by_id))):
        raise ValueError(f"the {len(by_id)} token ids are not 0 to {len(by_id) - 1}, each once")
    vocab = [token.encode() if token in special_tokens else from_printable(token) for token, _ in by_id]
    merges = []
    for merge in data["model"]["merges"]:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if len(pair) != 2:
            raise ValueError(f"a merge is {merge!r}; it must be of two tokens")
        left, right = pair
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"the merge of {left!r} and {right!r} needs {token!r}, which is no token")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


def _index_tokens(vocab: Sequence[bytes], special_tokens: Mapping[str, int]) -> dict[bytes, int]:
    """Find the id of each token, and refuse a vocabulary in which a token or a byte is ambiguous or missing."""
    check_special_tokens(special_tokens)
    ids: dict[bytes, int] = {}
    special_ids = set(special_tokens.values())
    for token_id, token in enumerate(vocab):
        if token in ids:
            raise ValueError(f"the token {token.decode(errors='replace')!r} has two ids, {ids[token]} and {token_id}")
        if token_id not in special_ids and to_printable(token) in special_tokens:
            raise ValueError(f"the special token {to_printable(token)!r} is also how an ordinary token is written")
        ids[token] = token_id
    for byte in range(256):
        if bytes([byte]) not in ids:
            raise ValueError(f"the byte 0x{byte:02x} has no token")
    for token, token_id in special_tokens.items():
        if ids.get(token.encode()) != token_id:
            raise ValueError(
                f"the special token {token!r} has the id {token_id}, where the vocabulary has another token"
            )
        if len(token.encode()) == 1:  # then any text with it would hold the special token
            raise ValueError(f"the special token {token!r} has the id of a byte, {token_id}; it must differ")
    return ids


class BPETokenizer:
    """A byte-level BPE tokenizer, GPT-2's kind: any text becomes ids, and the ids become the same text again.

    `BPETokenizer.train` and `BPETokenizer.load` make one. It does not change afterwards.

    Text that looks like a special token is encoded as ordinary text unless the caller allows it: a user who types
    `<|endoftext|>` must not end the document.

    Example:
        >>> tokenizer = BPETokenizer.train(["low lower lowest"], vocab_size=259, special_tokens=["<|end|>"])
        >>> tokenizer.encode("low<|end|>", allowed_special="all")
        [257, 258]
        >>> [tokenizer.token_bytes(token) for token in tokenizer.encode("low <")]
        [b'low', b' ', b'<']
        >>> tokenizer.decode([257, 258])
        'low<|end|>'
    """

    def __init__(
        self,
        vocab: Sequence[bytes],
        merges: Sequence[Pair] = (),
        special_tokens: Mapping[str, int] | None = None,
        pattern: str = GPT2_PATTERN,
    ):
        """Build a tokenizer from its parts, as `from_tokenizer_json` returns them.

        Args:
            vocab: The bytes of each token at the position of its id, special tokens included (as UTF-8).
            merges: Pairs of ids, the merge learned first at position 0.
            special_tokens: The id of each special token.
            pattern: The pattern that finds the words.

        Raises:
            ValueError: A byte has no token, a token has two ids, a special token is not in the vocabulary at its id, or
                a merge takes or makes something that is no token.
        """
        compile_pattern(pattern)
        self.vocab = tuple(vocab)
        # Ids may come as NumPy's numbers and merges as lists, which no file or table of merges takes.
        self.merges = tuple((whole("a merge", left), whole("a merge", right)) for left, right in merges)
        specials = dict(special_tokens or {})
        self.special_tokens = {token: whole(f"the id of {token!r}", token_id) for token, token_id in specials.items()}
        self.pattern = pattern
        ids = _index_tokens(self.vocab, self.special_tokens)
        for merge in self.merges:
            if not all(0 <= token_id < len(self.vocab) for token_id in merge):
                raise ValueError(f"a merge is {merge}; it must be of ids from 0 to {len(self.vocab) - 1}")
        merged = [self.vocab[left] + self.vocab[right] for left, right in self.merges]
        if unknown := [token for token in merged if token not in ids]:
            raise ValueError(f"a merge makes {unknown[0]!r}, which is no token")
        self._byte_ids = [ids[bytes([byte])] for byte in range(256)]
        # Text never becomes a special token, not by merging either. (Files by others may give both one id.)
        special_ids = set(self.special_tokens.values())
        self._merges = [merge for merge, token in zip(self.merges, merged) if ids[token] not in special_ids]
        self._ranks = rank_merges(self._merges, [ids[token] for token in merged if ids[token] not in special_ids])
        self._cache: dict[str, list[int]] = {}
        self._bulk: dict[frozenset[str], tokenizers.Tokenizer] = {}

    @classmethod
    def train(
        cls, texts: Iterable[str], vocab_size: int, pattern: str = GPT2_PATTERN, special_tokens: Iterable[str] = ()
    ) -> "BPETokenizer":
        """Learn a tokenizer from texts.

        Args:
            texts: The documents, read once.
            vocab_size: The number of tokens wanted: 256 bytes, the merges, and the special tokens. There are fewer
                if the texts run out of pairs to merge.
            pattern: The pattern that finds the words.
            special_tokens: These get the last ids, in the order given. Where they occur in the texts they separate
                documents, and they take no part in the counts.

        Returns:
            The tokenizer.

        Raises:
            ValueError: `vocab_size` is below 256 plus the number of special tokens; there is no word to learn from;
                a special token is empty, given twice, or also an ordinary token; a text holds a lone surrogate.
        """
        specials = check_special_tokens(special_tokens)
        if vocab_size < 256 + len(specials):
            raise ValueError(
                f"vocab_size is {vocab_size!r}; it must be at least {256 + len(specials)}, "
                f"as there are 256 bytes and {len(specials)} special tokens"
            )
        merges = train_bpe(count_words(texts, pattern, specials), vocab_size - len(specials))
        vocab = build_vocab(merges)
        ids = {token: len(vocab) + i for i, token in enumerate(specials)}
        return cls(vocab + [token.encode() for token in specials], merges, ids, pattern)

    @classmethod
    def train_from_files(
        cls,
        paths: Iterable[str | Path],
        vocab_size: int,
        pattern: str = GPT2_PATTERN,
        special_tokens: Iterable[str] = (),
    ) -> "BPETokenizer":
        """Learn a tokenizer from UTF-8 files, each one document. See `train`.

        Raises:
            ValueError: As `train`; or a file is not UTF-8: the message names it and the offset of the first wrong byte.
        """
        return cls.train(map(read_text, as_list(paths, "paths")), vocab_size, pattern, special_tokens)

    @classmethod
    def load(cls, path: str | Path) -> "BPETokenizer":
        """Read a `tokenizer.json`, written by `save` or by others. See `from_tokenizer_json`.

        Args:
            path: The file, or a folder that it lies in, such as a model's.

        Raises:
            ValueError: The file is not JSON, or not a byte-level BPE tokenizer; the message names the file.
        """
        path = Path(path)
        path = path / "tokenizer.json" if path.is_dir() else path
        try:
            return cls(*from_tokenizer_json(json.loads(read_text(path))))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write a `tokenizer.json` that `load` and `tokenizers.Tokenizer.from_file` read, whole or not at all."""
        data = to_tokenizer_json(self.vocab, self.merges, self.special_tokens, self.pattern)
        write_atomically(path, json.dumps(data, ensure_ascii=False, indent=1))

    def encode(self, text: str, allowed_special: Literal["all"] | Collection[str] = ()) -> list[int]:
        """Turn a text into token ids.

        Args:
            text: Any text; may be empty.
            allowed_special: The special tokens that become their own id; "all" allows every one. The others are
                encoded as the ordinary text that they are.

        Returns:
            The ids. `decode` turns them into the same text.

        Raises:
            ValueError: The text holds a lone surrogate, or an allowed special token is unknown.
        """
        check_text(text)
        ids: list[int] = []
        for part, is_special in split_special(text, self._allowed(allowed_special)):
            if is_special:
                ids.append(self.special_tokens[part])
                continue
            for word in pretokenize(part, self.pattern):
                ids += self._cache.get(word) or self._encode_new_word(word)
        return ids

    def encode_many(
        self, texts: Iterable[str], allowed_special: Literal["all"] | Collection[str] = ()
    ) -> list[list[int]]:
        """Turn many texts into token ids: what `encode` returns for each, computed in parallel by `tokenizers`.

        (One difference: a pattern that leaves part of a text unmatched is an error for `encode`; here that part is a
        word.) The environment variable RAYON_NUM_THREADS, set before the first call, limits the number of threads;
        TOKENIZERS_PARALLELISM=false makes it one.

        Args:
            texts: The texts.
            allowed_special: As for `encode`.

        Returns:
            The ids of each text.

        Raises:
            ValueError: As `encode`.
        """
        texts = as_list(texts, "texts")
        for text in texts:
            check_text(text)
        allowed = self._allowed(allowed_special)
        if allowed not in self._bulk:
            specials = {token: self.special_tokens[token] for token in allowed}
            data = to_tokenizer_json(self.vocab, self._merges, specials, self.pattern)
            self._bulk[allowed] = tokenizers.Tokenizer.from_str(json.dumps(data))
        return [encoding.ids for encoding in self._bulk[allowed].encode_batch_fast(texts)]

    def decode(self, ids: Iterable[int]) -> str:
        """Turn token ids back into text; bytes that are not UTF-8 become U+FFFD.

        Raises:
            ValueError: An id is unknown; the message names it and the valid range.
        """
        return decode(ids, self.vocab)

    def token_bytes(self, token_id: int) -> bytes:
        """Look up the bytes that a token stands for.

        Raises:
            ValueError: The id is unknown; the message names it and the valid range.
        """
        decode([token_id], self.vocab)
        return self.vocab[token_id]

    @property
    def vocab_size(self) -> int:
        """The number of tokens, special tokens included."""
        return len(self.vocab)

    def __len__(self) -> int:
        return len(self.vocab)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BPETokenizer):
            return NotImplemented
        return self._parts() == other._parts()

    def __repr__(self) -> str:
        return f"BPETokenizer({len(self)} tokens, {len(self.special_tokens)} of them special)"

    def _parts(self) -> tuple:
        return self.vocab, self.merges, self.special_tokens, self.pattern

    def _allowed(self, allowed_special: Literal["all"] | Collection[str]) -> frozenset[str]:
        if allowed_special == "all":
            return frozenset(self.special_tokens)
        if isinstance(allowed_special, str):
            raise ValueError(f"allowed_special is {allowed_special!r}; it must be 'all' or a set of special tokens")
        if unknown := set(allowed_special) - set(self.special_tokens):
            raise ValueError(
                f"allowed_special has {sorted(unknown)}; it must be a subset of {sorted(self.special_tokens)}"
            )
        return frozenset(allowed_special)

    def _encode_new_word(self, word: str) -> list[int]:
        ids = encode_word(word.encode("utf-8"), self._ranks, self._byte_ids)
        if len(word) <= _MAX_CACHED_WORD_LENGTH:
            if len(self._cache) >= _MAX_CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = ids
        return ids
