"""A piece whose last call can be told, and values in one line of a message."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType
from typing import Any

MUCH = 160
"""Characters of a value that is told for itself."""
_PLAIN = (bool, int, float, str, bytes, list, tuple, dict, set)
"""Types whose values are told as Python writes them; for others a check finds better words."""

_STRING_OR_SPACE = re.compile(r"""('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\s+""")


class Call(str):
    """A call as a message tells it, with those up to it.

    Attributes:
        numbers: Each call in one line and the number that it gave, None for what is no number; the last is this one.
    """

    numbers: list[tuple[str, float | None]]


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
        self._numbers: deque[tuple[Any, float | None]] = deque(maxlen=64)  # arguments are kept for numbers alone
        self._keeps = _must_keep(function)
        self._changed = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._last = (tuple(map(as_given, args)), {name: as_given(value) for name, value in kwargs.items()})
        self._gave = []
        result = self.__wrapped__(*args, **kwargs)
        if self._keeps and not self._changed:
            self._note_changes(args, kwargs)
        if result is None or type(result) in _PLAIN or _is_small_array(result):
            self._gave = [as_given(result)]
        is_number = isinstance(result, int | float) and not isinstance(result, bool)
        self._numbers.append((self._last, result) if is_number else (None, None))
        return result

    def _note_changes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember the first call that changed what it was given: later calls of a check may be given it again."""
        before, now = self._last or ((), {}), (args, kwargs)
        given = [*zip(before[0], now[0], strict=True), *((before[1][name], kwargs[name]) for name in kwargs)]
        at = next((i for i, (old, new) in enumerate(given) if _has_changed(old, new)), None)
        if at is not None:
            self._changed = f"{_told_call(self, self._last)} has changed {_names(self)[at]}, which must stay as it was"

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
    """The last call of a watched piece in one line, and in further lines what is odd about it.

    Empty where there was no call, or another kind of piece.

    Example:
        >>> same = Watched(lambda xs: xs)
        >>> same([1, 2]), last_call(same).splitlines()
        ([1, 2], ['<lambda>([1, 2])', '    it gave back `xs` as it was'])
    """
    if not isinstance(piece, Watched) or piece._last is None:
        return ""
    given = [*piece._last[0], *piece._last[1].values()]
    same = [name for name, value in zip(_names(piece), given, strict=True) if _is_same(piece._gave, value)]
    notes = [f"it gave back {name} as it was" for name in same[:1]] + [piece._changed] * bool(piece._changed)
    told = Call("\n    ".join([_told_call(piece, piece._last), *notes]))
    told.numbers = [(_told_call(piece, given), number) for given, number in piece._numbers]
    return told


def _told_call(piece: Watched, given: Any) -> str:
    args, kwargs = given or ((), {})
    told = [*map(short, args), *(f"{name}={short(value)}" for name, value in kwargs.items())]
    return f"{piece.__name__}({', '.join(told)})"


def _names(piece: Watched) -> list[str]:
    """How the arguments of the last call are called, in its order."""
    args, kwargs = piece._last or ((), {})
    names = ["an argument"] * len(args)
    with suppress(TypeError, ValueError):
        parameters = list(inspect.signature(piece.__wrapped__).parameters)
        names = [f"`{name}`" for name in parameters[: len(args)]] + names[len(parameters) :]
    return names + [f"`{name}`" for name in kwargs]


def _must_keep(function: Any) -> bool:
    """Whether a function's docstring says nothing of a change of its arguments, but that there is none."""
    doc = inspect.getdoc(function) if isinstance(function, FunctionType) else None
    return bool(doc) and not re.search(r"in place|(?<!not )changed", doc or "", re.IGNORECASE)


def _has_changed(before: Any, now: Any) -> bool:
    """Whether a call has changed what it was given; False for what does not tell at once."""
    with suppress(Exception):
        if before is now:
            return False
        if _is_small_array(before):
            return before.shape != now.shape or not bool(((before == now) | (before != before)).all())
        return isinstance(before, list | dict | set | bytearray) and len(now) <= 64 and bool(before != now)
    return False


def _is_same(came: list[Any], given: Any) -> bool:
    """Whether a result of several items, if there was one, is an argument as it was given, be it a list or a tuple."""
    value = came[0] if came else None
    if _is_small_array(value) and type(value) is type(given):
        same = value.shape == given.shape and value.dtype == given.dtype
        return same and len(value.reshape(-1)) > 1 and bool((value == given).all())
    if isinstance(value, list | tuple) and isinstance(given, list | tuple):
        return 1 < len(value) < 64 and [*map(repr, value)] == [*map(repr, given)]
    is_other = type(value) is type(given) and isinstance(value, str | bytes | dict | set)
    return is_other and len(value) > 1 and value == given


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
