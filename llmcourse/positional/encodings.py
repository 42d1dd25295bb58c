"""One interface through which a model takes any positional encoding by name (chapter 2).

Shape suffixes: B batch, T time of the queries, S time of the keys, D model dimension, H heads, C channels of a
head, N = C / 2 pairs.

A model calls all three hooks and uses what is not None: `add` once on the embeddings, `rotation` and `bias` once a
forward pass, for all layers.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from llmcourse.positional.absolute import sinusoidal_table
from llmcourse.positional.alibi import alibi_bias, alibi_slopes
from llmcourse.positional.rotary import apply_rotary, check_layout, float64_device, rotary_cos_sin
from llmcourse.positional.scaling import RopeScaling, scaled_frequencies

ENCODINGS = ("none", "learned", "sinusoidal", "rope", "alibi")


class PositionalEncoding(nn.Module):
    """No encoding at all, and what the others have in common: positions are int64, (T,) or (B, T).

    Example:
        >>> nothing = PositionalEncoding()
        >>> nothing.rotation(torch.arange(3)) is None and nothing.bias(torch.arange(3), torch.arange(3)) is None
        True
    """

    def add(self, x_BTD: Tensor, positions: Tensor) -> Tensor:
        """The embeddings with what the positions add to them; x itself if they add nothing.

        Args:
            x_BTD: The embeddings. Not changed.
            positions: (T,) or (B, T).

        Returns:
            The shape and dtype of x.
        """
        return x_BTD

    def rotation(self, positions: Tensor) -> Callable[[Tensor], Tensor] | None:
        """A function that rotates queries or keys x_BHTC at these positions, or None if nothing is rotated."""
        return None

    def bias(self, q_positions: Tensor, k_positions: Tensor) -> Tensor | None:
        """What is added to the attention scores, (H, T, S) or (B, H, T, S), float32; None if nothing is."""
        return None

    def init_weights(self, generator: torch.Generator | None = None, std: float = 0.02) -> None:
        """Draw the encoding's own weights anew, if it has any."""


class LearnedPositions(PositionalEncoding):
    """A table with one row a position, learned like any other weight. Beyond its last row there is nothing.

    Example:
        >>> positions = LearnedPositions(max_seq_len=8, d_model=4)
        >>> positions.add(torch.zeros(1, 2, 4), torch.tensor([7, 8]))
        Traceback (most recent call last):
        ...
        ValueError: a position is 8; it must be at least 0 and below max_seq_len, 8, where the table ends

    Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), GPT-2.
    """

    def __init__(self, max_seq_len: int, d_model: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(max_seq_len, d_model))
        self.init_weights()

    def add(self, x_BTD: Tensor, positions: Tensor) -> Tensor:
        self._check(positions)
        return x_BTD + self.table[positions].to(x_BTD.dtype)

    def init_weights(self, generator: torch.Generator | None = None, std: float = 0.02) -> None:
        nn.init.normal_(self.table, std=std, generator=generator)

    def _check(self, positions: Tensor) -> None:
        # A compiled or meta-device forward has no values to look at.
        if positions.is_meta or torch.compiler.is_compiling() or not positions.numel():
            return
        limit = self.table.shape[0]
        lowest, highest = (int(end) for end in positions.aminmax())
        if lowest < 0 or highest >= limit:
            outside = highest if highest >= limit else lowest
            raise ValueError(
                f"a position is {outside}; it must be at least 0 and below max_seq_len, {limit}, where the table ends"
            )


class SinusoidalPositions(PositionalEncoding):
    """The fixed table of sines and cosines. The embeddings are scaled up by sqrt(d_model) first, as in the paper.

    Without that a fresh embedding (standard deviation 0.02) would drown in a table whose entries are 0.7 large. In a
    narrow model it drowns all the same, unless its first weights are larger: the paper's own code starts embeddings
    with a deviation of 1 / sqrt(d_model), which the factor makes 1.

    Source: Vaswani et al., "Attention Is All You Need" (2017), sections 3.4 and 3.5.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        sinusoidal_table(torch.arange(0), d_model)  # an odd d_model fails here, not in the first forward
        self.d_model = d_model

    def add(self, x_BTD: Tensor, positions: Tensor) -> Tensor:
        table = sinusoidal_table(positions.to(float64_device(positions.device)), self.d_model)
        return x_BTD * math.sqrt(self.d_model) + table.to(x_BTD.dtype).to(x_BTD.device)


class RotaryPositions(PositionalEncoding):
    """RoPE: nothing is added; queries and keys are rotated in every layer.

    Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021).
    """

    def __init__(
        self, d_head: int, theta: float = 10000.0, layout: str = "half", scaling: RopeScaling | None = None
    ) -> None:
        super().__init__()
        check_layout(layout)
        scaled_frequencies(d_head, theta, scaling)  # an odd d_head fails here, not in the first forward
        self.d_head, self.theta, self.layout, self.scaling = d_head, theta, layout, scaling

    def rotation(self, positions: Tensor) -> Callable[[Tensor], Tensor]:
        # Not a buffer: `model.to(torch.bfloat16)` would round the frequencies, and with them every far position.
        frequencies_N, attention_factor = scaled_frequencies(self.d_head, self.theta, self.scaling)
        cos, sin = rotary_cos_sin(positions, frequencies_N, attention_factor)
        if positions.ndim == 2:
            cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)  # the same for all heads: (B, 1, T, N)
        return partial(apply_rotary, cos=cos, sin=sin, layout=self.layout)


class AlibiPositions(PositionalEncoding):
    """ALiBi: nothing is added or rotated; attention scores fall with the distance, in each head at its own rate.

    Source: Press, Smith and Lewis, "Train Short, Test Long" (2021).
    """

    def __init__(self, n_heads: int) -> None:
        super().__init__()
        alibi_slopes(n_heads)  # a wrong n_heads fails here, not in the first forward
        self.n_heads = n_heads

    def bias(self, q_positions: Tensor, k_positions: Tensor) -> Tensor:
        slopes_H = alibi_slopes(self.n_heads).to(torch.float32).to(q_positions.device)
        return alibi_bias(slopes_H, q_positions, k_positions)


def make_positions(
    name: str,
    *,
    d_model: int,
    n_heads: int,
    d_head: int,
    max_seq_len: int,
    rope_theta: float = 10000.0,
    rope_layout: str = "half",
    rope_scaling: RopeScaling | None = None,
) -> PositionalEncoding:
    """Make a model's positional encoding.

    Args:
        name: "none", "learned", "sinusoidal", "rope" or "alibi".
        d_model: The dimension of the embeddings.
        n_heads: The number of query heads.
        d_head: The number of channels of a head.
        max_seq_len: The rows of a learned table; the others go on beyond it.
        rope_theta: The rotary base.
        rope_layout: "half" or "interleaved".
        rope_scaling: For contexts longer than the trained one.

    Raises:
        ValueError: An unknown name, a dimension that the encoding cannot use, or a scaling without "rope"; the message
            names the value.

    Example:
        >>> rope = make_positions("rope", d_model=16, n_heads=2, d_head=8, max_seq_len=32)
        >>> rotate = rope.rotation(torch.arange(5))
        >>> rotate(torch.randn(1, 2, 5, 8)).shape
        torch.Size([1, 2, 5, 8])
    """
    if name not in ENCODINGS:
        raise ValueError(f"the positional encoding is {name!r}; it must be one of {', '.join(map(repr, ENCODINGS))}")
    if rope_scaling is not None and name != "rope":
        raise ValueError(f"rope_scaling is {rope_scaling.name!r}; it must be None where the encoding is {name!r}")
    if name == "learned":
        return LearnedPositions(max_seq_len, d_model)
    if name == "sinusoidal":
        return SinusoidalPositions(d_model)
    if name == "rope":
        return RotaryPositions(d_head, rope_theta, rope_layout, rope_scaling)
    return AlibiPositions(n_heads) if name == "alibi" else PositionalEncoding()
