from __future__ import annotations

import collections
import copy
import heapq
from dataclasses import dataclass
from typing import Any

import pytest

from llmcourse.course.checks import count_steps
from llmcourse.course.walks import in_steps


@dataclass
class Index:
    words: list[int]
    counts: collections.Counter[int]
    places: collections.defaultdict[int, set[int]]


def grown(n: int) -> tuple[list[int], dict[int, int], Index]:
    counts = collections.Counter({i: i + 1 for i in range(n)})
    return list(range(n)), dict(counts), Index(list(range(n)), counts, collections.defaultdict(set, {1: {1}}))


LINEAR = {
    "min of a list": lambda x, d, i: min(x),
    "sorted": lambda x, d, i: sorted(x),
    "a slice": lambda x, d, i: x[:],
    "unpacked": lambda x, d, i: [*x],
    "in": lambda x, d, i: -1 in x,
    "index": lambda x, d, i: x.index(len(x) - 1),
    "list": lambda x, d, i: list(x),
    "tuple": lambda x, d, i: tuple(x),
    "set": lambda x, d, i: set(x),
    "copy": lambda x, d, i: x.copy(),
    "copy.copy": lambda x, d, i: copy.copy(x),
    "added to a list": lambda x, d, i: [0] + x,
    "a list added": lambda x, d, i: x + [0],
    "all replaced": lambda x, d, i: x.__setitem__(slice(None), x),
    "first taken": lambda x, d, i: x.pop(0),
    "first inserted": lambda x, d, i: x.insert(0, 1),
    "first deleted": lambda x, d, i: x.__delitem__(0),
    "sort": lambda x, d, i: x.sort(),
    "heapify": lambda x, d, i: heapq.heapify(x),
    "max of values": lambda x, d, i: max(d.values()),
    "max of keys": lambda x, d, i: max(d, key=d.get),
    "dict": lambda x, d, i: dict(d),
    "merged": lambda x, d, i: {**d},
    "dict.copy": lambda x, d, i: d.copy(),
    "items": lambda x, d, i: list(d.items()),
    "a list of a dataclass": lambda x, d, i: tuple(i.words),
    "a counter of a dataclass": lambda x, d, i: collections.Counter(i.counts),
    "a counter's copy": lambda x, d, i: i.counts.copy(),
    "most common": lambda x, d, i: i.counts.most_common(1),
    "a list of its own": lambda x, d, i: min(i.own),
}
CONSTANT = {
    "an item": lambda x, d, i: (x[3], x[-1], d[4], d.get(5), 3 in d, len(x), len(d)),
    "the last taken": lambda x, d, i: x.pop(),
    "appended": lambda x, d, i: x.append(1),
    "found early": lambda x, d, i: (1 in x, x.index(1)),
    "a set": lambda x, d, i: (i.places[1], i.places[2], i.counts[-1]),
}


def steps(function: Any, n: int) -> int:
    numbers, table, index = grown(n)
    index.own = list(range(n))  # type: ignore[attr-defined]
    return count_steps(function, numbers, table, index)


@pytest.mark.parametrize("name", LINEAR)
def test_what_built_in_functions_walk_over_is_counted(name: str) -> None:
    few, many = (steps(LINEAR[name], n) for n in (10, 1000))
    assert many - few > 900


@pytest.mark.parametrize("name", CONSTANT)
def test_what_looks_at_one_item_is_not_more_work_in_a_long_list(name: str) -> None:
    few, many = (steps(CONSTANT[name], n) for n in (10, 1000))
    assert few == many


def test_what_a_call_changes_reaches_the_callers_objects() -> None:
    numbers, table, index = grown(4)
    words, counts, places = index.words, index.counts, index.places

    def change(x: list[int], same: list[int], d: dict[int, int], i: Index) -> None:
        assert x is same and isinstance(x, list) and isinstance(i.counts, collections.Counter)
        x += [9]
        x.sort(reverse=True)
        del d[0]
        d[7] = 7
        i.words[1:] = [5]
        i.counts[0] -= 1
        i.places[3].add(4)
        heapq.heappush(i.words, -1)

    count_steps(change, numbers, numbers, table, index)
    assert numbers == [9, 3, 2, 1, 0] and type(numbers) is list
    assert table == {1: 2, 2: 3, 3: 4, 7: 7} and type(table) is dict
    assert (index.words, index.counts, index.places) == ([-1, 5, 0], {0: 0, 1: 2, 2: 3, 3: 4}, {1: {1}, 3: {4}})
    assert index.words is words and index.counts is counts and index.places is places


def test_a_new_object_in_a_dataclass_stays_and_nothing_else_is_left_behind() -> None:
    _, _, index = grown(3)
    before = min, sorted, heapq.heapify

    def change(i: Index) -> None:
        i.words = [7]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), in_steps([index]) as (given,):
        change(given)
    assert index.words == [7] and type(index.counts) is collections.Counter
    assert before == (min, sorted, heapq.heapify)


def test_functions_that_walk_give_what_they_gave_before() -> None:
    def all_of(x: list[int]) -> list[Any]:
        return [
            min(3, 1), min(x), max(x, key=lambda v: -v), min([], default=4), sum(x, 2), sum(x), any(x), all(x),
            sorted(x, reverse=True), x * 2, 2 * x, x == [3, 1, 2], x != [3], x < [4], list(reversed(x)), x.count(1),
        ]  # fmt: skip

    kept: list[Any] = []
    count_steps(lambda x: kept.extend(all_of(x)), [3, 1, 2])
    assert kept == all_of([3, 1, 2])
