"""Published mixtures of experts: their shapes, what those leave out, and how many parameters their authors name
(chapter 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmcourse.model.config import ModelConfig
from llmcourse.moe.config import ExpertsConfig


class Published(NamedTuple):
    """A model that others have trained.

    Attributes:
        config: Its shape, as far as a `ModelConfig` can say it.
        beside: What that leaves out or says too much: a name -> parameters stored, and those that a token meets.
        says: All parameters and the active ones, as its authors give them.
        embedding_is_active: Whether their active count holds the embedding that a token looks up.

    Example:
        >>> olmoe = PUBLISHED["OLMoE-1B-7B"]
        >>> olmoe.config.feed_forward.n_experts, olmoe.beside, olmoe.says
        (64, {'norms of all queries and of all keys': (65536, 65536)}, ('6.9B', '1.3B'))
    """

    config: ModelConfig
    beside: Mapping[str, tuple[int, int]]
    says: tuple[str, str]
    embedding_is_active: bool = True


def _shape(
    vocab_size: int, d_model: int, n_layers: int, n_heads: int, n_kv_heads: int, d_head: int, experts: ExpertsConfig,
    qk_norm: bool = False,
) -> ModelConfig:  # fmt: skip
    return ModelConfig(
        vocab_size, d_model, n_layers, n_heads, 4096, n_kv_heads=n_kv_heads, d_head=d_head, qk_norm=qk_norm,
        tie_embeddings=False, feed_forward=experts,
    )  # fmt: skip


def _met_by_all(n: int) -> tuple[int, int]:
    """Parameters that are stored and that every token meets."""
    return n, n


def _gpt_oss(n_layers: int, n_experts: int, says: tuple[str, str]) -> Published:
    """Attention with biases and a sink for each head; biases of the router and in each expert."""
    d, q, kv, top_k = 2880, 64 * 64, 8 * 64, 4
    config = _shape(201088, d, n_layers, 64, 8, 64, ExpertsConfig(d, n_experts=n_experts, top_k=top_k))
    beside = {
        "biases and sinks of attention": _met_by_all(n_layers * (q + 2 * kv + d + 64)),
        "biases of routers": _met_by_all(n_layers * n_experts),
        "biases of experts": (n_layers * n_experts * 3 * d, n_layers * top_k * 3 * d),
    }
    return Published(config, beside, says, embedding_is_active=False)


def _deepseek_v3() -> Published:
    """Latent attention in all layers, and three layers that are dense. Its module for a second token is left out."""
    d, heads, layers, dense_layers = 7168, 128, 61, 3
    experts = ExpertsConfig(2048, n_experts=256, top_k=8, n_shared=1, scores="sigmoid", scale=2.5, bias_rate=0.001)
    config = _shape(129280, d, layers, heads, heads, 128, experts)
    query, latent, nope, rope, value = 1536, 512, 128, 64, 128
    attention = (
        d * query + query + query * heads * (nope + rope)
        + d * (latent + rope) + latent + latent * heads * (nope + value)
        + heads * value * d
    )  # fmt: skip
    usual, dense, costs = 4 * d * heads * 128, 3 * d * 18432, experts.costs(config)
    beside = {
        "latent attention, less the usual one": _met_by_all(layers * (attention - usual)),
        "three dense networks, less those with experts": (
            dense_layers * (dense - costs.parameters),
            dense_layers * (dense - costs.active_parameters),
        ),
    }
    return Published(config, beside, ("671B", "37B"), embedding_is_active=False)


PUBLISHED: dict[str, Published] = {
    "Mixtral 8x7B": Published(
        _shape(32000, 4096, 32, 32, 8, 128, ExpertsConfig(14336, n_experts=8, top_k=2)), {}, ("46.7B", "12.9B")
    ),
    "OLMoE-1B-7B": Published(
        _shape(50304, 2048, 16, 16, 16, 128, ExpertsConfig(1024, n_experts=64, top_k=8, normalise=False)),
        {"norms of all queries and of all keys": _met_by_all(16 * 2 * 2048)},
        ("6.9B", "1.3B"),
    ),
    "Qwen3-30B-A3B": Published(
        _shape(151936, 2048, 48, 32, 4, 128, ExpertsConfig(768, n_experts=128, top_k=8), qk_norm=True),
        {}, ("30.5B", "3.3B"),
    ),
    "Qwen3-235B-A22B": Published(
        _shape(151936, 4096, 94, 64, 4, 128, ExpertsConfig(1536, n_experts=128, top_k=8), qk_norm=True),
        {}, ("235B", "22B"),
    ),
    "gpt-oss-20b": _gpt_oss(24, 32, ("20.9B", "3.6B")),
    "gpt-oss-120b": _gpt_oss(36, 128, ("116.8B", "5.1B")),
    "DeepSeek-V3": _deepseek_v3(),
}  # fmt: skip
"""Jiang et al., "Mixtral of Experts" (2024); Muennighoff et al., "OLMoE" (2024); Yang et al., "Qwen3 Technical Report"
(2025); OpenAI, "gpt-oss-120b & gpt-oss-20b Model Card" (2025); DeepSeek-AI, "DeepSeek-V3" (2024)."""
