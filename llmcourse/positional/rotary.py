"""Rotary position embedding: queries and keys are turned by angles that grow with the position (chapter 2).

Shape suffixes: B batch, H heads, T time, C channels of a head, N = C / 2 pairs. A head's channels form N pairs;
pair i turns by `frequency[i]` radians at each position. Which two channels are a pair is a matter of memory layout:

- "half": channels i and i + N (Llama's files at Hugging Face, GPT-NeoX);
- "interleaved": channels 2i and 2i + 1 (the paper, Meta's own Llama code, GPT-J).

Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021), section 3.2.
"""

import torch
from torch import Tensor

LAYOUTS = ("half", "interleaved")


def check_layout(layout: str) -> None:
    """Raise ValueError for a layout that does not exist.

    Example:
        >>> check_layout("half")
    """
    if layout not in LAYOUTS:
        raise ValueError(f"the rotary layout is {layout!r}; it must be one of {', '.join(map(repr, LAYOUTS))}")


def rotary_frequencies(d_head: int, theta: float = 10000.0) -> Tensor:
    """How far each pair of channels turns from one position to the next, in radians, fastest pair first.

    Pair i turns by theta ** (-2i / d_head), for i = 0 ... d_head / 2 - 1.

    Args:
        d_head: The number of channels of a head; even.
        theta: The base; larger makes the slow pairs slower. 10,000 in the paper, 500,000 in Llama 3.

    Returns:
        (N,) = (d_head / 2,), float64.

    Raises:
        ValueError: d_head is odd or below 2, or theta is not above 0, as NaN is not; the message names the number.

    Example:
        >>> rotary_frequencies(8)
        tensor([1.0000, 0.1000, 0.0100, 0.0010], dtype=torch.float64)

    Source: Su et al. (2021), section 3.2.2.
    """
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head!r}; it must be even and at least 2, as channels turn in pairs")
    if not theta > 0:
        raise ValueError(f"theta is {theta!r}; it must be above 0")
    return theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)


def float64_device(device: torch.device) -> torch.device:
    """Where to compute in float64 what is wanted on a device: there, or on the CPU if the device has no float64 (MPS).

    Example:
        >>> float64_device(torch.device("cpu")), float64_device(torch.device("mps"))
        (device(type='cpu'), device(type='cpu'))
    """
    return torch.device("cpu") if device.type == "mps" else device


def rotary_cos_sin(
    positions: Tensor, frequencies_N: Tensor, attention_factor: float = 1.0, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    """The cosine and sine of each pair's angle at each position. Angles are computed in float64, then rounded.

    A device without float64 gets its tables from the CPU.

    Args:
        positions: Integers, (T,) or (B, T).
        frequencies_N: Radians a position, one for each pair.
        attention_factor: Multiplies both; 1 except for YaRN.
        dtype: Of the result.

    Returns:
        Cos and sin, each (T, N) or (B, T, N), on the positions' device.

    Example:
        >>> cos, sin = rotary_cos_sin(torch.tensor([0, 1]), rotary_frequencies(4))
        >>> sin
        tensor([[0.0000, 0.0000],
                [0.8415, 0.0100]])
    """
    where = float64_device(positions.device)
    angles = positions.to(where).to(torch.float64).unsqueeze(-1) * frequencies_N.to(where)
    cos, sin = (angles.cos() * attention_factor).to(dtype), (angles.sin() * attention_factor).to(dtype)
    return cos.to(positions.device), sin.to(positions.device)


def apply_rotary(x: Tensor, cos: Tensor, sin: Tensor, layout: str = "half") -> Tensor:
    """Turn each pair of channels: the pair (a, b) becomes (a cos - b sin, a sin + b cos).

    With N = C / 2 pairs, pair i is, in the layout "half", channels i and i + N; in "interleaved", channels 2i and
    2i + 1. Each channel of the result stands where it stood in x.

    Args:
        x: (..., T, C), queries or keys; C is even. Not changed.
        cos: The cosine of each pair's angle, (T, N), or any shape that broadcasts against (..., T, N).
        sin: The sine, of the same shape.
        layout: "half" or "interleaved".

    Returns:
        A new tensor of the shape and dtype of x, through which gradients reach x. Computed in the wider of the two
        dtypes of x and cos, then rounded to that of x.

    Raises:
        ValueError: Another layout, named in the message; or C is not twice the last dimension of cos: the message names
            C.

    Example:
        >>> quarter_turn = torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 1.0]])
        >>> apply_rotary(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), *quarter_turn, layout="half")
        tensor([[-3., -4.,  1.,  2.]])
        >>> apply_rotary(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), *quarter_turn, layout="interleaved")
        tensor([[-2.,  1., -4.,  3.]])

    Source: Su et al. (2021), section 3.4.2.
    """
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels; it must have {2 * cos.shape[-1]}, two for each angle")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        turned = torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
    else:
        a, b = x[..., 0::2], x[..., 1::2]
        turned = torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)
    return turned.to(x.dtype)


def layout_permutation(d_head: int, to: str = "half") -> Tensor:
    """The order in which to read a head's channels so that they change from one rotary layout to the other.

    With p = layout_permutation(d_head, "half"), x[..., p] holds the channels of an interleaved x in the half layout:
    rotating x as "interleaved" and then reading it in the order p is rotating x[..., p] as "half". With `to` =
    "interleaved" the order is the inverse one, from "half" to "interleaved". Apply it to the output channels of the
    query and key projections of a checkpoint, within each head.

    Args:
        d_head: The number of channels of a head; even.
        to: The layout wanted, "half" or "interleaved"; it is read from the other one.

    Returns:
        (C,), int64: each of 0 ... d_head - 1 once.

    Raises:
        ValueError: d_head is odd or below 2, or another layout; the message names it.

    Example:
        >>> layout_permutation(6)
        tensor([0, 2, 4, 1, 3, 5])
        >>> layout_permutation(6, to="interleaved")
        tensor([0, 3, 1, 4, 2, 5])
    """
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head!r}; it must be even and at least 2, as channels turn in pairs")
    channels = torch.arange(d_head)
    pairs = channels.view(-1, 2) if to == "half" else channels.view(2, -1)
    return pairs.T.flatten()
