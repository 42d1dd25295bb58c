from __future__ import annotations

import copy
import inspect
import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from llmcourse.course.checks import close, names_used, raises
from llmcourse.course.remote import wire
from llmcourse.course.told import explain
from llmcourse.course.watched import Watched, last_call, last_result, watched


def message(*args, **kwargs) -> str:
    with pytest.raises(AssertionError) as caught:
        close(*args, **kwargs)
    return str(caught.value)


def test_close_accepts_tensors_arrays_and_numbers_within_the_tolerance():
    close(torch.tensor([1.0, 2.0]), np.array([1.0, 2.0]), "?")
    close(3, 3.0, "?")
    close(torch.tensor([1.0, float("inf")]), torch.tensor([1.0 + 1e-7, float("inf")]), "?", atol=1e-6)
    close(torch.full((3,), 1000.0), torch.full((3,), 1000.5), "?", rtol=1e-3)


def test_close_names_the_place_and_size_of_the_largest_difference():
    got = torch.zeros(2, 3)
    got[1, 2] = 0.25
    told = message(got, torch.zeros(2, 3), "is the last column scaled?", atol=1e-6)
    assert "got 0.25 where 0 is right" in told and "at index (1, 2)" in told and "is the last column scaled?" in told


def test_close_names_the_mistake_that_explains_the_numbers():
    want, epsilon_outside = torch.tensor([1.0, 2.0]), torch.tensor([1.01, 2.02])
    mistakes = {
        "the mean is not subtracted": torch.tensor([5.0, 6.0]),
        "epsilon stands outside the root": epsilon_outside,
    }
    assert message(epsilon_outside, want, "wrong", atol=1e-6, mistakes=mistakes).endswith(
        "epsilon stands outside the root"
    )
    assert message(torch.tensor([7.0, 7.0]), want, "wrong", atol=1e-6, mistakes=mistakes).endswith(": wrong")


def test_a_mistake_that_is_within_the_tolerance_of_the_truth_is_never_named():
    told = message(
        torch.tensor([2.0]), torch.tensor([1.0]), "wrong", atol=0.4, mistakes={"too close": torch.tensor([1.3])}
    )
    assert told.endswith(": wrong")


def test_close_tells_shape_type_missing_return_and_nan():
    assert "got the shape (3,), (1, 3) is right" in message(torch.zeros(3), torch.zeros(1, 3), "?")
    assert "got torch.float64, torch.float32 is right" in message(torch.zeros(3).double(), torch.zeros(3), "?")
    assert "got None" in message(None, torch.zeros(3), "?")
    assert "got nan where 0 is right" in message(torch.tensor([0.0, float("nan")]), torch.zeros(2), "?", atol=1.0)
    assert "got inf" in message(torch.tensor(float("inf")), torch.tensor(1.0), "?", atol=1.0)


def test_close_looks_through_gradients_without_touching_them():
    parameter = torch.ones(2, requires_grad=True)
    close(parameter * 2, torch.full((2,), 2.0), "?")
    assert parameter.grad is None


def test_a_difference_that_six_digits_do_not_show_is_shown_and_explained():
    got, want = torch.tensor([1 / 3]).double(), torch.tensor([1 / 3], dtype=torch.float64)
    told = message(got, want, "is the ramp right?", atol=1e-12)
    assert "got 0.333333343267 where 0.333333333333 is right" in told and "computed in float32" in told


def test_a_piece_uses_another_by_whatever_way_it_reaches_it_here_and_in_another_process():
    class Remote:
        def __init__(self, source):
            self.source = source

    ways = {
        "def f(x):\n    return fast(x)": True,
        "def f(x):\n    return module.fast(x)": True,
        "def f(x):\n    from module import fast as other\n    return other(x)": True,
        "def f(x):\n    fast = x\n    return fast": False,
    }
    for source, uses in ways.items():
        namespace: dict = {}
        exec(source, namespace)  # noqa: S102
        assert ("fast" in names_used(namespace["f"])) == ("fast" in names_used(Remote(source))) == uses, source


def test_a_call_is_told_as_it_was_made_whatever_it_does_with_its_arguments():
    def spoils(numbers, counts, tensor, array):
        numbers.clear()
        counts.clear()
        tensor.zero_()
        array.fill(0)

    piece = Watched(spoils)
    piece([3], {1: 2}, torch.ones(1), np.ones(1))
    assert last_call(piece) == "spoils([3], {1: 2}, tensor([1.]), array([1.]))"


def told_of(check: str) -> str:
    def piece(x):
        raise TypeError("no such thing")

    try:
        exec(compile(check, "<check>", "exec"), {"piece": piece, "close": close})
    except TypeError as error:
        return str(explain(error, "piece", check, "<check>"))
    raise AssertionError("the check passed")


@pytest.mark.parametrize(
    ("check", "purpose"),
    [
        ("assert piece(1) == 2, 'one is doubled'", "one is doubled"),
        ("got = piece(1)\nassert got == 2, f'got {got}: one is doubled'", "one is doubled"),
        ("got = piece(1)\nassert got == 2, f'got {got} for a single one'", "a single one"),
        ("got = piece(1)\nassert got == 2, f'{got} came out instead of 2: one is doubled'", "one is doubled"),
        ("for what in ['zero', 'one']:\n    got = piece(1)\n    assert got == 2, f'{got:.2f} for {what}'", "zero"),
        ("close(piece(1), 2, 'one is doubled', atol=1)", "one is doubled"),
    ],
)
def test_an_error_is_told_with_what_the_check_was_about(check, purpose):
    assert f"\n    what this line checks: {purpose}" in f"{told_of(check)}\n"


@pytest.mark.parametrize(
    "check",
    [
        "piece(1)",
        "got = piece(1)",
        "got = piece(1)\nother = 2\nassert other == 2, 'something else'",
        "### BEGIN HIDDEN TESTS\nassert piece(1) == 2, 'one is doubled'",
    ],
)
def test_what_a_check_is_about_is_not_told_where_it_is_not_known_or_hidden(check):
    assert "what this line checks" not in told_of(check)


def test_a_line_below_the_hidden_part_is_told_as_any_other():
    check = "### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS\nassert piece(1) == 2, 'one is doubled'"
    told = told_of(check)
    assert "in the check, line 5: assert piece(1) == 2" in told and "what this line checks: one is doubled" in told


def test_a_hint_given_by_name_is_told():
    assert told_of("close(piece(1), 2, hint='one is doubled', atol=1)").endswith(": one is doubled")


def told_of_a_wrong_answer(check: str) -> str:
    piece = Watched(lambda x: [x, x])
    piece.__name__ = "piece"
    try:
        exec(compile(check, "<check>", "exec"), {"piece": piece})
    except AssertionError as error:
        return str(explain(error, "piece", check, "<check>", last_call(piece), last_result(piece)))
    raise AssertionError("the check passed")


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("got = piece(1)\nassert got == [1], f'got {got}: only once'", "right is: [1] (the last one is too many)"),
        ("assert piece(1) == [1], 'only once'", "it gave [1, 1]; right is [1]"),
        ("got = piece(1)\nassert got == (1, 1), f'got {got}'", "right is: (1, 1) (a list and a tuple are not equal)"),
        (
            "got = piece(1)\nassert (got[0], len(got)) == (1, 1), f'got {got}'",
            "it must be: (got[0], len(got)) == (1, 1)",
        ),
        ("got = piece(1)\nassert len(got) == 2 and got[1] == 2, f'got {got}'", "it must be: got[1] == 2"),
    ],
)
def test_what_is_right_is_told_where_the_message_does_not(check, wanted):
    assert f"\n    {wanted}\n" in f"{told_of_a_wrong_answer(check)}\n"


@pytest.mark.parametrize(
    "check",
    [
        "got = piece(1)\nassert got == [1], f'got {got}, and [1] is right'",
        "got = piece(1)\nassert got == piece(2), f'got {got}'",
        "got = piece(1)\nassert len(got) > 2, f'got {got}'",
        "got = piece(1)\nassert got == list(range(200)), f'got {got}'",
        "got = piece(1)\n### BEGIN HIDDEN TESTS\nassert got == [1], f'got {got}'",
        "got = piece(1)\nif got != [1]:\n    raise AssertionError('[2] == [1]')",
    ],
)
def test_what_is_right_is_not_told_where_it_is_told_already_or_not_known_or_hidden(check):
    assert not re.search("right is:|it must be|it gave", told_of_a_wrong_answer(check))


@dataclass
class Held:
    words: list[int]


@pytest.mark.parametrize(
    ("got", "lines"),
    [
        ("[[1, 2.25], [3, 0]]", ["got   [[1, 2.25], [3, 0]]", "right [[1, 2], [3, 4]]"]),
        ("[[1, 2], [4, 3]]", []),  # a known mistake says more
        ("[[1, 2], [3, 4.000001]]", []),  # the same in four digits
    ],
)
def test_a_few_numbers_are_told_all_where_no_known_mistake_explains_them(got, lines):
    told = told_of_close(f"close({got}, [[1, 2], [3, 4]], 'wrong', mistakes={{'swapped': [[1, 2], [4, 3]]}})")
    assert told[2:] == [f"    {line}" for line in lines]
    assert told_of_close(f"### BEGIN HIDDEN TESTS\nclose({got}, [[1, 2], [3, 4]], 'wrong')")[2:] == []


@pytest.mark.parametrize(
    ("got", "want", "line"),
    [
        ("[-1, -2, 3]", "[1, 2, -3]", "each number has the wrong sign"),
        ("[1, 3, 2]", "[2, 3, 1]", "the right numbers in reverse order"),
        ("[1, 3, 2]", "[3, 1, 2]", "the right numbers in another order"),
        ("[[1, 3], [2, 4]]", "[[1, 2], [3, 4]]", "rows and columns are exchanged"),
        ("[2, 4, 10]", "[1, 2, 5]", "each number is 2 times the right one"),
        ("[2, 3, 6]", "[1, 2, 5]", "each number is 1 too large"),
        ("[0, 1, 2, 5]", "[1, 2, 5, 9]", "the right numbers one place too late"),
        ("[2, 5, 9, 0]", "[1, 2, 5, 9]", "the right numbers one place too early"),
        ("[[1, 2, 5]]", "[1, 2, 5]", "the numbers are right: an axis of length 1 is too many"),
        ("[[1, 4], [2, 5], [3, 6]]", "[[1, 2, 3], [4, 5, 6]]", "rows and columns are exchanged"),
        ("[*range(20), 7]", "[*range(20), 8]", "the others are right: only the last is wrong"),
    ],
)
def test_what_all_wrong_numbers_have_in_common_is_told(got, want, line):
    assert told_of_close(f"close({got}, {want}, 'wrong')")[-1] == f"    {line}"
    assert line not in "".join(told_of_close(f"### BEGIN HIDDEN TESTS\nclose({got}, {want}, 'wrong')"))


def test_a_number_is_told_as_a_multiple_only_where_that_is_no_chance():
    assert told_of_close("close(0.25, 0.5, 'wrong')")[2:] == []
    assert told_of_close("close(0.7123 * 6, 0.7123, 'wrong', atol=1e-9)")[2:] == ["    right is one part in 6 of it"]


def test_another_dtype_is_told_without_the_hint_about_the_numbers():
    told = told_of_close("import torch\nclose(torch.ones(1), torch.ones(1).double(), 'far out')")[0]
    assert "got torch.float32, torch.float64 is right" in told and "far out" not in told


def test_what_is_not_refused_is_told_with_what_the_exercise_says_and_the_call_of_the_piece():
    check = "def by_name(x):\n    return piece(x=x)\n\nraises(ValueError, by_name, 3)"
    piece = Watched(lambda x: x)
    piece.__name__ = "piece"
    with pytest.raises(AssertionError) as error:
        exec(compile(check, "<check>", "exec"), {"piece": piece, "raises": raises})
    told = str(
        explain(error.value, "piece", check, "<check>", last_call(piece), "", "ValueError: x is odd.")
    ).splitlines()
    assert told[0] == "piece: piece(x=3) should raise ValueError, but returned 3"
    assert told[1] == "    its exercise says: ValueError: x is odd."


def test_numbers_that_are_wrong_in_no_simple_way_are_told_as_they_are():
    assert told_of_close("close([1, 2, 4], [1, 3, 5], 'wrong')")[2:] == ["    got   [1, 2, 4]", "    right [1, 3, 5]"]


def test_a_known_mistake_may_give_another_shape():
    told = told_of_close("close([1, 2], [3], 'wrong', mistakes={'nothing was added up': [1, 2]})")
    assert told[0].endswith("got the shape (2,), (1,) is right: nothing was added up")


def told_of_close(check: str) -> list[str]:
    try:
        exec(compile(check, "<check>", "exec"), {"close": close})
    except AssertionError as error:
        return str(explain(error, "piece", check, "<check>")).splitlines()
    raise AssertionError("the check passed")


def test_an_object_that_a_call_changes_is_told_as_it_was():
    piece = watched(lambda held: held.words.append(2))
    piece(Held([1]))
    assert "words=[1])" in last_call(piece)


def test_of_an_error_that_quotes_a_whole_file_the_beginning_and_the_end_are_told():
    def reads(text):
        raise ValueError(f"the file is {text}; it must be short")

    try:
        reads("x" * 10_000)
    except ValueError as error:
        told = str(explain(error, "reads", "reads(1)", "<check>"))
    assert "the file is xx" in told and "xx; it must be short" in told and len(told) < 600


def test_a_hint_is_told_where_an_error_is_missing_or_another_one_comes():
    for function in (abs, len):
        with pytest.raises(AssertionError, match="ValueError.*: look at the sign$"):
            raises(ValueError, function, -1, hint="look at the sign")


def test_another_signature_is_told_as_such():
    def scaled(x, factor):
        return x * factor

    try:
        scaled(1)
    except TypeError as error:
        told = str(explain(error, "scaled", "scaled(1)", "<check>"))
    assert told.startswith("scaled takes other arguments than its exercise says: ")


def test_a_watched_piece_is_copied_and_tells_its_call_before_it_was_changed():
    def empties(items):
        items.clear()

    piece = watched(empties)
    piece([1, 2])
    assert last_call(piece) == "empties([1, 2])"
    assert last_call(copy.deepcopy(piece)) == "empties([1, 2])"
    assert list(inspect.signature(piece).parameters) == ["items"]
    assert last_call(piece) == "empties([1, 2])"


def test_what_is_wrong_with_the_line_is_no_error_of_a_piece():
    def broken(*args):
        raise wire.BadMessage("a message of 5 bytes")

    with pytest.raises(wire.BadMessage):
        raises(ValueError, broken, says="5")
