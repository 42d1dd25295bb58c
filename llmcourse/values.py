"""Values that only look like those wanted: made so where they come in, or refused by name.

NumPy's and torch's single numbers pass for Python's almost everywhere, but not where it matters most: a checkpoint or a
`config.json` that holds one is refused or cannot be read back.
"""

import functools
import types
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

KINDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a string"}


def plain(value: Any) -> Any:
    """Settings as Python's own numbers, strings, lists, tuples and dictionaries, which every file format can keep.

    NumPy's scalars and subclasses of Python's types lose what they have beyond the value; what is neither, such as a
    tensor, stays as it is.

    Example:
        >>> plain({"lr": np.float64(0.5), "betas": (np.float32(0.25), 1), "name": np.str_("adamw")})
        {'lr': 0.5, 'betas': (0.25, 1), 'name': 'adamw'}
    """
    if isinstance(value, dict):
        return {plain(name): plain(inner) for name, inner in value.items()}
    for kind in (list, tuple):
        if isinstance(value, kind):
            return kind(map(plain, value))
    value = value.item() if isinstance(value, np.generic) else value
    # bool before int, of which it is a kind
    return next((kind(value) for kind in (bool, int, float, str) if isinstance(value, kind)), value)


def is_plain(value: Any) -> bool:
    """Whether `plain` leaves nothing in a value that a file format might not know.

    Example:
        >>> is_plain({"sizes": [1, 2.5, None]}), is_plain({"folder": types.SimpleNamespace()})
        (True, False)
    """
    if isinstance(value, dict):
        return all(is_plain(name) and is_plain(inner) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def whole(name: str, value: Any) -> int:
    """A value as Python's int, from NumPy or torch too.

    Raises:
        ValueError: It is no single whole number; the message names it.

    Example:
        >>> whole("stop", np.int64(3))
        3
        >>> whole("stop", 2.5)
        Traceback (most recent call last):
        ValueError: stop is 2.5; it must be a whole number
    """
    return int(_converted(name, value, int))


def take_fields(config: Any) -> None:
    """Give each field of a frozen dataclass the type that it declares, for its `__post_init__`.

    Single numbers of NumPy and torch become Python's, whole numbers become floats where a float is declared, and lists
    tuples. Fields of other types are left alone.

    Raises:
        ValueError: A field holds something else; the message names it.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Run:
        ...     steps: int
        ...     lr: float | None = None
        ...     def __post_init__(self):
        ...         take_fields(self)
        >>> Run(np.int64(3), lr=1)
        Run(steps=3, lr=1.0)
        >>> Run("3")
        Traceback (most recent call last):
        ValueError: steps is '3'; it must be a whole number
    """
    for name, declared in _declared(type(config)).items():
        object.__setattr__(config, name, _converted(name, getattr(config, name), declared))


@functools.cache
def _declared(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _converted(name: str, value: Any, declared: Any) -> Any:
    optional = isinstance(declared, types.UnionType)
    kind = get_args(declared)[0] if optional else declared
    if value is None and optional:
        return value
    if get_origin(kind) is tuple and isinstance(value, list | tuple) and len(value) == len(get_args(kind)):
        return tuple(_converted(name, inner, wanted) for inner, wanted in zip(value, get_args(kind)))
    if get_origin(kind) is not tuple and kind not in KINDS:
        return value
    # A single number of NumPy or torch: an array of no dimension.
    given = value.item() if getattr(value, "ndim", None) == 0 else value
    if kind is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if kind in KINDS and isinstance(given, kind) and (kind is bool or not isinstance(given, bool)):
        return given
    wanted = KINDS.get(kind) or f"{len(get_args(kind))} numbers"
    raise ValueError(f"{name} is {value!r}; it must be {wanted}{', or None' if optional else ''}")
