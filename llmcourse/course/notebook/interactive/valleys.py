"""Which runs decide an exponent: the figure of chapter 5 with a valley for each budget."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from IPython.display import HTML
from numpy.typing import ArrayLike

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.scaling_laws.isoflop import budget_groups, parabola_minimum, power_law
from llmcourse.scaling_laws.runs import Runs

FEWEST_STEPS = (0, 200, 400, 800)
TOKENS_A_STEP = 8 * 64
FAR = 1e6
"""How far beyond the largest budget the line is read."""


@dataclass(frozen=True)
class Valleys:
    """What the runs that are let in say of the best size.

    Attributes:
        flops, n_params: The budgets whose parabola has its lowest point between their runs, and that point.
        exponent: The best size grows as the budget to this power; NaN if there are fewer than two such budgets.
        far: The best size at `FAR` times the largest budget of all; NaN likewise.
    """

    flops: tuple[float, ...]
    n_params: tuple[float, ...]
    exponent: float
    far: float


def fit_valleys(runs: Runs, kept: ArrayLike) -> Valleys:
    """Put a parabola through the runs of each budget that are let in, and a power law through the lowest points.

    Args:
        runs: The runs.
        kept: Which of them are let in, booleans of shape (n_runs,).

    Example:
        >>> from llmcourse.scaling_laws.laws import HOFFMANN, compute_optimal
        >>> from llmcourse.scaling_laws.runs import as_runs
        >>> c, ratio = (grid.ravel() for grid in np.meshgrid([1e19, 1e20], np.geomspace(0.5, 2, 5)))
        >>> n, d = compute_optimal(HOFFMANN, c)
        >>> runs = as_runs(n * ratio, d / ratio, HOFFMANN.loss(n * ratio, d / ratio))
        >>> round(fit_valleys(runs, np.ones(10, bool)).exponent, 3), round(HOFFMANN.exponents[0], 3)
        (0.452, 0.452)
    """
    kept, flops, sizes = np.asarray(kept, dtype=bool), [], []
    for group in budget_groups(runs.flops):
        chosen = group[kept[group]]
        log_n = np.log(runs.n_params[chosen])
        try:
            lowest, _ = parabola_minimum(log_n, runs.losses[chosen])
        except ValueError:
            continue
        if log_n.min() <= lowest <= log_n.max():
            flops.append(float(runs.flops[group[0]]))
            sizes.append(math.exp(lowest))
    if len(flops) < 2:
        return Valleys(tuple(flops), tuple(sizes), math.nan, math.nan)
    law = power_law(flops, sizes)
    return Valleys(tuple(flops), tuple(sizes), law.exponent, law.factor * (FAR * runs.flops.max()) ** law.exponent)


def choices(runs: Runs) -> dict[str, list[bool]]:
    """Ways to let runs in that one could defend, by name."""
    found = {}
    for fewest in FEWEST_STEPS:
        name = f"{fewest} steps or more" if fewest else "all runs"
        found[name] = (runs.n_tokens >= fewest * TOKENS_A_STEP).tolist()
    nearest = np.zeros(len(runs), dtype=bool)
    for group in budget_groups(runs.flops):
        order = group[np.argsort(runs.n_params[group])]
        lowest = min(max(int(runs.losses[order].argmin()), 1), len(order) - 2)
        nearest[order[lowest - 1 : lowest + 2]] = True
    return found | {"the lowest and its neighbours": nearest.tolist()}


def isoflop_valleys(runs: Runs) -> HTML:
    """A figure of a ladder's valleys, one for each budget, and of the line through their lowest points.

    The reader lets single runs in or leaves them out, and sees parabolas, best sizes and exponent follow, and which
    exponents the same ladder has given so far.

    Args:
        runs: A ladder: budgets with several sizes each.

    Raises:
        ValueError: Fewer than two budgets have a best size, even with all runs.
    """
    if not math.isfinite(fit_valleys(runs, np.ones(len(runs), dtype=bool)).exponent):
        raise ValueError(
            f"runs has {len(budget_groups(runs.flops))} budgets; two of them at least must have a best size"
        )
    columns = (runs.flops, runs.n_params, runs.n_tokens / TOKENS_A_STEP, runs.losses)
    return embed(
        "isoflop-valleys",
        scripts=("numbers_core.js", "valleys_core.js", "isoflop_valleys.js"),
        styles=("isoflop_valleys.css",),
        config={
            "runs": [dict(zip(("flops", "n", "steps", "loss"), map(float, run))) for run in zip(*columns)],
            "groups": [group.tolist() for group in budget_groups(runs.flops)],
            "choices": list(choices(runs).items()),
            "far": FAR,
        },
        fallback=_table(runs),
        label="Which runs decide an exponent",
    )


def _table(runs: Runs) -> str:
    rows = []
    for name, kept in choices(runs).items():
        found = fit_valleys(runs, kept)
        cells = [name, f"{sum(kept)}", f"{len(found.flops)}", f"{found.exponent:.2f}", f"{found.far:.1e}"]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["runs let in", "runs", "budgets with a best size", "exponent", "best size, a million times further"]
    return (
        "<p>The exponent of the best size by the runs that are let in. With JavaScript this is an interactive figure."
        f"</p>\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
