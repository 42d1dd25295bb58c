"""What a tokenizer is given, checked where it enters: texts, files, special tokens."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")


def check_text(text: str) -> None:
    r"""Refuse a text that UTF-8 cannot write.

    Args:
        text: Any string.

    Raises:
        ValueError: The text holds a lone surrogate, half of a UTF-16 pair, which stands for no character. Python makes
            them when it reads a file with `errors="surrogateescape"`, and JSON may spell them.

    Example:
        >>> check_text("ok \ud800")
        Traceback (most recent call last):
        ValueError: the text has the lone surrogate '\ud800' at position 3; it must have characters only
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the text has the lone surrogate {text[error.start]!r} at position {error.start}; "
            "it must have characters only"
        ) from None


def several(items: Iterable[Item], name: str) -> Iterable[Item]:
    """Refuse a single text or path where several are wanted: it would be taken apart into its characters.

    Returns:
        The items as they are: an iterator is not read.

    Raises:
        TypeError: `items` is one string, one row of bytes or one path.

    Example:
        >>> several("some text", "texts")
        Traceback (most recent call last):
        TypeError: texts is 'some text'; it must be a list, such as [texts]
    """
    if isinstance(items, str | bytes | Path):
        shown = str(items) if isinstance(items, Path) else items[:40]
        raise TypeError(f"{name} is {shown!r}; it must be a list, such as [{name}]")
    return items


def as_list(items: Iterable[Item], name: str) -> list[Item]:
    """Make a list of several texts or paths, and refuse a single one: it would be taken apart into its characters.

    Raises:
        TypeError: `items` is one string, one row of bytes or one path.

    Example:
        >>> as_list("README.md", "paths")
        Traceback (most recent call last):
        TypeError: paths is 'README.md'; it must be a list, such as [paths]
    """
    return list(several(items, name))


def check_special_tokens(special_tokens: Iterable[str]) -> list[str]:
    """Refuse special tokens that could not be told apart.

    Raises:
        TypeError: `special_tokens` is one string, not several.
        ValueError: A token is empty, is given twice, or holds a lone surrogate.

    Example:
        >>> check_special_tokens(["<|end|>", "<|end|>"])
        Traceback (most recent call last):
        ValueError: the special token '<|end|>' is given twice
    """
    tokens = as_list(special_tokens, "special_tokens")
    for i, token in enumerate(tokens):
        check_text(token)
        if not token:
            raise ValueError("a special token is ''; it must have at least 1 character")
        if token in tokens[:i]:
            raise ValueError(f"the special token {token!r} is given twice")
    return tokens


def read_text(path: str | Path) -> str:
    """Read a UTF-8 file as it is, line ends included.

    Raises:
        ValueError: The file is not UTF-8; the message names it and the position of the first wrong byte.
    """
    data = Path(path).read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} has the byte 0x{data[error.start]:02x} at offset {error.start}; it must be UTF-8"
        ) from None
