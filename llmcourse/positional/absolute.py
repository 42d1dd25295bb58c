"""Positions as vectors that are added to the embeddings: the sinusoidal table and its shift (chapter 2).

Shape suffixes: N number of positions, D model dimension. Pair i of the D dimensions is (2i, 2i + 1), a sine and a
cosine of one frequency. Everything is float64 here: at position 100,000 an angle in float32 is already off by several
thousandths.

Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.5.
"""

import torch
from torch import Tensor

from llmcourse.positional.rotary import rotary_frequencies


def sinusoidal_table(positions_N: Tensor, d_model: int, base: float = 10000.0) -> Tensor:
    """Write each position as the sines and cosines of d_model / 2 clocks that run at different speeds.

    With the frequency w_i = base ** (-2i / d_model), entry 2i of a row is sin(position * w_i) and entry 2i + 1 is
    cos(position * w_i), for i = 0 ... d_model / 2 - 1.

    Args:
        positions_N: Positions, integers or floats, of any shape; usually (N,).
        d_model: The length of a row; even.
        base: The slowest clock's wavelength approaches 2 pi * base positions.

    Returns:
        The table: the shape of the positions with d_model behind it, (N, D). float64, and computed in float64.

    Raises:
        ValueError: d_model is odd or below 2; the message names it.

    Example:
        >>> sinusoidal_table(torch.tensor([0, 1]), d_model=4)
        tensor([[0.0000, 1.0000, 0.0000, 1.0000],
                [0.8415, 0.5403, 0.0100, 1.0000]], dtype=torch.float64)

    Source: Vaswani et al. (2017), section 3.5.
    """
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model!r}; it must be even and at least 2, as sines and cosines come in pairs")
    index = torch.arange(0, d_model, 2, dtype=torch.float64, device=positions_N.device)
    angles = positions_N.to(torch.float64).unsqueeze(-1) * base ** (-index / d_model)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


def shift_matrix(k: float, d_model: int, base: float = 10000.0) -> Tensor:
    """The matrix that moves every row of the sinusoidal table k positions on, whatever the position is.

    For all positions p: shift_matrix(k) @ table(p) = table(p + k), with table(p) the row of `sinusoidal_table` with the
    same `d_model` and `base`. The matrix is block diagonal: a 2 x 2 rotation for each pair, and zeros elsewhere.

    Args:
        k: How far to move; negative moves back.
        d_model: The length of a row; even.
        base: As in `sinusoidal_table`.

    Returns:
        (D, D), float64.

    Raises:
        ValueError: d_model is odd or below 2; the message names it.

    Example:
        >>> row = sinusoidal_table(torch.tensor(7), 8)
        >>> torch.allclose(shift_matrix(3, 8) @ row, sinusoidal_table(torch.tensor(10), 8))
        True

    Source: the claim is in Vaswani et al. (2017), section 3.5, without the matrix.
    """
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model!r}; it must be even and at least 2, as sines and cosines come in pairs")
    angles = k * rotary_frequencies(d_model, base)
    cos, sin = angles.cos(), angles.sin()
    # sin(a + b) = cos b sin a + sin b cos a, and cos(a + b) = -sin b sin a + cos b cos a
    blocks_N22 = torch.stack((cos, sin, -sin, cos), dim=-1).unflatten(-1, (2, 2))
    return torch.block_diag(*blocks_N22)
