"""The battery finds each kind of mistake by its law, and lets what is right pass."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from llmcourse.course.battery import LAWS, battery
from llmcourse.course.comparison import copied, difference

X, W = (torch.arange(12.0).view(3, 4) + 0.5) / 7, torch.tensor([1.0, 2.0, 3.0, 4.0])
WHOLE = {"axes": "B ., . -> B", "dtypes": [0, 1], "narrow": ["bfloat16"], "gradients": [0, 1]}
_kept: dict = {}


def weighted(x, w):
    """The right answer: the weighted sum of each row."""
    return (x * w).sum(-1)


def _ask(function, **settings):
    _kept.clear()
    battery(function, (X, W), (X + 1, W), (X, 2 * W), **(WHOLE | settings))


def _by_shape(x, w):
    return _kept.setdefault(x.shape, weighted(x, w).detach())


def _one_buffer(x, w):
    buffer = _kept.setdefault("buffer", torch.empty(len(x), dtype=x.dtype))
    with torch.no_grad():
        buffer.copy_(weighted(x, w))
    return buffer


def _hands_out_what_it_keeps(x, w):
    key = (tuple(x.flatten().tolist()), tuple(w.tolist()), x.dtype)
    return _kept.setdefault(key, weighted(x, w).detach())


def _counts_calls(x, w):
    _kept["calls"] = _kept.get("calls", 0) + 1
    return weighted(x, w) + _kept["calls"]


def _changes_w(x, w):
    result = weighted(x, w)
    with torch.no_grad():
        w.mul_(1.5)
    return result


def _draws(x, w):
    torch.rand(1)
    return weighted(x, w)


def _draws_with_numpy(x, w):
    np.random.random()
    return weighted(x, w)


def _draws_with_python(x, w):
    random.random()
    return weighted(x, w)


def _turns_gradients_off(x, w):
    torch.set_grad_enabled(False)
    return weighted(x, w)


def _changes_the_default_dtype(x, w):
    torch.set_default_dtype(torch.float64)
    return weighted(x, w)


def _leaves_memory_as_found(x, w):
    return weighted(x, w) + torch.empty(1).isnan()  # it is NaN about once in a thousand times


WRONG = {
    "an earlier answer kept": _by_shape,
    "is one object handed out twice": _one_buffer,
    "is one object handed out twice?": _hands_out_what_it_keeps,
    "is something kept from call to call": _counts_calls,
    "something left unwritten": _leaves_memory_as_found,
    "is w not used": lambda x, w: x.sum(-1),
    "changes w": _changes_w,
    "changes PyTorch's random numbers": _draws,
    "changes NumPy's random numbers": _draws_with_numpy,
    "changes Python's random numbers": _draws_with_python,
    "changes PyTorch's modes": _turns_gradients_off,
    "changes PyTorch's modes: leave": _changes_the_default_dtype,
    "not contiguous": lambda x, w: x.view(-1).mul(w.repeat(len(x))).view(x.shape).sum(-1),
    "the result is torch.float32": lambda x, w: weighted(x.float(), w.float()),
    "with float64 for x and w, inputs that differ in the ninth digit give the same": lambda x, w: weighted(
        x.float(), w.float()
    ).to(x.dtype),
    "of the axis B, the last one alone": lambda x, w: weighted(x, w).squeeze(),
    "of the axis B, in another order": lambda x, w: weighted(x, w).sort().values,
    "the gradient of x is cut off": lambda x, w: weighted(x.detach(), w),
    "the gradient of w is cut off": lambda x, w: weighted(x, w.detach()),
    "the gradient of x says": lambda x, w: (x * w * (x * w) / (x * w).detach()).sum(-1),
}


@pytest.mark.parametrize(("told", "function"), WRONG.items(), ids=WRONG)
def test_each_law_finds_its_mistake(told, function):
    try:
        with pytest.raises(AssertionError) as failed:
            _ask(function)
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
    assert told in str(failed.value)


@pytest.mark.parametrize(
    "function",
    [
        weighted,
        lambda x, w: torch.einsum("bd,d->b", x, w),
        lambda x, w: (x.double() @ w.double()).to(x.dtype),
        lambda x, w: torch.stack([(row * w).sum() for row in x]),
    ],
)
def test_what_is_right_passes_however_it_is_written(function):
    _ask(function)


def test_no_rows_are_asked_for_only_where_they_are_promised():
    def stacked(x, w):
        return torch.stack([(row * w).sum() for row in x])

    _ask(stacked)
    with pytest.raises(AssertionError, match="none at all: raises RuntimeError"):
        _ask(stacked, empty=True)


def test_what_a_piece_is_there_to_change_is_its_result():
    def add(total, x):
        total += x

    def add_to_a_copy(total, x):
        total.reshape(-1).add_(x.reshape(-1))  # of a transposed tensor, reshape makes a copy

    calls = [(X.clone(), X), (X + 1, X), (X.clone(), X + 1)]
    battery(add, *calls, changes=[0], dtypes=[0, 1])
    with pytest.raises(AssertionError, match="not contiguous"):
        battery(add_to_a_copy, *calls, changes=[0])
    with pytest.raises(AssertionError, match="changes total"):
        battery(add, *calls)


def test_copies_have_the_order_and_share_the_memory_that_was_there():
    x, parameter = torch.arange(12.0).view(3, 4), torch.nn.Parameter(torch.ones(2))
    whole, view, turned, gaps, kept, xs = copied([x, x[1:], x.t(), x[:, ::2].clone()[:, :1], parameter, [x, 1]])
    assert (
        torch.equal(whole, x) and torch.equal(turned, x.t()) and turned.stride() == (1, 4) and gaps.stride() == (2, 1)
    )
    whole.zero_()
    assert not view.any() and not turned.any() and xs[0] is whole and x.any()
    assert type(kept) is torch.nn.Parameter and kept is not parameter
    a, b = copied([X, W])
    assert torch.equal(a, X) and a.data_ptr() != X.data_ptr() and torch.equal(b, W)
    assert copied([torch.eye(2).to_sparse()])[0].to_dense().trace() == 2


def test_tensors_in_lists_have_no_order_in_memory_either():
    def flat(rows):
        return torch.cat([tensor.view(-1) for tensor, _ in rows])

    calls = [([(X, 1), (W, 2)],), ([(X + 1, 1), (W, 2)],)]
    with pytest.raises(AssertionError, match="not contiguous.*raises RuntimeError"):
        battery(flat, *calls)
    battery(lambda rows: torch.cat([tensor.reshape(-1) for tensor, _ in rows]), *calls)


def test_any_sequence_may_be_a_tuple():
    def joined(words):
        return words + ["end"]

    battery(joined, (["a"],), (["b"],))
    with pytest.raises(AssertionError, match="words as a tuple, for it may be any sequence: raises TypeError"):
        battery(joined, (["a"],), (["b"],), sequences=[0])


def test_a_law_that_does_not_apply_is_named():
    battery(_draws, (X, W), (X + 1, W), but={"state": "it draws its noise from PyTorch's global generator"})
    with pytest.raises(ValueError, match="but names 'colour'; a law must be one of arguments"):
        battery(weighted, (X, W), (X + 1, W), but={"colour": "none"})
    assert set(LAWS) >= {"arguments", "state", "again"}


@pytest.mark.parametrize("axes", ["B -> C", "B .", "AB -> AB"])
def test_axes_of_another_form_are_refused(axes):
    with pytest.raises(ValueError, match="axes"):
        battery(weighted, (X, W), (X + 1, W), axes=axes)


def test_one_call_is_too_few():
    with pytest.raises(ValueError, match="calls has 1 elements; it must have two or more"):
        battery(weighted, (X, W))


def test_a_stub_is_told_as_such_and_no_law_is_blamed():
    def stub(x, w):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        _ask(stub)


@pytest.mark.parametrize(
    ("got", "want", "told"),
    [
        (1, 1, ""),
        ([1, (2, 3)], [1, (2, 4)], "gives 3 where 4 is right"),
        ({"a": 1}, {"b": 1}, "gives {'a': 1} where {'b': 1} is right"),
        (torch.zeros(2), torch.zeros(3), "gives the shape (2,) where (3,) is right"),
        (torch.zeros(2), np.zeros(2), "gives a Tensor where a ndarray is right"),
        (torch.zeros(2), torch.zeros(2).double(), "gives torch.float32 where torch.float64 is right"),
        (torch.tensor([1.0, float("nan")]), torch.tensor([1.0, float("nan")]), ""),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, float("inf")]), "gives 2 where inf is right at index 1"),
        (torch.ones(2, 2), torch.ones(2, 2) * (1 + 1e-7), ""),
        (
            torch.ones(1, 2).double(),
            torch.tensor([[1.0, 1 + 1e-5]]).double(),
            "gives 1 where 1.00001 is right at index (0, 1)",
        ),
        (np.array([1, 2]), np.array([1, 3]), "gives array([1, 2]) where array([1, 3]) is right"),
        (float("nan"), float("nan"), ""),
    ],
)
def test_a_difference_is_told(got, want, told):
    assert difference(got, want) == told


def test_a_difference_in_the_ninth_digit_is_shown():
    got, want = torch.ones(1).double(), torch.full((1,), 1 + 1e-8, dtype=torch.float64)
    assert difference(got, want, 1e-9) == "gives 1 where 1.00000001 is right at index 0"


def test_complex_numbers_differ_in_their_imaginary_parts_too():
    assert difference(torch.tensor([1 + 1j]), torch.tensor([1 + 5j])) == "gives 1 where 5 is right"
    assert difference(torch.tensor([1 + 1j]), torch.tensor([1 + 1j])) == ""


def test_of_what_can_be_read_once_a_list_is_asked_for_and_nothing_is_said_of_what_cannot_be_looked_at():
    for lazy in (lambda n: (i for i in range(n)), lambda n: (n, map(abs, range(n)))):
        with pytest.raises(AssertionError, match="an iterator or a generator, which can be read only once: return a l"):
            battery(lazy, (3,), (4,))
    battery(lambda n: torch.nn.Linear(n, n), (3,), (4,), but={"state": "it draws its weights"})
    battery(lambda n: lambda x: n * x, (3,), (4,))


def test_a_result_that_nobody_may_change_is_left_as_it_is():
    def inferred(x, w):
        with torch.inference_mode():
            return weighted(x, w)

    battery(inferred, (X, W), (X + 1, W))
