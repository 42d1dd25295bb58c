"""Hugging Face's `config.json`, and ours: of Llama and GPT-2, and of whatever other rooms add (chapter 3).

`READERS` and `WRITERS` say who reads which model type, and who writes which of our models. A room that stands above
this one adds its own when it is imported; `ROOMS_ABOVE` names these rooms, and they are imported when one is asked for.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from llmcourse.model.config import ModelConfig
from llmcourse.positional import RopeScaling

Reader = Callable[[Mapping[str, Any]], ModelConfig]
Writer = Callable[[ModelConfig], dict[str, Any]]
ROOMS_ABOVE = ("llmcourse.moe.huggingface",)


def config_from_huggingface(theirs: Mapping[str, Any]) -> ModelConfig:
    """The configuration of a Llama, GPT-2, Mixtral, Qwen3-MoE or OLMoE from its `config.json`.

    Keys of both generations of `transformers` are read: `rope_parameters`, or `rope_theta` with `rope_scaling`;
    `num_experts` or `num_local_experts`. What decides a mixture's shape must be there: their library would put in the
    size of some other model, without a word.

    Args:
        theirs: The dictionary.

    Returns:
        The configuration, without dropout and without losses that keep experts busy: their library, too, leaves these
        out unless `output_router_logits` is set.

    Raises:
        ValueError: Another model type; a key is missing, or two say different things; or an option that our model does
            not have: sliding windows, layers without experts, clipped queries. The message names it.

    Example:
        >>> sizes = {"vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024}
        >>> config_from_huggingface({"model_type": "gpt2", **sizes}).d_ff
        3072
    """
    try:
        return READERS[known_model_type(theirs)](theirs)
    except KeyError as missing:
        raise ValueError(f"{missing.args[0]} is missing; the configuration must give it") from None


def known_model_type(theirs: Mapping[str, Any]) -> str:
    """The model type of a configuration, if it is one that can be read.

    Raises:
        ValueError: It is none of `READERS`, with those of the rooms above.
    """
    _open_rooms_above()
    if (kind := theirs.get("model_type")) not in READERS:
        raise ValueError(f"model_type is {kind!r}; it must be {' or '.join(map(repr, READERS))}")
    return str(kind)


def _open_rooms_above() -> None:
    for room in ROOMS_ABOVE:
        import_module(room)


def allow(theirs: Mapping[str, Any], name: str, *allowed: Any) -> None:
    """Refuse a configuration in which an option is set to something else; left out, it is the first of these."""
    if theirs.get(name, allowed[0]) not in allowed:
        raise ValueError(f"{name} is {theirs[name]!r}; it must be one of {', '.join(map(repr, allowed))}")


def _llama_config(theirs: Mapping[str, Any]) -> ModelConfig:
    allow(theirs, "hidden_act", "silu")
    bias = theirs.get("attention_bias", False)
    if (mlp_bias := theirs.get("mlp_bias", False)) != bias:  # files older than mlp_bias have none in their networks
        raise ValueError(f"mlp_bias is {mlp_bias!r} and attention_bias is {bias!r}; they must be the same in our model")
    rope_theta, rope_scaling = read_rope(theirs, default=10000.0)
    return ModelConfig(
        vocab_size=theirs["vocab_size"], d_model=theirs["hidden_size"], n_layers=theirs["num_hidden_layers"],
        n_heads=theirs["num_attention_heads"], n_kv_heads=theirs.get("num_key_value_heads"),
        d_head=theirs.get("head_dim"), d_ff=theirs["intermediate_size"], max_seq_len=theirs["max_position_embeddings"],
        rope_theta=rope_theta, rope_scaling=rope_scaling,
        norm_eps=theirs.get("rms_norm_eps", 1e-6), bias=bias, tie_embeddings=theirs.get("tie_word_embeddings", False),
    )  # fmt: skip


def read_rope(theirs: Mapping[str, Any], default: float | None = None) -> tuple[Any, RopeScaling | None]:
    """The base of the rotary angles and their scaling: of `rope_parameters`, or of the older `rope_theta` with
    `rope_scaling`.

    Raises:
        ValueError: Both are there and differ, an option is one that our model lacks, or there is no base and no default
            for it.

    Example:
        >>> read_rope({"rope_theta": 1e6}), read_rope({"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}})
        ((1000000.0, None), (1000000.0, None))
    """
    new, old = theirs.get("rope_parameters"), theirs.get("rope_scaling")
    if new and old and new != old:
        raise ValueError(f"rope_scaling is {old!r} and rope_parameters is {new!r}; they must be the same")
    rope = new or old or {}
    for place in (theirs, rope):
        allow(place, "partial_rotary_factor", 1.0, None)
    found = [place["rope_theta"] for place in (rope, theirs) if "rope_theta" in place]
    if len(found) == 2 and None not in found and found[0] != found[1]:
        raise ValueError(f"rope_theta is {found[1]!r} beside {found[0]!r} in rope_parameters; they must be the same")
    if not found and default is None:
        raise ValueError("rope_theta is missing; the configuration must give it, or rope_parameters that do")
    return found[0] if found else default, _rope_scaling(rope, theirs)


def _rope_scaling(rope: Mapping[str, Any], theirs: Mapping[str, Any]) -> RopeScaling | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    original = rope.get("original_max_position_embeddings", theirs["max_position_embeddings"])
    if kind == "linear":
        return RopeScaling("linear", factor=rope["factor"], original_max_seq_len=original)
    if kind == "llama3":
        return RopeScaling(
            "llama3", factor=rope["factor"], original_max_seq_len=original,
            low_freq_factor=rope["low_freq_factor"], high_freq_factor=rope["high_freq_factor"],
        )  # fmt: skip
    raise ValueError(f"rope_type is {kind!r}; it must be 'default', 'linear' or 'llama3'")


def _gpt2_config(theirs: Mapping[str, Any]) -> ModelConfig:
    activations = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu": "gelu", "relu": "relu"}
    allow(theirs, "activation_function", *activations)
    allow(theirs, "scale_attn_weights", True)
    allow(theirs, "scale_attn_by_inverse_layer_idx", False)
    return ModelConfig(
        vocab_size=theirs["vocab_size"], d_model=theirs["n_embd"], n_layers=theirs["n_layer"],
        n_heads=theirs["n_head"], d_ff=theirs.get("n_inner") or 4 * theirs["n_embd"],
        max_seq_len=theirs["n_positions"], positions="learned", norm="layernorm",
        norm_eps=theirs.get("layer_norm_epsilon", 1e-5), bias=True,
        activation=activations[theirs.get("activation_function", "gelu_new")],
        tie_embeddings=theirs.get("tie_word_embeddings", True),
    )  # fmt: skip


def config_to_huggingface(config: ModelConfig, end_of_text: int | None = None) -> dict[str, Any]:
    """The `config.json` of the model of theirs that computes what our model computes.

    That is a GPT-2 where positions are a learned table, and a Llama elsewhere. With experts it is a Mixtral without
    norms of queries and keys, a Qwen3-MoE with one of each head, an OLMoE with one over all heads. What only training
    knows is left out: noise, and the losses that keep experts busy.

    Args:
        config: Of our model.
        end_of_text: The id of the mark between the documents that it was trained on: texts begin behind it and end with
            it. None says that there is none; left out, their library would take an id of its own and end texts there.

    Raises:
        ValueError: They have none that computes the same, or their library refuses it; the message names the option.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> config_to_huggingface(PRESETS["llama-3-8b"])["num_key_value_heads"]
        8
    """
    _open_rooms_above()
    write = WRITERS.get(type(config.feed_forward), _dense_dictionary)
    return write(config) | marks(end_of_text)


def _dense_dictionary(config: ModelConfig) -> dict[str, Any]:
    common = {"norm_position": "pre", "qk_norm": False, "logit_scale": 1.0, "attention_scale": None}
    common |= {"feed_forward": None}
    if config.positions == "learned":
        d_head = config.d_model // config.n_heads  # it has no option for another
        require(config, common | {"norm": "layernorm", "bias": True, "n_kv_heads": config.n_heads, "d_head": d_head})
        return _gpt2_dictionary(config)
    require(config, common | {"positions": "rope", "rope_layout": "half", "norm": "rmsnorm", "activation": "swiglu"})
    if config.d_model % config.n_heads:
        raise ValueError(f"n_heads is {config.n_heads}; it must divide d_model, {config.d_model}, for this export")
    return _llama_dictionary(config)


def marks(end_of_text: int | None) -> dict[str, Any]:
    """What a configuration of theirs says of the marks between documents."""
    return {"bos_token_id": end_of_text, "eos_token_id": end_of_text, "pad_token_id": None}


def require(config: Any, wanted: Mapping[str, Any]) -> None:
    """Refuse to export a configuration of which some field is not as wanted; the message names it."""
    for name, value in wanted.items():
        if getattr(config, name) != value:
            raise ValueError(f"{name} is {getattr(config, name)!r}; it must be {value!r} for this export")


def _llama_dictionary(config: ModelConfig) -> dict[str, Any]:
    return {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "intermediate_size": int(config.d_ff),
        "attention_bias": config.bias, "mlp_bias": config.bias, **like_llama(config),
    }  # fmt: skip


def like_llama(config: ModelConfig) -> dict[str, Any]:
    """What the configurations of Llama and of those that follow it have in common.

    Raises:
        ValueError: The scaling of the rotary angles is one that we do not export.
    """
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": config.rope_theta}
    if (scaling := config.rope_scaling) is not None:
        if scaling.name not in ("linear", "llama3"):
            raise ValueError(f"rope_scaling is {scaling.name!r}; it must be 'linear' or 'llama3' for this export")
        if scaling.attention_factor not in (None, 1.0):
            raise ValueError(f"attention_factor is {scaling.attention_factor!r}; it must be None or 1 for this export")
        rope |= {
            "rope_type": scaling.name, "factor": scaling.factor,
            "original_max_position_embeddings": scaling.original_max_seq_len,
        }  # fmt: skip
        if scaling.name == "llama3":
            rope |= {"low_freq_factor": scaling.low_freq_factor, "high_freq_factor": scaling.high_freq_factor}
    return {
        "hidden_act": "silu", "vocab_size": config.vocab_size, "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers, "num_attention_heads": config.n_heads,
        "num_key_value_heads": int(config.n_kv_heads), "head_dim": int(config.d_head),
        "max_position_embeddings": config.max_seq_len, "rms_norm_eps": config.norm_eps, "rope_parameters": rope,
        "tie_word_embeddings": config.tie_embeddings,
    }  # fmt: skip


def _gpt2_dictionary(config: ModelConfig) -> dict[str, Any]:
    activations = {"gelu_tanh": "gelu_new", "gelu": "gelu", "relu": "relu"}
    if config.activation not in activations:
        raise ValueError(
            f"activation is {config.activation!r}; it must be one of {', '.join(map(repr, activations))} for GPT-2"
        )
    return {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"],
        "resid_pdrop": config.dropout, "embd_pdrop": config.dropout, "attn_pdrop": config.dropout,
        "activation_function": activations[config.activation], "vocab_size": config.vocab_size,
        "n_embd": config.d_model, "n_inner": int(config.d_ff), "n_layer": config.n_layers, "n_head": config.n_heads,
        "n_positions": config.max_seq_len, "layer_norm_epsilon": config.norm_eps,
        "tie_word_embeddings": config.tie_embeddings,
    }  # fmt: skip


READERS: dict[str, Reader] = {"llama": _llama_config, "gpt2": _gpt2_config}
"""Model type -> who reads it."""
WRITERS: dict[type, Writer] = {}
"""The class of what stands in the place of a feed-forward network -> who writes such a model."""
