"""Weights in four bits: sixteen levels placed where normally distributed numbers are (chapter 4)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def nf4_levels() -> Tensor:
    """The sixteen levels of NF4, from -1 to 1, as float32.

    Seven levels are quantiles of the standard normal distribution on its left side, eight on its right side, and one is
    exactly 0; all are divided by the largest. So a weight that is normally distributed falls about as often near one
    level as near another.

    Example:
        >>> levels = nf4_levels()
        >>> len(levels), levels[0].item(), levels[7].item(), levels[15].item(), round(levels[8].item(), 4)
        (16, -1.0, 0.0, 1.0, 0.0796)

    Source: Dettmers et al., "QLoRA" (2023), section 3 and appendix E.
    """
    outermost = 0.5 * ((1 - 1 / 32) + (1 - 1 / 30))  # between the last quantiles of 16 and of 15 equal shares
    right = torch.special.ndtri(torch.linspace(outermost, 0.5, 9, dtype=torch.float64)[:-1])
    left = -torch.special.ndtri(torch.linspace(outermost, 0.5, 8, dtype=torch.float64)[:-1])
    levels = torch.cat([left, torch.zeros(1, dtype=torch.float64), right]).sort().values
    return (levels / levels[-1]).float()


NF4_LEVELS = nf4_levels()


def nf4_quantize(weight: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    """Write a tensor's numbers as 4-bit codes, with one scale for each block of neighbours.

    1. The tensor, read row by row, is cut into blocks of `block_size` numbers; the last one may be shorter.
    2. The scale of a block is the largest absolute value in it.
    3. Each number, divided by its block's scale, gets the code (0 to 15) of the nearest of `NF4_LEVELS`; half-way
       between two levels either will do. In a block of zeros each number gets the code of level 0.
    4. Two codes go into a byte: the first into the high four bits. An odd last one gets low bits of 0.

    Args:
        weight: Floating point, of any shape.
        block_size: Numbers in a block, at least 1.

    Returns:
        The bytes, uint8 of shape (ceil(n / 2),) for n numbers, and the scales, float32 of shape
        (ceil(n / block_size),).

    Raises:
        ValueError: `block_size` is below 1, or a number is infinite, NaN or too large for float32: it would spoil its
            whole block.

    Example:
        >>> packed, scales = nf4_quantize(torch.tensor([[2.0, -2.0], [0.0, 1.0], [0.5, 0.5]]), block_size=4)
        >>> [(byte >> 4, byte & 15) for byte in packed.tolist()]  # 1/2 is nearest to level 12, 0.44
        [(15, 0), (7, 12), (15, 15)]
        >>> scales
        tensor([2.0000, 0.5000])

    Source: Dettmers et al., "QLoRA" (2023), section 3.
    """
    if block_size < 1:
        raise ValueError(f"block_size is {block_size!r}; it must be at least 1")
    numbers = weight.detach().float().reshape(-1)  # what is too large becomes infinite here
    if not torch.isfinite(numbers).all():
        raise ValueError("the weight has a number that is not finite in float32; all must be: a block shares one scale")
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    # Nearest level: how many of the fifteen midpoints lie below.
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[: len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return codes[0::2] << 4 | codes[1::2], scales


def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int = 64) -> Tensor:
    """The numbers that 4-bit codes stand for: each code's level, times its block's scale.

    Args:
        packed: As from `nf4_quantize`: two codes a byte, the first in the high four bits.
        scales: One for each block.
        shape: Of the tensor that was quantized.
        block_size: As for `nf4_quantize`.

    Returns:
        A tensor of that shape, in the scales' dtype.

    Raises:
        ValueError: The shape does not have as many numbers as there are codes (the last byte may hold one of them), or
            there are not as many scales as blocks.

    Example:
        >>> packed = torch.tensor([0xF0, 0x7C], dtype=torch.uint8)
        >>> nf4_dequantize(packed, torch.tensor([2.0]), (2, 2), block_size=4)
        tensor([[ 2.0000, -2.0000],
                [ 0.0000,  0.8814]])

    Source: Dettmers et al., "QLoRA" (2023), section 3.
    """
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f"shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold")
    if len(scales) != -(-n // block_size):
        raise ValueError(f"there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers")
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


class DoubleQuantized(NamedTuple):
    """Scales in one byte each.

    Attributes:
        codes: int8, one for each scale.
        scales: float32, one for each block of scales.
        mean: float32 without dimensions: what was taken off every scale.
    """

    codes: Tensor
    scales: Tensor
    mean: Tensor


def quantize_scales(scales: Tensor, block_size: int = 256) -> DoubleQuantized:
    """Write the scales of `nf4_quantize` in one byte each: they are numbers, too.

    All scales are positive, so their mean is taken off first; what is left is cut into blocks, divided by the block's
    largest absolute value and rounded to 255 equal steps.

    Example:
        >>> scales = torch.tensor([1.0, 2.0, 3.0])
        >>> double = quantize_scales(scales)
        >>> double.codes.tolist(), double.scales.tolist(), double.mean.item()
        ([-127, 0, 127], [1.0], 2.0)

    Source: the idea is that of Dettmers et al., "QLoRA" (2023), section 3; they write an 8-bit floating point number.
    """
    mean = scales.mean() if len(scales) else scales.new_zeros(())
    rest = scales - mean
    blocks = F.pad(rest, (0, -len(rest) % block_size)).reshape(-1, block_size)
    largest = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    codes = (127 * blocks / torch.where(largest > 0, largest, 1.0)[:, None]).round().to(torch.int8)
    return DoubleQuantized(codes.reshape(-1)[: len(scales)], largest, mean)


def dequantize_scales(double: DoubleQuantized, block_size: int = 256) -> Tensor:
    """The scales that `quantize_scales` wrote, float32.

    Beside a scale that is far above all others the steps are wide, and the nearest to a small scale can lie below 0. A
    negative scale would turn the sign of a whole block; 0 is nearer to what it was.

    Example:
        >>> dequantize_scales(quantize_scales(torch.tensor([1.0, 2.0, 3.0])))
        tensor([1., 2., 3.])
        >>> dequantize_scales(quantize_scales(torch.tensor([0.001, 0.001, 1.0])))[0]
        tensor(0.)
    """
    largest = double.scales.repeat_interleave(block_size)[: len(double.codes)]
    return (double.codes.float() / 127 * largest + double.mean).clamp(min=0)


def bits_per_weight(block_size: int = 64, double_block_size: int | None = 256) -> float:
    """How many bits a weight takes: its code, and its share of the scales.

    Args:
        block_size: Weights for each scale.
        double_block_size: Scales for each scale of scales; None where the scales are float32 themselves.

    Example:
        >>> bits_per_weight(64, None), round(bits_per_weight(64, 256), 3)
        (4.5, 4.127)

    Source: Dettmers et al., "QLoRA" (2023), section 3: 0.5 and 0.127 bits for the scales.
    """
    if double_block_size is None:
        return 4 + 32 / block_size
    return 4 + 8 / block_size + 32 / (block_size * double_block_size)


class NF4Linear(nn.Module):
    """A linear layer whose weight is kept in four bits and made wide only while it is used.

    The weight cannot learn; gradients flow through the layer to its input. The backward pass makes the weight wide
    again: to keep it from the forward pass would cost the memory that four bits save.

    Args:
        weight: Of shape (out_features, in_features).
        bias: Of shape (out_features,), or None; it stays as it is, and frozen.
        block_size: Weights for each scale.
        double: Whether the scales are quantized, too.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> layer = nn.Linear(64, 32, bias=False)
        >>> small, x = NF4Linear.of(layer), torch.randn(8, 64)
        >>> error = (small(x) - layer(x)).norm() / layer(x).norm()
        >>> bool(0.05 < error < 0.12), small.n_bytes(), 4 * layer.weight.numel()
        (True, 1064, 8192)
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, block_size: int = 64, double: bool = True) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.block_size = block_size
        packed, scales = nf4_quantize(weight, block_size)
        self.register_buffer("packed", packed)
        kept = quantize_scales(scales)._asdict() if double else {"scales": scales}
        for name, value in kept.items():
            self.register_buffer(f"scale_{name}" if double else name, value)
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone(), requires_grad=False)

    @classmethod
    def of(cls, layer: nn.Linear, block_size: int = 64, double: bool = True) -> NF4Linear:
        """A 4-bit copy of a linear layer."""
        return cls(layer.weight.detach(), layer.bias, block_size, double)

    def n_bytes(self) -> int:
        """What the layer keeps, in bytes."""
        return sum(t.numel() * t.element_size() for t in [*self.buffers(), *self.parameters()])

    def wide_weight(self) -> Tensor:
        """The weight in float32, of shape (out_features, in_features)."""
        return widen(dict(self.named_buffers()), (self.out_features, self.in_features), self.block_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map x of shape (..., in_features) to (..., out_features), in the dtype of x."""
        return linear_with(self, x)


def widen(kept: Mapping[str, Tensor], shape: tuple[int, ...], block_size: int) -> Tensor:
    """The weight that an `NF4Linear` keeps in these buffers, in float32."""
    if "scales" in kept:
        scales = kept["scales"]
    else:
        scales = dequantize_scales(DoubleQuantized(*(kept[f"scale_{name}"] for name in DoubleQuantized._fields)))
    return nf4_dequantize(kept["packed"], scales, shape, block_size)


def linear_with(layer: nn.Module, x: Tensor) -> Tensor:
    """x Wᵀ plus bias, where W is what `layer.wide_weight()` gives: asked for in each direction, kept in neither."""
    out = _WideOnlyWhileUsed.apply(x, layer)
    return out if layer.bias is None else out + layer.bias.to(x.dtype)


class _WideOnlyWhileUsed(torch.autograd.Function):
    """x Wᵀ without the weight in what autograd keeps."""

    @staticmethod
    def forward(ctx, x: Tensor, layer: nn.Module) -> Tensor:
        ctx.layer = layer
        return F.linear(x, layer.wide_weight().to(x.dtype))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        return grad @ ctx.layer.wide_weight().to(grad.dtype), None
