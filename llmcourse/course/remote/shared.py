"""The objects that two processes both hold, by number, and how each side learns what the other has changed in them.

What has identity goes by number: a list, a dict, an array or a tensor that was passed or returned (containers inside
it go by value), a generator, a function, a module. An object is *defined* to the other side once. Whenever control is
given away, the *content* of every shared object is compared with what the other side last knew, and sent where it
differs; the other side changes its own object in place. Tensors and arrays are views of a *memory*, which is what is
compared: two views of one memory stay two views of one memory on the other side.
"""

from __future__ import annotations

import collections
import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from llmcourse.course.remote import patches, wire
from llmcourse.course.remote.kinds import KINDS, kind_of
from llmcourse.course.remote.wire import PATCH, BadMessage, CannotCross

MAX_OBJECTS = 200_000


def _nobody(*_: Any) -> Any:
    raise CannotCross("there is no other side")


@dataclass(slots=True)
class Entry:
    """One shared object.

    Attributes:
        number: Its number.
        value: The object.
        kind: A key of `KINDS`.
        known: The content that the other side last knew as a whole; empty when it was told a patch since.
        snapshot: What a patch is made from; None when the content is told as a whole.
        is_result: It was returned to the other side, whose own it is then to change.
    """

    number: int
    value: Any
    kind: str
    known: bytes | None = None
    snapshot: patches.Snapshot | None = None
    is_result: bool = False


@dataclass(slots=True)
class _Given:
    """What was given to the other side and came back with other content.

    Attributes:
        entry: The object.
        old: What it held before, where that can tell; None where other content is always a change.
    """

    entry: Entry
    old: Any

    def was_changed(self) -> bool:
        try:
            return self.old is None or bool(self.old != self.entry.value)
        except Exception:  # two tensors are not equal or unequal, and another object is another value
            return True


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
        self._compared: dict[int, tuple[list[Any], patches.Snapshot] | None] = {}
        self.was_changed = False
        """Whether the other side has changed an object that was made here, since this was last set to False."""
        self.modules: collections.deque[Any] = collections.deque(maxlen=2)
        """The judge's latest stand-ins for modules that the other side has made in this session."""
        self.call: Callable[..., Any] = _nobody
        """Calls a function of the other side by its number; set by the peer."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def parity(self) -> int:
        """0 or 1: what the numbers that are given out here leave when divided by two."""
        return self._next % 2

    def __contains__(self, value: Any) -> bool:
        return _key(value) in self._numbers

    def encode(self, value: Any) -> Any:
        """A value for the other side; what has identity is shared from now on, also what stands directly in it."""
        return wire.encode(value, self._share_root)

    def encode_by_value(self, value: Any) -> Any:
        """A value that is told once: no container in it is shared, or looked at with later messages."""
        return wire.encode(value, self.share_nested)

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

    def share_nested(self, value: Any) -> int | None:
        """The number of what goes by reference when it stands in a container: no container."""
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

    @contextmanager
    def changes(
        self, last: Callable[[list[Entry]], None] | None = None, only: set[int] | None = None
    ) -> Iterator[tuple[list[Any], list[Any], list[int]]]:
        """What to tell the other side before control goes there: definitions, contents that changed, numbers dropped.

        To be entered after the message's own values are encoded, for these define objects. The message is sent inside:
        when that raises, the other side knows nothing of it.

        Args:
            last: Gets the entries that are defined for the first time, and may share more.
            only: The objects that the other side will look at, when it is known that it looks at no others: what
                `reachable` has just returned.
        """
        definitions: list[Any] = []
        contents: list[Any] = []
        if only is None:
            self._compared.clear()  # what `reachable` has found out is rough
        new_before, first_new = {entry.number for entry in self._undefined}, self._next
        shared = list(self._entries.values()) if only is None else [self._entries[number] for number in sorted(only)]
        looked_at = [entry for entry in shared if entry.known is not None and entry.kind != "function"]
        told = [(entry, entry.known, entry.snapshot) for entry in looked_at]
        try:
            for entry in looked_at:
                self._look_at(entry, contents)
            new = self._define(definitions, contents)
            if last is not None:
                last(new)
                self._define(definitions, contents)
            yield definitions, contents, self._dropped
        except BaseException:
            for entry, known, snapshot in told:
                entry.known, entry.snapshot = known, snapshot
            self._take_back({*new_before, *range(first_new, self._next, 2)})
            raise
        finally:
            self._compared.clear()
        self._dropped = []

    def _take_back(self, new: set[int]) -> None:
        """Nothing was sent: what is new is forgotten, for the other side does not know it."""
        for entry in [self._entries[number] for number in new if number in self._entries]:
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
        if entry.snapshot is not None:
            found = self._difference(entry)
            if found is not None:
                patch, entry.snapshot = found
                if patch:
                    entry.known = b""
                    contents.append([entry.number, patch])
                return
        content = KINDS[entry.kind].content(self, entry.value)
        packed = wire.pack(content)
        if packed != entry.known:
            entry.known = packed
            contents.append([entry.number, content])
        entry.snapshot = _snapshot(entry)

    def _difference(self, entry: Entry, *, roughly: bool = False) -> tuple[list[Any], patches.Snapshot] | None:
        """What `patches.difference` says of a container. For one message it is asked once, though `reachable` and
        `changes` both want to know."""
        if entry.number not in self._compared:
            assert entry.snapshot is not None
            found = patches.difference(entry.snapshot, entry.value, _encode_by_value, roughly=roughly)
            self._compared[entry.number] = found
        return self._compared[entry.number]

    def apply(self, definitions: Any, contents: Any, dropped: Any) -> None:
        """Take in what the other side told.

        Raises:
            BadMessage: It is not what `changes` makes.
        """
        try:
            for number, kind, meta in definitions:
                self._make(number, kind, meta)
            before = [self._fill(*item) for item in sorted(contents, key=self._filled_in_order)]
            # Only now has all that containers hold its own content.
            self.was_changed = self.was_changed or any(given is not None and given.was_changed() for given in before)
            if any(self._entries[number].known is None for number, *_ in definitions):
                raise BadMessage("an object that is defined without its content")
            for number, kind, _ in definitions:
                if kind == "iterator":
                    self._entries[number].value.load(self)
            for number in dropped:
                self._forget(self._entries[number])
        except (BadMessage, CannotCross):
            raise
        except Exception as error:
            raise BadMessage(
                f"a definition that cannot be read ({type(error).__name__}: {str(error)[:100]})"
            ) from error

    def _make(self, number: Any, kind: Any, meta: Any) -> None:
        """An object that the other side has defined, still without its content."""
        if type(number) is not int or number % 2 == self.parity or number in self._entries or number < 0:
            raise BadMessage("an object with a number that is not the sender's to give")
        make = KINDS[kind].make
        made = make(self, meta, number) if kind in ("function", "module") else make(self, meta)
        self._remember(number, made, kind)

    def _fill(self, number: Any, content: Any) -> _Given | None:
        """Give an object the content that it has on the other side; returns what it was, if it was ours to give."""
        entry = self._entries[number]
        is_patch = type(content) is list and bool(content) and content[0] == PATCH and entry.kind in _PATCHED
        packed = b"" if is_patch and entry.known is not None else wire.pack(content)
        if not is_patch and packed == entry.known:
            return None
        is_given = entry.number % 2 == self.parity and entry.kind in _GIVEN and not entry.is_result
        given = _Given(entry, copy.copy(entry.value) if entry.kind in _COMPARED else None) if is_given else None
        if is_patch:
            entry.snapshot = patches.apply(entry.value, content, self.decode, entry.snapshot)
        else:
            KINDS[entry.kind].fill(self, entry.value, content)
            entry.snapshot = _snapshot(entry)
        entry.known = packed
        return given

    def _filled_in_order(self, item: Any) -> int:
        """Memories, then tensors that others have as their gradient, then the rest."""
        number, content = item
        kind = self._entries[number].kind
        return 0 if kind == "memory" else 1 if kind == "tensor" and content[6] is None else 2

    def _forget(self, entry: Entry) -> None:
        self._entries.pop(entry.number, None)
        self._numbers.pop(_key(entry.value), None)

    def reachable(self, values: list[Any]) -> set[int]:
        """The numbers of the shared objects that can be reached from values as they were encoded.

        Between a piece and what it calls of the library, a number that was replaced by an equal one of another type may
        wait: it is told when the piece gives control back to its check, which looks at everything.

        To be called just before `changes`, which takes over what is found out here about containers.
        """
        self._compared.clear()
        found: set[int] = set()
        waiting = [number for value in values for number in wire.references(value)]
        while waiting:
            number = waiting.pop()
            if number not in found and number in self._entries:
                found.add(number)
                entry = self._entries[number]
                if entry.snapshot is not None and self._difference(entry, roughly=True) is not None:
                    continue  # numbers and texts refer to nothing
                content = KINDS[entry.kind].content(self, entry.value)
                trees = content[1] if entry.kind == "record" else [content]
                waiting += [number for tree in trees for number in wire.references(tree)]
                if entry.kind in ("tensor", "module", "optimizer"):
                    return set(self._entries)  # what these refer to is not written as references: look at everything
        return found

    def prune(self) -> None:
        """Stop sharing what nobody here holds any more but this table; the other side is told with the next message."""
        used = {
            _key(e.value.untyped_storage())
            for e in self._entries.values()
            if e.kind == "tensor" and not e.value.is_meta
        }
        for entry in list(self._entries.values()):
            if entry.kind == "memory":
                gone = _key(entry.value) not in used
            else:
                is_stand_in = entry.kind in ("function", "module") and entry.number % 2 != self.parity
                gone = (entry.kind in _PRUNED or is_stand_in) and sys.getrefcount(entry.value) <= _ONLY_HERE
            if gone:
                self._forget(entry)
                self._dropped.append(entry.number)

    def clear(self) -> None:
        """Share nothing any more."""
        self._entries.clear()
        self._numbers.clear()
        self._undefined.clear()
        self._dropped.clear()
        self._compared.clear()
        self.modules.clear()


_PRUNED = ("list", "dict", "set", "bytes", "tensor", "array", "record", "generator", "iterator")
_GIVEN = ("list", "dict", "set", "bytes", "record", "memory", "array")
"""Kinds of what a function is given and may change in place."""
_COMPARED = ("list", "dict", "set", "bytes")
"""Of these, those that can be told anew without being another value: a dict in a list gets a number of its own."""
_PATCHED = ("list", "dict")
_ONLY_HERE = 2
"""References to an object that only its entry holds: the entry's, and the argument of `getrefcount`."""


def _snapshot(entry: Entry) -> patches.Snapshot | None:
    return patches.snapshot(entry.value) if entry.kind in _PATCHED else None


def _encode_by_value(items: list[Any]) -> Any:
    return wire.encode(items, lambda _: None)


def _key(value: Any) -> Any:
    """What identifies an object: itself, but for a tensor's memory, of which PyTorch makes a new object at
    each look."""
    return ("memory", value._cdata) if type(value) is torch.UntypedStorage else id(value)
