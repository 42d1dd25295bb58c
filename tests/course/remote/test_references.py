"""What a value refers to is found whatever stands beside it: items of a container have no tag of their own."""

from __future__ import annotations

import collections

import pytest

from llmcourse.course.remote import wire

SHARED = object()


@pytest.mark.parametrize("first", [*range(25), 15.0, True, "a", None])
@pytest.mark.parametrize(
    "make",
    [
        lambda first: (first, SHARED),
        lambda first: [first, SHARED],
        lambda first: {first: SHARED},
        lambda first: {"a": first, "b": SHARED},
        lambda first: [[first, (first, SHARED)], first],
        lambda first: slice(first, SHARED),
        lambda first: collections.OrderedDict(a=first, b=[SHARED]),
    ],
)
def test_an_object_is_found_behind_any_number(make, first):
    tree = wire.unpack(wire.pack(wire.encode(make(first), lambda value: 7 if value is SHARED else None)))
    assert wire.references(tree) == [7]


@pytest.mark.parametrize("value", [[0, 7], (0, 7), [(0, 7)], [{0, 7}], {0: 7}, 0, None, "x", [0], range(0, 7), 2**80])
def test_numbers_are_no_references(value):
    assert wire.references(wire.unpack(wire.pack(wire.encode(value, lambda _: None)))) == []
