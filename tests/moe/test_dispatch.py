"""Choices sorted by expert and back, weighted sums, and who finds room."""

import collections

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.moe.dispatch import combine, expert_capacity, sort_by_expert, unsort_by_expert, within_capacity


def choices(n_tokens, top_k, n_experts, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n_tokens, n_experts, generator=generator).topk(top_k).indices


CASES = st.tuples(st.integers(0, 40), st.integers(1, 3), st.integers(3, 9), st.integers(0, 1000))


@settings(deadline=None, max_examples=40)
@given(CASES)
def test_sorted_choices_are_those_of_python(case):
    experts_SK = choices(*case)
    order_R, counts_E = sort_by_expert(experts_SK, case[2])
    flat = experts_SK.flatten().tolist()
    assert order_R.tolist() == sorted(range(len(flat)), key=flat.__getitem__)  # Python's sort keeps equal ones in order
    assert counts_E.tolist() == [flat.count(e) for e in range(case[2])]
    assert order_R.dtype == counts_E.dtype == torch.int64


@pytest.mark.parametrize("number", [-1, 4])
def test_a_number_that_is_no_experts_is_named(number):
    with pytest.raises(ValueError, match=f"expert is {number}; it must be at least 0 and at most 3"):
        sort_by_expert(torch.tensor([[0, number]]), 4)


@settings(deadline=None, max_examples=40)
@given(CASES, st.booleans())
def test_what_is_sent_comes_back_to_its_choice_and_the_rest_is_zero(case, drops):
    experts_SK = choices(*case)
    order_R, _ = sort_by_expert(experts_SK, case[2])
    sent_R = order_R[::2] if drops else order_R
    rows_RD = 1.0 + torch.arange(experts_SK.numel()).unsqueeze(1).expand(-1, 3)
    back = unsort_by_expert(rows_RD[sent_R], sent_R, experts_SK.numel())
    want = torch.zeros_like(back)
    want[sent_R] = rows_RD[sent_R]
    assert torch.equal(back, want)


@pytest.mark.parametrize("keep", [slice(None), slice(1, None, 2), slice(0, 0)])
def test_gradients_of_unsort_and_combine_are_those_of_finite_differences(keep):
    order_R, _ = sort_by_expert(choices(5, 2, 4), 4)
    order_R = order_R[keep]
    y_RD = torch.randn(len(order_R), 3, dtype=torch.float64, requires_grad=True)
    weights_SK = torch.rand(5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: unsort_by_expert(y, order_R, 10), y_RD)
    assert torch.autograd.gradcheck(lambda y, w: combine(y, order_R, w), (y_RD, weights_SK))


def test_combine_adds_in_the_wider_dtype():
    """In bfloat16, 256 + 1 is 256."""
    y_RD = torch.tensor([[256.0], [1.0]], dtype=torch.bfloat16)
    order_R, weights_SK = torch.tensor([0, 1]), torch.ones(1, 2)
    got = combine(y_RD, order_R, weights_SK)
    assert got.dtype == torch.float32 and got.item() == 257
    assert combine(y_RD, order_R, weights_SK.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("n_tokens", "n_experts", "top_k", "factor", "want"),
    [(10, 4, 1, 1.0, 3), (8, 4, 2, 1.25, 5), (8, 4, 2, 0.1, 1), (0, 4, 2, 1.0, 1)],
)
def test_capacity_is_rounded_up(n_tokens, n_experts, top_k, factor, want):
    assert expert_capacity(n_tokens, n_experts, top_k, factor) == want


@pytest.mark.parametrize("factor", [0, -1.0, float("nan"), float("inf")])
def test_a_capacity_factor_that_leaves_no_room_is_named(factor):
    with pytest.raises(ValueError, match=f"capacity_factor is {factor!r}; it must be above 0"):
        expert_capacity(8, 4, 2, factor)


@settings(deadline=None, max_examples=40)
@given(CASES, st.integers(1, 8))
def test_first_choices_come_first_and_earlier_tokens_before_later_ones(case, capacity):
    experts_SK, served, want = choices(*case), collections.Counter(), {}
    for k in range(case[1]):
        for s, e in enumerate(experts_SK[:, k].tolist()):
            want[s, k] = served[e] < capacity
            served[e] += 1
    keep_SK = within_capacity(experts_SK, case[2], capacity)
    assert keep_SK.dtype == torch.bool and keep_SK.shape == experts_SK.shape
    assert all(bool(keep_SK[place]) == kept for place, kept in want.items())


def test_no_room_at_all_is_refused():
    with pytest.raises(ValueError, match="capacity is 0; it must be at least 1"):
        within_capacity(choices(3, 1, 2), 2, 0)


def test_all_fit_where_the_capacity_is_the_largest_count():
    experts_SK = choices(50, 2, 5)
    largest = int(sort_by_expert(experts_SK, 5)[1].max())
    assert within_capacity(experts_SK, 5, largest).all()
    assert not within_capacity(experts_SK, 5, largest - 1).all()
