"""What a mixture costs, and what is refused."""

from dataclasses import replace

import pytest
import torch

from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.accounting import model_costs
from llmcourse.moe.config import ExpertsConfig, active_parameters
from llmcourse.moe.published import PUBLISHED

SMALL = ModelConfig(20, 16, 2, 2, 8, feed_forward=ExpertsConfig(8, n_experts=4, top_k=2))
CONFIGS = {
    "plain": SMALL,
    "shared experts": replace(SMALL, feed_forward=ExpertsConfig(8, n_experts=4, top_k=1, n_shared=2)),
    "all experts": replace(SMALL, feed_forward=ExpertsConfig(8, n_experts=3, top_k=3)),
    "not tied, query and key norms, learned positions": replace(
        SMALL, tie_embeddings=False, qk_norm=True, positions="learned"
    ),
    "biases and another activation": replace(SMALL, bias=True, norm="layernorm", activation="gelu", n_kv_heads=1),
    "wide heads, no scale": replace(SMALL, d_head=12, norm_position="post"),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_count_is_that_of_the_model_itself_and_of_the_library_s_costs(config):
    stored, met = active_parameters(config)
    model, experts = Transformer(config), config.feed_forward
    built = sum(parameter.numel() for parameter in model.parameters())
    idle = config.n_layers * (experts.n_experts - experts.top_k) * 3 * config.d_model * experts.d_expert
    costs = model_costs(config, config.max_seq_len)
    assert (stored, met) == (built, built - idle) == (costs.parameters, costs.active_parameters)


def test_mixtral_has_the_published_counts():
    mixtral = ModelConfig(
        32000, 4096, 32, 32, 32768, n_kv_heads=8, tie_embeddings=False,
        feed_forward=ExpertsConfig(14336, n_experts=8, top_k=2),
    )  # fmt: skip
    assert active_parameters(mixtral) == (46_702_792_704, 12_879_925_248)


def published_counts(name):
    """All parameters and active ones of a published model, with what is added by hand."""
    model = PUBLISHED[name]
    counts = [sum(parts) for parts in zip(active_parameters(model.config), *model.beside.values())]
    embedding = 0 if model.embedding_is_active else model.config.vocab_size * model.config.d_model
    return counts[0], counts[1] - embedding


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts_come_out_to_the_digits_that_are_published(name):
    for count, said in zip(published_counts(name), PUBLISHED[name].says):
        places = len(said.removesuffix("B").partition(".")[2])
        # Qwen3's 3.3B is cut off, not rounded.
        assert said in {f"{count / 1e9:.{places}f}B", f"{int(count / 1e9 * 10**places) / 10**places:.{places}f}B"}


OTHERS = {
    "Mixtral 8x7B": ("MixtralConfig", {"num_local_experts": 8, "num_experts_per_tok": 2}),
    "OLMoE-1B-7B": ("OlmoeConfig", {"num_experts": 64, "num_experts_per_tok": 8}),
    "Qwen3-30B-A3B": ("Qwen3MoeConfig", {"num_experts": 128, "num_experts_per_tok": 8}),
    "Qwen3-235B-A22B": ("Qwen3MoeConfig", {"num_experts": 128, "num_experts_per_tok": 8}),
    "gpt-oss-20b": ("GptOssConfig", {"num_local_experts": 32, "num_experts_per_tok": 4}),
    "gpt-oss-120b": ("GptOssConfig", {"num_local_experts": 128, "num_experts_per_tok": 4}),
    "DeepSeek-V3": ("DeepseekV3Config", {}),  # its defaults are those of the model
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_another_library_builds_as_many_parameters_to_the_last_one(name):
    transformers = pytest.importorskip("transformers")
    (kind, experts), ours = OTHERS[name], PUBLISHED[name].config
    fields = {
        "vocab_size": ours.vocab_size, "hidden_size": ours.d_model, "num_hidden_layers": ours.n_layers,
        "num_attention_heads": ours.n_heads, "num_key_value_heads": ours.n_kv_heads, "head_dim": ours.d_head,
        "tie_word_embeddings": False, "moe_intermediate_size": ours.feed_forward.d_expert,
        "intermediate_size": ours.feed_forward.d_expert,
    }  # fmt: skip
    config = getattr(transformers, kind)(**(fields | experts if experts else {}))
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    assert published_counts(name)[0] == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"top_k": 5}, "top_k is 5; it must be at most n_experts, 4"),
        ({"top_k": 0}, "top_k is 0; it must be at least 1"),
        ({"d_expert": 0}, "d_expert is 0; it must be at least 1"),
        ({"n_experts": 0}, "n_experts is 0; it must be at least 1"),
        ({"n_shared": -1}, "n_shared is -1; it must be at least 0"),
        ({"noise": -0.5}, "noise is -0.5; it must be at least 0"),
        ({"balance_weight": float("nan")}, "balance_weight is nan; it must be"),
        ({"bias_rate": -1.0}, "bias_rate is -1.0; it must be at least 0"),
        ({"scale": 0.0}, "scale is 0.0; it must be above 0"),
        ({"capacity_factor": 0.0}, "capacity_factor is 0.0; it must be above 0 and finite, or None"),
        ({"scores": "tanh"}, "scores is 'tanh'; it must be one of 'softmax', 'sigmoid'"),
        ({"way": "magic"}, "way is 'magic'; it must be one of 'auto', 'grouped', 'loop', 'fast'"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(change, says):
    with pytest.raises(ValueError) as refused:
        replace(SMALL.feed_forward, **change)
    assert says in str(refused.value)
