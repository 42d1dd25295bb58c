"""Hugging Face's models in and out: configurations, state dicts, folders, without their library (chapter 3).

A configuration is the dictionary of a `config.json`, a state dict the tensors of a `model.safetensors`. Llama's linear
weights are stored as ours; GPT-2's are transposed (its `Conv1D`), with queries, keys and values in one matrix.

`save_pretrained` writes a folder that `transformers` loads, and `load_pretrained` reads one: the methods of
`Transformer` are these functions. What differs from one kind of model to another is a `Family`: mixtures of experts
add theirs in `llmcourse.moe.huggingface`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from llmcourse.model import Transformer
from llmcourse.model.config import ModelConfig
from llmcourse.model.folders import end_mark, read_folder, write_folder
from llmcourse.model.huggingface_config import config_from_huggingface, config_to_huggingface, known_model_type
from llmcourse.model.weights import named_weights
from llmcourse.tokenization import BPETokenizer

LLAMA_LAYER = {
    "attention_norm": "input_layernorm", "attention.query": "self_attn.q_proj", "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj", "attention.out": "self_attn.o_proj",
    "feed_forward_norm": "post_attention_layernorm", "feed_forward.gate": "mlp.gate_proj",
    "feed_forward.up": "mlp.up_proj", "feed_forward.down": "mlp.down_proj",
}  # fmt: skip
QKV = ("query", "key", "value")
GPT2_LAYER = {
    "attention_norm": "ln_1", "attention.out": "attn.c_proj", "feed_forward_norm": "ln_2",
    "feed_forward.up": "mlp.c_fc", "feed_forward.down": "mlp.c_proj",
    **{f"attention.{part}": f"attn.{part}" for part in QKV},
}  # fmt: skip
# Buffers and copies that files hold beside the weights.
NOT_WEIGHTS = ("attn.bias", "attn.masked_bias", "rotary_emb.inv_freq")

Weights = Mapping[str, Tensor]


class Family(NamedTuple):
    """What a kind of their models calls its weights, and how it stores them.

    Attributes:
        layer: Our modules in a layer -> theirs.
        unpack: Its tensors, named without `prefix`, to one for each of ours, under the names that `layer` gives.
        pack: The reverse, as inside of their models.
        pack_files: The reverse, as in their files; None where that is the same.
        prefix: Of the names of all weights but the output layer's.
        stem: Of the layers, before their number.
        fixed: Our modules outside of the layers -> theirs.
    """

    layer: Mapping[str, str]
    unpack: Callable[[Weights, ModelConfig], dict[str, Tensor]]
    pack: Callable[[Weights, ModelConfig], dict[str, Tensor]]
    pack_files: Callable[[Weights, ModelConfig], dict[str, Tensor]] | None = None
    prefix: str = "model."
    stem: str = "layers"
    fixed: Mapping[str, str] = {"embedding": "embed_tokens", "norm": "norm"}


def from_huggingface(theirs: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Transformer:
    """Our model with the weights of one of theirs.

    Args:
        theirs: Its configuration, see `config_from_huggingface`.
        weights: Its state dict. Names may lack the prefix of the model inside ("model." or "transformer."); experts may
            be stored one by one or in one tensor.

    Returns:
        The model, in evaluation mode, on the device and in the dtype of the weights.

    Raises:
        ValueError: A weight is missing, left over, there twice or of the wrong shape; the experts are not as many as
            the configuration says; or the output layer has weights of its own though the configuration ties it to the
            embedding. The message names it.
    """
    config, family = config_from_huggingface(theirs), FAMILIES[known_model_type(theirs)]
    weights = family.unpack({name.removeprefix(family.prefix): weight for name, weight in weights.items()}, config)
    with torch.device("meta"):
        model = Transformer(config)
    names = _names(model, family)
    head, embedding = weights.get("lm_head.weight"), weights.get(names["embedding.weight"])
    if config.tie_embeddings and head is not None and embedding is not None and not torch.equal(head, embedding):
        raise ValueError("tie_word_embeddings is True; it must be False for an lm_head.weight of its own")
    for name in weights:
        if name not in names.values() and not name.endswith(NOT_WEIGHTS) and name != "lm_head.weight":
            raise ValueError(f"the state dict has {name!r}, for which the model has no place")
    for name in names.values():
        if name not in weights:
            raise ValueError(f"the state dict lacks {name!r}")
    return _filled(model, {ours: weights[their] for ours, their in names.items()})


def load_pretrained(folder: str | Path) -> Transformer:
    """The model of a folder with a `config.json` and weights in one `model.safetensors` or in several files.

    Args:
        folder: Written by `save_pretrained` here or in `transformers`; its tokenizer is
            `BPETokenizer.load(folder)`.

    Returns:
        The model, see `from_huggingface`.

    Raises:
        ValueError: As `read_folder` and `from_huggingface`.
        ModuleNotFoundError: `safetensors` is not installed.

    Example:
        >>> import tempfile
        >>> model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = load_pretrained(save_pretrained(folder, model))
        >>> torch.equal(again.lm_head.weight, model.lm_head.weight)
        True
    """
    return from_huggingface(*read_folder(folder))


def to_huggingface(
    model: nn.Module, end_of_text: int | None = None, *, fused: bool = True
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and state dict of the Hugging Face model that computes the same.

    Args:
        model: A `Transformer`, compiled or not.
        end_of_text: As for `config_to_huggingface`.
        fused: Experts in one tensor, as inside of `transformers` 5; else one by one, as in its files.

    Returns:
        The dictionary for `config.json` and the tensors, which `safetensors.torch.save_file` takes. They share memory
        with the model's where they can, and never with each other.

    Raises:
        ValueError: None of theirs computes the same; the message names the option.

    Example:
        >>> model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32))
        >>> theirs, weights = to_huggingface(model)
        >>> theirs["model_type"], weights["model.layers.0.mlp.up_proj.weight"].shape
        ('llama', torch.Size([24, 8]))
    """
    config, theirs = model.config, config_to_huggingface(model.config, end_of_text)
    family = FAMILIES[theirs["model_type"]]
    pack = family.pack if fused or family.pack_files is None else family.pack_files
    ours = {name: weight.detach() for name, weight in named_weights(model).items()}
    weights = pack({their: ours[name] for name, their in _names(model, family).items()}, config)
    weights = {family.prefix + name: weight for name, weight in weights.items() if name != "lm_head.weight"}
    head = ours["lm_head.weight"]
    return theirs, weights | {"lm_head.weight": head.clone() if config.tie_embeddings else head}


def to_files(model: nn.Module, end_of_text: int | None = None) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What `to_huggingface` gives, as their files have it: experts one by one, a tied output layer only once."""
    theirs, weights = to_huggingface(model, end_of_text, fused=False)
    if model.config.tie_embeddings:
        del weights["lm_head.weight"]
    return theirs, weights


def save_pretrained(
    folder: str | Path,
    model: nn.Module,
    tokenizer: BPETokenizer | None = None,
    *,
    end_of_text: int | str | None = None,
) -> Path:
    """Write a folder from which `transformers` loads the model, and the tokenizer if there is one.

    `AutoModelForCausalLM.from_pretrained(folder)` and `AutoTokenizer.from_pretrained(folder)` do, and here
    `Transformer.from_pretrained(folder)` and `BPETokenizer.load(folder)`. Weights keep their dtype. The package
    `safetensors` is needed, `transformers` is not.

    Args:
        folder: Made where there is none; files of these names in it are replaced.
        model: A `Transformer` that a Llama, GPT-2, Mixtral, Qwen3-MoE or OLMoE can express, compiled or not.
        tokenizer: The one that it was trained with.
        end_of_text: The mark between the documents that it was trained on, an id or the spelling of a special token.
            Generated texts end with it; None lets them go on.

    Returns:
        The folder.

    Raises:
        ValueError: None of theirs computes the same (the message names the option), the tokenizer has more tokens than
            the model, or it has no such mark; nothing is written.
        ModuleNotFoundError: `safetensors` is not installed.

    Example:
        >>> import os, tempfile
        >>> model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sorted(os.listdir(save_pretrained(folder, model)))
        ['config.json', 'generation_config.json', 'model.safetensors']
    """
    mark = end_mark(end_of_text, tokenizer, model.config.vocab_size)
    theirs, weights = to_files(model, mark)
    return write_folder(folder, theirs, weights, tokenizer)


def _names(model: nn.Module, family: Family) -> dict[str, str]:
    """For each of our weights its name there, without prefix."""
    names = {}
    for ours in named_weights(model):
        module, _, parameter = ours.rpartition(".")
        if module == "positions":
            names[ours] = "wpe.weight"
        elif module.startswith("blocks."):
            _, number, inner = module.split(".", 2)
            names[ours] = f"{family.stem}.{number}.{family.layer[inner]}.{parameter}"
        elif module != "lm_head":
            names[ours] = f"{family.fixed[module]}.{parameter}"
    return names if model.config.tie_embeddings else names | {"lm_head.weight": "lm_head.weight"}


def _as_stored(weights: Weights, config: ModelConfig) -> dict[str, Tensor]:
    """Weights that need no unpacking: one of theirs for each of ours."""
    return dict(weights)


def _is_transposed(their: str) -> bool:
    """Whether a GPT-2 `Conv1D` holds this weight, whose first axis is its input."""
    return their.startswith("h.") and ".ln_" not in their and their.endswith(".weight")


def _unpack_gpt2(weights: Weights, config: ModelConfig) -> dict[str, Tensor]:
    """Cut each `c_attn` into queries, keys and values, along its output, the last axis; turn the axes."""
    split = {}
    for name, weight in weights.items():
        parts = zip(QKV, weight.split(config.d_model, dim=-1)) if ".attn.c_attn." in name else [("c_attn", weight)]
        split |= {name.replace("c_attn", part): values for part, values in parts}
    return {name: weight.T if _is_transposed(name) else weight for name, weight in split.items()}


def _pack_gpt2(weights: Weights, config: ModelConfig) -> dict[str, Tensor]:
    """The reverse of `_unpack_gpt2`."""
    joined = {name: weight.T.contiguous() if _is_transposed(name) else weight for name, weight in weights.items()}
    for number in range(config.n_layers):
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


FAMILIES = {
    "llama": Family(LLAMA_LAYER, _as_stored, _as_stored),
    "gpt2": Family(
        GPT2_LAYER,
        _unpack_gpt2,
        _pack_gpt2,
        prefix="transformer.",
        stem="h",
        fixed={"embedding": "wte", "norm": "ln_f"},
    ),  # fmt: skip
}
