import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from llmcourse.model.attention import (
    Attention,
    LayerCache,
    attend,
    cached_attention,
    causal_mask,
    grouped_query_attention,
)

SHAPES = [(4, 4), (4, 2), (4, 1), (6, 3), (1, 1)]


def draw(n_heads, n_kv_heads, n_queries=5, n_keys=7, d_head=8, dtype=torch.float64):
    q = torch.randn(2, n_heads, n_queries, d_head, dtype=dtype)
    k, v = torch.randn(2, 2, n_kv_heads, n_keys, d_head, dtype=dtype)
    return q, k, v


def by_loops(q, k, v, scale):
    """Attention of the last queries under the causal mask, one number at a time."""
    out = torch.zeros_like(q)
    group = q.shape[1] // k.shape[1]
    offset = k.shape[2] - q.shape[2]
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            for t in range(q.shape[2]):
                scores = [scale * float(q[b, h, t] @ k[b, h // group, s]) for s in range(offset + t + 1)]
                total = sum(map(math.exp, scores))
                for s, score in enumerate(scores):
                    out[b, h, t] += math.exp(score) / total * v[b, h // group, s]
    return out


@pytest.mark.parametrize(("n_heads", "n_kv_heads"), SHAPES)
def test_explicit_attention_equals_loops(n_heads, n_kv_heads):
    q, k, v = draw(n_heads, n_kv_heads)
    assert_close(grouped_query_attention(q, k, v, causal_mask(5, 7)), by_loops(q, k, v, 8**-0.5))
    assert_close(grouped_query_attention(q, k, v, causal_mask(5, 7), scale=0.3), by_loops(q, k, v, 0.3))


@pytest.mark.parametrize(("n_heads", "n_kv_heads"), SHAPES)
@pytest.mark.parametrize("kind", ["none", "boolean", "bias"])
def test_explicit_attention_equals_the_fused_kernel_with_gradients(n_heads, n_kv_heads, kind):
    q, k, v = (x.requires_grad_() for x in draw(n_heads, n_kv_heads))
    mask = {"none": None, "boolean": causal_mask(5, 7), "bias": torch.randn(n_heads, 5, 7, dtype=torch.float64)}[kind]
    explicit, fused = grouped_query_attention(q, k, v, mask), attend(q, k, v, mask)
    assert_close(explicit, fused)
    weight = torch.randn_like(explicit)
    gradients = [torch.autograd.grad((out * weight).sum(), [q, k, v]) for out in (explicit, fused)]
    assert_close(gradients[0], gradients[1])


def test_groups_are_neighbours_as_in_torch():
    q, k, v = draw(6, 2)
    assert_close(grouped_query_attention(q, k, v), F.scaled_dot_product_attention(q, k, v, enable_gqa=True))


@pytest.mark.parametrize("chunks", [[9], [1] * 9, [4, 5], [3, 1, 5], [8, 1]])
def test_cached_attention_in_chunks_equals_attention_at_once(chunks):
    q, k, v = draw(4, 2, n_queries=9, n_keys=9)
    want = grouped_query_attention(q, k, v, causal_mask(9, 9))
    # Beyond what is filled, the cache holds numbers that would show.
    keys, values = (torch.full((2, 2, 12, 8), 1e3, dtype=torch.float64) for _ in range(2))
    got, start = [], 0
    for size in chunks:
        new = (x[:, :, start : start + size] for x in (q, k, v))
        got.append(cached_attention(*new, LayerCache(keys, values, start)))
        start += size
    assert_close(torch.cat(got, dim=2), want)
    assert_close(keys[:, :, :9], k)
    assert (values[:, :, 9:] == 1e3).all()


def test_cached_attention_adds_the_bias():
    q, k, v = draw(4, 4, n_queries=3, n_keys=5)
    bias = torch.randn(4, 3, 5, dtype=torch.float64)
    keys, values = torch.zeros_like(k), torch.zeros_like(v)
    keys[:, :, :2], values[:, :, :2] = k[:, :, :2], v[:, :, :2]
    got = cached_attention(q, k[:, :, 2:], v[:, :, 2:], LayerCache(keys, values, 2), bias)
    assert_close(got, grouped_query_attention(q, k, v, bias.masked_fill(~causal_mask(3, 5), -math.inf)))


def test_cached_attention_past_the_end_names_both_numbers():
    q, k, v = draw(2, 2, n_queries=3, n_keys=3)
    with pytest.raises(ValueError, match="room for 4 positions; it must have room for 5"):
        cached_attention(q, k, v, LayerCache(torch.zeros(2, 2, 4, 8), torch.zeros(2, 2, 4, 8), 2))


@pytest.mark.parametrize("n_kv_heads", [4, 2, 1])
def test_module_is_causal_and_equals_the_explicit_version(n_kv_heads):
    attention = Attention(32, n_heads=4, n_kv_heads=n_kv_heads, qk_norm="rmsnorm").double()
    x = torch.randn(2, 6, 32, dtype=torch.float64)
    q, k, v = attention.project(x)
    want = attention.out(grouped_query_attention(q, k, v, causal_mask(6, 6)).transpose(1, 2).flatten(2))
    assert_close(attention(x), want)
    assert_close(attention(x, mask=causal_mask(6, 6)), want)


@pytest.mark.parametrize("bias", [False, True])
def test_training_and_evaluation_compute_the_same(bias):
    attention = Attention(32, n_heads=4, n_kv_heads=2, bias=bias).double()
    x = torch.randn(2, 6, 32, dtype=torch.float64)
    assert_close(attention.train()(x), attention.eval()(x))


def test_hooks_and_replaced_projections_act_in_training_too():
    class Doubled(torch.nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    x = torch.randn(2, 6, 32)
    for name in ("query", "key", "value"):
        attention = Attention(32, n_heads=4)
        plain, layer = attention.train()(x), getattr(attention, name)
        handle = layer.register_forward_hook(lambda module, inputs, out: 2 * out)
        hooked = attention(x)
        assert not torch.allclose(hooked, plain, atol=1e-4)
        assert_close(hooked, attention.eval()(x))
        handle.remove()
        doubled = Doubled(32, 32, bias=False)
        doubled.weight = layer.weight
        setattr(attention, name, doubled)
        assert_close(attention.train()(x), hooked)


def test_qk_norm_bounds_the_scores():
    attention = Attention(32, n_heads=4, qk_norm="rmsnorm")
    q, k, _ = attention.project(1e4 * torch.randn(2, 6, 32))
    assert (q @ k.transpose(-2, -1) / math.sqrt(8)).abs().max() <= math.sqrt(8) + 1e-4


def test_one_norm_over_all_heads_keeps_how_their_lengths_compare():
    attention = Attention(32, n_heads=4, n_kv_heads=2, qk_norm="rmsnorm", qk_norm_over="all")
    assert (attention.query_norm.weight.shape, attention.key_norm.weight.shape) == ((32,), (16,))
    x = torch.randn(2, 6, 32)
    q, k, _ = attention.project(x)
    for got, layer in ((q, attention.query), (k, attention.key)):
        rows = layer(x)
        assert_close(got.transpose(1, 2).flatten(2), rows / rows.square().mean(-1, keepdim=True).add(1e-5).sqrt())


def test_dropout_acts_in_training_only():
    attention = Attention(32, n_heads=4, dropout=0.5)
    x = torch.randn(2, 6, 32)
    assert not torch.equal(attention(x), attention(x))
    attention.eval()
    assert torch.equal(attention(x), attention(x))


def test_heads_that_do_not_divide_are_named():
    with pytest.raises(ValueError, match="n_heads is 5; it must divide d_model, 32"):
        Attention(32, n_heads=5)
    with pytest.raises(ValueError, match="n_kv_heads is 3; it must divide n_heads, 4"):
        Attention(32, n_heads=4, n_kv_heads=3)
    with pytest.raises(ValueError, match="n_kv_heads is 3; it must divide n_heads, 4"):
        grouped_query_attention(*draw(4, 3))
    assert Attention(32, n_heads=5, d_head=8)(torch.randn(1, 2, 32)).shape == (1, 2, 32)
