"""Containers and records as shared objects: what they hold is told as a whole when it has changed."""

from __future__ import annotations

import collections
import itertools
import types
from collections.abc import Iterator
from typing import Any

from llmcourse.course.remote import kinds, wire
from llmcourse.course.remote.kinds import Kind
from llmcourse.course.remote.shared import Table
from llmcourse.course.remote.wire import BadMessage, CannotCross

MAX_ITERATED = 1_000_000
"""Items of an iterator that is passed."""


class _List(Kind):
    @staticmethod
    def make(table: Table, meta: Any) -> list[Any]:
        return []

    @staticmethod
    def content(table: Table, value: list[Any]) -> Any:
        return wire.encode(value, lambda v: None if v is value else table.share_nested(v))

    @staticmethod
    def fill(table: Table, value: list[Any], content: Any) -> None:
        new = table.decode(content)
        if type(new) is not list:
            raise BadMessage("a list's content is no list")
        value[:] = new


class _Dict(_List):
    @staticmethod
    def meta(table: Table, value: dict[Any, Any]) -> Any:
        return wire.encode(type(value)(), lambda v: None) if not isinstance(value, collections.defaultdict) else (
            wire.encode(collections.defaultdict(value.default_factory), lambda v: None)
        )  # fmt: skip

    @staticmethod
    def make(table: Table, meta: Any) -> Any:
        made = table.decode(meta)
        if not isinstance(made, dict):
            raise BadMessage("a dict that is none")
        made.clear()
        return made

    @staticmethod
    def fill(table: Table, value: dict[Any, Any], content: Any) -> None:
        new = table.decode(content)
        if not isinstance(new, dict):
            raise BadMessage("a dict's content is no dict")
        value.clear()
        dict.update(value, new)


class _Set(_List):
    @staticmethod
    def make(table: Table, meta: Any) -> set[Any]:
        return set()

    @staticmethod
    def fill(table: Table, value: set[Any], content: Any) -> None:
        new = table.decode(content)
        if type(new) is not set:
            raise BadMessage("a set's content is no set")
        value.clear()
        value.update(new)


class _Bytes(_List):
    @staticmethod
    def make(table: Table, meta: Any) -> bytearray:
        return bytearray()

    @staticmethod
    def fill(table: Table, value: bytearray, content: Any) -> None:
        value[:] = table.decode(content)


class _Record(Kind):
    """A dataclass or a SimpleNamespace: its fields are shared like what is passed by itself."""

    @staticmethod
    def meta(table: Table, value: Any) -> Any:
        return "" if type(value) is types.SimpleNamespace else f"{type(value).__module__}:{type(value).__qualname__}"

    @staticmethod
    def make(table: Table, meta: Any) -> Any:
        return object.__new__(wire.find_record(meta)) if meta else types.SimpleNamespace()

    @staticmethod
    def content(table: Table, value: Any) -> Any:
        names = list(vars(value)) if type(value) is types.SimpleNamespace else wire.record_fields(type(value))
        fields = []
        for name in names:
            try:
                fields.append(table.encode(getattr(value, name)))
            except CannotCross as error:
                raise CannotCross(f"{error} (it is the `{name}` of a {type(value).__name__})") from None
        return [names, fields]

    @staticmethod
    def fill(table: Table, value: Any, content: Any) -> None:
        names, fields = content
        fields = [table.decode(field) for field in fields]
        if type(value) is types.SimpleNamespace:
            if not all(type(name) is str and name.isidentifier() for name in names):
                raise BadMessage("a namespace with a name that is none")
            vars(value).clear()
            vars(value).update(zip(names, fields, strict=True))
        elif wire.is_frozen(value) and vars(value):
            raise BadMessage(f"a {type(value).__name__} that has changed, though it is frozen")
        else:
            wire.set_fields(value, fields)


class _Remaining(Iterator[Any]):
    """What an iterator of the other side still held."""

    def __init__(self, tree: Any):
        self._tree = tree
        self._items: Iterator[Any] = iter(())

    def load(self, table: Table) -> None:
        """Decode the items, when all that they refer to is there."""
        self._items = iter(table.decode(self._tree))

    def __next__(self) -> Any:
        return next(self._items)


class _Iterator(Kind):
    """What can be read once: it is read here, and can be read on the other side."""

    @staticmethod
    def meta(table: Table, value: Iterator[Any]) -> Any:
        items = list(itertools.islice(value, MAX_ITERATED + 1))
        if len(items) > MAX_ITERATED:
            raise CannotCross(f"an iterator over more than {MAX_ITERATED:,} items")
        return wire.encode(items, lambda v: None if v is items else table.share_nested(v))

    @staticmethod
    def make(table: Table, meta: Any) -> Iterator[Any]:
        return _Remaining(meta)

    @staticmethod
    def content(table: Table, value: Any) -> Any:
        return None

    @staticmethod
    def fill(table: Table, value: Any, content: Any) -> None:
        pass


kinds.KINDS |= {"list": _List, "dict": _Dict, "set": _Set, "bytes": _Bytes, "record": _Record, "iterator": _Iterator}
