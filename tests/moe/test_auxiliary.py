"""Losses that join the backward pass."""

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from llmcourse.moe.auxiliary import attach


def test_the_gradient_is_that_of_the_sum_and_the_values_are_as_they_were():
    x = torch.randn(4, dtype=torch.float64, requires_grad=True)
    y = attach(x.exp(), x.square().sum(), share=0.25)
    assert torch.equal(y, x.exp())
    y.sum().backward()
    torch.testing.assert_close(x.grad, x.detach().exp() + 0.25 * 2 * x.detach())


def test_a_factor_that_the_loss_gets_later_does_not_reach_it():
    x = torch.ones(1, requires_grad=True)
    (1000 * attach(3 * x, x.square().sum())).sum().backward()
    assert x.grad.item() == 3002


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_a_forward_pass_that_runs_twice_is_counted_once(use_reentrant):
    forward, backward = [], []

    def layer(x):
        forward.append(1)
        return attach(3 * x, x.square().sum(), on_backward=lambda: backward.append(1))

    x = torch.ones(2, requires_grad=True)
    checkpoint(layer, x, use_reentrant=use_reentrant).sum().backward()
    assert len(forward) == 2 and len(backward) == 1
    assert x.grad.tolist() == [5.0, 5.0]


def test_nobody_counts_where_there_is_no_backward_pass():
    counted = []
    with torch.no_grad():
        attach(torch.ones(2), torch.ones(()), on_backward=lambda: counted.append(1))
    assert not counted


def test_a_loss_that_is_not_one_number_is_named():
    with pytest.raises(ValueError, match=r"loss is of the shape \(1,\); it must be one number"):
        attach(torch.ones(2), torch.ones(1))
