"""Which `tokenizer.json` files written by others can be read: byte-level BPE without extras (chapter 1)."""

from collections.abc import Mapping
from typing import Any

from llmcourse.tokenization.words import GPT2_PATTERN


def read_pattern(pre_tokenizer: Mapping[str, Any] | None) -> str:
    """Find the pattern in the `"pre_tokenizer"` part of a `tokenizer.json`.

    Args:
        pre_tokenizer: That part: a byte-level step with GPT-2's own pattern, or a split followed by one without.

    Returns:
        The pattern.

    Raises:
        ValueError: Any other kind of pre-tokenizer.

    Example:
        >>> read_pattern({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}) == GPT2_PATTERN
        True
    """
    steps = (pre_tokenizer or {}).get("pretokenizers", [pre_tokenizer])
    match steps:
        case [{"type": "ByteLevel", "add_prefix_space": False} as byte_level] if byte_level.get("use_regex", True):
            return GPT2_PATTERN
        case [
            {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        ]:
            return pattern
    raise ValueError(f"pre_tokenizer is {pre_tokenizer!r}; it must be byte-level, with at most one isolating split")


def _changes_nothing(post_processor: Mapping[str, Any] | None) -> bool:
    """Whether the ids of one text stay as they are, as in the empty template that `transformers` writes."""
    match post_processor or {"type": "ByteLevel"}:
        case {"type": "ByteLevel"} | {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}]}:
            return True
    return False


def check_supported(data: Mapping[str, Any]) -> None:
    """Refuse a `tokenizer.json` whose ids the code of this chapter could not reproduce.

    Args:
        data: The parsed file.

    Raises:
        ValueError: It is not byte-level BPE, or uses a feature that is not supported; the message names it.

    Example:
        >>> check_supported({"model": {"type": "WordPiece"}})
        Traceback (most recent call last):
        ValueError: the model's type is 'WordPiece'; it must be 'BPE', with a vocab and merges
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"tokenizer.json is of type {type(data).__name__}; it must be a JSON object")
    model = data.get("model") or {}
    problem = None
    if model.get("type", "BPE") != "BPE" or "merges" not in model or "vocab" not in model:
        problem = f"the model's type is {model.get('type')!r}; it must be 'BPE', with a vocab and merges"
    for name in ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback",
                 "ignore_merges"):  # fmt: skip
        if model.get(name):
            problem = f"the model's option {name} is {model[name]!r}; it must be off"
    if data.get("normalizer"):
        problem = f"the normalizer is {data['normalizer'].get('type')!r}; it must be None"
    for name in ("truncation", "padding"):
        if data.get(name):
            problem = f"its {name} is {data[name]!r}; it must be None"
    if (decoder := data.get("decoder")) and decoder.get("type") != "ByteLevel":
        problem = f"its decoder is {decoder.get('type')!r}; it must be 'ByteLevel' or None"
    if not _changes_nothing(data.get("post_processor")):
        problem = f"the post-processor is {data['post_processor'].get('type')!r}; it must add no token to a text"
    for token in data.get("added_tokens") or []:
        flags = [name for name in ("single_word", "lstrip", "rstrip") if token.get(name)]
        if flags or not token.get("special"):
            found = flags[0] if flags else "not special"
            problem = f"the added token {token.get('content')!r} is {found}; it must be special and without options"
    if problem:
        raise ValueError(problem)
