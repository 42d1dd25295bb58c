from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from llmcourse.model import PRESETS, KVCache, ModelConfig, Transformer, attention
from llmcourse.model.accounting import (
    count_parameters,
    flops_per_token,
    kv_cache_bytes,
    latent_cache_bytes,
    windowed_cache_bytes,
)
from tests.model.test_model import VARIANTS


def build_empty(config):
    with torch.device("meta"):
        return Transformer(config)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("gpt2", 124_439_808),
        ("llama-2-7b", 6_738_415_616),
        ("llama-2-70b", 68_976_648_192),
        ("llama-3-8b", 8_030_261_248),
    ],
)
def test_presets_have_the_published_number_of_parameters(name, published):
    assert count_parameters(PRESETS[name]) == published
    assert sum(p.numel() for p in build_empty(PRESETS[name]).parameters()) == published


MORE = {
    "rmsnorm, bias": {"bias": True},
    "layernorm, no bias": {"norm": "layernorm"},
    "one norm over all heads": {"qk_norm": True, "qk_norm_over": "all", "n_kv_heads": 2},
    "everything": {
        "bias": True, "norm": "layernorm", "qk_norm": True, "n_kv_heads": 2, "d_head": 24, "positions": "learned",
        "tie_embeddings": False, "norm_position": "post", "d_ff": 56,
    },
}  # fmt: skip
CONFIGS = VARIANTS | {name: replace(VARIANTS["rope"], **change) for name, change in MORE.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_count_equals_that_of_the_model(name):
    assert count_parameters(CONFIGS[name]) == sum(p.numel() for p in build_empty(CONFIGS[name]).parameters())


@pytest.mark.parametrize("name", CONFIGS)
def test_flops_equal_those_that_torch_counts(name, monkeypatch):
    # The explicit version's products are ordinary ones, which the counter knows; it hides keys and computes them.
    monkeypatch.setattr(
        attention,
        "attend",
        lambda q, k, v, mask=None, scale=None, **_: attention.grouped_query_attention(q, k, v, mask, scale),
    )
    config = CONFIGS[name]
    with FlopCounterMode(display=False) as counter:
        Transformer(config)(torch.zeros(2, 16, dtype=torch.int64))
    assert counter.get_total_flops() == 2 * 16 * flops_per_token(config, seq_len=16)


def test_training_flops_are_about_six_a_parameter():
    config = PRESETS["llama-2-7b"]
    without_attention = flops_per_token(config, seq_len=1)
    assert 3 * without_attention / (6 * count_parameters(config)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("name", ["rope", "gqa, qk-norm", "untied, wide heads"])
def test_cache_bytes_equal_those_of_the_tensors(name):
    config = VARIANTS[name]
    cache = KVCache(config, batch_size=3, max_len=20, dtype=torch.bfloat16)
    assert kv_cache_bytes(config, 20, batch_size=3) == cache.keys_LBKSC.nbytes + cache.values_LBKSC.nbytes
    cache = KVCache(config, batch_size=1, max_len=7)
    assert kv_cache_bytes(config, 7, bytes_per_value=4) == cache.keys_LBKSC.nbytes + cache.values_LBKSC.nbytes


def test_grouped_heads_and_latents_shrink_the_cache():
    assert kv_cache_bytes(PRESETS["llama-2-7b"], 4096) == 2 * 2**30
    assert kv_cache_bytes(PRESETS["llama-2-70b"], 1) == 320 * 1024
    assert kv_cache_bytes(PRESETS["llama-3-8b"], 1) == 128 * 1024
    all_heads = ModelConfig(vocab_size=8, d_model=7168, n_layers=61, n_heads=128, d_head=128, max_seq_len=8)
    assert kv_cache_bytes(all_heads, 1) / latent_cache_bytes(61, 512, 64, 1) == pytest.approx(2 * 128 * 128 / 576)


def test_a_window_bounds_what_a_layer_keeps():
    config = PRESETS["llama-3-8b"]
    assert windowed_cache_bytes(config, 131_072, 131_072, n_global=0) == kv_cache_bytes(config, 131_072)
    assert windowed_cache_bytes(config, 131_072, 1024, config.n_layers) == kv_cache_bytes(config, 131_072)
    assert windowed_cache_bytes(config, 131_072, 1024, 0) == windowed_cache_bytes(config, 1024, 4096, 0)
    one_of_each = windowed_cache_bytes(replace(config, n_layers=2), 100, 10, n_global=1, batch_size=3)
    assert one_of_each == 3 * (kv_cache_bytes(replace(config, n_layers=1), 110))


@pytest.mark.parametrize(
    ("window", "n_global", "message"), [(0, 1, "window is 0"), (8, 33, "n_global is 33"), (8, -1, "-1")]
)
def test_a_window_of_nothing_and_layers_that_are_not_there_are_refused(window, n_global, message):
    with pytest.raises(ValueError, match=message):
        windowed_cache_bytes(PRESETS["llama-3-8b"], 100, window, n_global)
