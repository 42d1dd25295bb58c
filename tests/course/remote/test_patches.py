"""A container that was changed in any way is, after a patch, what it is on the other side."""

from __future__ import annotations

import operator
import random
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np
import pytest

from llmcourse.course.remote import patches, wire
from llmcourse.course.remote.peer import KNOWN
from llmcourse.course.remote.shared import Table
from llmcourse.course.remote.wire import PATCH, BadMessage


def encode(items: list[Any]) -> Any:
    return wire.encode(items, lambda _: None)


def decode(tree: Any) -> Any:
    return wire.decode(wire.unpack(wire.pack(tree)), lambda _: None)


def told(before: patches.Snapshot, value: Any, there: Any, there_before: patches.Snapshot | None) -> patches.Snapshot:
    """Tell the other side's copy what changed, and look at both snapshots."""
    found = patches.difference(before, value, encode)
    assert found is not None
    patch, after = found
    if patch:
        after_there = patches.apply(there, patch, decode, there_before)
        assert after_there is not None and patches.difference(after_there, there, encode) == ([], after_there)
    assert patches.difference(after, value, encode) == ([], after)
    return after


def changed(value: Any, dice: random.Random) -> None:
    """One random change."""
    if isinstance(value, list):
        place = dice.randrange(len(value))
        do = dice.choice(["set", "append", "pop", "insert at the end"])
        if do == "set":
            value[place] = (dice.random(), ("a", dice.randrange(9)))
        elif do == "append":
            value.append((dice.randrange(9), ("b", 1)))
        elif do == "pop" and len(value) > 20:
            value.pop()
        else:
            value.insert(len(value) - 1, (1, ("c", 2)))
        return
    key = dice.choice(list(value))
    is_sets = isinstance(value[key], set)
    do = dice.choice(["set", "add", "remove", "in place"])
    if do == "add":
        value[dice.random(), "new"] = {dice.randrange(9)} if is_sets else dice.randrange(9)
    elif do == "remove" and len(value) > 20:
        del value[key]
    elif do == "in place" and is_sets:
        value[key].add(dice.randrange(99))
    else:
        value[key] = {dice.randrange(9)} if is_sets else dice.randrange(9)


def containers() -> list[Any]:
    pairs = [(i, i + 1) for i in range(40)]
    sets: defaultdict[Any, set[int]] = defaultdict(set, {pair: {pair[0]} for pair in pairs})
    numbers = {pair: pair[0] for pair in pairs}
    return [[(i, ("a", i)) for i in range(40)], dict(numbers), Counter(numbers), OrderedDict(numbers), sets]


@pytest.mark.parametrize("which", range(5), ids=["list", "dict", "Counter", "OrderedDict", "defaultdict of sets"])
@pytest.mark.parametrize("seed", range(20))
def test_a_patch_makes_the_other_copy_the_same(which: int, seed: int) -> None:
    dice = random.Random(seed)
    value, there = containers()[which], containers()[which]
    before, there_before = patches.snapshot(value), patches.snapshot(there)
    assert before is not None
    for _ in range(12):
        for _ in range(dice.randint(0, 4)):
            changed(value, dice)
        before = told(before, value, there, there_before)
        there_before = patches.snapshot(there) if dice.random() < 0.5 else None
        assert there == value and type(there) is type(value)
        assert list(there) == list(value), "the order of keys is part of it"


def test_types_that_are_equal_are_not_the_same() -> None:
    value, there = list(range(20)), list(range(20))
    before = patches.snapshot(value)
    value[1] = True
    assert before is not None
    told(before, value, there, None)
    assert there[1] is True


@pytest.mark.parametrize(
    "value",
    [[[1]] * 20, [(1, [2])] * 20, {i: [i] for i in range(20)}, {i: {"a"} for i in range(20)}, [1, 2], {1: 2}],
    ids=repr,
)
def test_what_can_change_inside_and_what_is_small_is_told_as_a_whole(value: Any) -> None:
    assert patches.snapshot(value) is None


def test_another_order_of_keys_and_a_change_of_most_items_is_told_as_a_whole() -> None:
    moved = OrderedDict((i, i) for i in range(20))
    before = patches.snapshot(moved)
    moved.move_to_end(3)
    assert before is not None and patches.difference(before, moved, encode) is None
    items = list(range(20))
    before = patches.snapshot(items)
    items.sort(reverse=True)
    assert before is not None and patches.difference(before, items, encode) is None


def test_an_item_that_can_change_ends_the_patches() -> None:
    items: list[Any] = list(range(20))
    before = patches.snapshot(items)
    items[3] = [1]
    assert before is not None and patches.difference(before, items, encode) is None


@pytest.mark.parametrize(
    "patch",
    [
        [PATCH, 20, [], [20], encode([1]), None],
        [PATCH, 20, [], [-1], encode([1]), None],
        [PATCH, 20, [], [True], encode([1]), None],
        [PATCH, 10**12, [], [], encode([]), None],
        [PATCH, 21, [], [], encode([1, 2]), None],
        [PATCH, 20, [1], [], encode([]), None],
        [PATCH, 20, [], [1], encode([]), None],
        [PATCH, 20, [], [1], 5, None],
    ],
    ids=repr,
)
def test_a_patch_that_does_not_fit_is_refused(patch: list[Any]) -> None:
    with pytest.raises(BadMessage):
        patches.apply(list(range(20)), patch, decode, None)


@pytest.mark.parametrize(
    "patch",
    [
        [PATCH, 19, [], [], encode([]), encode([])],
        [PATCH, 21, [], [], encode([1]), encode([3])],
        [PATCH, 21, [], [], encode([1]), encode([])],
        [PATCH, 22, [], [], encode([1, 2]), encode([50, 50])],
        [PATCH, 20, [20], [], encode([]), encode([])],
        [PATCH, 20, ["x"], [], encode([]), encode([])],
    ],
    ids=repr,
)
def test_a_patch_of_a_dict_that_does_not_fit_is_refused(patch: list[Any]) -> None:
    with pytest.raises(BadMessage):
        patches.apply({i: i for i in range(20)}, patch, decode, None)


def test_places_differ_where_the_objects_are_others_though_they_are_equal() -> None:
    dice, pool = random.Random(1), [1, True, 1.0, 0.0, -0.0, (1, 2), tuple([1, 2]), 10**20, int("1" + "0" * 20)]
    for _ in range(300):
        before = dice.choices(pool, k=dice.randrange(12))
        now = [item if dice.random() < 0.8 else dice.choice(pool) for item in before] + before[: dice.randrange(3)]
        now = now[: dice.randrange(len(now) + 1)]
        want = [i for i, (a, b) in enumerate(zip(before, now)) if a is not b]
        assert patches._places(operator.is_not, before, now) == want


@pytest.mark.parametrize("held", [list(range(200)), {i: i for i in range(200)}], ids=["list", "dict"])
def test_equal_items_of_another_type_pass_for_unchanged_where_that_is_asked_and_nothing_else_does(held: Any) -> None:
    before = patches.snapshot(held)
    assert before is not None
    held[150] = 150.0
    assert patches.difference(before, held, encode, roughly=True) == ([], before)
    exact = patches.difference(before, held, encode)
    assert exact is not None and exact[0][3] == [150]
    held[7] = -1
    roughly = patches.difference(before, held, encode, roughly=True)
    assert roughly is not None and roughly[0][3] == [7]
    held[8] = np.zeros(3)  # which is neither equal nor unequal
    assert patches.difference(before, held, encode, roughly=True) is None


def sharing() -> tuple[Table, list[int], Any]:
    """A table that has told the other side of a list; the list, and what refers to it."""
    assert KNOWN
    table, held = Table(0, is_host=True), list(range(20))
    reference = table.encode(held)
    with table.changes():
        pass
    return table, held, reference


def test_what_was_not_sent_is_told_with_the_next_message() -> None:
    table, held, reference = sharing()
    for only in (None, table.reachable([reference])):
        held[3] += 1
        new = [1, 2]
        table.encode(new)
        only = None if only is None else table.reachable([reference])
        with pytest.raises(ZeroDivisionError), table.changes(only=only):
            raise ZeroDivisionError
        assert new not in table and held in table
        with table.changes() as (definitions, contents, _):
            assert definitions == [] and [number for number, _ in contents] == [reference[1]]


def test_what_changed_after_a_message_that_never_left_is_told() -> None:
    table, held, reference = sharing()
    table.reachable([reference])
    held[3] = 99
    with table.changes() as (_, contents, _):
        assert len(contents) == 1
    held[4] = 99
    assert table.reachable([reference]) == {reference[1]}
    with table.changes(only={reference[1]}) as (_, contents, _):
        assert len(contents) == 1


def test_a_container_is_compared_once_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _, reference = sharing()
    compared: list[Any] = []
    real = patches.difference
    monkeypatch.setattr(patches, "difference", lambda *given, **how: compared.append(given) or real(*given, **how))
    with table.changes(only=table.reachable([reference])):
        pass
    assert len(compared) == 1
