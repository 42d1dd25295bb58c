"""Experts in the place of a block's feed-forward network: how many, how they are chosen, what they cost (chapter 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from importlib import import_module

from torch import nn

from llmcourse.model.accounting import count_parameters
from llmcourse.model.config import Costs, ModelConfig
from llmcourse.moe.experts import WAYS
from llmcourse.moe.routing import SCORES
from llmcourse.values import take_fields


@dataclass(frozen=True)
class ExpertsConfig:
    """A mixture of experts: SwiGLU networks, of which a router chooses some for each token.

    `ModelConfig(..., feed_forward=ExpertsConfig(...))` puts one into each block.

    Attributes:
        d_expert: Width F of one expert.
        n_experts, top_k: How many experts a layer has, and how many of them a token meets.
        n_shared: How many more experts every token meets; they are one network, `n_shared * d_expert` wide.
        scores: "softmax" or "sigmoid", see `top_k_gate`.
        normalise: Whether the weights of a token's experts sum to 1; with `top_k` = 1 the router then learns nothing
            from the loss, as every weight is 1.
        scale: What the weights are multiplied by.
        noise: Standard deviation of the noise on the logits while the model trains.
        capacity_factor: How many tokens an expert takes at most, in multiples of an even load; None for all that come.
        balance_weight, z_weight: Weights of the balancing loss (in the convention of Switch, 1 when the load is even)
            and of the z-loss.
        sequence_weight: Weight of the balancing loss of each sequence by itself.
        bias_rate: How much the bias that balances the choice changes in a step; with 0 there is none.
        way: How the experts are computed: "auto", "grouped", "loop" or "fast", see `Experts`.

    Raises:
        ValueError: A value is not allowed; the message names it.

    Example:
        >>> config = ModelConfig(100, 64, 2, 4, 128, feed_forward=ExpertsConfig(24, n_experts=4, top_k=2))
        >>> config.feed_forward.costs(config)  # 4 and 2 of 3 * 64 * 24, and a router of 64 * 4
        Costs(parameters=18688, active_parameters=9472, flops_per_token=18944)
        >>> ExpertsConfig(24, n_experts=4, top_k=5)
        Traceback (most recent call last):
        ValueError: top_k is 5; it must be at most n_experts, 4
    """

    d_expert: int
    n_experts: int
    top_k: int
    n_shared: int = 0
    scores: str = "softmax"
    normalise: bool = True
    scale: float = 1.0
    noise: float = 0.0
    capacity_factor: float | None = None
    balance_weight: float = 0.0
    z_weight: float = 0.0
    sequence_weight: float = 0.0
    bias_rate: float = 0.0
    way: str = "auto"

    def __post_init__(self) -> None:
        take_fields(self)
        for name in ("d_expert", "n_experts", "top_k"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 1")
        if self.top_k > self.n_experts:
            raise ValueError(f"top_k is {self.top_k!r}; it must be at most n_experts, {self.n_experts!r}")
        for name in ("n_shared", "noise", "balance_weight", "z_weight", "sequence_weight", "bias_rate"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 0")
        if not self.scale > 0:
            raise ValueError(f"scale is {self.scale!r}; it must be above 0")
        if self.capacity_factor is not None and not 0 < self.capacity_factor < math.inf:
            raise ValueError(f"capacity_factor is {self.capacity_factor!r}; it must be above 0 and finite, or None")
        for name, allowed in (("scores", SCORES), ("way", WAYS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(map(repr, allowed))}"
                )

    def make(self, config: ModelConfig) -> nn.Module:
        """The mixture of one layer, a `MoE`."""
        # By name: the layer stands below and reads this configuration, and imports run one way.
        return import_module("llmcourse.moe.layer").MoE(config.d_model, self)

    def costs(self, config: ModelConfig) -> Costs:
        """What the mixture of one layer costs, its router and shared experts included; nothing in it has a bias."""
        expert, router = 3 * config.d_model * self.d_expert, config.d_model * self.n_experts
        active = (self.top_k + self.n_shared) * expert + router
        return Costs((self.n_experts + self.n_shared) * expert + router, active, 2 * active)


def active_parameters(config: ModelConfig) -> tuple[int, int]:
    """How many parameters a model with experts has, and how many of them a token meets.

    Each layer has, in the place of its feed-forward network: a router, a matrix of `d_model` times `n_experts`, which
    every token meets; `n_experts` experts of three matrices, `d_model` times `d_expert` each, of which a token meets
    `top_k`; and `n_shared` more of the same size, which every token meets. None of them has biases, whatever
    `config.bias` says. All other parameters meet every token: embeddings, attention, norms, the output matrix. By
    custom the whole embedding counts, although a token looks up one row of it.

    `model_costs` and `ExpertsConfig.costs` count for the library what this counts for you: it works without them.

    Args:
        config: The model's configuration; its `feed_forward` is an `ExpertsConfig`, the same in each layer.

    Returns:
        All parameters, and those that a token meets.

    Example:
        >>> mixtral = ModelConfig(
        ...     vocab_size=32000, d_model=4096, n_layers=32, n_heads=32, n_kv_heads=8, max_seq_len=32768,
        ...     tie_embeddings=False, feed_forward=ExpertsConfig(d_expert=14336, n_experts=8, top_k=2),
        ... )
        >>> active_parameters(mixtral)
        (46702792704, 12879925248)
    """
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    # The rest of the model is a dense one, less the networks that its blocks would have.
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    stored, met = experts.n_experts + experts.n_shared, experts.top_k + experts.n_shared
    return rest + config.n_layers * stored * one, rest + config.n_layers * met * one
