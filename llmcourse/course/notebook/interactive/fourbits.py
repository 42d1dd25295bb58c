"""Weights in four bits, and one among them that is too large: a figure of chapter 4."""

from __future__ import annotations

from typing import Any

import torch
from IPython.display import HTML
from torch import Tensor

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.finetuning.nf4 import (
    NF4_LEVELS,
    bits_per_weight,
    dequantize_scales,
    nf4_dequantize,
    nf4_quantize,
    quantize_scales,
)

N_WEIGHTS, LARGE = 512, 212
"""How many weights there are, and which of them is made large."""
BLOCKS = (16, 32, 64, 128, 256, 512)
LARGEST = 1000.0
WAYS = {
    "NF4": NF4_LEVELS,
    "equal steps": torch.arange(-7, 8) / 7,
    "float (e2m1)": torch.tensor([-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6]) / 6,
}
START: dict[str, Any] = {"way": "NF4", "block": 64, "double": False, "large": 3.0}
WIDTH = 560


def weights(large: float = 0.0) -> Tensor:
    """Normally distributed weights in thousandths, with one of a given size; 0 leaves it as it was drawn."""
    drawn = torch.randn(N_WEIGHTS, generator=torch.Generator().manual_seed(6))
    drawn = (1000 * drawn).round() / 1000
    if large:
        drawn[LARGE] = large
    return drawn


def written(numbers: Tensor, way: str, block_size: int, double: bool) -> Tensor:
    """What four bits and a scale for each block make of these numbers.

    Args:
        numbers: As many as some whole blocks have.
        way: The levels, one of `WAYS`.
        block_size: Numbers with one scale.
        double: Whether the scales are kept in one byte each, as `quantize_scales` keeps them.

    Example:
        >>> written(torch.tensor([1.0, 0.4, 0.1, 10.0]), "equal steps", 2, False)
        tensor([ 1.0000,  0.4286,  0.0000, 10.0000])
    """
    if way == "NF4":
        packed, scales = nf4_quantize(numbers, block_size)
    else:
        scales = numbers.reshape(-1, block_size).abs().amax(dim=1)
    kept = dequantize_scales(quantize_scales(scales)) if double else scales
    if way == "NF4":
        return nf4_dequantize(packed, kept, tuple(numbers.shape), block_size)
    shares = numbers.reshape(-1, block_size) / scales[:, None]
    nearest = (shares[..., None] - WAYS[way]).abs().argmin(dim=-1)
    return (WAYS[way][nearest] * kept[:, None]).reshape(numbers.shape)


def errors(large: float, way: str, block_size: int, double: bool) -> tuple[float, float | None]:
    """The relative error (root mean squares) of the large weight's neighbours, and of all other blocks together.

    Example:
        >>> beside, elsewhere = errors(100.0, "NF4", 64, False)
        >>> round(beside, 2), 0.05 < elsewhere < 0.12
        (1.0, True)
        >>> errors(100.0, "NF4", 512, False)[1] is None
        True
    """
    numbers = weights(large)
    off = written(numbers, way, block_size, double) - numbers
    places = torch.arange(N_WEIGHTS)
    same = places // block_size == LARGE // block_size
    beside, elsewhere = same & (places != LARGE), ~same
    relative = [(off[group].norm() / numbers[group].norm()).item() for group in (beside, elsewhere) if group.any()]
    return relative[0], relative[1] if len(relative) > 1 else None


def four_bits() -> HTML:
    """A figure of 512 weights in four bits, of which the reader makes one as large as they like.

    The reader chooses that weight's size, the size of blocks, the levels and how scales are kept, and sees on which
    levels the neighbours end up, and which blocks are harmed.
    """
    return embed(
        "four-bits",
        scripts=("fourbits_core.js", "four_bits.js"),
        styles=("four_bits.css",),
        config={
            "weights": [round(number, 3) for number in weights().tolist()],
            "place": LARGE,
            "ways": [(name, levels.tolist()) for name, levels in WAYS.items()],
            "blocks": BLOCKS,
            "largest": LARGEST,
            "start": START,
        },
        fallback=_picture() + _table(),
        label="Weights in four bits, and one that is too large",
    )


def _picture() -> str:
    """The weights of one block above, and the levels on which they end below, beside a weight of 3 and one of 30."""
    parts, middle = [], WIDTH / 2
    for row, large in enumerate((3.0, 30.0)):
        numbers = weights(large)
        first = LARGE // 64 * 64
        block, kept = (part[first : first + 64].tolist() for part in (numbers, written(numbers, "NF4", 64, False)))
        top = 24 + 110 * row
        parts.append(f'<text x="0" y="{top - 8}" font-size="13" fill="#1f2630">beside a weight of {large:g}</text>')
        for before, after in zip(block, kept):
            x, y = (middle + value * WIDTH / 8 for value in (before, after))
            if max(abs(before), abs(after)) <= 4:
                parts.append(f'<path d="M{x:.1f} {top}L{y:.1f} {top + 66}" stroke="#0072b2"/>')
    return (
        f'<svg viewBox="0 0 {WIDTH} 210" role="img" aria-label="Beside a weight of 3 the others end on most levels; '
        f'beside one of 30 nearly all end on 0" style="max-width: 100%; background: #fcfcfd">{"".join(parts)}</svg>'
    )


def _table() -> str:
    rows = []
    for large in (3.0, 30.0, LARGEST):
        for block_size in (16, 64, 256):
            for double in (False, True):
                beside, elsewhere = errors(large, "NF4", block_size, double)
                bits = bits_per_weight(block_size, 256 if double else None)
                scales = "one byte" if double else "float32"
                cells = [f"{large:g}", block_size, scales, f"{bits:.2f}", f"{beside:.0%}", f"{elsewhere:.0%}"]
                rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["one weight is", "block", "scales", "bits a weight", "error of its neighbours", "error of other blocks"]
    return (
        f"<p>{N_WEIGHTS} weights with standard deviation 1 in NF4. With JavaScript this is an interactive figure.</p>\n"
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
