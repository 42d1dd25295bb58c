"""Values as bytes: what can cross between two interpreters, and the decoder that trusts nobody.

A message is packed with msgpack. Numbers that fit in 64 bits, strings, bytes, True, False and None stand for
themselves; every other value is a list that begins with a tag. `REF` stands for an object that both sides hold by
number, see `shared`. Decoding looks nothing up but what the tables of this module and the library's own record types
hold.
"""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import gc
import importlib
import itertools
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import msgpack
import numpy as np
import torch

MAX_FRAME = 256 * 2**20
"""Bytes of one message."""
LARGE = 2**16
"""Bytes of a message in which there may be more objects than are read in passing."""
MAX_DEPTH = 50
"""Containers within containers."""

(REF, TUPLE, LIST, DICT, SET, FROZENSET, BIG_INT, COMPLEX, NUMPY, DTYPE, DEVICE, RECORD, RANGE, SLICE, PLAIN_TUPLE,
 PLAIN_LIST, TUPLES, BYTEARRAY, SIZE, SETS, PATCH) = range(21)  # fmt: skip

USABLE = (
    "a check can use numbers, texts, bytes, tuples, lists, dicts, sets, dense tensors on the CPU, arrays of numbers, "
    "functions, iterators, modules, optimizers and the library's own dataclasses"
)
"""What can cross, as a learner reads it whose code gives something else."""
SCALARS = frozenset((bool, int, float, str, bytes, type(None)))
_FACTORIES = {f.__name__: f for f in (int, float, str, list, set, dict, tuple)}
_DICTS = {"dict": dict, "Counter": collections.Counter, "OrderedDict": collections.OrderedDict}
TORCH_DTYPES = {str(d).removeprefix("torch."): d for d in vars(torch).values() if isinstance(d, torch.dtype)}
for _name in [name for name in TORCH_DTYPES if name.startswith(("q", "bits"))]:  # quantized: more than their bits
    del TORCH_DTYPES[_name]


class CannotCross(TypeError):
    """A value of a kind that cannot be sent to another process."""


class BadMessage(ValueError):
    """The other side sent what no honest sender sends."""

    is_of_the_line = True
    """No error of a piece's own, whatever a check expects of it."""


def pack(message: Any) -> bytes:
    """A message of tagged values as bytes."""
    return msgpack.packb(message, use_bin_type=True, unicode_errors="surrogatepass")


def unpack(data: bytes) -> Any:
    """The message in some bytes.

    Raises:
        BadMessage: The bytes are no message, or hold a kind of value that none has.
    """
    collects = len(data) > LARGE and gc.isenabled()
    if collects:
        gc.disable()  # a million small lists would have it look at all of them again and again
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True, unicode_errors="surrogatepass", ext_hook=_no_ext)
    except BadMessage:
        raise
    except Exception as error:  # msgpack raises errors of many types
        raise BadMessage(f"not a message ({type(error).__name__})") from error
    finally:
        if collects:
            gc.enable()


def _no_ext(code: int, _: bytes) -> Any:
    raise BadMessage(f"an extension type ({code}), which no message has")


def encode(value: Any, share: Callable[[Any], int | None], depth: int = 0) -> Any:
    """A value as what `pack` takes.

    Args:
        value: Any value; containers within it go by value.
        share: Gives the number of an object that goes by reference, or None for one that goes by value.
        depth: How deep inside other containers this is.

    Raises:
        CannotCross: The value, or something in it, is of a kind that stays in its process.
    """
    kind = type(value)
    if kind in SCALARS:
        if kind is int and not -(2**63) <= value < 2**63:
            return [BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)]
        return value
    if depth > MAX_DEPTH:
        raise CannotCross(f"containers are nested more than {MAX_DEPTH} deep")
    number = share(value)
    if number is not None:
        return [REF, number]
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(value, share, depth)
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return [NUMPY, value.dtype.str, value.tobytes()]
    for plain in (int, float, str, bytes):
        if isinstance(value, plain) and not (isinstance(value, np.number) or kind is np.bool_):
            return encode(plain(value), share, depth)  # a subclass crosses as what it is a kind of
    if is_record(kind):
        fields = [getattr(value, name) for name in record_fields(kind)]
        return [RECORD, _record_name(kind), [encode(field, share, depth + 1) for field in fields]]
    for base, made in _BASES:
        if isinstance(value, base):
            return encode(made(value), share, depth)
    of_whom = "" if kind.__module__.startswith(("builtins", "__main__", "llmcourse.")) else f"{kind.__module__}."
    raise CannotCross(f"{USABLE}, but no {of_whom}{kind.__qualname__}")


_BASES: tuple[tuple[type, type], ...] = (
    (tuple, tuple), (list, list), (collections.Counter, collections.Counter), (dict, dict), (set, set),
    (collections.abc.KeysView, list), (collections.abc.ValuesView, list), (collections.abc.ItemsView, list),
    (collections.deque, list),
)  # fmt: skip
"""What crosses as something plainer: subclasses, a dict's views, a deque."""


def _encode_items(items: Iterable[Any], share: Callable[[Any], int | None], depth: int) -> list[Any]:
    return [encode(item, share, depth + 1) for item in items]


def _are_plain(items: Any) -> bool:
    """Whether all items stand for themselves: what large lists mostly hold, found without a loop in Python."""
    kinds = set(map(type, items))
    if not kinds <= SCALARS:
        return False
    return int not in kinds or (kinds == {int} and min(items) >= -(2**63) and max(items) < 2**63)


def _encode_list(value: list[Any], share: Any, depth: int) -> Any:
    if _are_plain(value):
        return [PLAIN_LIST, value]
    kinds = set(map(type, value))
    if kinds == {tuple} and _are_plain(list(itertools.chain.from_iterable(value))):
        return [TUPLES, value]
    if kinds == {set} and set(map(type, itertools.chain.from_iterable(value))) <= {int}:
        if _are_plain(list(itertools.chain.from_iterable(value))):
            return [SETS, [sorted(item) for item in value]]
    return [LIST, _encode_items(value, share, depth)]


def _in_order(value: set[Any]) -> list[Any]:
    """A set's items, in an order that is the same on both sides where that is cheap."""
    return sorted(value) if set(map(type, value)) == {int} else list(value)


def _encode_tuple(value: tuple[Any, ...], share: Any, depth: int) -> Any:
    return [PLAIN_TUPLE, list(value)] if _are_plain(value) else [TUPLE, _encode_items(value, share, depth)]


def _encode_dict(value: dict[Any, Any], share: Any, depth: int) -> Any:
    kind, factory = type(value).__name__, ""
    if isinstance(value, collections.defaultdict):
        factory = getattr(value.default_factory, "__name__", "") if value.default_factory else "None"
        if factory != "None" and _FACTORIES.get(factory) is not value.default_factory:
            kind, factory = "dict", ""  # the function that makes its missing values stays behind
    parts = [_encode_list(list(part), share, depth) for part in (value.keys(), value.values())]
    return [DICT, kind, factory, *parts]


_ENCODERS: dict[type, Callable[[Any, Any, int], Any]] = {
    list: _encode_list,
    tuple: _encode_tuple,
    dict: _encode_dict,
    collections.Counter: _encode_dict,
    collections.OrderedDict: _encode_dict,
    collections.defaultdict: _encode_dict,
    set: lambda value, share, depth: [SET, _encode_list(_in_order(value), share, depth)],
    frozenset: lambda value, share, depth: [FROZENSET, _encode_list(list(value), share, depth)],
    bytearray: lambda value, share, depth: [BYTEARRAY, bytes(value)],
    complex: lambda value, share, depth: [COMPLEX, value.real, value.imag],
    torch.dtype: lambda value, share, depth: [DTYPE, str(value).removeprefix("torch.")],
    torch.device: lambda value, share, depth: [DEVICE, value.type],
    torch.Size: lambda value, share, depth: [SIZE, list(value)],
    range: lambda value, share, depth: [RANGE, value.start, value.stop, value.step],
    slice: lambda value, share, depth: [SLICE, *_encode_items((value.start, value.stop, value.step), share, depth)],
}


def references(tree: Any) -> list[int]:
    """The numbers of the objects that an encoded value refers to."""
    if type(tree) is not list or not tree or type(tree[0]) is not int:
        return []
    tag, *parts = tree
    if tag == REF:
        return [parts[0]]
    # Items stand in a list without a tag of its own, whose first one may look like a tag.
    inside = {
        LIST: parts[0:1], TUPLE: parts[0:1], RECORD: parts[1:2], DICT: [parts[2:4]], SET: [parts[0:1]],
        FROZENSET: [parts[0:1]], SLICE: [parts],
    }.get(tag, [])  # fmt: skip
    return [number for items in inside for item in items for number in references(item)]


def decode(tree: Any, resolve: Callable[[int], Any], depth: int = 0) -> Any:
    """The value that `encode` encoded.

    Args:
        tree: What `unpack` gave, from a sender who may be hostile.
        resolve: Gives the object of a number that goes by reference; raises BadMessage for an unknown one.
        depth: How deep inside other containers this is.

    Raises:
        BadMessage: The tree is not one that `encode` makes.
    """
    if type(tree) is not list:
        if type(tree) in SCALARS:
            return tree
        raise BadMessage(f"a {type(tree).__name__} where a value should stand")
    if depth > MAX_DEPTH or not tree:
        raise BadMessage("nested too deep" if tree else "an empty value")
    tag, *parts = tree
    try:
        if tag == REF:
            (number,) = parts
            return resolve(number)
        return _DECODERS[tag](parts, resolve, depth)
    except BadMessage:
        raise
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError) as error:
        raise BadMessage(f"a value that cannot be read ({type(error).__name__}: {str(error)[:100]})") from error


def _items(tree: Any, resolve: Any, depth: int) -> list[Any]:
    if type(tree) is not list:
        raise BadMessage("a container without items")
    return [decode(item, resolve, depth + 1) for item in tree]


def _plain(tree: Any) -> list[Any]:
    if type(tree) is not list or not set(map(type, tree)) <= SCALARS:
        raise BadMessage("a plain container that is not plain")
    return tree


def _decode_list(parts: list[Any], resolve: Any, depth: int) -> list[Any]:
    value = decode(parts, resolve, depth + 1)
    if type(value) is not list:
        raise BadMessage("not a list")
    return value


def _decode_dict(parts: list[Any], resolve: Any, depth: int) -> dict[Any, Any]:
    kind, factory, keys, values = parts
    keys, values = _decode_list(keys, resolve, depth), _decode_list(values, resolve, depth)
    if kind == "defaultdict":
        made: dict[Any, Any] = collections.defaultdict(None if factory == "None" else _FACTORIES[factory])
    else:
        made = _DICTS[kind]()
    for key, value in zip(
        keys, values, strict=True
    ):  # a Counter's own `update` counts, an OrderedDict's order is its own
        made[key] = value
    return made


def _decode_numpy(parts: list[Any], *_: Any) -> Any:
    dtype, data = parts
    kind = np.dtype(dtype)
    if kind.kind not in "biufc" or kind.names or len(data) != kind.itemsize:
        raise BadMessage("not a numpy number")
    return np.frombuffer(data, kind)[0]


def _decode_tuples(parts: list[Any], *_: Any) -> list[tuple[Any, ...]]:
    (items,) = parts
    return [tuple(_plain(item)) for item in items]


def _decode_sets(parts: list[Any], *_: Any) -> list[set[Any]]:
    (items,) = parts
    return [set(_plain(item)) for item in items]


def _decode_record(parts: list[Any], resolve: Any, depth: int) -> Any:
    name, fields = parts
    kind = find_record(name)
    return make_record(kind, _items(fields, resolve, depth))


def _decode_dtype(parts: list[Any], *_: Any) -> torch.dtype:
    return TORCH_DTYPES[parts[0]]


def _decode_device(parts: list[Any], *_: Any) -> torch.device:
    if parts[0] not in ("cpu", "meta"):
        raise BadMessage("a device that is neither cpu nor meta")
    return torch.device(parts[0])


_DECODERS: dict[int, Callable[[list[Any], Any, int], Any]] = {
    TUPLE: lambda parts, resolve, depth: tuple(_items(parts[0], resolve, depth)),
    LIST: lambda parts, resolve, depth: _items(parts[0], resolve, depth),
    DICT: _decode_dict,
    SET: lambda parts, resolve, depth: set(_decode_list(parts[0], resolve, depth)),
    FROZENSET: lambda parts, resolve, depth: frozenset(_decode_list(parts[0], resolve, depth)),
    BIG_INT: lambda parts, *_: int.from_bytes(parts[0], "little", signed=True),
    COMPLEX: lambda parts, *_: complex(float(parts[0]), float(parts[1])),
    NUMPY: _decode_numpy,
    DTYPE: _decode_dtype,
    DEVICE: _decode_device,
    RECORD: _decode_record,
    RANGE: lambda parts, *_: range(*parts),
    SLICE: lambda parts, resolve, depth: slice(*_items(parts, resolve, depth)),
    PLAIN_TUPLE: lambda parts, *_: tuple(_plain(parts[0])),
    PLAIN_LIST: lambda parts, *_: _plain(parts[0]),
    TUPLES: _decode_tuples,
    SETS: _decode_sets,
    BYTEARRAY: lambda parts, *_: bytearray(memoryview(parts[0])),
    SIZE: lambda parts, *_: torch.Size(_plain(parts[0])),
}


def is_record(kind: type) -> bool:
    """Whether a type is a dataclass or NamedTuple of the library: a value made of named fields, and nothing more."""
    named = issubclass(kind, tuple) and hasattr(kind, "_fields")
    if not (named or dataclasses.is_dataclass(kind)) or "<" in kind.__qualname__:
        return False
    return kind.__module__.startswith("llmcourse.") and not kind.__module__.startswith("llmcourse.course.")


def record_fields(kind: type) -> list[str]:
    """The names of a record type's fields, in order."""
    return list(kind._fields) if issubclass(kind, tuple) else [field.name for field in dataclasses.fields(kind)]


def _record_name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


may_import = False
"""Whether a record's module is imported when it is not yet: where the other side is trusted, as the judge is."""


def find_record(name: str) -> type:
    """The record type of a name, of a library module that is imported here already.

    Raises:
        BadMessage: There is none of that name.
    """
    module, _, qualname = str(name).partition(":")
    if may_import and module.startswith("llmcourse.") and not module.startswith("llmcourse.course."):
        importlib.import_module(module)
    kind = getattr(sys.modules.get(module), qualname, None) if module.startswith("llmcourse.") else None
    if not isinstance(kind, type) or not is_record(kind) or _record_name(kind) != name:
        raise BadMessage(f"no record type {str(name)[:80]!r}")
    return kind


def make_record(kind: type, fields: list[Any]) -> Any:
    """A record with these fields, without running any code of its type."""
    names = record_fields(kind)
    if len(fields) != len(names):
        raise BadMessage(f"{len(fields)} fields for a {kind.__name__}")
    if issubclass(kind, tuple):
        return tuple.__new__(kind, fields)
    made = object.__new__(kind)
    set_fields(made, fields)
    return made


def is_frozen(record: Any) -> bool:
    """Whether a dataclass's fields are never set again."""
    return bool(type(record).__dataclass_params__.frozen)


def set_fields(record: Any, fields: list[Any]) -> None:
    """Set a dataclass's fields, also of a frozen one."""
    for name, value in zip(record_fields(type(record)), fields, strict=True):
        object.__setattr__(record, name, value)


def is_finite_shape(shape: Any, stride: Any, offset: Any, n_items: int) -> bool:
    """Whether a view of this shape lies within a storage of `n_items` items."""
    numbers = [*shape, *stride, offset]
    if len(shape) != len(stride) or any(type(n) is not int or n < 0 for n in numbers) or len(shape) > 32:
        return False
    if math.prod(shape) == 0:
        return True
    return offset + sum((size - 1) * step for size, step in zip(shape, stride)) < n_items
