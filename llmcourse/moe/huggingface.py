"""Other people's mixtures in and out: Mixtral, Qwen3-MoE and OLMoE, without their library (chapter 6).

They are Llamas with experts in the place of the feed-forward networks; two of them norm queries and keys. Files hold
the weights of experts one by one: Mixtral calls them w1, w3 and w2, the others gate_proj, up_proj and down_proj. Inside
of `transformers` 5 they are two tensors, with gate and up in one. All of these are read.

This module adds them to the tables of `llmcourse.model.huggingface`, whose functions then read and write them as any
other model; they are found here under the same names.

Example:
    >>> from llmcourse.model import Transformer
    >>> experts = ExpertsConfig(d_expert=24, n_experts=4, top_k=2)
    >>> config = ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32, feed_forward=experts)
    >>> theirs, weights = to_huggingface(Transformer(config))
    >>> theirs["model_type"], theirs["num_local_experts"], theirs["intermediate_size"]
    ('mixtral', 4, 24)
    >>> weights["model.layers.0.mlp.experts.gate_up_proj"].shape
    torch.Size([4, 48, 8])
    >>> theirs, weights = to_huggingface(Transformer(config), fused=False)
    >>> weights["model.layers.0.block_sparse_moe.experts.3.w1.weight"].shape
    torch.Size([24, 8])
    >>> theirs = {
    ...     "model_type": "olmoe", "vocab_size": 50304, "hidden_size": 2048, "intermediate_size": 1024,
    ...     "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 16, "num_experts": 64,
    ...     "num_experts_per_tok": 8, "norm_topk_prob": False, "max_position_embeddings": 4096,
    ...     "rope_theta": 10000.0, "rms_norm_eps": 1e-5, "tie_word_embeddings": False,
    ... }
    >>> config = config_from_huggingface(theirs)
    >>> config.qk_norm_over, config.feed_forward.n_experts, config.feed_forward.top_k
    ('all', 64, 8)
    >>> config_from_huggingface(theirs | {"num_local_experts": 8})
    Traceback (most recent call last):
    ValueError: num_experts is 64 and num_local_experts is 8; they must be the same
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from llmcourse.model import ModelConfig
from llmcourse.model.huggingface import (
    FAMILIES,
    LLAMA_LAYER,
    Family,
    Weights,
    config_from_huggingface,
    config_to_huggingface,
    from_huggingface,
    load_pretrained,
    save_pretrained,
    to_huggingface,
)
from llmcourse.model.huggingface_config import READERS, WRITERS, allow, like_llama, read_rope, require
from llmcourse.moe.config import ExpertsConfig

__all__ = [
    "config_from_huggingface", "config_to_huggingface", "from_huggingface", "load_pretrained", "save_pretrained",
    "to_huggingface",
]  # fmt: skip

CLASSES = {"mixtral": "MixtralForCausalLM", "qwen3_moe": "Qwen3MoeForCausalLM", "olmoe": "OlmoeForCausalLM"}
PARTS = ("gate_EFD", "up_EFD", "down_EDF")
# What an expert's parts are called in files, and inside of their models.
MIXTRAL_PARTS, OTHER_PARTS = ("w1", "w3", "w2"), ("gate_proj", "up_proj", "down_proj")
PART_OF = dict(zip(MIXTRAL_PARTS + OTHER_PARTS, 2 * PARTS))
FUSED_PARTS = {"gate_up_proj": PARTS[:2], "down_proj": PARTS[2:]}
STACK = r"(?P<stack>layers\.\d+\.mlp\.experts)\."
ONE_EXPERT = re.compile(STACK + r"(?P<expert>\d+)\.(?P<part>w[123]|(?:gate|up|down)_proj)\.weight")
ALL_EXPERTS = re.compile(STACK + r"(?P<part>gate_up_proj|down_proj)")


# Configurations.


def _needed(theirs: Mapping[str, Any], *names: str) -> Any:
    """The value of a key that may have one of several names."""
    given = {name: theirs[name] for name in names if name in theirs}
    if not given:
        raise ValueError(f"{' or '.join(names)} is missing; the configuration must give it")
    if any(value != next(iter(given.values())) for value in given.values()):
        raise ValueError(f"{' and '.join(f'{name} is {value!r}' for name, value in given.items())}; "
                         "they must be the same")  # fmt: skip
    return next(iter(given.values()))


def _mixtral_config(theirs: Mapping[str, Any]) -> ModelConfig:
    allow(theirs, "sliding_window", None)
    allow(theirs, "router_jitter_noise", 0.0)
    return _config(theirs, "intermediate_size", normalise=True, d_head=theirs.get("head_dim"))


def _qwen3_moe_config(theirs: Mapping[str, Any]) -> ModelConfig:
    allow(theirs, "use_sliding_window", False)  # without it their `sliding_window` means nothing
    allow(theirs, "decoder_sparse_step", 1)
    if theirs.get("mlp_only_layers"):
        raise ValueError(
            f"mlp_only_layers is {theirs['mlp_only_layers']!r}; it must be [], as all layers of our model have experts"
        )
    return _config(
        theirs, "moe_intermediate_size", normalise=_needed(theirs, "norm_topk_prob"), d_head=theirs.get("head_dim"),
        bias=theirs.get("attention_bias", False), qk_norm=True,
    )  # fmt: skip


def _olmoe_config(theirs: Mapping[str, Any]) -> ModelConfig:
    allow(theirs, "clip_qkv", None)
    allow(theirs, "head_dim", None, _needed(theirs, "hidden_size") // _needed(theirs, "num_attention_heads"))
    return _config(
        theirs, "intermediate_size", normalise=_needed(theirs, "norm_topk_prob"),
        bias=theirs.get("attention_bias", False), qk_norm=True, qk_norm_over="all",
    )  # fmt: skip


def _config(theirs: Mapping[str, Any], d_expert: str, normalise: bool, **more: Any) -> ModelConfig:
    """What they have in common, and `more`."""
    allow(theirs, "hidden_act", "silu")
    rope_theta, rope_scaling = read_rope(theirs)
    experts = ExpertsConfig(
        _needed(theirs, d_expert), n_experts=_needed(theirs, "num_experts", "num_local_experts"),
        top_k=_needed(theirs, "num_experts_per_tok"), normalise=normalise,
    )  # fmt: skip
    return ModelConfig(
        vocab_size=_needed(theirs, "vocab_size"), d_model=_needed(theirs, "hidden_size"),
        n_layers=_needed(theirs, "num_hidden_layers"), n_heads=_needed(theirs, "num_attention_heads"),
        n_kv_heads=_needed(theirs, "num_key_value_heads"), d_ff=_needed(theirs, "intermediate_size"),
        max_seq_len=_needed(theirs, "max_position_embeddings"), norm_eps=_needed(theirs, "rms_norm_eps"),
        tie_embeddings=_needed(theirs, "tie_word_embeddings"), rope_theta=rope_theta, rope_scaling=rope_scaling,
        feed_forward=experts, **more,
    )  # fmt: skip


def _dictionary(config: ModelConfig) -> dict[str, Any]:
    """The `config.json` of the mixture of theirs that computes what ours does, without its marks."""
    experts = config.feed_forward
    wanted = {"positions": "rope", "rope_layout": "half", "norm": "rmsnorm", "norm_position": "pre"}
    require(config, wanted | {"logit_scale": 1.0, "attention_scale": None})
    wanted = {"n_shared": 0, "scores": "softmax", "scale": 1.0, "capacity_factor": None, "bias_rate": 0.0}
    require(experts, wanted)
    return like_llama(config) | _own_keys(config, experts)


def _own_keys(config: ModelConfig, experts: ExpertsConfig) -> dict[str, Any]:
    """What one kind has and the others have not."""
    kind = "mixtral" if not config.qk_norm else "olmoe" if config.qk_norm_over == "all" else "qwen3_moe"
    keys: dict[str, Any] = {
        "model_type": kind, "architectures": [CLASSES[kind]], "num_experts_per_tok": experts.top_k,
        "output_router_logits": False,
    }  # fmt: skip
    if kind == "mixtral":
        require(experts, {"normalise": True})
        require(config, {"bias": False})
        return keys | {"num_local_experts": experts.n_experts, "intermediate_size": experts.d_expert}
    keys |= {"num_experts": experts.n_experts, "norm_topk_prob": experts.normalise, "attention_bias": config.bias}
    if kind == "olmoe":
        require(config, {"d_head": config.d_model // config.n_heads})  # it has no option for another
        return keys | {"intermediate_size": experts.d_expert, "clip_qkv": None}
    sizes = {"moe_intermediate_size": experts.d_expert, "intermediate_size": int(config.d_ff)}
    return keys | sizes | {"decoder_sparse_step": 1, "mlp_only_layers": [], "use_sliding_window": False}


# Weights.


def _unpack(weights: Weights, config: ModelConfig) -> dict[str, Tensor]:
    """Stack the experts of each layer, whatever they are called and however they are stored."""
    ours: dict[str, Tensor] = {}
    stacks: dict[str, dict[int, Tensor]] = {}
    for name, weight in weights.items():
        name = name.replace(".block_sparse_moe.", ".mlp.")
        if found := ONE_EXPERT.fullmatch(name):
            stack = stacks.setdefault(f"{found['stack']}.{PART_OF[found['part']]}", {})
            _put(stack, int(found["expert"]), weight, name)
        elif found := ALL_EXPERTS.fullmatch(name):
            parts = FUSED_PARTS[found["part"]]
            for part, tensor in zip(parts, weight.chunk(len(parts), dim=1)):
                _put(ours, f"{found['stack']}.{part}", tensor, name)
        else:
            _put(ours, name, weight, name)
    for name, stack in stacks.items():
        missing = [number for number in range(max(stack)) if number not in stack]
        if missing:
            raise ValueError(f"the state dict lacks expert {missing[0]} of {name!r}")
        _put(ours, name, torch.stack([stack[number] for number in range(len(stack))]), name)
    for name in ours:
        if name.endswith(PARTS):
            _check_number(name, len(ours[name]), config.feed_forward.n_experts)
    return ours


def _put(where: dict[Any, Tensor], key: Any, weight: Tensor, name: str) -> None:
    if key in where:
        raise ValueError(f"the state dict has {name!r} twice, by two names; it must have it once")
    where[key] = weight


def _check_number(name: str, n_stored: int, n_experts: int) -> None:
    if n_stored != n_experts:
        layer = name.split(".mlp.")[0]
        raise ValueError(f"num_experts is {n_experts}; it must be {n_stored}, as many as the weights of {layer!r} have")


def _fuse(weights: Weights, config: ModelConfig) -> dict[str, Tensor]:
    """Experts as inside of their models: gate and up in one tensor."""
    theirs = {}
    for name, weight in weights.items():
        stack, _, part = name.rpartition(".")
        if part == PARTS[0]:
            theirs[f"{stack}.gate_up_proj"] = torch.cat([weight, weights[f"{stack}.{PARTS[1]}"]], dim=1)
        elif part == PARTS[2]:
            theirs[f"{stack}.down_proj"] = weight
        elif part != PARTS[1]:
            theirs[name] = weight
    return theirs


def _one_by_one(kind: str, weights: Weights, config: ModelConfig) -> dict[str, Tensor]:
    """Experts as in their files: three tensors for each."""
    names = dict(zip(PARTS, MIXTRAL_PARTS if kind == "mixtral" else OTHER_PARTS))
    theirs = {}
    for name, weight in weights.items():
        name = name.replace(".mlp.", ".block_sparse_moe.") if kind == "mixtral" else name
        stack, _, part = name.rpartition(".")
        if part in names:
            theirs |= {f"{stack}.{number}.{names[part]}.weight": one for number, one in enumerate(weight)}
        else:
            theirs[name] = weight
    return theirs


LAYER = LLAMA_LAYER | {
    "feed_forward.router": "mlp.gate", "feed_forward.experts": "mlp.experts",
    "attention.query_norm": "self_attn.q_norm", "attention.key_norm": "self_attn.k_norm",
}  # fmt: skip
FAMILIES.update({kind: Family(LAYER, _unpack, _fuse, functools.partial(_one_by_one, kind)) for kind in CLASSES})
READERS.update({"mixtral": _mixtral_config, "qwen3_moe": _qwen3_moe_config, "olmoe": _olmoe_config})
WRITERS[ExpertsConfig] = _dictionary
