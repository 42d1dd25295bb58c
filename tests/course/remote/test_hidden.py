"""What is told of a failed check: nothing that the judged code says, once hidden tests have run."""

from __future__ import annotations

from typing import Any

import pytest

from llmcourse.course.check_source import parts
from llmcourse.course.checks import close, raises
from llmcourse.course.remote.hidden import Told, told_of
from llmcourse.course.remote.peer import _error_from

CHECK = """
assert f(1) == 1, f"f(1) is {f(1)}"
### BEGIN HIDDEN TESTS
got = f(41)
assert got == 1, f"f(41) is {got}, " "not 1: is it squared?"
close(f(42), 1.0, "off by one?", mistakes={"it is doubled": 84.0})
raises(ValueError, f, 43)
### END HIDDEN TESTS
assert f(2) == 2, "two"
"""
CELLS = {"m:f": "def f(x):\n    y = x\n    return y"}


def told(f: Any, source: str = CHECK) -> Told:
    names, knows_hidden = {"f": f, "close": close, "raises": raises}, False
    try:
        for part in parts(source):
            knows_hidden = bool(part.strip()) and part != parts(source)[0]
            exec(compile(part, "<check>", "exec"), names)  # noqa: S102
    except Exception as error:
        return told_of(error, "f", source, "<check>", CELLS, knows_hidden=knows_hidden)
    raise AssertionError("the check passed")


def answers(**results: Any) -> Any:
    """A function that gives these results for their arguments, and raises those that are errors."""

    def f(x: int) -> Any:
        result = results.get(f"x{x}", 1.0)
        if isinstance(result, Exception):
            raise result
        return result

    return f


def raised(*names: str, text: str = "x is 41", lines: tuple[str, ...] = ()) -> BaseException:
    """An error that came over the line."""
    return _error_from([[*names, "Exception"], text, None, list(lines)])


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (raised("ValueError"), "f raised ValueError in a hidden test"),
        (raised("The41st", "ValueError"), "f raised ValueError in a hidden test"),
        (raised("The41st"), "f raised Exception in a hidden test"),
        (raised("AssertionError", text="f(41) is 41"), "f raised AssertionError in a hidden test"),
        (
            raised("KeyError", lines=("    in f, line 3 of its cell: 41 and 42",)),
            "f raised KeyError in a hidden test\n    in f, line 3 of its cell",
        ),
        (raised("KeyError", lines=("    in f, line 41 of its cell: x",)), "f raised KeyError in a hidden test"),
        (raised("KeyError", lines=("    in x41, line 3 of its cell: x",)), "f raised KeyError in a hidden test"),
        (raised("KeyError", lines=("41",)), "f raised KeyError in a hidden test"),
    ],
)
def test_of_an_error_in_a_hidden_test_only_a_known_type_and_a_line_that_is_there_are_told(error, text) -> None:
    assert told(answers(x41=error)) == Told(text, knows_hidden=True)


def test_of_a_wrong_result_the_hint_is_told_and_no_value() -> None:
    assert told(answers(x41="41 41 41")).text == "f: f(41) is …, not 1: is it squared? (a hidden test)"
    assert told(answers(x42=8241.0)).text == "f: off by one? (a hidden test)"
    assert told(answers(x42=84.0)).text == "f: it is doubled (a hidden test)"
    assert told(answers(x43=43)).text == "f: it should raise ValueError (a hidden test)"
    assert told(answers(x42="41")).text == "f returned something that a hidden test cannot use"


def test_whether_a_hidden_test_had_run_is_known() -> None:
    assert not told(answers(x1=5)).knows_hidden
    after = told(answers(x43=raised("ValueError"), x2=41))
    assert after == Told('f: two (a test)\n    in the check: assert f(2) == 2, "two"', knows_hidden=True)
    loop = "for x in (1, 2):\n    assert f(x) == 1\n    ### BEGIN HIDDEN TESTS\n    f(41)\n    ### END HIDDEN TESTS\n"
    assert told(answers(x2=5), loop).knows_hidden


def test_what_is_not_written_needs_no_second_try() -> None:
    got = told(answers(x1=raised("NotImplementedError")))
    assert got.is_final and got.text.startswith("f is not written yet")


def test_a_line_is_told_only_of_the_function_that_has_it():
    def line(text: str, cell: str) -> str:
        told = _what_raised(text, {"m:f": cell})
        return told.partition("\n")[2].strip()

    cell = "def f(x):\n    return g(x)\n\n\ndef g(x):\n    raise ValueError"
    assert line("    in g, line 7 of its cell: x", cell) == "in g, line 7 of its cell"
    assert line("    in f, line 7 of its cell: x", cell) == ""
    assert line("    in h, line 7 of its cell: x", cell) == ""
    assert line("    in f, line 2 of its cell: x", cell + "\n" * 300) == "", "a line of a long cell says much"


def _what_raised(line: str, cells: dict[str, str]) -> str:
    error = raised("ValueError", lines=(line,))
    return told_of(error, "f", CHECK, "<check>", cells, knows_hidden=True).text
