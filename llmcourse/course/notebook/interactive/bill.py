"""What a training run costs, and how sure that number is: the figure of chapter 5."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.model.accounting import count_parameters
from llmcourse.model.config import ModelConfig
from llmcourse.scaling_laws.budgets import (
    CONVENTIONS,
    PUBLISHED_HOURS,
    cost,
    device_hours,
    embedding_parameters,
    energy_kwh,
    training_flops,
)

WIDTHS = tuple(16 * 2**k for k in range(11))
VOCABULARIES = (256, 8_192, 32_000, 128_256, 262_144)
LENGTHS = tuple(128 * 2**k for k in range(11))
TOKENS = tuple(lead * 10**power for power in range(8, 14) for lead in (1, 1.5, 2, 3, 5, 7)) + (1e14,)
DEVICES = tuple(2**k for k in range(16))
RATES = tuple(per_cent / 100 for per_cent in range(4, 61, 2))
PUE, PRICES = 1.58, (2, 3)
BEST_UTILIZATION = 0.46
"""PaLM's; Chowdhery et al. (2022)."""
PRESETS = (
    ("7B, 15T tokens", (4096, 128_256, 8192, 1.5e13)),
    ("the same, long texts", (4096, 128_256, 131_072, 1.5e13)),
    ("0.6M, 100M tokens", (64, 8_192, 512, 1e8)),
)


def of_one_shape(width: int, vocab_size: int, seq_len: int) -> ModelConfig:
    """A model of the notebook's shape: a layer and a head for each 128 of its width, and two layers at least.

    Example:
        >>> of_one_shape(4096, 32_000, 2048).n_layers
        32
    """
    return ModelConfig(vocab_size, width, max(2, width // 128), max(1, width // 128), seq_len)


def shape_of(width: int) -> dict[str, int]:
    """What the figure has to know of the layers of a width: their parameters, and those of them that are matrices."""
    config = of_one_shape(width, 1, 1)
    inside = count_parameters(config) - embedding_parameters(config)
    norms = (2 * config.n_layers + 1) * width
    return {"width": width, "layers": config.n_layers, "inside": inside, "matrices": inside - norms}


def run_bill(n_devices: int = 1024) -> HTML:
    """A figure of a run's operations, hours, energy and cost, and of what each doubt would make of them.

    The reader moves the model's size, its vocabulary, the length of its sequences, its tokens, the devices and their
    utilization, and sees what the operations are for, what the two short counts leave out, and which of three doubts
    is the largest: the count, the utilization or the price. The numbers are those of `training_flops`, `device_hours`,
    `energy_kwh` and `cost`.

    Args:
        n_devices: Devices at first, a power of 2.

    Raises:
        ValueError: There is no such number on the slider.
    """
    if n_devices not in DEVICES:
        raise ValueError(f"n_devices is {n_devices!r}; it must be a power of 2, from 1 to {DEVICES[-1]:,}")
    first = PUBLISHED_HOURS[0]
    return embed(
        "run-bill",
        scripts=("numbers_core.js", "bill_core.js", "run_bill.js"),
        styles=("run_bill.css",),
        config={
            "shapes": [shape_of(width) for width in WIDTHS],
            "vocabularies": VOCABULARIES,
            "lengths": LENGTHS,
            "tokens": TOKENS,
            "devices": DEVICES,
            "rates": RATES,
            "device": {"peak": first.peak_flops, "watts": first.watts, "pue": PUE, "price": PRICES[0]},
            "utilizations": (min(run.mfu for run in PUBLISHED_HOURS), BEST_UTILIZATION),
            "prices": PRICES,
            "presets": [(name, _places(*numbers)) for name, numbers in PRESETS],
            "start": _places(*PRESETS[0][1]) | {"devices": DEVICES.index(n_devices), "rate": RATES.index(0.4)},
        },
        fallback=_table(),
        label="What a run costs, and how sure that number is",
    )


def _places(width: int, vocab_size: int, seq_len: int, n_tokens: float) -> dict[str, int]:
    """Where the numbers stand on their sliders."""
    return {
        "shape": WIDTHS.index(width),
        "vocabulary": VOCABULARIES.index(vocab_size),
        "length": LENGTHS.index(seq_len),
        "tokens": TOKENS.index(n_tokens),
    }


def _row(name: str, width: int, vocab_size: int, seq_len: int, n_tokens: float) -> str:
    config, device = of_one_shape(width, vocab_size, seq_len), PUBLISHED_HOURS[0]
    flops: dict[str, Any] = {way: training_flops(config, int(n_tokens), seq_len, convention=way) for way in CONVENTIONS}
    hours = device_hours(flops["exact"], device.peak_flops, 0.4)
    short = [f"{flops[way] / flops['exact']:.0%}" for way in CONVENTIONS[1:]]
    cells = [
        name, f"{count_parameters(replace(config)):,}", f"{flops['exact']:.2e}", *short, f"{hours:,.2f}",
        f"{energy_kwh(hours, device.watts, PUE):,.1f}", f"{cost(hours, PRICES[0]):,.2f}",
    ]  # fmt: skip
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _table() -> str:
    heads = [
        "run", "parameters", "operations", "by 6 N D", "without tables", "H100-hours at 40%", "energy (kWh)",
        "dollars",
    ]  # fmt: skip
    return (
        "<p>What three runs cost. With JavaScript this is an interactive figure.</p>\n"
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(_row(name, *numbers) for name, numbers in PRESETS)}</tbody></table>"
    )
