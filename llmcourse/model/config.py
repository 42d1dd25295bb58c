"""The configuration of a model: one frozen dataclass, and that of some well-known models (chapter 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import nn

from llmcourse.model.layers import ACTIVATIONS, NORMS, default_d_ff
from llmcourse.positional import ENCODINGS, RopeScaling
from llmcourse.values import take_fields

POSITIONS = ENCODINGS
QK_NORM_OVER = ("head", "all")


class Costs(NamedTuple):
    """What a part of a model, or all of it, costs.

    Attributes:
        parameters: Numbers that are stored and trained.
        active_parameters: Those of them that one token meets; fewer where a router chooses.
        flops_per_token: Floating-point operations of a forward pass for one token, matrix products only.
    """

    parameters: int
    active_parameters: int
    flops_per_token: int


class FeedForwardConfig(Protocol):
    """What puts another network in the place of a block's feed-forward network, one in each layer.

    It is part of a `ModelConfig`: a frozen dataclass of plain values, so that checkpoints can keep it. The module that
    it makes takes and gives x_BTD. Weights that are no `nn.Linear` or `nn.Embedding` start as the module says: it has a
    method `init_weights(std, residual_std, generator)`, with the arguments of the function of that name.
    """

    def make(self, config: ModelConfig) -> nn.Module:
        """The network of one layer."""

    def costs(self, config: ModelConfig) -> Costs:
        """What the network of one layer costs, biases included."""


class _Derived(int):
    """A size that follows from the others. `dataclasses.replace` passes it on, and it is worked out anew."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides a model's shape and its initialisation.

    Sizes left at None follow from the others: n_kv_heads = n_heads, d_head = d_model // n_heads, and d_ff is 4 d_model,
    or for "swiglu" two thirds of that, rounded up to a multiple of 8. They follow anew in `dataclasses.replace`.

    Attributes:
        vocab_size, d_model, n_layers, n_heads, max_seq_len, n_kv_heads, d_head, d_ff: Sizes.
        positions: "none", "learned", "sinusoidal", "rope" or "alibi"; a learned table has max_seq_len rows.
        rope_theta, rope_layout, rope_scaling: See `llmcourse.positional`.
        norm: "rmsnorm" or "layernorm"; norm_eps its epsilon.
        norm_position: "pre": each branch sees a normalised stream; "post": the sum is normalised.
        qk_norm: Normalise queries and keys; qk_norm_over: "head", each head by itself, or "all", all heads as one.
        activation: "swiglu", "gelu", "gelu_tanh" or "relu".
        bias: Biases in linear layers and LayerNorms; the output layer has none.
        dropout: Probability, on the embedding, the attention weights and both branches.
        tie_embeddings: The output layer's weight is the embedding's.
        init_std: Standard deviation of the first weights. 0.02 is what GPT-2 took for a width of 768. It starts a much
            narrower model too quietly: 0.02 * sqrt(768 / d_model) keeps the proportion. The default does not follow the
            width by itself, so that a recipe which says 0.02 means 0.02.
        scale_residual_init: Start the layers that write to the residual stream smaller, by 1 / sqrt(2 * n_layers).
        logit_scale: Factor of the logits; attention_scale: factor of the scores, 1 / sqrt(d_head) when None.
        feed_forward: None for the feed-forward network that `activation` and `d_ff` describe; else what makes another
            network in its place, see `FeedForwardConfig`.

    Raises:
        ValueError: A value that is not allowed, named with those that are.

    Example:
        >>> config = ModelConfig(vocab_size=512, d_model=64, n_layers=2, n_heads=4, max_seq_len=128)
        >>> config.n_kv_heads, config.d_head, config.d_ff
        (4, 16, 176)
        >>> ModelConfig(vocab_size=512, d_model=64, n_layers=2, n_heads=5, max_seq_len=128)
        Traceback (most recent call last):
        ValueError: n_heads is 5; it must divide d_model, 64, unless d_head is given
    """

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    max_seq_len: int
    n_kv_heads: int | None = None
    d_head: int | None = None
    d_ff: int | None = None
    positions: str = "rope"
    rope_theta: float = 10000.0
    rope_layout: str = "half"
    rope_scaling: RopeScaling | None = None
    norm: str = "rmsnorm"
    norm_position: str = "pre"
    norm_eps: float = 1e-5
    qk_norm: bool = False
    activation: str = "swiglu"
    bias: bool = False
    dropout: float = 0.0
    tie_embeddings: bool = True
    init_std: float = 0.02
    scale_residual_init: bool = True
    logit_scale: float = 1.0
    attention_scale: float | None = None
    feed_forward: FeedForwardConfig | None = None
    qk_norm_over: str = "head"

    def __post_init__(self) -> None:
        """Check the values and work out the sizes that follow."""
        take_fields(self)
        for name in ("vocab_size", "d_model", "n_layers", "n_heads", "max_seq_len"):
            _check_size(name, getattr(self, name))
        self._check_choice("positions", POSITIONS)
        self._check_choice("norm", NORMS)
        self._check_choice("norm_position", ("pre", "post"))
        self._check_choice("activation", ACTIVATIONS)
        self._check_choice("qk_norm_over", QK_NORM_OVER)
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout!r}; it must be at least 0 and below 1")
        n_kv_heads = self._derive("n_kv_heads", self.n_heads)
        d_head_given = self.d_head is not None and not isinstance(self.d_head, _Derived)
        check_heads(self.d_model, self.n_heads, n_kv_heads, self.d_head if d_head_given else None)
        self._derive("d_head", self.d_model // self.n_heads)
        self._derive("d_ff", default_d_ff(self.d_model, self.activation))

    def _check_choice(self, name: str, allowed: tuple[str, ...]) -> None:
        if getattr(self, name) not in allowed:
            raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(map(repr, allowed))}")

    def _derive(self, name: str, default: int) -> int:
        value = getattr(self, name)
        if value is None or isinstance(value, _Derived):
            value = _Derived(default)
            object.__setattr__(self, name, value)
        _check_size(name, value)
        return int(value)


def _check_size(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")


def check_heads(d_model: int, n_heads: int, n_kv_heads: int, d_head: int | None = None) -> None:
    """Raise a ValueError that names both numbers when heads do not divide.

    Example:
        >>> check_heads(64, 8, 3)
        Traceback (most recent call last):
        ValueError: n_kv_heads is 3; it must divide n_heads, 8
    """
    if d_head is None and d_model % n_heads:
        raise ValueError(f"n_heads is {n_heads!r}; it must divide d_model, {d_model!r}, unless d_head is given")
    if n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads is {n_kv_heads!r}; it must divide n_heads, {n_heads!r}")


PRESETS: dict[str, ModelConfig] = {
    "gpt2": ModelConfig(
        vocab_size=50257, d_model=768, n_layers=12, n_heads=12, max_seq_len=1024,
        positions="learned", norm="layernorm", activation="gelu_tanh", bias=True,
    ),
    "llama-2-7b": ModelConfig(
        vocab_size=32000, d_model=4096, n_layers=32, n_heads=32, max_seq_len=4096, d_ff=11008, tie_embeddings=False,
    ),
    "llama-2-70b": ModelConfig(
        vocab_size=32000, d_model=8192, n_layers=80, n_heads=64, n_kv_heads=8, max_seq_len=4096, d_ff=28672,
        tie_embeddings=False,
    ),
    "llama-3-8b": ModelConfig(
        vocab_size=128256, d_model=4096, n_layers=32, n_heads=32, n_kv_heads=8, max_seq_len=8192, d_ff=14336,
        rope_theta=500000.0, tie_embeddings=False,
    ),
}  # fmt: skip
