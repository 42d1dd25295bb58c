"""The gate: who is chosen, what the answers count, and where gradients go."""

import pytest
import torch

from llmcourse.moe.routing import add_noise, expert_choice, gate_gradient, top_k_gate


@pytest.fixture
def logits_SE():
    return 2 * torch.randn(50, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
@pytest.mark.parametrize("normalise", [True, False])
def test_the_gate_is_what_its_docstring_says_word_by_word(logits_SE, scores, normalise):
    bias_E = torch.linspace(-0.3, 0.3, 8, dtype=torch.float64)
    experts_SK, weights_SK = top_k_gate(logits_SE, 3, scores=scores, normalise=normalise, bias_E=bias_E, scale=2.5)
    for logits_E, experts_K, weights_K in zip(logits_SE, experts_SK, weights_SK):
        score_E = logits_E.softmax(0) if scores == "softmax" else logits_E.sigmoid()
        want = sorted(range(8), key=lambda e: (-float(score_E[e] + bias_E[e]), e))[:3]
        total = sum(score_E[e] for e in want) if normalise else 1.0
        assert experts_K.tolist() == want
        torch.testing.assert_close(weights_K, torch.stack([2.5 * score_E[e] / total for e in want]))


def test_normalised_after_a_softmax_over_all_is_a_softmax_over_the_chosen(logits_SE):
    experts_SK, weights_SK = top_k_gate(logits_SE, 3)
    torch.testing.assert_close(weights_SK, logits_SE.gather(1, experts_SK).softmax(-1))


def test_of_equal_experts_those_of_lower_number_come_first():
    assert top_k_gate(torch.zeros(3, 300), 4).experts_SK.tolist() == [[0, 1, 2, 3]] * 3


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_logits_are_widened_before_anything_is_computed(logits_SE, dtype):
    narrow = top_k_gate(logits_SE.to(dtype), 3)
    wide = top_k_gate(logits_SE.to(dtype).float(), 3)
    assert narrow.weights_SK.dtype == torch.float32
    assert torch.equal(narrow.experts_SK, wide.experts_SK) and torch.equal(narrow.weights_SK, wide.weights_SK)


def test_the_bias_chooses_and_counts_for_nothing_and_gets_no_gradient(logits_SE):
    bias_E = torch.tensor([9.0, 0, 0, 0, 0, 0, 0, 0], dtype=torch.float64, requires_grad=True)
    logits_SE.requires_grad_()
    experts_SK, weights_SK = top_k_gate(logits_SE, 1, normalise=False, bias_E=bias_E)
    assert (experts_SK == 0).all()
    torch.testing.assert_close(weights_SK[:, 0], logits_SE.softmax(-1)[:, 0])
    weights_SK.sum().backward()
    assert bias_E.grad is None and logits_SE.grad.abs().sum() > 0


def test_sigmoids_that_are_all_zero_give_no_nan():
    logits_SE = torch.full((2, 4), -200.0, requires_grad=True)
    weights_SK = top_k_gate(logits_SE, 2, scores="sigmoid").weights_SK
    weights_SK.sum().backward()
    assert weights_SK.isfinite().all() and logits_SE.grad.isfinite().all()


@pytest.mark.parametrize("top_k", [0, -1, 9])
def test_a_top_k_that_cannot_be_is_named(logits_SE, top_k):
    with pytest.raises(ValueError, match=rf"top_k is {top_k}; it must be at least 1 and at most 8"):
        top_k_gate(logits_SE, top_k)


def test_scores_that_do_not_exist_are_named(logits_SE):
    with pytest.raises(ValueError, match="scores is 'tanh'; it must be one of 'softmax', 'sigmoid'"):
        top_k_gate(logits_SE, 2, scores="tanh")


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("top_k", [1, 2, 8])
def test_the_gradient_by_hand_is_that_of_autograd(logits_SE, normalise, top_k):
    logits_SE.requires_grad_()
    experts_SK, weights_SK = top_k_gate(logits_SE, top_k, normalise=normalise)
    d_weights_SK = torch.randn(50, top_k, dtype=torch.float64)
    (want_SE,) = torch.autograd.grad(weights_SK, logits_SE, d_weights_SK)
    got_SE = gate_gradient(logits_SE.detach(), experts_SK, d_weights_SK, normalise)
    torch.testing.assert_close(got_SE, want_SE, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(got_SE.sum(-1), torch.zeros(50, dtype=torch.float64), rtol=0, atol=1e-12)


def test_one_normalised_expert_teaches_the_router_nothing_and_one_that_is_not_does(logits_SE):
    experts_SK = top_k_gate(logits_SE, 1).experts_SK
    d_weights_SK = torch.ones(50, 1, dtype=torch.float64)
    assert not gate_gradient(logits_SE, experts_SK, d_weights_SK).any()
    assert gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=False).abs().min() > 0


def test_normalised_only_the_chosen_experts_hear_of_it(logits_SE):
    experts_SK = top_k_gate(logits_SE, 2).experts_SK
    d_SE = gate_gradient(logits_SE, experts_SK, torch.randn(50, 2, dtype=torch.float64))
    assert not d_SE.scatter(1, experts_SK, 0.0).any()


def test_noise_has_its_deviation_and_its_generator(logits_SE):
    zeros_SE = torch.zeros(2000, 8)
    noisy_SE = add_noise(zeros_SE, 0.5, torch.Generator().manual_seed(1))
    assert noisy_SE.std().item() == pytest.approx(0.5, rel=0.03)
    assert torch.equal(noisy_SE, add_noise(zeros_SE, 0.5, torch.Generator().manual_seed(1)))
    assert add_noise(logits_SE, 0.5).dtype == torch.float64


def test_experts_that_choose_are_equally_busy_and_take_the_best(logits_SE):
    tokens_EC, weights_EC = expert_choice(logits_SE, capacity=5)
    scores_SE = logits_SE.softmax(-1)
    assert tokens_EC.shape == (8, 5)
    for expert, (tokens_C, weights_C) in enumerate(zip(tokens_EC, weights_EC)):
        assert len(set(tokens_C.tolist())) == 5
        torch.testing.assert_close(weights_C, scores_SE[:, expert].sort(descending=True).values[:5])


def test_experts_that_choose_look_ahead():
    logits_SE = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    longer_SE = torch.cat([logits_SE, torch.tensor([[9.0, 0.0]])])
    assert expert_choice(logits_SE, 1).tokens_EC[0].tolist() == [0]
    assert expert_choice(longer_SE, 1).tokens_EC[0].tolist() == [2]  # a later token has taken the place of the first


@pytest.mark.parametrize("capacity", [0, 51])
def test_a_capacity_that_cannot_be_is_named(logits_SE, capacity):
    with pytest.raises(ValueError, match=f"capacity is {capacity}; it must be at least 1 and at most 50"):
        expert_choice(logits_SE, capacity)
