"""What a re-analysis of the Chinchilla paper found, computed instead of quoted (chapter 5).

Besiroglu et al. (2024) read 245 runs off a figure of Hoffmann et al. (2022) and fitted the third approach's law again.
The published numbers are here; what follows from them is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from llmcourse.scaling_laws.laws import HOFFMANN, HOFFMANN_UNROUNDED, Law, compute_optimal


class Approach(NamedTuple):
    """How the best model grows with the budget, as published: N as C^a, D as C^b, with intervals."""

    a: float
    a_interval: tuple[float, float] | None
    b: float
    b_interval: tuple[float, float] | None


APPROACHES = {
    "1. envelope of training curves": Approach(0.50, (0.488, 0.502), 0.50, (0.501, 0.512)),
    "2. IsoFLOP parabolas": Approach(0.49, (0.462, 0.534), 0.51, (0.483, 0.529)),
    "3. parametric fit": Approach(0.46, (0.454, 0.455), 0.54, (0.542, 0.543)),
    "Kaplan et al. (2020)": Approach(0.73, None, 0.27, None),
}
"""Table 2 of Hoffmann et al. (2022). Intervals: from the 10th to the 90th percentile of 100 samples of 80% of runs."""

CHINCHILLA = 70e9, 1.4e12
"""Parameters and tokens of the model that was trained by the paper's own advice."""
GOPHER = 280e9, 300e9
"""The model it was held against, of about the same budget."""

STANDARD_ERRORS = {"A": 124.52, "B": 1293.28, "E": 0.02566, "alpha": 0.0154, "beta": 0.0206}
"""Of the second fit, by 4,000 bootstrap samples: the printed output of the code of Besiroglu et al. (2024)."""


def tokens_per_parameter(law: Law, flops: float) -> float:
    """How many tokens the best model of a budget reads for each of its parameters.

    Example:
        >>> from llmcourse.scaling_laws.laws import BESIROGLU
        >>> [round(tokens_per_parameter(law, 5.88e23)) for law in (HOFFMANN, BESIROGLU)]
        [93, 18]
    """
    n, d = compute_optimal(law, flops)
    return d / n


class Rounding(NamedTuple):
    """What rounding does to a law's terms at some point: each as a share of the term."""

    of_parameters: float
    of_tokens: float
    of_floor: float
    of_loss: float


def rounding_error(n_params: float, n_tokens: float, law: Law = HOFFMANN, exact: Law = HOFFMANN_UNROUNDED) -> Rounding:
    """What the printed digits of a law change: the rounded law's terms over the exact one's, less 1.

    Example:
        >>> round(rounding_error(1e10, 1e11).of_tokens, 3)  # 1e11 to the power of 0.2849 - 0.28
        0.132
    """
    terms = [
        (one.A * n_params**-one.alpha, one.B * n_tokens**-one.beta, one.E, one.loss(n_params, n_tokens))
        for one in (law, exact)
    ]
    return Rounding(*(rounded / true - 1 for rounded, true in zip(*terms)))


def runs_for_width(n_runs: int, width: float, wanted: float) -> float:
    """How many runs an interval of a wanted width would take: it shrinks with the root of their number.

    Example:
        >>> runs_for_width(240, 0.05, 0.001)
        600000.0
    """
    return round(n_runs * (width / wanted) ** 2, 6)


@dataclass(frozen=True)
class Stop:
    """Where a minimizer stopped, and why.

    Attributes:
        params: Where.
        value: The function there.
        n_steps: Steps it took.
        reason: "gradient", "decrease", "steps", or "no step" where no shorter step helps.
    """

    params: np.ndarray
    value: float
    n_steps: int
    reason: str


def quasi_newton(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    ftol: float = 2.220446049250313e-09,
    gtol: float = 1e-5,
    max_steps: int = 2000,
) -> Stop:
    """A quasi-Newton descent (BFGS) with the stopping rules of SciPy's L-BFGS-B and their defaults.

    It stops when no part of the gradient is above `gtol`, or when a step lowers the function by at most `ftol` *
    max(|before|, |after|, 1). Both are absolute for a function that is far below 1: that is what it is here for.

    Args:
        function: Takes a point, gives (value, gradient).
        start: Where to begin.
        ftol, gtol: The two tolerances.
        max_steps: When to give up.

    Example:
        >>> def bowl(x):
        ...     return float((x**2).sum()), 2 * x
        >>> bool(np.abs(quasi_newton(bowl, np.array([3.0, -4.0])).params).max() < 1e-4)
        True
        >>> far = quasi_newton(lambda x: tuple(1e-6 * part for part in bowl(x)), np.array([3.0, -4.0]))
        >>> far.params, far.reason  # a millionth of the bowl, and it does not move
        (array([ 3., -4.]), 'gradient')

    Source: Nocedal and Wright (2006), "Numerical Optimization", section 6.1; SciPy's `minimize(method="L-BFGS-B")`.
    """
    here = np.array(start, np.float64)
    value, gradient = function(here)
    inverse, n = np.eye(len(here)), len(here)
    inverse /= max(1.0, float(np.linalg.norm(gradient)))
    for step in range(max_steps):
        if np.abs(gradient).max() <= gtol:
            return Stop(here, value, step, "gradient")
        direction = -inverse @ gradient
        if not gradient @ direction < 0:
            direction, inverse = -gradient, np.eye(n)
        found = _search(function, here, value, gradient, direction)
        if found is None:
            return Stop(here, value, step, "no step")
        there, new, new_gradient = found
        move, change = there - here, new_gradient - gradient
        if (curvature := move @ change) > 1e-300:
            shift = np.eye(n) - np.outer(move, change) / curvature
            inverse = shift @ inverse @ shift.T + np.outer(move, move) / curvature
        is_small = value - new <= ftol * max(abs(value), abs(new), 1.0)
        here, value, gradient = there, new, new_gradient
        if is_small:
            return Stop(here, value, step + 1, "decrease")
    return Stop(here, value, max_steps, "steps")


def _search(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]],
    here: np.ndarray, value: float, gradient: np.ndarray, direction: np.ndarray,
) -> tuple[np.ndarray, float, np.ndarray] | None:  # fmt: skip
    """A step along a direction that lowers the function by enough and makes it less steep; None where none does."""
    slope, low, high, length = gradient @ direction, 0.0, np.inf, 1.0
    best = None
    for _ in range(40):
        there = here + length * direction
        new, new_gradient = function(there)
        if not new <= value + 1e-4 * length * slope:
            high = length
        elif new_gradient @ direction < 0.9 * slope:
            low, best = length, (there, new, new_gradient)
        else:
            return there, new, new_gradient
        length = 2 * low if high == np.inf else (low + high) / 2
    return best
