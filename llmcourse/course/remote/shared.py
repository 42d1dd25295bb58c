"""The objects that two processes both hold, by number, and how each side learns what the other has changed in them.

What has identity goes by number: a list, a dict, an array or a tensor that was passed or returned (containers inside
it go by value), a generator, a function, a module. An object is *defined* to the other side once. Whenever control is
given away, the *content* of every shared object is compared with what the other side last knew, and sent where it
differs; the other side changes its own object in place. Tensors and arrays are views of a *memory*, which is what is
compared: two views of one memory stay two views of one memory on the other side.
"""

from __future__ import annotations

import collections
import itertools
import math
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from llmcourse.course.remote import wire
from llmcourse.course.remote.wire import BadMessage, CannotCross

MAX_OBJECTS = 200_000
MAX_ITERATED = 1_000_000

_CONTAINERS = (list, dict, set, bytearray, collections.Counter, collections.OrderedDict, collections.defaultdict)
_ARRAY_KINDS = "biufcSU"


def _nobody(*_: Any) -> Any:
    raise CannotCross("there is no other side")


@dataclass(slots=True)
class Entry:
    """One shared object: its number, its kind (a key of `KINDS`), and what the other side last knew of its content."""

    number: int
    value: Any
    kind: str
    known: bytes | None = None


class Table:
    """The shared objects of one side.

    Args:
        first: 0 or 1: numbers given out here are even or odd, so that the two sides never give out the same one.
        is_host: Whether this side's word counts (the judge's). The other side cannot set its random generators.
    """

    def __init__(self, first: int, is_host: bool):
        self.is_host = is_host
        self._next = first
        self._entries: dict[int, Entry] = {}
        self._numbers: dict[Any, int] = {}
        self._undefined: list[Entry] = []
        self._dropped: list[int] = []
        self.call: Callable[..., Any] = _nobody
        """Calls a function of the other side by its number; set by the peer."""

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, value: Any) -> bool:
        return _key(value) in self._numbers

    def encode(self, value: Any) -> Any:
        """A value for the other side; what has identity is shared from now on, also what stands directly in it."""
        return wire.encode(value, self._share_root)

    def encode_parts(self, values: list[Any]) -> list[Any]:
        """Several values, each as `encode` does."""
        return [self.encode(value) for value in values]

    def decode(self, tree: Any) -> Any:
        """A value from the other side."""
        return wire.decode(tree, self.get)

    def number_of(self, value: Any) -> int:
        """The number of an object, which is shared from now on."""
        number = self._share_root(value)
        if number is None:
            raise CannotCross(f"a {type(value).__qualname__} has no identity to share")
        return number

    def get(self, number: Any) -> Any:
        """The object of a number.

        Raises:
            BadMessage: No object has this number.
        """
        entry = self._entries.get(number) if type(number) is int else None
        if entry is None:
            raise BadMessage(f"no object has the number {str(number)[:20]}")
        return entry.value

    def _share_root(self, value: Any) -> int | None:
        """The number of what goes by reference when it is passed, returned or held by a record."""
        return self._share(value, containers=True)

    def _share_nested(self, value: Any) -> int | None:
        return self._share(value, containers=False)

    def _share(self, value: Any, *, containers: bool) -> int | None:
        number = self._numbers.get(_key(value))
        if number is not None:
            return number
        kind = kind_of(value)
        if kind is None or (kind in ("list", "dict", "set", "bytes") and not containers):
            return None
        return self._add(value, kind)

    def _add(self, value: Any, kind: str) -> int:
        number, self._next = self._next, self._next + 2
        entry = self._remember(number, value, kind)
        self._undefined.append(entry)
        return number

    def _remember(self, number: int, value: Any, kind: str) -> Entry:
        if len(self._entries) >= MAX_OBJECTS:
            raise CannotCross(f"more than {MAX_OBJECTS} objects are shared at once")
        entry = self._entries[number] = Entry(number, value, kind)
        self._numbers[_key(value)] = number
        return entry

    def changes(self, last: Callable[[list[Entry]], None] | None = None) -> tuple[list[Any], list[Any], list[int]]:
        """What to tell the other side before control goes there: definitions, contents that changed, numbers dropped.

        To be called after the message's own values are encoded, for these define objects.

        Args:
            last: Gets the entries that are defined for the first time, and may share more.
        """
        definitions: list[Any] = []
        contents: list[Any] = []
        told = [(entry, entry.known) for entry in self._entries.values()]
        try:
            for entry, known in told:
                if known is not None:
                    self._look_at(entry, contents)
            new = self._define(definitions, contents)
            if last is not None:
                last(new)
                self._define(definitions, contents)
        except BaseException:
            self._take_back(told)
            raise
        dropped, self._dropped = self._dropped, []
        return definitions, contents, dropped

    def _take_back(self, told: list[tuple[Entry, bytes | None]]) -> None:
        """Nothing was sent: the other side knows what it knew, and what is new is forgotten."""
        known_there = {entry.number for entry, known in told if known is not None}
        for entry, known in told:
            entry.known = known
        for entry in [entry for entry in self._entries.values() if entry.number not in known_there]:
            self._forget(entry)
        self._undefined.clear()

    def _define(self, definitions: list[Any], contents: list[Any]) -> list[Entry]:
        defined = []
        while self._undefined:
            batch = self._define_batch(definitions)
            for entry in batch:
                self._look_at(entry, contents)
            defined += batch
        return defined

    def _define_batch(self, definitions: list[Any]) -> list[Entry]:
        """Define what waits, each after what its definition refers to."""
        batch, self._undefined = self._undefined, []
        defined = []
        for entry in batch:
            meta = KINDS[entry.kind].meta(self, entry.value)
            defined += self._define_batch(definitions) if self._undefined else []
            definitions.append([entry.number, entry.kind, meta])
            defined.append(entry)
        return defined

    def _look_at(self, entry: Entry, contents: list[Any]) -> None:
        content = KINDS[entry.kind].content(self, entry.value)
        packed = wire.pack(content)
        if packed != entry.known:
            entry.known = packed
            contents.append([entry.number, content])

    def apply(self, definitions: Any, contents: Any, dropped: Any) -> None:
        """Take in what the other side told.

        Raises:
            BadMessage: It is not what `changes` makes.
        """
        try:
            for number, kind, meta in definitions:
                if type(number) is not int or number % 2 == self._next % 2 or number in self._entries or number < 0:
                    raise BadMessage("an object with a number that is not the sender's to give")
                make = KINDS[kind].make
                made = make(self, meta, number) if kind in ("function", "module") else make(self, meta)
                self._remember(number, made, kind)
            for number, content in sorted(contents, key=self._filled_in_order):
                entry = self._entries[number]
                packed = wire.pack(content)
                if packed != entry.known:
                    KINDS[entry.kind].fill(self, entry.value, content)
                    entry.known = packed
            for number, kind, _ in definitions:
                if kind == "iterator":
                    self._entries[number].value.load(self)
            for number in dropped:
                self._forget(self._entries[number])
        except (BadMessage, CannotCross):
            raise
        except Exception as error:
            raise BadMessage(f"a definition that cannot be read ({type(error).__name__}: {str(error)[:100]})") from error

    def _filled_in_order(self, item: Any) -> int:
        """Memories, then tensors that others have as their gradient, then the rest."""
        number, content = item
        kind = self._entries[number].kind
        return 0 if kind == "memory" else 1 if kind == "tensor" and content[6] is None else 2

    def _forget(self, entry: Entry) -> None:
        self._entries.pop(entry.number, None)
        self._numbers.pop(_key(entry.value), None)

    def prune(self) -> None:
        """Stop sharing what nobody here holds any more but this table; the other side is told with the next message."""
        used = {_key(e.value.untyped_storage()) for e in self._entries.values() if e.kind == "tensor" and not e.value.is_meta}
        for entry in list(self._entries.values()):
            if entry.kind == "memory":
                gone = _key(entry.value) not in used
            else:
                gone = entry.kind in _PRUNED and sys.getrefcount(entry.value) <= _ONLY_HERE
            if gone:
                self._forget(entry)
                self._dropped.append(entry.number)

    def clear(self) -> None:
        """Share nothing any more."""
        self._entries.clear()
        self._numbers.clear()
        self._undefined.clear()
        self._dropped.clear()


_PRUNED = ("list", "dict", "set", "bytes", "tensor", "array", "record", "generator", "iterator")
_ONLY_HERE = 2
"""References to an object that only its entry holds: the entry's, and the argument of `getrefcount`."""


def _key(value: Any) -> Any:
    """What identifies an object: itself, but for a tensor's memory, of which PyTorch makes a new object at each look."""
    return ("memory", value._cdata) if type(value) is torch.UntypedStorage else id(value)


def kind_of(value: Any) -> str | None:
    """How an object is shared, or None when it goes by value."""
    kind = type(value)
    if kind in (bool, int, float, str, bytes, type(None), tuple, frozenset):
        return None
    if kind in _CONTAINERS:
        return {"list": "list", "set": "set", "bytearray": "bytes"}.get(kind.__name__, "dict")
    if kind in (Tensor, nn.Parameter):
        return "tensor"
    if kind is np.ndarray:
        return "array" if value.dtype.kind in _ARRAY_KINDS else None
    if kind is torch.UntypedStorage:
        return "memory"
    if kind is types.SimpleNamespace or (wire.is_record(kind) and not issubclass(kind, tuple)):
        return "record"
    if kind is torch.Generator:
        return "generator"
    if isinstance(value, nn.Module):
        return "module"
    if isinstance(value, torch.optim.Optimizer):
        return "optimizer"
    if isinstance(value, Iterator):
        return "iterator"
    if callable(value) and not isinstance(value, torch.dtype):
        return "function"
    return None


class _List:
    @staticmethod
    def meta(table: Table, value: list[Any]) -> Any:
        return None

    @staticmethod
    def make(table: Table, meta: Any) -> list[Any]:
        return []

    @staticmethod
    def content(table: Table, value: list[Any]) -> Any:
        return wire.encode(value, lambda v: None if v is value else table._share_nested(v))

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


class _Record(_List):
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
        return [names, table.encode_parts([getattr(value, name) for name in names])]

    @staticmethod
    def fill(table: Table, value: Any, content: Any) -> None:
        names, fields = content
        fields = [table.decode(field) for field in fields]
        if type(value) is types.SimpleNamespace:
            if not all(type(name) is str and name.isidentifier() for name in names):
                raise BadMessage("a namespace with a name that is none")
            vars(value).clear()
            vars(value).update(zip(names, fields, strict=True))
        else:
            wire.set_fields(value, fields)


class _Memory(_List):
    """The bytes under one or several tensors."""

    @staticmethod
    def _bytes(value: torch.UntypedStorage) -> Tensor:
        return torch.empty(0, dtype=torch.uint8).set_(value, 0, (value.nbytes(),), (1,))

    @staticmethod
    def meta(table: Table, value: torch.UntypedStorage) -> Any:
        if value.nbytes() > wire.MAX_FRAME:
            raise CannotCross(f"a tensor over {value.nbytes() / 2**20:.0f} MB of memory")
        return value.nbytes()

    @staticmethod
    def make(table: Table, meta: Any) -> torch.UntypedStorage:
        if type(meta) is not int or not 0 <= meta <= wire.MAX_FRAME:
            raise BadMessage("a memory of impossible size")
        return torch.UntypedStorage(meta)

    @staticmethod
    def content(table: Table, value: torch.UntypedStorage) -> Any:
        return _Memory._bytes(value).numpy().tobytes()

    @staticmethod
    def fill(table: Table, value: torch.UntypedStorage, content: Any) -> None:
        if len(content) != value.nbytes():
            if value.nbytes() != 0 and len(content) > wire.MAX_FRAME:
                raise BadMessage("a memory of impossible size")
            value.resize_(len(content))
        if content:
            _Memory._bytes(value).numpy()[:] = np.frombuffer(content, np.uint8)


class _Tensor(_List):
    """A view of a memory, with a gradient of its own."""

    @staticmethod
    def meta(table: Table, value: Tensor) -> Any:
        return [type(value) is nn.Parameter, value.device.type == "meta"]

    @staticmethod
    def make(table: Table, meta: Any) -> Tensor:
        is_parameter, is_meta = meta
        made = torch.empty(0, device="meta" if is_meta else "cpu")
        return nn.Parameter(made, requires_grad=False) if is_parameter else made

    @staticmethod
    def content(table: Table, value: Tensor) -> Any:
        if value.layout is not torch.strided or value.device.type not in ("cpu", "meta"):
            raise CannotCross(f"a {value.layout} tensor on {value.device} cannot be passed to another process")
        if value.is_conj() or value.is_neg():
            raise CannotCross("a lazily conjugated tensor cannot be passed: call resolve_conj() on it")
        dtype = str(value.dtype).removeprefix("torch.")
        if value.device.type == "meta":
            return [dtype, None, 0, list(value.shape), list(value.stride()), value.requires_grad, None]
        memory = table.number_of(value.untyped_storage())
        # A gradient is told apart from no gradient, and by its own identity.
        grad = value.grad if value.is_leaf else None
        grad_number = None if grad is None else table.number_of(grad)
        view = [value.storage_offset(), list(value.shape), list(value.stride())]
        return [dtype, memory, *view, value.requires_grad, grad_number]

    @staticmethod
    def fill(table: Table, value: Tensor, content: Any) -> None:
        dtype_name, memory, offset, shape, stride, requires_grad, grad = content
        dtype = wire.TORCH_DTYPES[dtype_name]
        if memory is None:
            new = torch.empty_strided(shape, stride, dtype=dtype, device="meta")
        else:
            storage = table.get(memory)
            if type(storage) is not torch.UntypedStorage:
                raise BadMessage("a tensor over something that is no memory")
            if not wire.is_finite_shape(shape, stride, offset, storage.nbytes() // dtype.itemsize):
                raise BadMessage("a tensor that reaches beyond its memory")
            new = torch.empty(0, dtype=dtype).set_(storage, offset, shape, stride)
        if not _same_view(value, new):
            value.data = new
        if value.requires_grad != bool(requires_grad) and value.is_leaf:
            value.requires_grad_(bool(requires_grad))
        if value.is_leaf:
            gradient = None if grad is None else table.get(grad)
            if gradient is not value.grad:
                value.grad = gradient


def _same_view(a: Tensor, b: Tensor) -> bool:
    return (
        a.device == b.device and a.dtype == b.dtype and a.shape == b.shape and a.stride() == b.stride()
        and (a.device.type == "meta" or a.untyped_storage()._cdata == b.untyped_storage()._cdata)
        and a.storage_offset() == b.storage_offset()
    )  # fmt: skip


class _Array(_List):
    """An array, with memory of its own on each side: which arrays share memory is known only where they were made."""

    @staticmethod
    def meta(table: Table, value: np.ndarray) -> Any:
        if value.nbytes > wire.MAX_FRAME:
            raise CannotCross(f"an array of {value.nbytes / 2**20:.0f} MB")
        return [value.dtype.str, list(value.shape), value.flags.writeable]

    @staticmethod
    def make(table: Table, meta: Any) -> np.ndarray:
        name, shape, _ = meta
        dtype = np.dtype(name)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in _ARRAY_KINDS or dtype.names or any(type(n) is not int or n < 0 for n in shape):
            raise BadMessage("not an array of numbers")
        if size > wire.MAX_FRAME:
            raise BadMessage("an array of impossible size")
        return np.zeros(shape, dtype)

    @staticmethod
    def content(table: Table, value: np.ndarray) -> Any:
        return [value.tobytes(), value.flags.writeable]

    @staticmethod
    def fill(table: Table, value: np.ndarray, content: Any) -> None:
        data, writeable = content
        if len(data) != value.nbytes:
            raise BadMessage("an array of another size")
        if not value.flags.writeable:
            value.flags.writeable = True
        value[...] = np.frombuffer(data, value.dtype).reshape(value.shape)
        value.flags.writeable = bool(writeable)


class _Generator(_List):
    """Random numbers. The one whose word counts is told that the other drew some, and draws one itself: no state that
    the other side chose reaches it."""

    @staticmethod
    def make(table: Table, meta: Any) -> torch.Generator:
        return torch.Generator()

    @staticmethod
    def content(table: Table, value: torch.Generator) -> Any:
        return value.get_state().numpy().tobytes()

    @staticmethod
    def fill(table: Table, value: torch.Generator, content: Any) -> None:
        if table.is_host:
            torch.rand(1, generator=value)
        else:
            value.set_state(torch.frombuffer(bytearray(content), dtype=torch.uint8))


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


class _Iterator(_List):
    """What can be read once: it is read here, and can be read on the other side."""

    @staticmethod
    def meta(table: Table, value: Iterator[Any]) -> Any:
        items = list(itertools.islice(value, MAX_ITERATED + 1))
        if len(items) > MAX_ITERATED:
            raise CannotCross(f"an iterator over more than {MAX_ITERATED:,} items")
        return wire.encode(items, lambda v: None if v is items else table._share_nested(v))

    @staticmethod
    def make(table: Table, meta: Any) -> Iterator[Any]:
        return _Remaining(meta)

    @staticmethod
    def content(table: Table, value: Any) -> Any:
        return None

    @staticmethod
    def fill(table: Table, value: Any, content: Any) -> None:
        pass


KINDS: dict[str, Any] = {
    "list": _List,
    "dict": _Dict,
    "set": _Set,
    "bytes": _Bytes,
    "record": _Record,
    "memory": _Memory,
    "tensor": _Tensor,
    "array": _Array,
    "generator": _Generator,
    "iterator": _Iterator,
}
"""How each kind of object is defined, told, made and changed; `modules` adds functions, modules and optimizers."""
