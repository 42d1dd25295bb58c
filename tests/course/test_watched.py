"""What a message says of the call that went wrong, beside the call."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmcourse.course.checks import close
from llmcourse.course.told import explain
from llmcourse.course.usual_errors import meaning
from llmcourse.course.watched import Watched, last_call


def notes(piece: Watched) -> list[str]:
    """What a message says in the lines behind the call."""
    return [line.strip() for line in last_call(piece).splitlines()[1:]]


@pytest.mark.parametrize("given", [[3, 1, 2], (3, 1, 2), torch.ones(3), np.ones(3), {"a": 1, "b": 2}, "text"])
def test_an_argument_that_comes_back_as_it_was_is_told(given):
    def piece(values, n=1):
        return values

    piece = Watched(piece)
    piece(given, n=2)
    assert notes(piece) == ["it gave back `values` as it was"]


@pytest.mark.parametrize("given", [[], [7], 5, None, torch.ones(1), "x"])
def test_what_may_be_so_by_chance_is_not_told(given):
    piece = Watched(lambda values: values)
    piece(given)
    assert notes(piece) == []


def halves(values):
    """Halve numbers.

    Args:
        values: Numbers. Not changed.
    """
    for i in range(len(values)):
        values[i] /= 2
    return sum(values)


@pytest.mark.parametrize("given", [[4.0, 2.0], np.array([4.0, 2.0]), torch.tensor([4.0, 2.0])])
def test_the_first_call_that_changed_what_it_was_given_is_told_at_a_later_one(given):
    piece = Watched(halves)
    piece(given)
    piece([])
    assert last_call(piece).startswith("halves([])")
    (note,) = notes(piece)
    assert "4." in note
    assert note.endswith("has changed `values`, which must stay as it was")


def test_a_piece_that_is_there_to_change_something_is_left_alone():
    def piece(values):
        """Halve numbers in place."""
        return halves(values)

    piece = Watched(piece)
    piece([4.0, 2.0])
    assert notes(piece) == []


def test_a_piece_without_a_docstring_says_nothing_of_what_it_may_change():
    piece = Watched(lambda values: values.pop())
    piece([4.0, 2.0])
    assert notes(piece) == []


def test_a_nan_that_stays_is_no_change():
    def piece(values):
        """Add numbers up."""
        return values.sum()

    piece = Watched(piece)
    piece(torch.tensor([1.0, float("nan")]))
    assert notes(piece) == []


@pytest.mark.parametrize("wrong", [0, 2])
def test_of_several_calls_the_one_that_gave_the_wrong_number_is_told(wrong):
    piece = Watched(lambda n: n + 10 * (n == wrong))
    got = [piece(7)] and [piece(n) for n in range(4)]
    with pytest.raises(AssertionError) as raised:
        close(got, [0, 1, 2, 3], "each is itself")
    raised.value.__traceback__ = raised.value.__traceback__.tb_next
    assert f"(at index {wrong}; " in str(raised.value)
    told = str(explain(raised.value, "piece", "close(...)", close.__code__.co_filename, last_call(piece)))
    assert f"<lambda>({wrong})" in told
    assert "<lambda>(3)" not in told


def test_a_usual_error_is_told_in_plain_words():
    with pytest.raises(TypeError) as raised:
        set([[1]])
    told = str(explain(raised.value, "piece", "", "<check>"))
    assert "that is: what may change cannot be a key or stand in a set" in told


def _walk_and_change():
    values = {1, 2}
    for value in values:
        values.add(value + 9)


ERRORS = [
    _walk_and_change,
    lambda: [][1],
    lambda: np.ones(3)[5],
    lambda: torch.ones(3)[5],
    lambda: sorted([(1, {"a": 1}), (1, {"b": 2})]),
    lambda: torch.ones(2) + torch.ones(3),
    lambda: np.ones(2) + np.ones(3),
    lambda: torch.ones(2, 3) @ torch.ones(2, 3),
    lambda: np.ones((2, 3)) @ np.ones((2, 3)),
    lambda: bool(torch.ones(2) > 0),
    lambda: bool(np.ones(2) > 0),
    lambda: torch.ones(2, requires_grad=True).add_(1),
    lambda: torch.ones(2, requires_grad=True).numpy(),
    lambda: torch.ones(2).sum().backward(),
    lambda: torch.ones(2, 2) @ torch.ones(2, 2).double(),
    lambda: torch.ones(2, 3).T.view(6),
    lambda: np.arange(3) ** -1,
    lambda: np.arange(3).__itruediv__(2),
    lambda: len(x for x in ()),
    lambda: [].sort().pop(),
    lambda: 1.0 / 0.0,
    lambda: 1 // 0,
    lambda: max([]),
    lambda: np.concatenate([]),
    lambda: np.ones(0).max(),
    lambda: torch.cat([]),
    lambda: {"a": 1}.keys()[0],
]


@pytest.mark.parametrize("wrong", ERRORS)
def test_the_words_of_today_s_libraries_are_known(wrong):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        wrong()
    assert meaning(raised.value), f"{type(raised.value).__name__}: {raised.value}"


def test_an_error_of_the_learner_s_own_has_no_meaning_but_its_words():
    assert meaning(ValueError("n is 3; it must be even")) == ""
    assert meaning(AssertionError("index out of range")) == ""
