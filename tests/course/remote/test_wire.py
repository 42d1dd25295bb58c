"""The decoder: what was encoded comes back, and nothing else gets through, whatever the bytes."""

from __future__ import annotations

import collections
import random
import socket
import struct
from typing import Any

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.remote import kinds, modules, wire
from llmcourse.course.remote.line import Line, LineClosed
from llmcourse.course.remote.peer import Peer
from llmcourse.course.remote.shared import Table
from llmcourse.course.remote.wire import BadMessage, CannotCross

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner) | st.sets(keys) | st.frozensets(keys)
    ),
    max_leaves=20,
)
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.tuples(st.integers(0, 18), inner, inner).map(list),
    max_leaves=30,
)


def by_value(_: Any) -> None:
    return None


def unknown(number: Any) -> Any:
    raise BadMessage("no object")


@given(values)
def test_what_was_encoded_comes_back(value) -> None:
    got = wire.decode(wire.unpack(wire.pack(wire.encode(value, by_value))), unknown)
    assert got == value and repr(got) == repr(value) or isinstance(value, set | frozenset | dict | list | tuple)
    assert type(got) is type(value)


@pytest.mark.parametrize("kind", [dict, collections.OrderedDict, collections.Counter])
def test_a_dict_has_the_same_items_for_those_who_iterate_and_those_who_compare(kind: type) -> None:
    value = kind({"b": 2, "a": 1})
    got = wire.decode(wire.unpack(wire.pack(wire.encode(value, by_value))), unknown)
    assert got == value and list(got.items()) == [("b", 2), ("a", 1)] and type(got) is kind


@settings(max_examples=500)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        tree = wire.unpack(data)
    except BadMessage:
        return
    _decode_or_refuse(tree)


@settings(max_examples=1000)
@given(trees)
def test_any_tree_is_a_value_or_refused(tree) -> None:
    _decode_or_refuse(tree)


def _decode_or_refuse(tree: Any) -> None:
    try:
        value = wire.decode(tree, unknown)
    except BadMessage:
        return
    wire.encode(value, by_value)  # what came through is of the kinds that cross


@pytest.mark.parametrize("seed", range(4))
def test_a_message_with_changed_bytes_is_read_or_refused_and_never_anything_else(seed: int) -> None:
    sender = Table(1, is_host=False)
    layer = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 3)})
    body = sender.encode_parts([torch.randn(3, 2)[1:], np.arange(3), [1, [2]], {"a": (1,)}, layer, len, iter([1])])
    with sender.changes() as changes:
        message = wire.pack([*changes, body])
    rng = random.Random(seed)
    outcomes = set()
    for _ in range(1500):
        data = bytearray(message)
        for _ in range(rng.choice([1, 1, 2, 8])):
            data[rng.randrange(len(data))] = rng.choice([0, 1, 0x90, 0xC0, 0xCF, 0xFF, rng.randrange(256)])
        receiver = Table(0, is_host=True)
        try:
            definitions, contents, dropped, trees = wire.unpack(
                bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
            )
            receiver.apply(definitions, contents, dropped)
            for tree in trees:
                receiver.decode(tree)
            outcomes.add("read")
        except (BadMessage, CannotCross):
            outcomes.add("refused")
        except (TypeError, ValueError):  # not four parts, or no list of trees: `Peer._receive` refuses those
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def definition(kind: str, meta: Any, content: Any = None, number: int = 1) -> tuple[list[Any], list[Any], list[int]]:
    return [[number, kind, meta]], ([] if content is None else [[number, content]]), []


MEMORY = [3, "memory", 16]


@pytest.mark.parametrize(
    "told",
    [
        definition("list", None, number=2),
        definition("list", None, number=-1),
        definition("list", None, number=True),
        definition("socket", None),
        definition("memory", 2**40),
        definition("memory", -1),
        definition("array", ["O", [2], True]),
        definition("array", ["<f8", [2**40, 2**40], True]),
        definition("array", ["<f8", [-1], True]),
        definition("array", [[["a", "<f8"]], [1], True]),
        definition("optimizer", ["SGD", [[]], 1]),
        definition("record", "llmcourse.course.remote.peer:Peer"),
        definition("record", "os:environ"),
        definition("record", "subprocess:Popen"),
        definition("module", [True, "Module", [], [], []]),
        definition("module", [False, "M", [["forward", None]], [], []]),
        definition("module", [False, "M", [], [], [["__class__", None]]]),
        definition("module", [False, "M", [], [], []], [True, ["forward"], [1]]),
        definition("module", [False, "M", [], [], []], [True, ["__class__"], [1]]),
        definition("list", None, [wire.PLAIN_LIST, [[1]]]),
        definition("list", None, 3),
        definition("dict", [wire.PLAIN_LIST, []]),
        definition("dict", [wire.DICT, "system", "", [], []]),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["float32", 3, 0, [5], [1], False, None]]], []),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["float32", 3, 0, [2], [-1], False, None]]], []),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["float32", 3, -4, [2], [1], False, None]]], []),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["float32", 3, 2**62, [2], [2**62], False, None]]], []),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["float32", 1, 0, [1], [1], False, None]]], []),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["quint4x2", 3, 0, [1], [1], False, None]]], []),
        ([MEMORY, [1, "tensor", [False, False]]], [[1, ["float32", 3, 0, [2], [1], False, None]]], []),
        ([MEMORY], [[3, b"short"]], []),
        ([], [[77, 1]], []),
        ([], [], [77]),
        (None, [], []),
        ([[1]], [], []),
    ],
)
def test_a_definition_that_no_honest_sender_makes_is_refused(told) -> None:
    with pytest.raises(BadMessage):
        Table(0, is_host=True).apply(*told)


@pytest.mark.parametrize(
    "tree",
    [
        [], [99, 1], [wire.REF, 5], [wire.REF, "a"], [wire.REF], [wire.RECORD, "os:system", []], [wire.DICT, "dict", "", 1, 2],
        [wire.DICT, "dict", "", [wire.PLAIN_LIST, [1]], [wire.PLAIN_LIST, []]], [wire.NUMPY, "O", b"12345678"],
        [wire.NUMPY, "<f8", b"1"], [wire.DTYPE, "nn"], [wire.DEVICE, "cuda"], [wire.RANGE, 1, 2, 0], [wire.TUPLES, [1]],
        [wire.SETS, [[[1]]]], [wire.SET, wire.LIST, [[wire.LIST, []]]], [wire.PLAIN_TUPLE, [[1]]], [wire.BYTEARRAY, 10**9],
        [wire.RECORD, "llmcourse.model.config:ModelConfig", [1]], {}, [wire.BIG_INT, "a"], [wire.COMPLEX, "a", 1],
    ],
    ids=str,
)  # fmt: skip
def test_a_tree_that_no_honest_sender_makes_is_refused(tree) -> None:
    with pytest.raises(BadMessage):
        wire.decode(tree, unknown)


def test_depth_is_bounded_both_ways() -> None:
    deep: Any = []
    for _ in range(60):
        deep = [deep, 1]
    with pytest.raises(CannotCross, match="nested"):
        wire.encode(deep, by_value)
    tree: Any = 1
    for _ in range(60):
        tree = [wire.TUPLE, [tree]]
    with pytest.raises(BadMessage, match="deep"):
        wire.decode(tree, unknown)
    with pytest.raises(BadMessage):
        wire.unpack(b"\x91" * 5000 + b"\xc0")


@pytest.mark.parametrize(
    "message",
    [
        b"", b"\xc1", b"\xc0", msgpack.packb([1, 2]), msgpack.packb(["reply", [], [], [], [0, 0, 0]]),
        msgpack.packb(["begin", [], [], [], [False] * 3, None]), msgpack.packb(["end", [], [], [], [False] * 3, None]),
        msgpack.packb(["count", [], [], [], [False] * 3, [0, [], [], [True, False, "float32"], []]]),
        msgpack.packb(["call", [], [], [], [False] * 3, [4, [], [], [True, False, "float32"], []]]),
        msgpack.packb(["back", [], [], [], [False] * 3, [0, []]]), msgpack.packb(["nonsense", [], [], [], [False] * 3, None]),
        msgpack.packb(["reply", [[0, "list", None]], [], [], [False] * 3, [None, None]]),
        msgpack.packb(["error", [], [], [], [False] * 3, 7]), msgpack.packb(["reply", [], [], [], None, None]),
    ],
)  # fmt: skip
def test_the_host_takes_no_order_and_no_nonsense(message: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        host = Peer(here, is_host=True)
        there.sendall(struct.pack("!I", len(message)) + message)
        with pytest.raises((BadMessage, TypeError, ValueError)) as refused:
            host.begin("x")
        assert isinstance(refused.value, BadMessage)


def test_a_frame_of_any_length_is_bounded_and_a_closed_line_is_told() -> None:
    here, there = socket.socketpair()
    with here:
        there.sendall(struct.pack("!I", wire.MAX_FRAME + 1))
        with pytest.raises(BadMessage, match="bytes"):
            Line(here).receive()
        there.sendall(struct.pack("!I", 100) + b"short")
        there.close()
        with pytest.raises(LineClosed):
            Line(here).receive()
    assert modules.name_from("import") == modules.name_from("a b") == modules.name_from(3) == "function"
    assert kinds.kind_of(3) is None
