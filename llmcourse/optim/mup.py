"""Maximal update parametrization: settings that stay right when the model becomes wider (chapter 3).

A model of `base_width` is tuned; a model that is m times as wide takes over its learning rate, because muP changes
three things with m: where the hidden matrices start, how fast they learn, and how loud the output layer speaks.

Source: Yang et al., "Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter Transfer" (2022),
table 8, the rules for Adam in the form that allows tied embeddings.
"""

import math
from dataclasses import replace
from typing import Any

import torch

from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim.groups import hidden_matrices
from llmcourse.optim.optimizers import AdamW


def width_multiplier(width: int, base_width: int) -> float:
    """How many times as wide as the base a model is.

    Raises:
        ValueError: A width is below 1.

    Example:
        >>> width_multiplier(256, base_width=64)
        4.0
    """
    if width < 1 or base_width < 1:
        raise ValueError(f"width is {width!r} and base_width is {base_width!r}; they must be at least 1")
    return width / base_width


def mup_config(config: ModelConfig, base_width: int, base_d_head: int | None = None) -> ModelConfig:
    """A model's configuration under muP: logits divided by m, attention scores by d_head instead of its root.

    Args:
        config: Of the wide model.
        base_width: `d_model` of the model that was tuned.
        base_d_head: Its head's width; None if it is that of `config` (wider models with more heads).

    Returns:
        The configuration with `logit_scale` and `attention_scale` changed. At the base width it means the same as
        before.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=256, n_layers=2, n_heads=4, max_seq_len=32)
        >>> wide = mup_config(config, base_width=64, base_d_head=16)
        >>> wide.logit_scale, wide.attention_scale  # sqrt(16) / 64, where 1 / sqrt(64) was
        (0.25, 0.0625)
    """
    m = width_multiplier(config.d_model, base_width)
    d_head = int(config.d_head)
    base_scale = config.attention_scale or 1 / math.sqrt(base_d_head or d_head)
    attention_scale = base_scale * (base_d_head or d_head) / d_head
    return replace(config, logit_scale=config.logit_scale / m, attention_scale=attention_scale)


@torch.no_grad()
def mup_init_(model: Transformer, base_width: int) -> None:
    """Divide the freshly drawn hidden matrices by the root of m, in place: their variance falls as 1 / width.

    Args:
        model: Just initialised with the base model's standard deviations. Call this once.
        base_width: `d_model` of the model that was tuned.
    """
    m = width_multiplier(model.config.d_model, base_width)
    for matrix in hidden_matrices(model):
        matrix.mul_(m**-0.5)


def mup_parameter_groups(
    model: Transformer, base_width: int, *, lr: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Groups for Adam: hidden matrices learn m times as slowly, embeddings, output layer and gains as in the base
    model.

    The decay of the hidden matrices is multiplied by m, so that the product of rate and decay, which is what shrinks a
    weight, stays the same.

    Args:
        model: The wide model.
        base_width: `d_model` of the model that was tuned.
        lr: The base model's learning rate.
        weight_decay: The base model's weight decay, for matrices.

    Returns:
        Groups with `params`, `lr` and `weight_decay`.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=64, n_layers=1, n_heads=4, max_seq_len=32)
        >>> groups = mup_parameter_groups(Transformer(config), base_width=16, lr=0.4, weight_decay=0.1)
        >>> [(group["lr"], group["weight_decay"], group["params"][0].ndim) for group in groups]
        [(0.1, 0.4, 2), (0.4, 0.1, 2), (0.4, 0.0, 1)]
    """
    m = width_multiplier(model.config.d_model, base_width)
    hidden = hidden_matrices(model)
    among_hidden = {id(matrix) for matrix in hidden}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in among_hidden]
    groups = [
        {"params": hidden, "lr": lr / m, "weight_decay": weight_decay * m},
        {"params": [p for p in rest if p.ndim >= 2], "lr": lr, "weight_decay": weight_decay},
        {"params": [p for p in rest if p.ndim < 2], "lr": lr, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def build_mup(
    config: ModelConfig,
    base_width: int,
    *,
    lr: float,
    weight_decay: float = 0.1,
    betas: tuple[float, float] = (0.9, 0.95),
    generator: torch.Generator | None = None,
) -> tuple[Transformer, AdamW]:
    """A model and its optimizer under muP; at the base width they are the ordinary ones.

    Args:
        config: Of the wide model, in the ordinary parametrization.
        base_width: `d_model` of the model that was tuned, with heads of the same width.
        lr: The base model's learning rate.
        weight_decay: The base model's weight decay.
        betas: For Adam.
        generator: For the first weights; PyTorch's global one if None.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=64, n_layers=1, n_heads=4, max_seq_len=32)
        >>> model, optimizer = build_mup(config, base_width=32, lr=0.01)
        >>> model.config.logit_scale, optimizer.param_groups[0]["lr"]
        (0.5, 0.005)
    """
    model = Transformer(mup_config(config, base_width))
    if generator is not None:
        model.init_weights(generator)
    mup_init_(model, base_width)
    groups = mup_parameter_groups(model, base_width, lr=lr, weight_decay=weight_decay)
    return model, AdamW(groups, lr=lr, betas=betas)
