"""Hugging Face's Llama and GPT-2 in and out: configurations, state dicts, folders, without their library (chapter 3).

A configuration is the dictionary of a `config.json`, a state dict the tensors of a `model.safetensors`. Llama's linear
weights are stored as ours; GPT-2's are transposed (its `Conv1D`), with queries, keys and values in one matrix.

`save_pretrained` writes a folder that `transformers` loads. To read such a folder, give `from_huggingface` the parsed
`config.json` and what `safetensors.torch.load_file` gives.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.files import write_atomically
from llmcourse.model import Transformer
from llmcourse.model.config import ModelConfig
from llmcourse.model.weights import named_weights
from llmcourse.positional import RopeScaling
from llmcourse.tokenization import BPETokenizer
from llmcourse.values import whole

LLAMA_LAYER = {
    "attention_norm": "input_layernorm", "attention.query": "self_attn.q_proj", "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj", "attention.out": "self_attn.o_proj",
    "feed_forward_norm": "post_attention_layernorm", "feed_forward.gate": "mlp.gate_proj",
    "feed_forward.up": "mlp.up_proj", "feed_forward.down": "mlp.down_proj",
}  # fmt: skip
GPT2_LAYER = {
    "attention_norm": "ln_1", "attention.out": "attn.c_proj", "feed_forward_norm": "ln_2",
    "feed_forward.up": "mlp.c_fc", "feed_forward.down": "mlp.c_proj",
}  # fmt: skip
QKV = ("query", "key", "value")
# Buffers and copies that files hold beside the weights.
NOT_WEIGHTS = ("attn.bias", "attn.masked_bias", "rotary_emb.inv_freq")


def config_from_huggingface(theirs: Mapping[str, Any]) -> ModelConfig:
    """The configuration of a Llama or GPT-2 from its `config.json`.

    Args:
        theirs: The dictionary; of both `rope_parameters` and the older `rope_theta` with `rope_scaling`.

    Returns:
        The configuration, without dropout.

    Raises:
        ValueError: Another model type, or an option that our model does not have.

    Example:
        >>> sizes = {"vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024}
        >>> config_from_huggingface({"model_type": "gpt2", **sizes}).d_ff
        3072
    """
    kind = theirs.get("model_type")
    if kind == "llama":
        return _llama_config(theirs)
    if kind == "gpt2":
        return _gpt2_config(theirs)
    raise ValueError(f"model_type is {kind!r}; it must be 'llama' or 'gpt2'")


def _allow(theirs: Mapping[str, Any], name: str, *allowed: Any) -> None:
    if theirs.get(name, allowed[0]) not in allowed:
        raise ValueError(f"{name} is {theirs[name]!r}; it must be one of {', '.join(map(repr, allowed))}")


def _llama_config(theirs: Mapping[str, Any]) -> ModelConfig:
    _allow(theirs, "hidden_act", "silu")
    bias = theirs.get("attention_bias", False)
    if (mlp_bias := theirs.get("mlp_bias", False)) != bias:  # files older than mlp_bias have none in their networks
        raise ValueError(f"mlp_bias is {mlp_bias!r} and attention_bias is {bias!r}; they must be the same in our model")
    rope = dict(theirs.get("rope_parameters") or theirs.get("rope_scaling") or {})
    for place in (theirs, rope):
        _allow(place, "partial_rotary_factor", 1.0, None)
    return ModelConfig(
        vocab_size=theirs["vocab_size"], d_model=theirs["hidden_size"], n_layers=theirs["num_hidden_layers"],
        n_heads=theirs["num_attention_heads"], n_kv_heads=theirs.get("num_key_value_heads"),
        d_head=theirs.get("head_dim"), d_ff=theirs["intermediate_size"], max_seq_len=theirs["max_position_embeddings"],
        rope_theta=rope.get("rope_theta", theirs.get("rope_theta", 10000.0)), rope_scaling=_rope_scaling(rope, theirs),
        norm_eps=theirs.get("rms_norm_eps", 1e-6), bias=bias, tie_embeddings=theirs.get("tie_word_embeddings", False),
    )  # fmt: skip


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
    _allow(theirs, "activation_function", *activations)
    _allow(theirs, "scale_attn_weights", True)
    _allow(theirs, "scale_attn_by_inverse_layer_idx", False)
    return ModelConfig(
        vocab_size=theirs["vocab_size"], d_model=theirs["n_embd"], n_layers=theirs["n_layer"],
        n_heads=theirs["n_head"], d_ff=theirs.get("n_inner") or 4 * theirs["n_embd"],
        max_seq_len=theirs["n_positions"], positions="learned", norm="layernorm",
        norm_eps=theirs.get("layer_norm_epsilon", 1e-5), bias=True,
        activation=activations[theirs.get("activation_function", "gelu_new")],
        tie_embeddings=theirs.get("tie_word_embeddings", True),
    )  # fmt: skip


def config_to_huggingface(config: ModelConfig, end_of_text: int | None = None) -> dict[str, Any]:
    """The `config.json` of the Llama or GPT-2 that computes what our model computes.

    Args:
        config: Of our model.
        end_of_text: The id of the mark between the documents that it was trained on: texts begin behind it and end with
            it. None says that there is none; left out, their library would take an id of its own and end texts there.

    Raises:
        ValueError: The model is neither, or is one that their library refuses; the message names the option.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> config_to_huggingface(PRESETS["llama-3-8b"])["num_key_value_heads"]
        8
    """
    common = {"norm_position": "pre", "qk_norm": False, "logit_scale": 1.0, "attention_scale": None}
    common |= {"feed_forward": None}
    marks = {"bos_token_id": end_of_text, "eos_token_id": end_of_text, "pad_token_id": None}
    if config.positions == "learned":
        d_head = config.d_model // config.n_heads  # it has no option for another
        _require(config, common | {"norm": "layernorm", "bias": True, "n_kv_heads": config.n_heads, "d_head": d_head})
        return _gpt2_dictionary(config) | marks
    _require(config, common | {"positions": "rope", "rope_layout": "half", "norm": "rmsnorm", "activation": "swiglu"})
    if config.d_model % config.n_heads:
        raise ValueError(f"n_heads is {config.n_heads}; it must divide d_model, {config.d_model}, for this export")
    return _llama_dictionary(config) | marks


def _require(config: ModelConfig, wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if getattr(config, name) != value:
            raise ValueError(f"{name} is {getattr(config, name)!r}; it must be {value!r} for this export")


def _llama_dictionary(config: ModelConfig) -> dict[str, Any]:
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
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
        "vocab_size": config.vocab_size, "hidden_size": config.d_model, "intermediate_size": int(config.d_ff),
        "num_hidden_layers": config.n_layers, "num_attention_heads": config.n_heads,
        "num_key_value_heads": int(config.n_kv_heads), "head_dim": int(config.d_head),
        "max_position_embeddings": config.max_seq_len, "rms_norm_eps": config.norm_eps, "rope_parameters": rope,
        "attention_bias": config.bias, "mlp_bias": config.bias, "tie_word_embeddings": config.tie_embeddings,
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


def from_huggingface(theirs: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Transformer:
    """Our model with the weights of a Hugging Face Llama or GPT-2.

    Args:
        theirs: Its configuration, see `config_from_huggingface`.
        weights: Its state dict. Names may lack the prefix of the model inside ("model." or "transformer.").

    Returns:
        The model, in evaluation mode, on the device and in the dtype of the weights.

    Raises:
        ValueError: A weight is missing, left over or of the wrong shape; or the output layer has weights of its own
            though the configuration ties it to the embedding. The message names it.
    """
    config = config_from_huggingface(theirs)
    kind = theirs["model_type"]
    prefix = "model." if kind == "llama" else "transformer."
    weights = {name.removeprefix(prefix): weight for name, weight in weights.items()}
    if kind == "gpt2":
        weights = _split_gpt2(weights, config)
    with torch.device("meta"):
        model = Transformer(config)
    names = _names(model, kind)
    head, embedding = weights.get("lm_head.weight"), weights.get(names["embedding.weight"])
    if config.tie_embeddings and head is not None and embedding is not None and not torch.equal(head, embedding):
        raise ValueError("tie_word_embeddings is True; it must be False for an lm_head.weight of its own")
    for name in weights:
        if name not in names.values() and not name.endswith(NOT_WEIGHTS) and name != "lm_head.weight":
            raise ValueError(f"the state dict has {name!r}, for which the model has no place")
    return _filled(model, {ours: _take(weights, their, kind) for ours, their in names.items()})


def to_huggingface(model: nn.Module, end_of_text: int | None = None) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and state dict of the Hugging Face model that computes the same.

    Args:
        model: A `Transformer`, compiled or not.
        end_of_text: As for `config_to_huggingface`.

    Returns:
        The dictionary for `config.json` and the tensors, which `safetensors.torch.save_file` takes. They share memory
        with the model's where they can, and never with each other.

    Raises:
        ValueError: Neither a Llama nor a GPT-2 computes the same.

    Example:
        >>> model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32))
        >>> theirs, weights = to_huggingface(model)
        >>> theirs["model_type"], weights["model.layers.0.mlp.up_proj.weight"].shape
        ('llama', torch.Size([24, 8]))
    """
    theirs = config_to_huggingface(model.config, end_of_text)
    kind = theirs["model_type"]
    prefix = "model." if kind == "llama" else "transformer."
    ours = {name: weight.detach() for name, weight in named_weights(model).items()}
    weights = {}
    for name, their in _names(model, kind).items():
        weights[their] = ours[name].T.contiguous() if _is_transposed(their, kind) else ours[name]
    if kind == "gpt2":
        weights = _join_gpt2(weights, model.config.n_layers)
    weights = {prefix + name: weight for name, weight in weights.items() if name != "lm_head.weight"}
    head = ours["lm_head.weight"]
    return theirs, weights | {"lm_head.weight": head.clone() if model.config.tie_embeddings else head}


def save_pretrained(
    folder: str | Path,
    model: nn.Module,
    tokenizer: BPETokenizer | None = None,
    *,
    end_of_text: int | str | None = None,
) -> Path:
    """Write a folder from which `transformers` loads the model, and the tokenizer if there is one.

    `AutoModelForCausalLM.from_pretrained(folder)` and `AutoTokenizer.from_pretrained(folder)` do. The package
    `safetensors` is needed, `transformers` is not.

    Args:
        folder: Made where there is none; files of these names in it are replaced.
        model: A `Transformer` that a Llama or GPT-2 can express, compiled or not.
        tokenizer: The one that it was trained with.
        end_of_text: The mark between the documents that it was trained on, an id or the spelling of a special token.
            Generated texts end with it; None lets them go on.

    Returns:
        The folder.

    Raises:
        ValueError: Neither a Llama nor a GPT-2 computes the same, the tokenizer has more tokens than the model, or it
            has no such mark; nothing is written.
        ModuleNotFoundError: `safetensors` is not installed.

    Example:
        >>> import os, tempfile
        >>> model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sorted(os.listdir(save_pretrained(folder, model)))
        ['config.json', 'generation_config.json', 'model.safetensors']
    """
    try:
        from safetensors.torch import save
    except ImportError:
        raise ModuleNotFoundError("safetensors is not installed; pip install safetensors") from None
    folder, vocab_size = Path(folder), model.config.vocab_size
    if tokenizer is not None and len(tokenizer) > vocab_size:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens; it must have at most the model's {vocab_size}")
    mark = _mark(end_of_text, tokenizer, vocab_size)
    theirs, weights = to_huggingface(model, mark)
    if model.config.tie_embeddings:
        del weights["lm_head.weight"]  # their files have it once
    files: dict[str, dict[str, Any]] = {
        "config.json": theirs | {"dtype": str(weights[next(iter(weights))].dtype).removeprefix("torch.")},
        "generation_config.json": {"bos_token_id": mark, "eos_token_id": mark},
    }
    if tokenizer is not None:
        spelling = None if mark is None else tokenizer.token_bytes(mark).decode(errors="replace")
        files["tokenizer_config.json"] = {
            # The class that reads nothing but tokenizer.json: a model's own would put its pattern in the place of ours.
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": model.config.max_seq_len,
            "bos_token": spelling, "eos_token": spelling, "clean_up_tokenization_spaces": False,
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(folder / "tokenizer.json")
    weights = {name: weight.cpu().contiguous() for name, weight in weights.items()}
    write_atomically(folder / "model.safetensors", save(weights, metadata={"format": "pt"}))
    for name, content in files.items():
        write_atomically(folder / name, json.dumps(content, indent=2) + "\n")
    return folder


def _mark(end_of_text: int | str | None, tokenizer: BPETokenizer | None, vocab_size: int) -> int | None:
    if end_of_text is None:
        return None
    special_tokens = {} if tokenizer is None else tokenizer.special_tokens
    if isinstance(end_of_text, str):
        if end_of_text not in special_tokens:
            raise ValueError(f"end_of_text is {end_of_text!r}; it must be one of {sorted(special_tokens)}")
        return special_tokens[end_of_text]
    mark = whole("end_of_text", end_of_text)
    if tokenizer is not None and mark not in special_tokens.values():
        raise ValueError(f"end_of_text is {mark}; it must be a special token, one of {sorted(special_tokens.values())}")
    if not 0 <= mark < vocab_size:
        raise ValueError(f"end_of_text is {mark}; it must be at least 0 and below vocab_size, {vocab_size}")
    return mark


def _names(model: nn.Module, kind: str) -> dict[str, str]:
    """For each of our weights its name there, without prefix; GPT-2's queries, keys and values as if stored apart."""
    if kind == "llama":
        fixed, layer, stem = {"embedding": "embed_tokens", "norm": "norm"}, LLAMA_LAYER, "layers"
    else:
        fixed, stem = {"embedding": "wte", "norm": "ln_f"}, "h"
        layer = GPT2_LAYER | {f"attention.{part}": f"attn.{part}" for part in QKV}
    names = {}
    for ours in named_weights(model):
        module, _, parameter = ours.rpartition(".")
        if module == "positions":
            names[ours] = "wpe.weight"
        elif module.startswith("blocks."):
            _, number, inner = module.split(".", 2)
            names[ours] = f"{stem}.{number}.{layer[inner]}.{parameter}"
        elif module != "lm_head":
            names[ours] = f"{fixed[module]}.{parameter}"
    return names if model.config.tie_embeddings else names | {"lm_head.weight": "lm_head.weight"}


def _is_transposed(their: str, kind: str) -> bool:
    """Whether a GPT-2 `Conv1D` holds this weight, whose first axis is its input."""
    return kind == "gpt2" and their.startswith("h.") and ".ln_" not in their and their.endswith(".weight")


def _take(weights: Mapping[str, Tensor], their: str, kind: str) -> Tensor:
    if their not in weights:
        raise ValueError(f"the state dict lacks {their!r}")
    return weights[their].T if _is_transposed(their, kind) else weights[their]


def _split_gpt2(weights: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """Cut each `c_attn` into queries, keys and values, along its output, the last axis."""
    split = {}
    for name, weight in weights.items():
        if ".attn.c_attn." not in name:
            split[name] = weight
            continue
        for part, values in zip(QKV, weight.split(config.d_model, dim=-1)):
            split[name.replace("c_attn", part)] = values
    return split


def _join_gpt2(weights: Mapping[str, Tensor], n_layers: int) -> dict[str, Tensor]:
    """The reverse of `_split_gpt2`."""
    joined = dict(weights)
    for number in range(n_layers):
        for parameter in ("weight", "bias"):
            parts = [joined.pop(f"h.{number}.attn.{part}.{parameter}") for part in QKV]
            joined[f"h.{number}.attn.c_attn.{parameter}"] = torch.cat(parts, dim=-1)
    return joined


def _filled(model: Transformer, ours: dict[str, Tensor]) -> Transformer:
    """A model from the meta device, real and with these weights."""
    for name, parameter in model.named_parameters():
        if ours[name].shape != parameter.shape:
            raise ValueError(f"{name} has shape {tuple(ours[name].shape)}; it must have shape {tuple(parameter.shape)}")
    embedding = ours["embedding.weight"]
    model = model.to_empty(device=embedding.device).to(embedding.dtype)
    model.load_state_dict(ours | {"lm_head.weight": ours.get("lm_head.weight", embedding)})
    return model.eval()
