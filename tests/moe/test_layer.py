"""The layer: its values, its gradients, what it counts, and how the training loop and a checkpoint treat it."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.losses import Batch, auxiliary_share
from llmcourse.model.weights import load_weights
from llmcourse.moe.balance import balancing_loss, sequence_balancing_loss, z_loss
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.layer import MoE
from llmcourse.optim.gradients import accumulate_gradients
from llmcourse.training import NonFiniteLossError, TrainingConfig, split_batch, train

PLAIN = ExpertsConfig(16, n_experts=4, top_k=2)
KINDS = {
    "plain": PLAIN,
    "not normalised": dataclasses.replace(PLAIN, normalise=False),
    "sigmoid, bias, scale": dataclasses.replace(PLAIN, scores="sigmoid", bias_rate=0.1, scale=2.5),
    "shared": dataclasses.replace(PLAIN, n_shared=2, top_k=1, normalise=False),
    "all losses": dataclasses.replace(PLAIN, balance_weight=0.5, z_weight=0.25, sequence_weight=0.125),
    "dropping": dataclasses.replace(PLAIN, capacity_factor=0.6),
}


def make(config=PLAIN, d_model=8, dtype=torch.float32, seed=0, std=0.5):
    torch.manual_seed(seed)
    layer = MoE(d_model, config).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(std=std)
    return layer


def some(*shape, dtype=torch.float32, seed=1):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def test_a_small_case_by_hand():
    """One channel; both experts are silu(x) * x times 1 and 10; logits 0 and ln 3, so that weights are 1/4 and 3/4."""
    layer = MoE(1, ExpertsConfig(1, n_experts=2, top_k=2)).double()
    with torch.no_grad():
        layer.router.weight.copy_(torch.tensor([[0.0], [torch.log(torch.tensor(3.0)).item()]]))
        layer.experts.gate_EFD.fill_(1)
        layer.experts.up_EFD.fill_(1)
        layer.experts.down_EDF.copy_(torch.tensor([1.0, 10.0]).view(2, 1, 1))
    answer = layer(torch.ones(1, 1, 1, dtype=torch.float64)).item()
    silu = 1 / (1 + np.exp(-1))
    assert answer == pytest.approx(0.25 * silu + 0.75 * 10 * silu, rel=1e-6)
    assert layer.last.experts_SK.tolist() == [[1, 0]] and layer.last.counts_E.tolist() == [1, 1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dropping"])
def test_each_token_gets_the_weighted_sum_of_its_experts(kind):
    layer, x_BTD = make(KINDS[kind], dtype=torch.float64).eval(), some(2, 3, 8, dtype=torch.float64)
    answers_SD = layer(x_BTD).flatten(0, 1)
    experts = layer.experts
    for x_D, answer_D, chosen_K, weights_K in zip(x_BTD.flatten(0, 1), answers_SD, *layer.last[1:3]):
        want_D = torch.zeros(8, dtype=torch.float64) if layer.shared is None else layer.shared(x_D)
        for e, weight in zip(chosen_K, weights_K):
            hidden_F = F.silu(experts.gate_EFD[e] @ x_D) * (experts.up_EFD[e] @ x_D)
            want_D = want_D + weight * (experts.down_EDF[e] @ hidden_F)
        torch.testing.assert_close(answer_D, want_D)


@pytest.mark.parametrize("kind", KINDS)
def test_all_ways_give_the_same_values_and_gradients(kind):
    def measured(way):
        layer = make(dataclasses.replace(KINDS[kind], way=way))
        x_BTD = some(3, 5, 8).requires_grad_()
        answer_BTD = layer(x_BTD)
        answer_BTD.square().sum().backward()
        return answer_BTD, x_BTD.grad, *(parameter.grad for parameter in layer.parameters())

    for way in ("grouped", "fast"):
        for got, want in zip(measured(way), measured("loop"), strict=True):
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("way", ["loop", "fast"])
@pytest.mark.parametrize("kind", ["plain", "sigmoid, bias, scale", "shared", "dropping"])
def test_gradients_are_those_of_finite_differences(kind, way):
    config = dataclasses.replace(KINDS[kind], d_expert=3, way=way)
    layer = make(config, d_model=2, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x, *_: layer(x), (some(2, 3, 2, dtype=torch.float64).requires_grad_(), *layer.parameters())
    )


def test_the_auxiliary_losses_are_in_the_gradient_and_not_in_the_answer():
    config = KINDS["all losses"]
    layer, quiet = make(config, dtype=torch.float64), make(PLAIN, dtype=torch.float64)
    x_BTD = some(2, 6, 8, dtype=torch.float64)
    assert torch.equal(layer(x_BTD), quiet(x_BTD))
    layer(x_BTD).sum().backward()
    quiet(x_BTD).sum().backward()
    weight_ED = layer.router.weight.detach().requires_grad_()
    logits_SE = F.linear(x_BTD.flatten(0, 1), weight_ED)
    loss = 0.5 * balancing_loss(logits_SE.softmax(-1), layer.last.counts_E, 2) + 0.25 * z_loss(logits_SE)
    experts_BTK = layer.last.experts_SK.view(2, 6, 2)
    loss = loss + 0.125 * sequence_balancing_loss(logits_SE.softmax(-1).view(2, 6, 4), experts_BTK)
    loss.backward()
    torch.testing.assert_close(layer.router.weight.grad - quiet.router.weight.grad, weight_ED.grad)


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_activation_checkpointing_changes_no_count_and_no_gradient(use_reentrant):
    def measured(run):
        layer = make(dataclasses.replace(KINDS["all losses"], noise=1.0))
        torch.manual_seed(3)
        x_BTD = some(2, 6, 8).requires_grad_()
        run(layer, x_BTD).square().sum().backward()
        return layer.tally, x_BTD.grad, *(parameter.grad for parameter in layer.parameters())

    plain = measured(lambda layer, x: layer(x))
    again = measured(lambda layer, x: checkpoint(layer, x, use_reentrant=use_reentrant))
    assert plain[0][:4].sum() == 24
    for got, want in zip(again, plain, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-6)


def test_the_router_computes_in_float32_under_autocast_and_the_experts_do_not():
    layer, x_BTD = make(dataclasses.replace(PLAIN, way="grouped")), some(2, 6, 8)
    want_SE = F.linear(x_BTD.flatten(0, 1), layer.router.weight)
    seen = []
    layer.experts.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = layer(x_BTD)
    assert torch.equal(layer.last.logits_SE, want_SE)
    assert seen == [torch.bfloat16] and answer.dtype == torch.float32


def test_a_model_that_does_not_train_counts_nothing_and_hears_no_noise():
    layer, x_BTD = make(dataclasses.replace(PLAIN, noise=3.0)).eval(), some(2, 6, 8)
    layer(x_BTD)
    assert not layer.tally.any()
    assert torch.equal(layer.last.logits_SE, layer._logits(x_BTD.flatten(0, 1)))
    layer.train()
    with torch.no_grad():
        layer(x_BTD)
    assert not layer.tally.any()


def test_who_finds_the_expert_full_gets_nothing_from_it_and_is_counted():
    layer = make(dataclasses.replace(PLAIN, top_k=1, normalise=False, capacity_factor=1.0))
    with torch.no_grad():
        layer.router.weight.zero_()  # all logits are equal: everybody goes to expert 0, where 2 of 8 find room
    answer_SD = layer(some(1, 8, 8)).squeeze(0)
    assert answer_SD[:2].any() and not answer_SD[2:].any()
    answer_SD.sum().backward()
    measured = layer.after_step(layer.tally)
    assert measured["dropped_share"] == 6 / 8 and measured["dead_experts"] == 3
    assert measured["expert_load_max"] == 4
    assert not layer.tally.any()


def test_a_batch_without_a_token_passes():
    assert make()(torch.zeros(0, 4, 8)).shape == (0, 4, 8)


def test_after_a_step_the_bias_moves_against_the_load():
    layer = make(dataclasses.replace(PLAIN, bias_rate=0.1))
    layer(some(1, 9, 8)).sum().backward()
    counts_E = layer.last.counts_E
    layer.after_step(layer.tally)
    torch.testing.assert_close(layer.bias, 0.1 * (counts_E.double().mean() - counts_E).sign().float())


# In the training loop.

CONFIG = TrainingConfig(steps=6, lr=3e-3, warmup_steps=1)


def make_model(seed=0, **changes):
    torch.manual_seed(seed)
    experts = ExpertsConfig(16, n_experts=4, top_k=2, **changes)
    return Transformer(ModelConfig(16, 32, 2, 2, 16, init_std=0.1, feed_forward=experts))


@pytest.fixture
def batches():
    tokens = np.random.default_rng(0).integers(0, 16, 2000).astype(np.uint16)
    return Batches(tokens, seq_len=16, batch_size=8)


def router_gradients(model, batch, n_parts):
    model.zero_grad()
    with auxiliary_share(model, 1 / n_parts):
        accumulate_gradients(model, split_batch(batch, n_parts))
    return [module.router.weight.grad.clone() for module in model.modules() if isinstance(module, MoE)]


@pytest.mark.parametrize("n_parts", [2, 8])
def test_a_loss_that_is_a_mean_over_tokens_does_not_depend_on_how_a_batch_is_cut(batches, n_parts):
    model = make_model(z_weight=10.0).double()
    whole, cut = (router_gradients(model, batches.batch(0), n) for n in (1, n_parts))
    for got, want in zip(cut, whole):
        torch.testing.assert_close(got, want)


def test_the_balancing_loss_of_a_cut_batch_is_the_mean_of_those_of_its_parts(batches):
    """It is no mean over tokens, but a product of two: what is even in the batch may be uneven in each part."""
    loud, quiet, batch = make_model(balance_weight=10.0).double(), make_model().double(), batches.batch(0)
    parts = split_batch(batch, 2)

    def of_the_loss(batches, n_parts):
        pairs = zip(router_gradients(loud, batches, n_parts), router_gradients(quiet, batches, n_parts))
        return torch.stack([with_it - without for with_it, without in pairs])

    cut = of_the_loss(batch, 2)
    torch.testing.assert_close(cut, (of_the_loss(parts[0], 1) + of_the_loss(parts[1], 1)) / 2)
    assert not torch.allclose(cut, of_the_loss(batch, 1), rtol=1e-3)


def test_the_history_says_what_was_routed(batches):
    rows = train(make_model(balance_weight=0.01), batches, CONFIG, progress=False)
    assert set(rows[0]) >= {"expert_load_max", "dead_experts", "dropped_share", "router_entropy", "balance_loss"}
    assert 1 <= rows[-1]["expert_load_max"] <= 4 and rows[-1]["dropped_share"] == 0


def test_a_router_that_gives_nan_is_named_by_layer_and_step(batches):
    model = make_model()

    class Poisoned:
        def batch(self, step):
            if step == 3:
                with torch.no_grad():
                    model.blocks[1].feed_forward.router.weight[2].fill_(float("nan"))
            return batches.batch(step)

    with pytest.raises(NonFiniteLossError) as stopped:
        train(model, Poisoned(), CONFIG, progress=False)
    says = "its router gave logits that are not finite, to 128 of 128 tokens for 1 of 4 experts"
    assert stopped.value.step == 3
    assert stopped.value.faults == (f"blocks.1.feed_forward: {says}",)
    assert f"the first layer with a fault is blocks.1.feed_forward: {says}" in str(stopped.value)


def test_a_resumed_run_has_the_bias_and_goes_on_bit_for_bit(batches, tmp_path):
    whole = make_model(bias_rate=0.05)
    train(whole, batches, CONFIG, progress=False)
    half, rest = make_model(bias_rate=0.05), make_model(seed=1, bias_rate=0.05)
    settings = dataclasses.replace(CONFIG, checkpoint_every=3)

    class Stopped(Exception):
        pass

    class Stop:
        def batch(self, step):
            if step == 3:
                raise Stopped
            return batches.batch(step)

    with pytest.raises(Stopped):
        train(half, Stop(), settings, folder=tmp_path, progress=False)
    train(rest, batches, settings, folder=tmp_path, progress=False)
    states = rest.state_dict()
    assert states["blocks.0.feed_forward.bias"].any()
    for name, value in whole.state_dict().items():
        assert torch.equal(states[name], value), name


def test_weights_of_another_number_of_experts_are_refused_by_name():
    more = Transformer(ModelConfig(16, 32, 2, 2, 16, feed_forward=ExpertsConfig(16, n_experts=8, top_k=2)))
    with pytest.raises(RuntimeError) as refused:
        load_weights(more, make_model().state_dict())
    assert "blocks.0.feed_forward.n_experts is 4 in these weights; it must be 8, as in the configuration" in str(
        refused.value
    )


def test_targets_that_are_ignored_are_routed_all_the_same():
    model, ids = make_model(), torch.arange(16).repeat(2, 1)
    targets = ids.masked_fill(ids > 3, -100)
    accumulate_gradients(model, [Batch(ids, targets)])
    assert all(module.tally[:4].sum() == 64 for module in model.modules() if isinstance(module, MoE))


def test_with_a_capacity_a_batch_may_be_empty():
    layer = make(dataclasses.replace(PLAIN, capacity_factor=1.0))
    x_BTD = torch.zeros(1, 0, 8, requires_grad=True)
    layer(x_BTD).sum().backward()
    assert x_BTD.grad.shape == x_BTD.shape
