"""A piece whose last call can be told, and values in one line of a message."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MUCH = 160
"""Characters of a value that is told for itself."""
_PLAIN = (bool, int, float, str, bytes, list, tuple, dict, set)
"""Types whose values are told as Python writes them; for others a check finds better words."""
UNCHANGED = ", which gives back "
"""Between a call and the argument that it gave back as it was."""

_STRING_OR_SPACE = re.compile(r"""('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\s+""")


class Watched:
    """A function whose last call can be told.

    Args:
        function: The function, of this process or of another one.

    Example:
        >>> longest = Watched(max)
        >>> longest([3, 1], default=0), last_call(longest)
        (3, 'max([3, 1], default=0)')
    """

    def __init__(self, function: Callable[..., Any]):
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self._last: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._gave: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._last = (tuple(map(as_given, args)), {name: as_given(value) for name, value in kwargs.items()})
        self._gave = []
        result = self.__wrapped__(*args, **kwargs)
        if result is None or type(result) in _PLAIN or _is_small_array(result):
            self._gave = [as_given(result)]
        return result

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # `inspect` and `copy` ask for these
        if name in ("each", "on_ranks", "rehearsed", "count_steps"):
            self._last = None  # no calls that could be told
        return getattr(self.__wrapped__, name)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


def as_given(value: Any) -> Any:
    """A value that still looks as it does now when a call has changed it; what is long is told by its beginning."""
    if type(value) is list:
        return value[:64]
    if isinstance(value, dict | set | bytearray) and len(value) <= 64:
        return value.copy()
    if _is_small_array(value):
        is_array = type(value).__name__ == "ndarray"
        return value.copy() if is_array else value if value.requires_grad else value.clone()
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and not type(value).__dataclass_params__.frozen:
        made = copy.copy(value)
        for field in dataclasses.fields(value):
            setattr(made, field.name, as_given(getattr(value, field.name)))
        return made
    return value


def _is_small_array(value: Any) -> bool:
    """Whether a value is an array or a tensor of few numbers; asked without an import of what has them."""
    kind = f"{type(value).__module__}.{type(value).__name__}"
    return (kind == "numpy.ndarray" and value.size <= 64) or (kind == "torch.Tensor" and value.numel() <= 64)


def last_call(piece: Any) -> str:
    """The last call of a watched piece in one line, and whether it gave back an argument as it was.

    Empty where there was no call, or another kind of piece.

    Example:
        >>> same = Watched(lambda xs: xs)
        >>> same([1, 2]), last_call(same)
        ([1, 2], '<lambda>([1, 2]), which gives back `xs` unchanged')
    """
    last = piece._last if isinstance(piece, Watched) else None
    if last is None:
        return ""
    told = [*map(short, last[0]), *(f"{name}={short(value)}" for name, value in last[1].items())]
    back = next((name for name, value in _named(piece) if piece._gave and _is_same(piece._gave[0], value)), "")
    return f"{piece.__name__}({', '.join(told)}){f'{UNCHANGED}{back} unchanged' if back else ''}"


def _named(piece: Watched) -> list[tuple[str, Any]]:
    """The arguments of the last call by the names that the piece has for them."""
    args, kwargs = piece._last or ((), {})
    with suppress(TypeError, ValueError):
        bound = inspect.signature(piece.__wrapped__).bind(*args, **kwargs)
        return [(f"`{name}`", value) for name, value in bound.arguments.items()]
    return [("an argument", value) for value in (*args, *kwargs.values())]


def _is_same(came: Any, given: Any) -> bool:
    """Whether a result of several items is an argument as it was given, be it a list or a tuple."""
    if _is_small_array(came) and _is_small_array(given):
        same = type(came) is type(given) and came.shape == given.shape and came.dtype == given.dtype
        return same and len(came.reshape(-1)) > 1 and bool((came == given).all())
    if isinstance(came, list | tuple) and isinstance(given, list | tuple):
        return 1 < len(came) < 64 and [*map(repr, came)] == [*map(repr, given)]
    return type(came) is type(given) and isinstance(came, str | bytes | dict | set) and len(came) > 1 and came == given


def last_result(piece: Any) -> str:
    """What the last call of a watched piece gave, if it is of one of Python's own types; else empty."""
    gave = piece._gave if isinstance(piece, Watched) else []
    return short(gave[0], MUCH) if gave and not _is_small_array(gave[0]) else ""


def watched(piece: Any) -> Any:
    """A piece whose last call can be told; a class as it is, for what it makes is called."""
    return piece if isinstance(piece, type) else Watched(piece)


def one_line(text: str) -> str:
    """Python in one line: line ends and runs of spaces are one space, but for those inside a string.

    Example:
        >>> one_line("[[1.,  2.],\\n  [3.,  4.]]"), one_line("f('a   b',  2)")
        ('[[1., 2.], [3., 4.]]', "f('a   b', 2)")
    """
    return _STRING_OR_SPACE.sub(lambda found: found[1] or " ", text).strip()


def short(value: Any, limit: int = 60) -> str:
    """A value in one line of a message, cut where it is long.

    Example:
        >>> short(list(range(100)), 20)
        '[0, 1, 2, 3, 4, 5, …'
    """
    text = re.sub(r" at 0x[0-9a-f]+(?=>)", "", one_line(repr(value)))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
