"""What is counted while a layer trains: once for each forward pass that trains, also where it is recomputed."""

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.layer import MoE


def drawn_layer(**settings: float) -> MoE:
    torch.manual_seed(0)
    return MoE(8, ExpertsConfig(16, n_experts=4, top_k=2, **settings))


@pytest.mark.parametrize("recomputed", [False, True])
def test_a_recomputed_forward_pass_counts_once_and_its_loss_acts_once(recomputed: bool) -> None:
    layer, x_BTD = drawn_layer(balance_weight=0.5), torch.randn(2, 3, 8, requires_grad=True)
    y_BTD = checkpoint(layer, x_BTD, use_reentrant=False) if recomputed else layer(x_BTD)
    y_BTD.sum().backward()
    plain = drawn_layer(balance_weight=0.5)
    plain(x_BTD.detach()).sum().backward()
    assert layer.tally[:4].sum() == 12 and layer.tally[4] == 6
    assert torch.allclose(layer.router.weight.grad, plain.router.weight.grad, rtol=1e-5, atol=1e-7)


def test_a_forward_pass_without_gradients_counts_nothing() -> None:
    layer = drawn_layer()
    with torch.no_grad():
        layer(torch.randn(2, 3, 8))
    assert layer.tally.sum() == 0


def test_after_a_step_the_bias_has_moved_towards_those_with_too_little_and_the_count_begins_anew() -> None:
    layer = drawn_layer(bias_rate=0.125)
    layer(torch.randn(2, 3, 8, requires_grad=True)).sum().backward()
    counts_E = layer.tally[:4].clone()
    layer.after_step(layer.tally)
    assert torch.equal(layer.bias, 0.125 * (3 - counts_E).sign().float()) and layer.tally.sum() == 0
