"""A mixture against two dense models, at the price that a step has: a figure of chapter 6."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed

MODELS = {"dense": "dense", "mixture": "mixture, 2 of 8 experts", "large": "dense, equal parameters"}
LOSS = "validation loss (nats per token)"
TABLE_PRICES = (1.0, 1.2, 1.4, 1.6, 1.8)


class Length(NamedTuple):
    """The runs of one model and length.

    Attributes:
        steps: How many steps they have.
        loss, error: The mean of their losses at the end, and its standard error.
    """

    steps: int
    loss: float
    error: float


def lengths(study: Sequence[Mapping[str, float | str]]) -> dict[str, list[Length]]:
    """What was measured of each model, from the shortest to the longest run; runs that tried rates do not count.

    Args:
        study: The rows of the recorded study "dense_or_sparse".

    Raises:
        ValueError: A model has fewer than two lengths of two runs or more.
    """
    losses: dict[tuple[str, int], list[float]] = {}
    for row in study:
        if row["part"] != "rates":
            losses.setdefault((str(row["model"]), int(row["steps"])), []).append(float(row[LOSS]))
    found = {
        name: [
            Length(steps, float(np.mean(of)), float(np.std(of, ddof=1) / len(of) ** 0.5))
            for (model, steps), of in sorted(losses.items())
            if model == name and len(of) > 1
        ]
        for name in MODELS
    }
    for name, of in found.items():
        if len(of) < 2:
            raise ValueError(
                f"the number of lengths of {name!r} is {len(of)}; it must be at least 2, of 2 runs or more"
            )
    return found


def loss_after(of: Sequence[Length], steps: float) -> float:
    """The loss after so many steps, a straight line over the logarithm of steps; NaN outside of what was measured.

    Example:
        >>> measured = [Length(100, 4.0, 0.0), Length(400, 3.0, 0.0)]
        >>> round(loss_after(measured, 200), 6), loss_after(measured, 500)
        (3.5, nan)
    """
    logs = [math.log(one.steps) for one in of]
    return float(np.interp(math.log(steps), logs, [one.loss for one in of], left=math.nan, right=math.nan))


def worth(dense: Sequence[Length], mixture: Sequence[Length], steps: float) -> float:
    """How many steps of the dense model one of the mixture is worth, after so many: the page's m.

    Where the mixture's loss is below all that was measured of the dense model, its last line is drawn on.

    Example:
        >>> dense = [Length(100, 4.0, 0.0), Length(400, 3.0, 0.0)]
        >>> round(worth(dense, [Length(100, 3.5, 0.0), Length(400, 2.5, 0.0)], 100), 6)
        2.0
    """
    loss = loss_after(mixture, steps)
    last = next((i for i in range(1, len(dense)) if dense[i].loss <= loss), len(dense) - 1)
    (a, above, _), (b, below, _) = dense[last - 1], dense[last]
    return a * (b / a) ** ((above - loss) / (above - below)) / steps


def crossing(dense: Sequence[Length], mixture: Sequence[Length], price: float) -> float | None:
    """After how many of its own steps the mixture is level with the dense model, if each costs this many dense ones.

    Returns:
        Steps between the mixture's shortest run and its longest; None if the lines do not cross between them.

    Example:
        >>> dense = [Length(100, 4.0, 0.0), Length(400, 3.0, 0.0)]
        >>> mixture = [Length(100, 4.0, 0.0), Length(400, 2.5, 0.0)]
        >>> round(crossing(dense, mixture, 2.0)), crossing(dense, mixture, 4.1)
        (400, None)
    """
    low, high = (math.log(mixture[i].steps) for i in (0, -1))
    if not worth(dense, mixture, mixture[0].steps) <= price <= worth(dense, mixture, mixture[-1].steps):
        return None
    for _ in range(48):
        middle = (low + high) / 2
        if worth(dense, mixture, math.exp(middle)) < price:
            low = middle
        else:
            high = middle
    return math.exp(high)


def price_race(study: Sequence[Mapping[str, float | str]], operations: Mapping[str, float]) -> HTML:
    """A figure of three models' losses over what they have spent, in steps of the dense model.

    The reader chooses what a step of each costs and how much is spent, and sees who is ahead, and where the mixture
    overtakes the dense model.

    Args:
        study: The rows of the recorded study "dense_or_sparse".
        operations: Of each model's step, in any unit.

    Raises:
        ValueError: A model has too few runs, or no operations.
    """
    measured = lengths(study)
    if missing := [name for name in MODELS if not operations.get(name, 0) > 0]:
        raise ValueError(f"operations is {dict(operations)!r}; it must have a number above 0 for {', '.join(missing)}")
    times = {str(row["model"]): float(row["ms a step"]) for row in study}
    prices = {
        "a step": dict.fromkeys(MODELS, 1.0),
        "an operation": {name: operations[name] / operations["dense"] for name in MODELS},
        "a second": {name: times[name] / times["dense"] for name in MODELS},
    }
    return embed(
        "price-race",
        scripts=("race_core.js", "price_race.js"),
        styles=("price_race.css",),
        config={
            "models": [{"key": name, "name": told, "lengths": measured[name]} for name, told in MODELS.items()],
            "prices": [(told, [round(of[name], 6) for name in MODELS]) for told, of in prices.items()],
            "start": "a second",
        },
        fallback=_picture(measured, prices["a second"]) + _table(measured),
        label="A mixture against two dense models, at the price of a step",
    )


def _picture(measured: Mapping[str, Sequence[Length]], prices: Mapping[str, float]) -> str:
    """The three lines over time as a still picture."""
    parts = []
    for name, colour, dashes in (("dense", "#4a4f57", ""), ("mixture", "#0072b2", "8 4"), ("large", "#b86e00", "2 3")):
        points = [(230 * math.log(one.steps * prices[name] / 400), 300 * (3.5 - one.loss)) for one in measured[name]]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        style = f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        x, y = points[-1 if name == "mixture" else 0]
        at = (
            f'x="{x - 8:.0f}" y="{y + 20:.0f}" text-anchor="end"'
            if name == "mixture"
            else f'x="{x + 8:.0f}" y="{y:.0f}"'
        )
        parts.append(f'<path d="M{path}" {style}/><text {at} font-size="13" fill="{colour}">{name}</text>')
    parts.append('<text x="300" y="262" font-size="13" fill="#1f2630">time, a logarithmic axis: the loss falls</text>')
    return (
        '<svg viewBox="0 0 560 270" role="img" aria-label="Three falling lines of the loss over time; that of the '
        f'mixture crosses the dense one" style="max-width: 100%; background: #fcfcfd">{"".join(parts)}</svg>'
    )


def _table(measured: Mapping[str, Sequence[Length]]) -> str:
    dense, mixture = measured["dense"], measured["mixture"]
    rows = []
    for price in TABLE_PRICES:
        steps = crossing(dense, mixture, price)
        if steps is not None:
            told = f"from {steps:,.0f} of its steps on"
        else:
            told = "from the shortest run on" if price < worth(dense, mixture, mixture[0].steps) else "in no run"
        rows.append(f"<tr><td>{price:g}</td><td>{told}</td></tr>")
    return (
        "<p>From when on the mixture is ahead of the dense model at equal spending. With JavaScript this is an "
        "interactive figure.</p>\n<table><thead><tr><th>a step of the mixture costs so many of the dense model</th>"
        f"<th>it is ahead</th></tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
