"""Mixtures of other people give here what they give there, from every way to store them, and ours give there the same.

Small random models; nothing is fetched.
"""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from llmcourse.model import ModelConfig, Transformer, huggingface
from llmcourse.model.generation import generate
from llmcourse.moe.balance import pooled_balancing_loss
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.huggingface import (
    config_from_huggingface,
    config_to_huggingface,
    from_huggingface,
    load_pretrained,
    save_pretrained,
    to_huggingface,
)

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 128, "num_experts_per_tok": 3,
    "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32, "rope_theta": 500000.0,
}  # fmt: skip
QWEN = {"num_experts": 12, "moe_intermediate_size": 20, "head_dim": 12}
MODELS = {
    "mixtral": ("Mixtral", {"num_local_experts": 6}),
    "mixtral, tied, wide heads": (
        "Mixtral",
        {"num_local_experts": 6, "head_dim": 16, "tie_word_embeddings": True, "rope_parameters": LLAMA3},
    ),
    "qwen, normalised": ("Qwen3Moe", QWEN | {"norm_topk_prob": True}),
    "qwen, not normalised, biases": ("Qwen3Moe", QWEN | {"norm_topk_prob": False, "attention_bias": True}),
    "olmoe": ("Olmoe", {"num_experts": 6, "norm_topk_prob": False}),
    "olmoe, normalised, one key head": (
        "Olmoe",
        {"num_experts": 6, "norm_topk_prob": True, "num_key_value_heads": 1},
    ),
}
IDS = torch.randint(96, (2, 60), generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def theirs(name):
    torch.manual_seed(1)
    kind, more = MODELS[name]
    config = getattr(transformers, f"{kind}Config")(**SIZES | more)
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    # Fresh norms are ones, biases zeros and routers may be zeros, which would hide a mix-up.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.ndim == 1), std=0.15)
    return model.eval()


def logits_of(model, ids=IDS):
    with torch.no_grad():
        return model(ids) if isinstance(model, Transformer) else model(ids).logits


@pytest.mark.parametrize("name", MODELS)
def test_their_weights_give_their_logits_routing_and_balancing_loss(name):
    model = theirs(name)
    ours = from_huggingface(model.config.to_dict(), model.state_dict())
    with torch.no_grad():
        want = model(IDS, output_router_logits=True)
    assert_close(logits_of(ours), want.logits, atol=5e-5, rtol=0)
    layers = [block.feed_forward.last for block in ours.blocks]
    for got, router_logits in zip(layers, want.router_logits, strict=True):
        assert_close(got.logits_SE, router_logits, atol=5e-5, rtol=0)
    pooled = pooled_balancing_loss([layer.logits_SE for layer in layers], top_k=3)
    assert_close(pooled, want.aux_loss, atol=1e-5, rtol=0)
    assert not torch.allclose(pooled, torch.tensor(3.0), atol=1e-2)  # the even load would hide much


@pytest.mark.parametrize("name", MODELS)
def test_greedy_text_is_theirs(name):
    model = theirs(name)
    ours = from_huggingface(model.config.to_dict(), model.state_dict())
    prompts = IDS[:, :5]
    want = model.generate(prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=30, do_sample=False)
    assert want.shape == (2, 35)
    assert torch.equal(generate(ours, prompts, 30, temperature=0), want)


@pytest.mark.parametrize("size", ["5GB", "20KB"], ids=["one file", "many files"])
@pytest.mark.parametrize("original", [True, False], ids=["experts one by one", "experts together"])
@pytest.mark.parametrize("name", MODELS)
def test_their_folders_load_however_they_are_written(name, original, size, tmp_path):
    model = theirs(name)
    model.save_pretrained(tmp_path, save_original_format=original, max_shard_size=size)
    assert (tmp_path / "model.safetensors.index.json").exists() == (size == "20KB")
    names = " ".join(key for file in tmp_path.glob("*.safetensors") for key in load_file(file))
    assert ("experts.5." in names) == original
    assert_close(logits_of(load_pretrained(tmp_path)), logits_of(model), atol=5e-5, rtol=0)


@pytest.mark.parametrize("name", MODELS)
def test_there_and_back_changes_nothing(name):
    model = theirs(name)
    config = model.config.to_dict()
    ours = from_huggingface(config, model.state_dict())
    again, weights = to_huggingface(ours)
    assert_close(weights, dict(model.state_dict()), rtol=0, atol=0)
    assert config_from_huggingface(again) == config_from_huggingface(config) == ours.config
    assert json.loads(json.dumps(again)) == again


OURS = ModelConfig(
    vocab_size=96, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, max_seq_len=64, init_std=0.2,
    feed_forward=ExpertsConfig(24, n_experts=5, top_k=2),
)  # fmt: skip
NOT_NORMALISED = ExpertsConfig(24, n_experts=5, top_k=2, normalise=False)
EXPORTS = {
    "mixtral": ({}, "MixtralForCausalLM"),
    "mixtral, untied": ({"tie_embeddings": False}, "MixtralForCausalLM"),
    "qwen": ({"qk_norm": True, "bias": True, "d_head": 12}, "Qwen3MoeForCausalLM"),
    "qwen, not normalised": ({"qk_norm": True, "feed_forward": NOT_NORMALISED}, "Qwen3MoeForCausalLM"),
    "olmoe": ({"qk_norm": True, "qk_norm_over": "all", "feed_forward": NOT_NORMALISED}, "OlmoeForCausalLM"),
}


def ours(**change):
    torch.manual_seed(2)
    fields = {**vars(OURS), "d_ff": None, "d_head": None, **change}
    return Transformer(ModelConfig(**fields)).eval()


@pytest.mark.parametrize("name", EXPORTS)
def test_our_mixture_runs_there_and_ends_no_text_by_itself(name, tmp_path):
    change, library = EXPORTS[name]
    model = ours(**change)
    save_pretrained(tmp_path, model)
    their_model, told = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert type(their_model).__name__ == library
    assert not any(told.values()), told
    assert_close(logits_of(their_model), logits_of(model), atol=5e-5, rtol=0)
    prompts = torch.arange(96)[:, None]
    got = their_model.generate(prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=10, do_sample=False)
    assert torch.equal(got, generate(model, prompts, 10, temperature=0))
    their_model.save_pretrained(tmp_path / "again")
    assert_close(load_pretrained(tmp_path / "again").state_dict(), model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_state_dict_fits_into_their_model(name):
    change, library = EXPORTS[name]
    model = ours(**change)
    config, weights = to_huggingface(model)
    their_class = getattr(transformers, library)
    options = {key: value for key, value in config.items() if key not in ("model_type", "architectures")}
    their_model = their_class(their_class.config_class(**options)).eval()
    their_model.load_state_dict(weights)
    assert_close(logits_of(their_model), logits_of(model), atol=5e-5, rtol=0)


def test_bfloat16_stays_bfloat16(tmp_path):
    save_pretrained(tmp_path, ours().to(torch.bfloat16))
    assert {parameter.dtype for parameter in load_pretrained(tmp_path).parameters()} == {torch.bfloat16}


def test_other_models_come_in_and_go_out_by_the_same_door(tmp_path):
    dense = ours(feed_forward=None)
    save_pretrained(tmp_path, dense)
    assert_close(load_pretrained(tmp_path).state_dict(), dense.state_dict(), rtol=0, atol=0)
    assert config_to_huggingface(dense.config)["model_type"] == "llama"
    with pytest.raises(ValueError, match="model_type is 'mamba'; .*'gpt2' or 'mixtral' or 'qwen3_moe' or 'olmoe'"):
        from_huggingface({"model_type": "mamba"}, {})
    assert load_pretrained is huggingface.load_pretrained and save_pretrained is huggingface.save_pretrained


# The keys of files that transformers 4 wrote, as published.
OLD = {
    "mixtral": {
        "model_type": "mixtral", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "num_local_experts": 8,
        "num_experts_per_tok": 2, "max_position_embeddings": 32768, "rope_theta": 1e6, "rms_norm_eps": 1e-5,
        "sliding_window": None, "tie_word_embeddings": False, "hidden_act": "silu",
    },
    "qwen3_moe": {
        "model_type": "qwen3_moe", "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 6144,
        "moe_intermediate_size": 768, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
        "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": True,
        "max_position_embeddings": 40960, "rope_theta": 1e6, "rope_scaling": None, "rms_norm_eps": 1e-6,
        "decoder_sparse_step": 1, "mlp_only_layers": [], "sliding_window": 4096, "use_sliding_window": False,
        "tie_word_embeddings": False, "attention_bias": False, "hidden_act": "silu",
    },
    "olmoe": {
        "model_type": "olmoe", "vocab_size": 50304, "hidden_size": 2048, "intermediate_size": 1024,
        "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 16, "num_experts": 64,
        "num_experts_per_tok": 8, "norm_topk_prob": False, "max_position_embeddings": 4096, "rope_theta": 10000.0,
        "rope_scaling": None, "rms_norm_eps": 1e-5, "clip_qkv": None, "tie_word_embeddings": False,
        "attention_bias": False, "hidden_act": "silu",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", OLD)
def test_configurations_of_both_generations_are_read_alike(kind):
    old = OLD[kind]
    new = {key: value for key, value in old.items() if key not in ("rope_theta", "rope_scaling")}
    new |= {"rope_parameters": {"rope_type": "default", "rope_theta": old["rope_theta"]}}
    n_experts = old.get("num_experts", old.get("num_local_experts"))
    for spelling in ("num_experts", "num_local_experts"):
        one = {key: value for key, value in new.items() if key not in ("num_experts", "num_local_experts")}
        assert config_from_huggingface(one | {spelling: n_experts}) == config_from_huggingface(old)
    assert config_from_huggingface(new | {"num_experts": n_experts, "num_local_experts": n_experts})


@pytest.mark.parametrize(
    ("kind", "published"),
    [("mixtral", 46_702_792_704), ("qwen3_moe", 30_532_122_624), ("olmoe", 6_919_161_856)],
)
def test_published_configurations_have_the_parameters_of_the_published_files(kind, published):
    with torch.device("meta"):
        model = Transformer(config_from_huggingface(OLD[kind]))
        their_model = transformers.AutoModelForCausalLM.from_config(
            transformers.AutoConfig.for_model(**OLD[kind]), dtype=torch.float32
        )
    assert sum(parameter.numel() for parameter in model.parameters()) == published
    assert sum(parameter.numel() for parameter in their_model.parameters()) == published


REQUIRED = {
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "rope_theta",
    "num_key_value_heads", "num_experts_per_tok", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings",
}  # fmt: skip
OWN = {
    "mixtral": {"num_local_experts"},
    "qwen3_moe": {"num_experts", "moe_intermediate_size", "norm_topk_prob"},
    "olmoe": {"num_experts", "norm_topk_prob"},
}


@pytest.mark.parametrize("kind", OLD)
def test_no_size_is_left_to_a_default(kind):
    for key in REQUIRED | OWN[kind]:
        with pytest.raises(ValueError, match=f"{key}.* is missing"):
            config_from_huggingface({name: value for name, value in OLD[kind].items() if name != key})


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("mixtral", {"num_experts": 6}, "num_experts is 6 and num_local_experts is 8; they must be the same"),
        ("qwen3_moe", {"num_local_experts": 6}, "num_experts is 128 and num_local_experts is 6"),
        ("olmoe", {"rope_parameters": {"rope_theta": 5e5}}, "rope_theta is 10000.0 beside 500000.0 in rope_parameters"),
        (
            "qwen3_moe",
            {"rope_scaling": {"type": "linear", "factor": 2.0}, "rope_parameters": {"rope_theta": 1e6}},
            "rope_scaling is .*; they must be the same",
        ),
        ("mixtral", {"sliding_window": 4096}, "sliding_window is 4096; it must be one of None"),
        ("mixtral", {"router_jitter_noise": 0.1}, "router_jitter_noise is 0.1"),
        ("qwen3_moe", {"use_sliding_window": True}, "use_sliding_window is True"),
        ("qwen3_moe", {"mlp_only_layers": [0]}, r"mlp_only_layers is \[0\]; it must be \[\], as all layers"),
        ("qwen3_moe", {"decoder_sparse_step": 2}, "decoder_sparse_step is 2"),
        ("qwen3_moe", {"norm_topk_prob": None}, "normalise is None; it must be True or False"),
        ("olmoe", {"clip_qkv": 8.0}, "clip_qkv is 8.0"),
        ("olmoe", {"head_dim": 64}, "head_dim is 64"),
        ("olmoe", {"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ("olmoe", {"num_experts_per_tok": 65}, "top_k is 65; it must be at most n_experts, 64"),
        ("mixtral", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e6}}, "rope_type is 'dynamic'"),
    ],
)
def test_what_our_model_lacks_or_what_contradicts_itself_is_named(kind, change, says):
    with pytest.raises(ValueError, match=says):
        config_from_huggingface(OLD[kind] | change)


def test_weights_that_do_not_fit_are_named(tmp_path):
    model = theirs("mixtral")
    config, fused = model.config.to_dict(), dict(model.state_dict())
    _, single = to_huggingface(from_huggingface(config, fused), fused=False)
    stem = "model.layers.1.block_sparse_moe.experts"

    def refused(weights, says, **change):
        with pytest.raises(ValueError, match=says):
            from_huggingface(config | change, weights)

    refused(fused, "num_experts is 5; it must be 6, as many as the weights of 'layers.0' have", num_local_experts=5)
    refused(single, "num_experts is 8; it must be 6, as many as the weights of 'layers.0' have", num_local_experts=8)
    refused({k: v for k, v in single.items() if k != f"{stem}.2.w3.weight"}, "lacks expert 2 of 'layers.1.*up")
    refused({k: v for k, v in fused.items() if "layers.1.mlp.gate" not in k}, "lacks 'layers.1.mlp.gate.weight'")
    refused(fused | single, "twice, by two names")
    refused(single | {f"{stem}.0.gate_proj.weight": single[f"{stem}.0.w1.weight"]}, "twice, by two names")
    refused(single | {f"{stem}.0.w4.weight": torch.zeros(1)}, "'layers.1.mlp.experts.0.w4.weight', for which")
    refused(single | {"model.layers.1.mlp.gate.bias": torch.zeros(6)}, "for which the model has no place")
    refused(fused, "experts.gate_EFD has shape", intermediate_size=40)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"feed_forward": NOT_NORMALISED}, "normalise is False; it must be True for this export"),
        ({"bias": True}, "bias is True; it must be False"),
        ({"qk_norm": True, "qk_norm_over": "all", "d_head": 12}, "d_head is 12; it must be 8"),
        ({"norm": "layernorm"}, "norm is 'layernorm'"),
        *(
            ({"feed_forward": ExpertsConfig(24, n_experts=5, top_k=2, **option)}, next(iter(option)))
            for option in (
                {"n_shared": 1}, {"scores": "sigmoid"}, {"scale": 2.0}, {"capacity_factor": 1.5}, {"bias_rate": 0.1},
            )
        ),
    ],
)  # fmt: skip
def test_a_mixture_that_they_cannot_run_is_not_exported(change, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        save_pretrained(tmp_path / "new", ours(**change))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_not_whole_is_named(tmp_path):
    with pytest.raises(ValueError, match="config.json is missing"):
        load_pretrained(tmp_path)
    theirs("mixtral").save_pretrained(tmp_path, max_shard_size="20KB")
    index = tmp_path / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    first, last = min(content["weight_map"].values()), max(content["weight_map"].values())
    moved = next(name for name, place in content["weight_map"].items() if place == last)
    index.write_text(json.dumps({"weight_map": content["weight_map"] | {moved: first}}))
    with pytest.raises(ValueError, match=f"{first} lacks '{moved}'; the index says that it is there"):
        load_pretrained(tmp_path)
    index.write_text(json.dumps({"weight_map": content["weight_map"] | {moved: "../x.safetensors"}}))
    with pytest.raises(ValueError, match=r"names the file '\.\./x.safetensors'"):
        load_pretrained(tmp_path)
    index.write_text(json.dumps(content))
    (tmp_path / last).write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=f"{last} cannot be read"):
        load_pretrained(tmp_path)
    (tmp_path / last).unlink()
    with pytest.raises(ValueError, match=f"{last} is missing; the index names it"):
        load_pretrained(tmp_path)
    index.unlink()
    with pytest.raises(ValueError, match="has no weights; it must have model.safetensors, or"):
        load_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json is no JSON"):
        load_pretrained(tmp_path)


def test_a_single_file_counts_before_an_index(tmp_path):
    model = ours()
    save_pretrained(tmp_path, model)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"stale": "old.safetensors"}}))
    save_file({"stale": torch.zeros(1)}, tmp_path / "old.safetensors")
    assert_close(load_pretrained(tmp_path).state_dict(), model.state_dict(), rtol=0, atol=0)
    assert_close(logits_of(transformers.AutoModelForCausalLM.from_pretrained(tmp_path)), logits_of(model))
