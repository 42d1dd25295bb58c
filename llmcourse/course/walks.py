"""Work that built-in functions do, made visible to a count of steps.

A count of steps sees Python's instructions, and `min(heap)` is one of them however long the heap is. While steps are
counted, the lists and dictionaries that a function is given are therefore replaced by ones that walk in Python, one
step for each item; so are the functions of `_FUNCTIONS`, whatever they are given.
"""

from __future__ import annotations

import builtins
import collections
import dataclasses
import heapq
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Sequence, ValuesView
from contextlib import contextmanager
from typing import Any

_FUNCTIONS = {builtins: ("min", "max", "sum", "any", "all", "sorted"), heapq: ("heapify",)}
_heapify, _sum = heapq.heapify, builtins.sum


def _walk(n: int) -> None:
    for _ in range(n):
        pass


def _slowly(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:  # noqa: UP028 (a `yield from` would be one instruction)
        yield item


class WalkedList(list):
    """A list whose items cannot be walked over, copied or moved without a step for each.

    Example:
        >>> sorted(WalkedList([3, 1, 2]))
        [1, 2, 3]
    """

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Any]:
        return _slowly(list.__iter__(self))

    def __reversed__(self) -> Iterator[Any]:
        return _slowly(list.__reversed__(self))

    def __contains__(self, item: Any) -> bool:
        return any(item is other or item == other for other in self)

    def __getitem__(self, key: Any) -> Any:
        found = list.__getitem__(self, key)
        _walk(len(found) if isinstance(key, slice) else 0)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, slice):
            value = list(_slowly(value))
        list.__setitem__(self, key, value)

    def __delitem__(self, key: Any) -> None:
        _walk(len(self) - (key % len(self) if isinstance(key, int) and len(self) else 0))
        list.__delitem__(self, key)

    def pop(self, index: Any = -1) -> Any:  # noqa: D102
        _walk(len(self) - 1 - index % len(self) if len(self) else 0)
        return list.pop(self, index)

    def insert(self, index: Any, item: Any) -> None:  # noqa: D102
        _walk(max(0, len(self) - index if index >= 0 else -index))
        list.insert(self, index, item)

    def extend(self, items: Iterable[Any]) -> None:  # noqa: D102
        list.extend(self, _slowly(items))

    def __iadd__(self, items: Iterable[Any]) -> WalkedList:  # type: ignore[misc, override]
        self.extend(list(items) if items is self else items)
        return self

    def __radd__(self, other: list[Any]) -> list[Any]:
        return [*other, *self]


_KINDS: dict[type, type] = {list: WalkedList}
_WHOLE = {
    list: ("__add__", "__mul__", "__rmul__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "copy",
           "count", "index", "remove", "reverse", "sort"),
    dict: ("__or__", "__ror__", "__eq__", "__ne__", "copy"),
}  # fmt: skip
"""What looks at all items, or at all up to the one that is searched."""


def _walking(plain: Callable[..., Any], name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        n = len(self)
        result = plain(self, *args, **kwargs)
        _walk(result if name == "index" else n)
        return result

    return method


for _name in _WHOLE[list]:
    setattr(WalkedList, _name, _walking(getattr(list, _name), _name))


def _walked_dict(kind: type[dict[Any, Any]]) -> type:
    """A dictionary of a kind that cannot be walked over without a step for each item."""
    body: dict[str, Any] = {
        "__iter__": lambda self: _slowly(kind.__iter__(self)),
        "__reversed__": lambda self: _slowly(kind.__reversed__(self)),
        "__contains__": lambda self, key: kind.__contains__(self, key),
        "__getitem__": lambda self, key: kind.__getitem__(self, key),
        "get": lambda self, key, default=None: kind.get(self, key, default),
        "keys": lambda self: KeysView(self),
        "values": lambda self: ValuesView(self),
        "items": lambda self: ItemsView(self),
        "__hash__": None,
    }
    for name in _WHOLE[dict]:
        body[name] = _walking(getattr(kind, name), name)
    return type(f"Walked{kind.__name__}", (kind,), body)


for _kind in (dict, collections.Counter, collections.defaultdict, collections.OrderedDict):
    _KINDS[_kind] = _walked_dict(_kind)


@contextmanager
def in_steps(args: Sequence[Any]) -> Iterator[list[Any]]:
    """The arguments of a call, so that its work shows in a count of steps; what it changes in them is changed in the
    given ones, too.

    Args:
        args: The arguments. Lists and dictionaries are replaced, and those that a dataclass among them holds.

    Example:
        >>> given = [2, 1]
        >>> with in_steps([given]) as (numbers,):
        ...     numbers.sort()
        >>> given
        [1, 2]
    """
    replaced: dict[int, tuple[Any, Any]] = {}
    held: list[tuple[Any, str, Any]] = []

    def walked(value: Any) -> Any:
        if type(value) not in _KINDS:
            return value
        if id(value) not in replaced:
            replaced[id(value)] = (value, _walked(value))
        return replaced[id(value)][1]

    for arg in args:
        if dataclasses.is_dataclass(arg) and not isinstance(arg, type):
            for field in dataclasses.fields(arg):
                value = getattr(arg, field.name)
                if walked(value) is not value:
                    held.append((arg, field.name, value))
                    object.__setattr__(arg, field.name, walked(value))
    plain = {(module, name): getattr(module, name) for module, names in _FUNCTIONS.items() for name in names}
    for (module, name), function in plain.items():
        setattr(module, name, _in_python(function))
    try:
        yield [walked(arg) for arg in args]
    finally:
        for (module, name), function in plain.items():
            setattr(module, name, function)
        for owner, name, value in held:
            if getattr(owner, name) is replaced[id(value)][1]:  # and not something new that the call put there
                object.__setattr__(owner, name, value)
        for value, stand_in in replaced.values():
            _write_back(stand_in, value)


def _walked(value: Any) -> Any:
    made = _KINDS[type(value)].__new__(_KINDS[type(value)])
    if isinstance(value, list):
        list.extend(made, value)
        return made
    if isinstance(value, collections.defaultdict):
        made.default_factory = value.default_factory
    for key, item in value.items():
        made[key] = item
    return made


def _write_back(stand_in: Any, value: Any) -> None:
    if isinstance(value, list):
        value[:] = list.__iter__(stand_in)
        return
    kind = type(value)
    items = list(kind.items(stand_in))
    value.clear()
    for key, item in items:
        value[key] = item


def _in_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one iterable that walks over it in Python."""

    def walks(*args: Any, **kwargs: Any) -> Any:
        if function is _heapify:
            _walk(len(args[0]))
        elif len(args) == 1 or function is _sum:
            args = (_slowly(args[0]), *args[1:])
        return function(*args, **kwargs)

    return walks
