"""Balancing losses against `transformers` and closed forms, the z-loss, and the bias that nothing learns."""

import math

import pytest
import torch
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from llmcourse.moe.balance import (
    balancing_loss,
    pooled_balancing_loss,
    router_entropy,
    sequence_balancing_loss,
    update_bias,
    z_loss,
)
from llmcourse.moe.routing import top_k_gate


def drawn_layers(n_layers: int = 3, n_tokens: int = 24, n_experts: int = 8) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [2 * torch.randn(n_tokens, n_experts) for _ in range(n_layers)]


@pytest.mark.parametrize("top_k", [1, 2, 8])
@pytest.mark.parametrize("masked", [False, True])
def test_the_pooled_loss_is_that_of_transformers(top_k: int, masked: bool) -> None:
    layers = drawn_layers()
    mask = (torch.arange(24).reshape(4, 6) % 5 != 0).long() if masked else None
    want = load_balancing_loss_func(tuple(layers), 8, top_k, mask)
    assert torch.allclose(pooled_balancing_loss(layers, top_k, mask), want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("counts_dtype", [torch.int64, torch.float32, torch.float16])
@pytest.mark.parametrize("probs_dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_counts_beyond_what_float16_can_hold_have_their_shares(probs_dtype, counts_dtype) -> None:
    probs_SE = torch.full((4, 4), 0.25, dtype=probs_dtype)
    counts_E = torch.tensor([60_000, 60_000, 40_000, 0]).to(counts_dtype)  # their sum is above 65,504
    assert balancing_loss(probs_SE, counts_E, 1).item() == pytest.approx(1, rel=1e-2)
    if counts_dtype != torch.float16:
        assert balancing_loss(probs_SE, 100 * counts_E, 1).item() == pytest.approx(1, rel=1e-2)
    assert balancing_loss(probs_SE, counts_E, 1).dtype == probs_dtype


@pytest.mark.parametrize("top_k", [1, 2, 4])
def test_an_even_load_gives_1_for_switch_and_k_for_hugging_face(top_k: int) -> None:
    probs_SE, counts_E = torch.randn(16, 8).softmax(-1), torch.full((8,), 16 * top_k // 8)
    assert balancing_loss(probs_SE, counts_E, top_k).item() == pytest.approx(1, rel=1e-6)
    both = balancing_loss(probs_SE, counts_E, top_k, convention="huggingface")
    assert both.item() == pytest.approx(top_k, rel=1e-6)


def test_a_flat_router_that_starves_six_of_eight_experts_has_the_loss_of_an_even_load() -> None:
    logits_SE = torch.zeros(32, 8)
    counts_E = torch.bincount(top_k_gate(logits_SE, 2).experts_SK.flatten(), minlength=8)
    assert counts_E.tolist() == [32, 32, 0, 0, 0, 0, 0, 0]
    assert pooled_balancing_loss([logits_SE], 2).item() == pytest.approx(2)
    assert load_balancing_loss_func((logits_SE,), 8, 2).item() == pytest.approx(2)


def test_all_on_one_expert_gives_the_number_of_experts() -> None:
    probs_SE = torch.tensor([1.0, 0, 0, 0]).expand(6, 4)
    assert balancing_loss(probs_SE, torch.tensor([6, 0, 0, 0]), 1).item() == 4


def test_the_gradient_takes_probability_from_busy_experts_and_flows_through_no_count() -> None:
    probs_SE = torch.full((4, 2), 0.5, dtype=torch.float64, requires_grad=True)
    balancing_loss(probs_SE, torch.tensor([3, 1]), 1).backward()
    assert torch.equal(probs_SE.grad, torch.tensor([[0.375, 0.125]], dtype=torch.float64).expand(4, 2))


def test_an_unknown_convention_is_named() -> None:
    with pytest.raises(ValueError, match="'mixtral'"):
        balancing_loss(torch.ones(1, 1), torch.ones(1), 1, convention="mixtral")


def test_the_mean_of_local_losses_is_above_the_loss_of_all_when_ranks_read_different_texts() -> None:
    probs_RSE = torch.eye(2).repeat_interleave(4, dim=0).reshape(2, 4, 2)
    counts_RE = torch.tensor([[4, 0], [0, 4]])
    local = sum(balancing_loss(probs_SE, counts_E, 1) for probs_SE, counts_E in zip(probs_RSE, counts_RE)) / 2
    everybodys = sum(balancing_loss(probs_SE, counts_RE.sum(0), 1) for probs_SE in probs_RSE) / 2
    assert (local.item(), everybodys.item()) == (2, 1)
    assert everybodys == balancing_loss(probs_RSE.flatten(0, 1), counts_RE.sum(0), 1)


def test_the_z_loss_is_zero_where_the_exponentials_sum_to_one_and_does_not_overflow() -> None:
    assert z_loss(torch.full((3, 4), -math.log(4))).item() == pytest.approx(0, abs=1e-12)
    assert z_loss(torch.full((2, 4), 500.0)).item() == pytest.approx((500 + math.log(4)) ** 2)
    assert z_loss(torch.zeros(2, 4, dtype=torch.bfloat16)).dtype == torch.float32


def test_the_bias_moves_by_the_sign_alone_and_stays_where_the_count_is_the_mean() -> None:
    bias_E = torch.tensor([0.0, 0.5, 0.0, 1.0])
    moved_E = update_bias(bias_E, torch.tensor([1000, 4, 255, 1]), rate=0.5)  # the mean is 315
    assert moved_E.tolist() == [-0.5, 1.0, 0.5, 1.5] and bias_E.tolist() == [0.0, 0.5, 0.0, 1.0]
    assert torch.equal(update_bias(bias_E, torch.full((4,), 7), rate=0.5), bias_E)


def test_step_by_step_the_bias_evens_the_load_of_a_router_that_does_not_change() -> None:
    torch.manual_seed(0)
    logits_SE, bias_E = torch.randn(2000, 8) + torch.linspace(0, 2, 8), torch.zeros(8)

    def load(bias_E: torch.Tensor) -> torch.Tensor:
        chosen_SK = top_k_gate(logits_SE, 2, scores="sigmoid", bias_E=bias_E).experts_SK
        return torch.bincount(chosen_SK.flatten(), minlength=8)

    before_E = load(bias_E)
    for _ in range(400):
        bias_E = update_bias(bias_E, load(bias_E), rate=0.002)
    assert before_E.max() > 1000 and load(bias_E).max() < 600 and load(bias_E).min() > 400


def test_a_sequence_that_uses_one_expert_counts_also_where_the_batch_is_even() -> None:
    scores_BTE = torch.tensor([[[0.9, 0.1]] * 3, [[0.1, 0.9]] * 3])
    experts_BTK = scores_BTE.argmax(-1, keepdim=True)
    assert sequence_balancing_loss(scores_BTE, experts_BTK).item() == pytest.approx(1.8)
    counts_E = torch.bincount(experts_BTK.flatten(), minlength=2)
    assert balancing_loss(scores_BTE.flatten(0, 1), counts_E, 1).item() == pytest.approx(1)


def test_the_entropy_of_a_router_that_does_not_care_is_the_logarithm_of_the_experts() -> None:
    assert router_entropy(torch.zeros(3, 8)).item() == pytest.approx(math.log(8))
    assert router_entropy(torch.tensor([[200.0, 0.0]])).item() == pytest.approx(0, abs=1e-6)
