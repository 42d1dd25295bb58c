"""Models that a plan may choose from, and the choice (chapter 5).

A law speaks of parameters, but what is trained is a configuration: layers, heads and widths are whole numbers, an
embedding counts, and attention costs operations that 6 N D leaves out. So a plan looks at real configurations, counts
each exactly, and takes the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from llmcourse.model.config import Costs, ModelConfig
from llmcourse.model.layers import default_d_ff
from llmcourse.scaling_laws.laws import Law

WIDTHS = tuple(range(128, 16384 + 1, 128))
N_EXPERTS, TOP_K = 64, 8
"""Experts of a layer and how many a token meets: those of OLMoE (Muennighoff et al., 2024, section 4.1)."""


@dataclass(frozen=True)
class ExpertsOnPaper:
    """A mixture of experts that can be counted and not built: SwiGLU networks, of which a router chooses some.

    Attributes:
        d_expert: Width of one expert.
        n_experts: Experts of a layer.
        top_k: How many a token meets.

    Raises:
        ValueError: A number is below 1, or `top_k` above `n_experts`; the message names it.

    Example:
        >>> config = ModelConfig(100, 64, 2, 4, 128, feed_forward=ExpertsOnPaper(24, n_experts=4, top_k=2))
        >>> config.feed_forward.costs(config)  # 4 and 2 of 3 * 64 * 24, and a router of 64 * 4
        Costs(parameters=18688, active_parameters=9472, flops_per_token=18944)
    """

    d_expert: int
    n_experts: int = N_EXPERTS
    top_k: int = TOP_K

    def __post_init__(self) -> None:
        for name in ("d_expert", "n_experts", "top_k"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 1")
        if self.top_k > self.n_experts:
            raise ValueError(f"top_k is {self.top_k!r}; it must be at most n_experts, {self.n_experts!r}")

    def make(self, config: ModelConfig) -> nn.Module:
        """Not here: chapter 6 builds such a network."""
        raise NotImplementedError("experts on paper can be counted and not built")

    def costs(self, config: ModelConfig) -> Costs:
        """What the network of one layer costs, its router included."""
        expert, router = 3 * config.d_model * self.d_expert, config.d_model * self.n_experts
        active = self.top_k * expert + router
        return Costs(self.n_experts * expert + router, active, 2 * active)


def shape(d_model: int, vocab_size: int, seq_len: int, moe: bool = False) -> ModelConfig:
    """The configuration of a width: as deep as GPT-2's and Llama's proportions suggest.

    Layers are d_model^(2/3) / 8: 8 of them at a width of 512, 32 at 4,096, as Llama 2 7B has. Within wide bounds the
    loss hardly depends on the proportions. With `moe`, the experts that a token meets are together as wide as the
    dense network would be, so that both have nearly the same active parameters.

    Args:
        d_model: A multiple of 128.
        vocab_size: Of the tokenizer.
        seq_len: Of training.
        moe: Whether each feed-forward network is a mixture of experts.

    Example:
        >>> config = shape(4096, 32000, 2048)
        >>> config.n_layers, config.n_heads, config.d_ff
        (32, 32, 10928)

    Source: Kaplan et al. (2020), section 3.1, for how little proportions matter.
    """
    d_head = 128 if d_model >= 2048 else 64
    d_ff, experts = default_d_ff(d_model, "swiglu"), None
    if moe:
        experts = ExpertsOnPaper(-(-d_ff // (8 * TOP_K)) * 8)
        d_ff = TOP_K * experts.d_expert  # what a token meets: the ledger of activations asks for it
    return ModelConfig(
        vocab_size, d_model, max(2, round(d_model ** (2 / 3) / 8)), d_model // d_head, seq_len, d_ff=d_ff,
        feed_forward=experts,
    )  # fmt: skip


class Candidate(NamedTuple):
    """What the choice has to know of a model.

    Attributes:
        n_params: Parameters for the law: of a mixture of experts, those that a token meets.
        flops_per_token: Operations of a forward pass for one token.
        rank_bytes: Bytes that each device needs to train it.
    """

    n_params: int
    flops_per_token: int
    rank_bytes: int


def choose_model(candidates: Sequence[Candidate], law: Law, flops: float, device_bytes: float) -> tuple[int, int]:
    """The model that ends with the lowest loss when a budget is spent on it, among those that fit on the devices.

    Each model is trained on as many tokens as the budget pays for, a whole number, rounded down. A token of training
    takes three times the operations of a forward pass: the backward pass takes two. The law then says the loss.

    Args:
        candidates: The models, in any order, at least one.
        law: Says the loss of N parameters after D tokens: `law.loss(n, d)`.
        flops: Operations of the whole run.
        device_bytes: Memory of a device that the run may use.

    Returns:
        The number of the chosen candidate, from 0, and its tokens. Of equally good ones, the first.

    Raises:
        ValueError: None fits on the devices; the message names the smallest `rank_bytes` of all. Or the budget does not
            pay for one token of any that fits; the message names `flops`.

    Example:
        >>> law = Law(E=1.0, A=10.0, B=10.0, alpha=0.5, beta=0.5)
        >>> small, large = Candidate(100, 200, 10), Candidate(400, 800, 40)
        >>> choose_model([small, large], law, flops=60_000, device_bytes=50)  # 3.00 for it, 3.50 for the large one
        (0, 100)
        >>> choose_model([small, large], law, flops=600_000, device_bytes=50)  # 2.32 against 2.13
        (1, 250)
        >>> choose_model([small, large], law, flops=600_000, device_bytes=20)  # the large one does not fit
        (0, 1000)

    Source: Hoffmann et al. (2022), section 3.3, with counts in the place of 6 N D.
    """
    fitting = [i for i, candidate in enumerate(candidates) if candidate.rank_bytes <= device_bytes]
    if not fitting:
        least = min(candidate.rank_bytes for candidate in candidates)
        raise ValueError(f"device_bytes is {device_bytes!r}; it must be at least {least!r}, for the smallest model")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops!r}; it must be enough for one token of a model that fits")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]
