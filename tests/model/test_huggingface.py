import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.generation import generate
from llmcourse.model.huggingface import (
    config_from_huggingface,
    config_to_huggingface,
    from_huggingface,
    save_pretrained,
    to_huggingface,
)
from llmcourse.positional import RopeScaling
from llmcourse.tokenization import GPT4_PATTERN, BPETokenizer

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 96, "hidden_size": 64, "intermediate_size": 112, "num_hidden_layers": 3, "num_attention_heads": 4,
    "max_position_embeddings": 256, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
LLAMA3_SCALING = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64, "rope_theta": 500000.0,
}  # fmt: skip
LLAMAS = {
    "multi-head": {},
    "grouped, tied": {"num_key_value_heads": 2, "tie_word_embeddings": True, "rms_norm_eps": 1e-5},
    "one key head, wide heads": {"num_key_value_heads": 1, "head_dim": 32},
    "biases": {"attention_bias": True, "mlp_bias": True},
    "linear scaling": {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}},
    "llama 3 scaling": {"num_key_value_heads": 2, "rope_parameters": LLAMA3_SCALING},
}
GPT2S = {"plain": {}, "untied, narrow": {"tie_word_embeddings": False, "n_inner": 96, "activation_function": "gelu"}}
CASES = [("llama", name) for name in LLAMAS] + [("gpt2", name) for name in GPT2S]


LIKE_GPT2 = {"positions": "learned", "norm": "layernorm", "bias": True, "activation": "gelu"}


class Elsewhere:
    """A feed-forward network that is in no file of theirs."""


def theirs(kind, name):
    torch.manual_seed(1)
    if kind == "llama":
        config = transformers.LlamaConfig(**SIZES, **LLAMAS[name])
        model = transformers.LlamaForCausalLM(config)
    else:
        config = transformers.GPT2Config(
            vocab_size=96,
            n_embd=64,
            n_layer=3,
            n_head=4,
            n_positions=256,
            bos_token_id=1,
            eos_token_id=2,
            **GPT2S[name],
        )
        model = transformers.GPT2LMHeadModel(config)
    # Fresh norms are ones and biases zeros, which would hide a mix-up.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.ndim == 1), std=0.1)
    return model.eval()


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_their_weights_give_their_logits(kind, name):
    model = theirs(kind, name)
    ours = from_huggingface(model.config.to_dict(), model.state_dict())
    ids = torch.randint(96, (2, 200))
    with torch.no_grad():
        assert_close(ours(ids), model(ids).logits, atol=5e-5, rtol=1e-4)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_there_and_back_changes_nothing(kind, name):
    model = theirs(kind, name)
    config, weights = to_huggingface(from_huggingface(model.config.to_dict(), model.state_dict()))
    assert_close(weights, dict(model.state_dict()), rtol=0, atol=0)
    assert config_from_huggingface(config) == config_from_huggingface(model.config.to_dict())


@pytest.mark.parametrize(("kind", "change"), [("llama", {}), ("gpt2", {"positions": "learned"})])
def test_our_model_runs_there(kind, change):
    if kind == "gpt2":
        change |= {"norm": "layernorm", "bias": True, "activation": "gelu"}
    ours = Transformer(ModelConfig(vocab_size=50, d_model=32, n_layers=2, n_heads=4, max_seq_len=64, **change)).eval()
    config, weights = to_huggingface(ours)
    library = {"llama": "LlamaForCausalLM", "gpt2": "GPT2LMHeadModel"}[config["model_type"]]
    assert config["architectures"] == [library]
    their_class = getattr(transformers, library)
    options = {name: value for name, value in config.items() if name != "model_type"}
    model = their_class(their_class.config_class(**options)).eval()
    model.load_state_dict(weights)
    ids = torch.randint(50, (2, 64))
    with torch.no_grad():
        assert_close(ours(ids), model(ids).logits, atol=5e-5, rtol=1e-4)


def test_names_without_prefix_and_buffers_load():
    model = theirs("gpt2", "plain")
    bare = {name.removeprefix("transformer."): weight for name, weight in model.state_dict().items()}
    del bare["lm_head.weight"]
    bare["h.0.attn.bias"] = torch.ones(1, 1, 256, 256)
    ours = from_huggingface(model.config.to_dict(), bare)
    assert_close(ours.lm_head.weight, model.lm_head.weight)


def test_older_configurations_of_llama_load():
    old = {"model_type": "llama", **SIZES, "rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2.0}}
    config = config_from_huggingface(old)
    assert (config.rope_theta, config.rope_scaling.factor, config.n_kv_heads, config.norm_eps) == (5e5, 2.0, 4, 1e-6)


def test_what_does_not_fit_is_named():
    model = theirs("llama", "multi-head")
    config, weights = model.config.to_dict(), dict(model.state_dict())
    with pytest.raises(ValueError, match="has 'layers.0.self_attn.q_proj.bias', for which the model has no place"):
        from_huggingface(config, weights | {"model.layers.0.self_attn.q_proj.bias": torch.zeros(64)})
    with pytest.raises(ValueError, match="'lm_head.weight' as its own tensor|lacks 'norm.weight'"):
        from_huggingface(config, {name: weight for name, weight in weights.items() if name != "model.norm.weight"})
    with pytest.raises(ValueError, match=r"norm.weight has shape \(65,\); it must have shape \(64,\)"):
        from_huggingface(config, weights | {"model.norm.weight": torch.zeros(65)})
    with pytest.raises(ValueError, match="model_type is 'mamba'; .* 'llama' or 'gpt2'"):
        config_from_huggingface({"model_type": "mamba"})
    with pytest.raises(ValueError, match="hidden_act is 'gelu'; it must be one of 'silu'"):
        config_from_huggingface(config | {"hidden_act": "gelu"})
    with pytest.raises(ValueError, match="rope_type is 'dynamic'"):
        config_from_huggingface(config | {"rope_parameters": {"rope_type": "dynamic"}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"qk_norm": True}, "qk_norm is True; it must be False"),
        ({"positions": "alibi"}, "positions is 'alibi'; it must be 'rope'"),
        ({"positions": "learned"}, "norm is 'rmsnorm'; it must be 'layernorm'"),
        ({"rope_layout": "interleaved"}, "rope_layout is 'interleaved'; it must be 'half'"),
    ],
)
def test_a_model_that_they_cannot_run_is_not_exported(change, message):
    config = ModelConfig(vocab_size=50, d_model=32, n_layers=2, n_heads=4, max_seq_len=64, **change)
    with pytest.raises(ValueError, match=message):
        config_to_huggingface(config)


def test_biases_in_attention_alone_are_refused_also_where_mlp_bias_is_not_named():
    config = {**SIZES, "model_type": "llama", "attention_bias": True}
    with pytest.raises(ValueError, match="mlp_bias is False and attention_bias is True"):
        config_from_huggingface(config)


def test_an_attention_factor_that_they_do_not_apply_is_not_exported():
    scaling = RopeScaling("linear", factor=2, attention_factor=1.5)
    config = ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=8, rope_scaling=scaling)
    with pytest.raises(ValueError, match="attention_factor is 1.5"):
        config_to_huggingface(config)


OURS = ModelConfig(vocab_size=50, d_model=32, n_layers=2, n_heads=4, max_seq_len=64, init_std=0.3)
EXPORTS = {"tied llama": {}, "untied llama": {"tie_embeddings": False}, "gpt2": LIKE_GPT2}


def ours(change, **more):
    torch.manual_seed(2)
    return Transformer(
        ModelConfig(**{**vars(OURS), "d_ff": None, "d_head": None, "n_kv_heads": None, **change, **more})
    )


@pytest.mark.parametrize("change", EXPORTS.values(), ids=EXPORTS)
def test_safetensors_keeps_what_is_exported(change, tmp_path):
    model = ours(change).eval()
    config, weights = to_huggingface(model)
    save_file(weights, tmp_path / "model.safetensors")
    again = from_huggingface(json.loads(json.dumps(config)), load_file(tmp_path / "model.safetensors"))
    assert_close(again.state_dict(), model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("pattern", [GPT4_PATTERN, r"\S+|\s+"])
@pytest.mark.parametrize("change", EXPORTS.values(), ids=EXPORTS)
def test_a_saved_folder_gives_the_same_model_and_ids_in_transformers(change, pattern, tmp_path):
    tokenizer = BPETokenizer.train(["low lower lowest 1234 the end of it"], 270, pattern, special_tokens=["<|end|>"])
    model = ours(change, vocab_size=280, norm_eps=np.float32(1)).eval()
    save_pretrained(tmp_path, model, tokenizer, end_of_text="<|end|>")
    their_model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    their_tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "the lowest  12345 é?<|end|>of"
    assert their_tokenizer(text).input_ids == tokenizer.encode(text, "all")
    assert their_tokenizer.decode(tokenizer.encode(text, "all")) == text
    ids = torch.randint(280, (2, 50))
    with torch.no_grad():
        assert_close(their_model(ids).logits, model(ids), atol=5e-5, rtol=1e-4)
    mark = tokenizer.special_tokens["<|end|>"]
    assert their_model.config.eos_token_id == their_model.generation_config.eos_token_id == mark
    assert their_tokenizer.eos_token_id == their_tokenizer.bos_token_id == their_model.config.bos_token_id == mark
    # And what they write of it comes back.
    their_model.save_pretrained(tmp_path / "again")
    their_tokenizer.save_pretrained(tmp_path / "again")
    config = json.loads((tmp_path / "again" / "config.json").read_text())
    assert_close(from_huggingface(config, load_file(tmp_path / "again" / "model.safetensors"))(ids), model(ids))
    assert BPETokenizer.load(tmp_path / "again" / "tokenizer.json") == tokenizer


@pytest.mark.parametrize("change", EXPORTS.values(), ids=EXPORTS)
def test_without_a_mark_no_text_ends_early_in_transformers(change, tmp_path):
    model = ours(change).eval()
    save_pretrained(tmp_path, model)
    their_model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    prompts = torch.arange(50)[:, None]
    got = their_model.generate(prompts, max_new_tokens=20, do_sample=False)
    assert torch.equal(got, generate(model, prompts, 20, temperature=0))


def test_a_compiled_model_is_exported_as_the_plain_one():
    model = ours({}).eval()
    compiled = torch.compile(model, backend="eager")
    (config, weights), (want_config, want) = to_huggingface(compiled), to_huggingface(model)
    assert config == want_config
    assert_close(weights, want, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"end_of_text": "<|stop|>"}, "end_of_text is '<|stop|>'"),
        ({"end_of_text": 3}, "end_of_text is 3"),
        ({"end_of_text": 1.5}, "end_of_text is 1.5"),
        ({"tokenizer": None, "end_of_text": 280}, "end_of_text is 280"),
        ({"model": ours({"vocab_size": 260})}, "the tokenizer has 270 tokens"),
        ({"model": ours({"vocab_size": 280, "qk_norm": True})}, "qk_norm"),
    ],
)
def test_what_cannot_be_saved_is_named_before_anything_is_written(settings, says, tmp_path):
    tokenizer = BPETokenizer.train(["low lower lowest 1234 the end of it"], 270, special_tokens=["<|end|>"])
    with pytest.raises(ValueError, match=says.replace("|", r"\|")):
        save_pretrained(tmp_path / "new", **{"model": ours({"vocab_size": 280}), "tokenizer": tokenizer, **settings})
    assert not (tmp_path / "new").exists()


def test_an_output_layer_of_its_own_is_not_dropped_where_the_configuration_ties_it():
    model = theirs("llama", "multi-head")
    config, weights = model.config.to_dict(), dict(model.state_dict())
    with pytest.raises(ValueError, match="tie_word_embeddings is True"):
        from_huggingface(config | {"tie_word_embeddings": True}, weights)
    same = weights | {"lm_head.weight": weights["model.embed_tokens.weight"].clone()}
    assert from_huggingface(config | {"tie_word_embeddings": True}, same).config.tie_embeddings


def test_numbers_of_numpy_and_whole_ones_are_exported_as_json_and_as_floats():
    config = config_to_huggingface(ModelConfig(np.int64(50), 32, 2, 4, 64, norm_eps=1, rope_theta=np.float32(500)))
    assert json.loads(json.dumps(config)) == config
    assert isinstance(config["rms_norm_eps"], float)
    transformers.LlamaConfig(**{name: value for name, value in config.items() if name != "model_type"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rope_theta": None}, "rope_theta is None"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": None}}, "rope_theta is None"),
        ({"rms_norm_eps": None}, "norm_eps is None"),
        ({"tie_word_embeddings": None}, "tie_embeddings is None"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor .*0.5"),
        ({"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.5}}, "partial_rotary_factor .*0.5"),
    ],
)
def test_an_option_without_a_value_or_that_we_lack_is_named_in_the_configuration(change, says):
    with pytest.raises(ValueError, match=says):
        config_from_huggingface({"model_type": "llama", **SIZES, **change})


def test_llama_4_scouts_equal_factors_come_in_and_go_out():
    rope = LLAMA3_SCALING | {"high_freq_factor": 1.0}
    config = config_from_huggingface({"model_type": "llama", **SIZES, "rope_parameters": rope})
    assert config_to_huggingface(config)["rope_parameters"] == rope


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"d_head": 12, **LIKE_GPT2}, "d_head"),
        ({"n_heads": 3, "n_kv_heads": 3, "d_head": 12}, "n_heads is 3"),
        ({"feed_forward": Elsewhere()}, "feed_forward"),
    ],
)
def test_what_no_configuration_of_theirs_can_say_is_not_exported(change, says):
    config = ModelConfig(**{**vars(OURS), **change})
    with pytest.raises(ValueError, match=says):
        config_to_huggingface(config)
