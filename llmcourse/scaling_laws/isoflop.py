"""Parabolas of equal budgets, and the envelope of training curves: two ways to an optimum without a law (chapter 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from llmcourse.scaling_laws.runs import Runs


def parabola_minimum(log_n: np.ndarray, losses: np.ndarray) -> tuple[float, float]:
    """Where the parabola through the losses of runs with one budget is lowest.

    The parabola is the one with the smallest sum of squared differences from the losses; it need not pass through any
    of them. Its lowest point may lie outside of the runs, and is then given all the same.

    Args:
        log_n: Logarithms of the numbers of parameters, shape (n_points,); at least three different ones.
        losses: Their losses, shape (n_points,).

    Returns:
        (log_n_min, loss_min): where the parabola is lowest, and how low.

    Raises:
        ValueError: There are fewer than three different values in `log_n`, or the parabola has no lowest point, since
            it opens downwards or is a straight line. A curvature so small that the rounding of floats explains it
            (1e-12, say, for losses near 1) is that of a straight line.

    Example:
        >>> log_n, loss = parabola_minimum(np.array([1.0, 2.0, 4.0]), np.array([4.0, 3.0, 7.0]))
        >>> round(log_n, 6), round(loss, 6)  # 3 + (log_n - 2)^2 at 2 and 4, and 4 at 1: the lowest point is at 2
        (2.0, 3.0)
        >>> parabola_minimum(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 1.0]))
        Traceback (most recent call last):
        ValueError: the parabola's curvature is -2; it must be above 0: these runs have no size that is best

    Source: Hoffmann et al. (2022), section 3.2.
    """
    x, y = np.asarray(log_n, np.float64), np.asarray(losses, np.float64)
    if len(np.unique(x)) < 3:
        raise ValueError(f"log_n has {len(np.unique(x))} different values; it must have at least 3")
    middle, width = x.mean(), np.ptp(x) / 2
    u = (x - middle) / width  # from about -1 to 1: squares of numbers near 20 differ in their last digits only
    (curvature, slope, height), *_ = np.linalg.lstsq(np.stack([u * u, u, np.ones_like(u)], axis=1), y, rcond=None)
    # A straight line has a curvature of rounding errors.
    if not curvature > 1e-13 * np.abs(y).max():
        raise ValueError(
            f"the parabola's curvature is {2 * curvature / width**2:.4g}; it must be above 0: "
            "these runs have no size that is best"
        )
    lowest = -slope / (2 * curvature)
    return float(middle + width * lowest), float(height + slope * lowest / 2)


@dataclass(frozen=True)
class Optimum:
    """The best model of a budget.

    Attributes:
        flops: The budget: the geometric mean of its runs'.
        n_params, n_tokens, loss: At the lowest point of the parabola.
        argmin_params, argmin_loss: Of the best run there is.
        n_points: Runs of this budget.
        is_inside: Whether the lowest point lies between the smallest and the largest model.
        rows: The lines of its runs.
    """

    flops: float
    n_params: float
    n_tokens: float
    loss: float
    argmin_params: float
    argmin_loss: float
    n_points: int
    is_inside: bool
    rows: tuple[int, ...]


def budget_groups(flops: np.ndarray, tolerance: float = 0.1) -> list[np.ndarray]:
    """Positions of runs with one budget, from the smallest budget to the largest.

    A new group begins where a budget is more than `tolerance` above the one before.

    Example:
        >>> budget_groups(np.array([1e18, 3e18, 1.02e18, 2.9e18]))
        [array([0, 2]), array([3, 1])]
    """
    order = np.argsort(flops, kind="stable")
    cuts = np.flatnonzero(np.diff(np.log(flops[order])) > np.log1p(tolerance)) + 1
    return np.split(order, cuts)


def isoflop_optima(runs: Runs, tolerance: float = 0.1) -> tuple[list[Optimum], list[str]]:
    """The best model of each budget, and sentences on the budgets that have none.

    Args:
        runs: The runs.
        tolerance: Budgets that are so close, relatively, are one.

    Raises:
        ValueError: Fewer than two budgets have a best model.

    Example:
        >>> from llmcourse.scaling_laws.laws import HOFFMANN, compute_optimal
        >>> from llmcourse.scaling_laws.runs import as_runs
        >>> c, ratio = (grid.ravel() for grid in np.meshgrid([1e19, 1e20], np.geomspace(0.25, 4, 9)))
        >>> n, d = compute_optimal(HOFFMANN, c)
        >>> optima, notes = isoflop_optima(as_runs(n * ratio, d / ratio, HOFFMANN.loss(n * ratio, d / ratio)))
        >>> [round(o.n_params / compute_optimal(HOFFMANN, o.flops)[0], 2) for o in optima], notes
        ([1.01, 1.01], [])
    """
    optima, notes = [], []
    for group in budget_groups(runs.flops, tolerance):
        n, losses = runs.n_params[group], runs.losses[group]
        flops = float(np.exp(np.log(runs.flops[group]).mean()))
        rows = tuple(sorted(runs.rows[i] for i in group))
        try:
            log_n, loss = parabola_minimum(np.log(n), losses)
        except ValueError as error:
            notes.append(f"lines {', '.join(map(str, rows))}, budget {flops:.3g}: {error}")
            continue
        pairs = float(np.exp(np.log(runs.n_params[group] * runs.n_tokens[group]).mean()))
        best = int(losses.argmin())
        is_inside = bool(np.log(n).min() <= log_n <= np.log(n).max())
        size = float(np.exp(log_n))
        optima.append(
            Optimum(flops, size, pairs / size, loss, float(n[best]), float(losses[best]), len(n), is_inside, rows)
        )
    if len(optima) < 2:
        told = "; ".join(notes) or f"lines {', '.join(map(str, runs.rows))} have one budget"
        raise ValueError(f"the number of budgets with a best model is {len(optima)}; it must be at least 2 ({told})")
    return optima, notes


class PowerLaw(NamedTuple):
    """y = factor * x^exponent."""

    exponent: float
    factor: float


def power_law(x: Any, y: Any) -> PowerLaw:
    """The power law through points, by least squares of logarithms.

    Raises:
        ValueError: There are fewer than two different x, or a value is not above 0.

    Example:
        >>> power_law([1.0, 10.0, 100.0], [3.0, 30.0, 300.0])
        PowerLaw(exponent=1.0, factor=3.0)
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not (np.all(x > 0) and np.all(y > 0)):
        raise ValueError("a power law needs numbers above 0")
    if len(np.unique(x)) < 2:
        raise ValueError(f"x has {len(np.unique(x))} different values; it must have at least 2")
    u, v = np.log(x), np.log(y)
    slope = float(((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum())
    # Twelve digits, not decimals: where x are operations of a run, a factor of 1e-12 is no rounding error.
    return PowerLaw(round(slope, 12), float(f"{np.exp(v.mean() - slope * u.mean()):.12g}"))


class TrainingCurve(Protocol):
    """What a run met on its way: its parameters, and the loss after each number of tokens."""

    n_params: float
    n_tokens: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Curve:
    """A training curve; see `TrainingCurve`."""

    n_params: float
    n_tokens: np.ndarray
    losses: np.ndarray


def envelope(curves: Iterable[TrainingCurve], n_budgets: int = 100, flops_per_param_token: float = 6.0) -> Runs:
    """For each of many budgets, the run that has the lowest loss when so much is spent, as if it had ended there.

    Losses between two looks are read off a straight line over the logarithm of the budget. Ends are left out, where the
    best curve is the only one.

    Args:
        curves: Training curves of several sizes, each with rising numbers of tokens.
        n_budgets: How many budgets, evenly spaced on a logarithmic axis over all that any curve reaches.
        flops_per_param_token: Operations for each parameter and token.

    Returns:
        The winners as runs, one for each budget that at least two curves of different sizes reach; `flops` are the
        budgets, `rows` the positions of the winning curves.

    Raises:
        ValueError: No budget is reached by two curves.

    Example:
        >>> from llmcourse.scaling_laws.laws import HOFFMANN
        >>> tokens = np.geomspace(1e9, 1e11, 50)
        >>> found = envelope([Curve(n, tokens, HOFFMANN.loss(n, tokens)) for n in np.geomspace(1e8, 1e10, 9)])
        >>> 0.3 < power_law(found.flops, found.n_params).exponent < 0.6
        True

    Source: Hoffmann et al. (2022), section 3.1.
    """
    curves = list(curves)
    sizes = np.array([curve.n_params for curve in curves], np.float64)
    spent = [np.log(flops_per_param_token * curve.n_params * np.asarray(curve.n_tokens)) for curve in curves]
    grid = np.linspace(min(map(np.min, spent)), max(map(np.max, spent)), n_budgets)
    table = np.array([np.interp(grid, x, curve.losses, left=np.inf, right=np.inf) for x, curve in zip(spent, curves)])
    n_sizes = np.array([len(np.unique(sizes[np.isfinite(column)])) for column in table.T])
    if not (n_sizes > 1).any():
        raise ValueError("no budget is reached by curves of two sizes; at least one must be")
    chosen = grid[n_sizes > 1]
    winners = table[:, n_sizes > 1].argmin(axis=0)
    n, flops = sizes[winners], np.exp(chosen)
    losses = table[:, n_sizes > 1].min(axis=0)
    return Runs(n, flops / (flops_per_param_token * n), losses, flops, tuple(int(i) for i in winners))


def frontier(optima: Sequence[Optimum]) -> tuple[PowerLaw, PowerLaw]:
    """How the best number of parameters and of tokens grow with the budget.

    Example:
        >>> best = [Optimum(c, c**0.5, c**0.5 / 6, 3.0, 1.0, 3.0, 5, True, ()) for c in (1e18, 1e20)]
        >>> [round(law.exponent, 3) for law in frontier(best)]
        [0.5, 0.5]
    """
    flops = [optimum.flops for optimum in optima]
    return power_law(flops, [o.n_params for o in optima]), power_law(flops, [o.n_tokens for o in optima])
