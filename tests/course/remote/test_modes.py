"""A call runs in its caller's modes, and whatever modes it leaves, the next one finds those of before."""

import pytest
import torch

from llmcourse.course.remote import modes


def leave_others() -> str:
    torch.set_grad_enabled(False)
    torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_dtype("cpu", torch.float16)
    torch.set_default_dtype(torch.float64)
    return "done"


def test_modes_that_a_call_leaves_are_told_and_put_back() -> None:
    before = modes.current()
    assert modes.call_in(before, leave_others, with_default=True) == ("done", True)
    assert modes.current() == before


def test_a_call_that_leaves_none_is_told_so() -> None:
    assert modes.call_in(modes.current(), lambda: 3, with_default=True) == (3, False)


def test_modes_are_put_back_after_an_error() -> None:
    before = modes.current()
    with pytest.raises(ZeroDivisionError):
        modes.call_in(before, lambda: leave_others() and 1 / 0, with_default=True)
    assert modes.current() == before


def test_a_call_runs_in_its_callers_modes_and_not_longer() -> None:
    before = modes.current()
    wanted = [False, True, "float16", "float32", before[-1]]
    assert modes.call_in(wanted, modes.current, with_default=True) == (wanted, False)
    assert modes.current() == before
