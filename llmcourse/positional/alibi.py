"""ALiBi: no vectors for positions, a penalty on attention that grows with the distance (chapter 2).

Shape suffixes: B batch, H heads, T time of the queries, S time of the keys.

Source: Press, Smith and Lewis, "Train Short, Test Long: Attention with Linear Biases Enables Input Length
Extrapolation" (2021), section 3.
"""

import torch
from torch import Tensor


def alibi_slopes(n_heads: int) -> Tensor:
    """How strongly each head is held to what is near: the penalty for one step of distance.

    For a number of heads that is a power of two, head h = 1 ... n_heads has the slope 2 ** (-8h / n_heads): 8 heads
    have 1/2, 1/4, ... 1/256. For another number, take all slopes of the largest power of two below it, p; then the
    first, third, fifth, ... of the slopes for 2p heads, as many as are missing.

    Args:
        n_heads: The number of heads, at least 1.

    Returns:
        (H,), float64.

    Raises:
        ValueError: n_heads is below 1; the message names it.

    Example:
        >>> alibi_slopes(4)
        tensor([0.2500, 0.0625, 0.0156, 0.0039], dtype=torch.float64)
        >>> alibi_slopes(6)
        tensor([0.2500, 0.0625, 0.0156, 0.0039, 0.5000, 0.1250], dtype=torch.float64)

    Source: Press et al. (2021), section 3; for other head counts the authors' code, `get_slopes`.
    """
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads!r}; it must be at least 1")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, 2 * power + 1, 2)][: n_heads - power]
    return 2.0 ** -torch.tensor(exponents, dtype=torch.float64)


def alibi_bias(slopes_H: Tensor, q_positions: Tensor, k_positions: Tensor) -> Tensor:
    """What is added to the attention scores: minus the head's slope times the distance between query and key.

    The distance is |query position - key position|. The causal mask is not part of it; the caller adds that.

    Args:
        slopes_H: One slope a head, floating point. Neither the slopes nor the positions are changed.
        q_positions: Integers, (T,) or (B, T).
        k_positions: Integers, (S,) or (B, S); batched if and only if the queries' are.

    Returns:
        (H, T, S), or (B, H, T, S) if the positions are batched, in the dtype of the slopes.

    Example:
        >>> alibi_bias(torch.tensor([0.5, 0.25]), torch.tensor([2]), torch.tensor([0, 1, 2]))
        tensor([[[-1.0000, -0.5000, -0.0000]],
        <BLANKLINE>
                [[-0.5000, -0.2500, -0.0000]]])

    Source: Press et al. (2021), section 3, figure 3.
    """
    distance_TS = (q_positions.unsqueeze(-1) - k_positions.unsqueeze(-2)).abs()
    return -slopes_H[:, None, None] * distance_TS.unsqueeze(-3)
