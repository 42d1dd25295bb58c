"""A model cut within its layers computes what the whole one does, with two sums a block in each direction."""

from __future__ import annotations

import pytest
import torch

from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from llmcourse.distributed.tensor_parallel import parallel_feed_forward, tensor_parallel
from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.layers import SwiGLU

CONFIGS = {
    "llama": ModelConfig(17, 32, 2, 4, 16, n_kv_heads=2),
    "gpt": ModelConfig(17, 32, 2, 4, 16, activation="gelu", bias=True, norm="layernorm", qk_norm=True),
}
IDS = torch.arange(24).reshape(2, 12) % 17


def make_model(name: str) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(CONFIGS[name])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02)  # biases that are not 0
    return model


def gradients(name: str, group: Group):
    model = tensor_parallel(make_model(name), group)
    logits = model(IDS)
    logits.square().mean().backward()
    return logits.detach(), {key: p.grad for key, p in model.named_parameters()}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_cut_transformer_has_the_logits_and_gradients_of_the_whole(name):
    whole = make_model(name)
    logits = whole(IDS)
    logits.square().mean().backward()
    results, traffic = rehearse(gradients, [(name,)] * 2)
    cut = {"query": 0, "key": 0, "value": 0, "gate": 0, "up": 0, "out": 1, "down": 1}
    for key, parameter in whole.named_parameters():
        *_, layer, kind = key.split(".")
        inner = key.replace("attention.", "attention.part.").replace("feed_forward.", "feed_forward.part.")
        parts = [grads.get(inner) for _, grads in results]
        if layer in cut and kind == "bias" and cut[layer] == 1:
            assert parts[1] is None
            got = parts[0]
        elif layer in cut:
            got = torch.cat(parts, dim=cut[layer])
        elif "query_norm" in key or "key_norm" in key:
            got = sum(parts)  # each rank's heads pass through a copy
        else:
            torch.testing.assert_close(parts[0], parts[1], rtol=0, atol=0)
            got = parts[0]
        torch.testing.assert_close(got, parameter.grad, atol=2e-5, rtol=1e-4)
    for (got, _), told in zip(results, traffic):
        torch.testing.assert_close(got, logits, atol=1e-5, rtol=1e-5)
        # Two branches a layer, forward and backward, each of the size of the stream.
        assert [(event.kind, event.n_bytes) for event in told] == [("all_reduce", 2 * 12 * 32 * 4)] * (2 * 2 * 2)


def test_processes_give_what_the_rehearsal_gives():
    torch.testing.assert_close(run_on_ranks(gradients, [("llama",)] * 2), rehearse(gradients, [("llama",)] * 2).results)


def feed_forward_gradients(x, gate, up, down, group):
    x, gate, up, down = (t.clone().requires_grad_() for t in (x, gate, up, down))
    y = parallel_feed_forward(x, gate, up, down, group)
    y.square().sum().backward()
    return y.detach(), x.grad, gate.grad, up.grad, down.grad


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_feed_forward_network_of_many_ranks_is_that_of_one(n):
    torch.manual_seed(1)
    network = SwiGLU(4, 6).double()
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    y = network(x)
    y.square().sum().backward()
    weights = [layer.weight for layer in (network.gate, network.up, network.down)]
    results, traffic = rehearse(feed_forward_gradients, [(x.detach(), *(w.detach() for w in weights))] * n)
    for got in results:
        torch.testing.assert_close(got[:2], (y.detach(), x.grad))
    for number, weight in enumerate(weights):
        torch.testing.assert_close(sum(got[2 + number] for got in results), weight.grad)
    assert all(len(told) == (2 if n > 1 else 0) for told in traffic)


def test_what_cannot_be_cut_is_told():
    with pytest.raises(RankFailed, match="n_heads is 4; the 3 ranks must divide it"):
        rehearse(gradients, [("llama",)] * 3)
    norms = ModelConfig(17, 32, 1, 2, 16, qk_norm=True, qk_norm_over="all")
    with pytest.raises(RankFailed, match="qk_norm_over is 'all'"):
        rehearse(lambda group: tensor_parallel(Transformer(norms), group), [()] * 2)
    with pytest.raises(RankFailed, match="F is 5; it must be a multiple of the number of ranks, 2"):
        rehearse(parallel_feed_forward, [(torch.zeros(1, 1, 2), *[torch.zeros(5, 2)] * 2, torch.zeros(2, 5))] * 2)
