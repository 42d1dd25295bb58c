from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.upcycling import upcycle, upcycled
from llmcourse.training import TrainingConfig, train

CONFIG = ModelConfig(vocab_size=24, d_model=16, n_layers=2, n_heads=2, max_seq_len=32, d_ff=24, init_std=0.1)
EXPERTS = ExpertsConfig(24, n_experts=4, top_k=2)
IDS_BT = torch.randint(24, (3, 16), generator=torch.Generator().manual_seed(1))


def dense(**changes: object) -> Transformer:
    torch.manual_seed(0)
    return Transformer(replace(CONFIG, **changes))


@pytest.mark.parametrize("top_k", [1, 2, 4])
@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
@pytest.mark.parametrize("way", ["grouped", "loop", "fast"])
def test_a_model_of_equal_copies_says_what_the_dense_one_says(top_k, scores, way):
    model = dense(positions="learned", tie_embeddings=False, norm="layernorm", qk_norm=True)
    sparse = upcycled(model, replace(EXPERTS, top_k=top_k, scores=scores, way=way, bias_rate=0.1))
    assert_close(sparse(IDS_BT), model(IDS_BT), atol=1e-5, rtol=1e-5)
    assert {int(e) for e in sparse.blocks[0].feed_forward.last.experts_SK.flatten()} == {0, 1, 2, 3}
    assert sparse.blocks[0].feed_forward.bias.tolist() == [0.0] * 4


def test_in_float64_the_two_agree_to_the_last_digits():
    model = dense().double()
    sparse = upcycled(model, EXPERTS)
    assert next(sparse.parameters()).dtype == torch.float64
    assert_close(sparse(IDS_BT), model(IDS_BT), atol=1e-13, rtol=1e-13)


def test_weights_that_do_not_sum_to_one_say_something_else():
    model = dense()
    sparse = upcycled(model, replace(EXPERTS, normalise=False))
    assert float((sparse(IDS_BT) - model(IDS_BT)).abs().max().detach()) > 1e-3


def test_it_is_another_model_in_the_mode_of_the_dense_one():
    model = dense().eval()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    sparse = upcycled(model, EXPERTS)
    assert not sparse.training and upcycled(model.train(), EXPERTS).training
    assert sparse.lm_head.weight is sparse.embedding.weight
    for parameter in sparse.parameters():
        assert parameter.requires_grad
        parameter.data.fill_(7.0)
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name]), name


def test_noise_sets_copies_apart_by_its_share_of_each_matrix():
    model = dense(d_model=64, d_ff=128)
    model.blocks[0].feed_forward.up.weight.data.mul_(10)
    weights = model.state_dict()
    sparse = upcycle(weights, 4, noise=0.5, generator=torch.Generator().manual_seed(0))
    for name, stack in (("gate", "gate_EFD"), ("up", "up_EFD"), ("down", "down_EDF")):
        matrix = weights[f"blocks.0.feed_forward.{name}.weight"]
        off = sparse[f"blocks.0.feed_forward.experts.{stack}"] - matrix
        assert_close(off.std(dim=(1, 2)) / matrix.square().mean().sqrt(), torch.full((4,), 0.5), atol=0.02, rtol=0)
        assert off.flatten(1).corrcoef().fill_diagonal_(0).abs().max() < 0.06
    assert torch.equal(sparse["embedding.weight"], weights["embedding.weight"])


def test_routers_are_drawn_anew_and_come_from_the_generator():
    weights = dense().state_dict()
    one, same, other = (
        upcycle(weights, 40, router_std=0.3, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    first, second = (one[f"blocks.{layer}.feed_forward.router.weight"] for layer in (0, 1))
    assert 0.25 < float(first.std()) < 0.35 and not torch.equal(first, second)
    assert torch.equal(same["blocks.0.feed_forward.router.weight"], first)
    assert not torch.equal(other["blocks.0.feed_forward.router.weight"], first)


def test_a_mixture_trains_on_from_the_dense_models_loss_and_its_experts_part():
    tokens = torch.randint(24, (40,), generator=torch.Generator().manual_seed(3)).repeat(50).numpy()
    batches = Batches(tokens, 16, 8)
    model = dense()
    train(model, batches, TrainingConfig(steps=20, lr=0.01, warmup_steps=2), progress=False)
    looks = {"validation": batches, "progress": False}
    config = TrainingConfig(steps=20, lr=0.01, warmup_steps=2, log_every=1)
    sparse, first = upcycled(model, EXPERTS), batches.batch(0)
    with torch.no_grad():
        logits_BTV = model(first.inputs)
        before = torch.nn.functional.cross_entropy(logits_BTV.flatten(0, 1), first.targets.flatten())
    history = train(sparse, batches, config, **looks)
    assert_close(history[0]["loss"], float(before), atol=1e-5, rtol=1e-5)
    assert history[-1]["loss"] < 0.9 * float(before)
    gate_EFD = sparse.blocks[0].feed_forward.experts.gate_EFD
    assert all(not torch.equal(gate_EFD[0], other) for other in gate_EFD[1:])


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"bias": True}, "blocks.0.feed_forward"), ({"activation": "gelu"}, "blocks.0.feed_forward"),
     ({"feed_forward": EXPERTS}, "blocks.0.feed_forward")],
)  # fmt: skip
def test_a_network_that_is_no_plain_swiglu_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        upcycled(dense(**changes), EXPERTS)


def test_bad_settings_are_refused_by_name():
    weights = dense().state_dict()
    with pytest.raises(ValueError, match="n_experts is 0"):
        upcycle(weights, 0)
    with pytest.raises(ValueError, match="noise is -0.1"):
        upcycle(weights, 2, noise=-0.1)
    with pytest.raises(ValueError, match="feed_forward"):
        upcycle({"blocks.0.feed_forward_norm.weight": torch.ones(4)}, 2)
    with pytest.raises(ValueError, match="d_expert is 16; it must be the d_ff of the dense model, 24"):
        upcycled(dense(), replace(EXPERTS, d_expert=16))
    with pytest.raises(ValueError, match="n_shared is 1"):
        upcycled(dense(), replace(EXPERTS, n_shared=1))
