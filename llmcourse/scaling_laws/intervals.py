"""How sure a fitted law is: the bootstrap, and a profile where an interval is skewed (chapter 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from llmcourse.scaling_laws.fitting import DELTA, Fit, fit_from_starts
from llmcourse.scaling_laws.laws import predict_log_loss
from llmcourse.scaling_laws.runs import Runs

NUMBERS = ("A", "B", "E", "alpha", "beta")
"""The numbers of a law in the order in which a fit has them: of the first three the logarithm."""
LEVEL = 0.95


def bootstrap_interval(
    estimate: Callable[[np.ndarray], Any], n_points: int, level: float = LEVEL, n_samples: int = 1000, seed: int = 0
) -> tuple[Any, Any]:
    """The interval in which an estimate lies in most of the samples that could have been drawn instead.

    Nobody can make the runs again. So draw as many from the runs there are, each with the same chance each time, with
    replacement: some come twice or more often, about 37 in 100 not at all. Estimate anew from each such sample, and cut
    off the same share of estimates at both ends.

    A sample is told by how often each run is in it: `n_points` whole numbers whose sum is `n_points`. So all samples
    together are one array of weights, and nothing has to be copied.

    Args:
        estimate: Takes weights of shape (k, n_points), one sample a row, for any k; gives k estimates, shape (k,) or
            (k, m) for m numbers at once. It is called once, with all samples: a call may be slow to begin.
        n_points: How many runs there are, at least 1.
        level: The share of estimates inside, between 0 and 1: 0.95 leaves 2.5 in 100 below and as many above.
        n_samples: How many samples, at least 1.
        seed: The same seed gives the same interval; another gives other samples.

    Returns:
        (low, high): floats, or arrays of shape (m,).

    Raises:
        ValueError: `n_points`, `level` or `n_samples` is out of range, as NaN is; the message names it.

    Example:
        >>> lengths = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
        >>> low, high = bootstrap_interval(lambda weights: weights @ lengths / 5, 5, n_samples=4000)
        >>> 1.6 < low < 2.2 < 4 < 6.4 < high < 7.4  # around the mean of 4, further up than down
        True

    Source: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.
    """
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points!r}; it must be at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples!r}; it must be at least 1")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples).astype(np.float64)
    low, high = np.quantile(np.asarray(estimate(weights)), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


def refit(runs: Runs, fit: Fit, weights: np.ndarray, delta: float = DELTA) -> np.ndarray:
    """Fits of the same runs with other weights, each from the fit that there is.

    Args:
        runs: The runs.
        fit: Their fit.
        weights: Shape (k, n_points).
        delta: Where Huber's loss turns from a square into a line.

    Returns:
        Shape (k, 5): a, b, e, alpha, beta.
    """
    starts = np.tile(fit.law.params, (len(weights), 1))
    return fit_from_starts(starts, *_points(runs), delta, weights)[0]


def bootstrap_fits(runs: Runs, fit: Fit, n_samples: int = 1000, seed: int = 0, delta: float = DELTA) -> np.ndarray:
    """Fits of samples of the runs, drawn with replacement: shape (n_samples, 5), a, b, e, alpha, beta.

    Example:
        >>> from llmcourse.scaling_laws.fitting import fit_law
        >>> from llmcourse.scaling_laws.laws import BESIROGLU, simulate_runs
        >>> runs = simulate_runs(BESIROGLU, n_runs=60)
        >>> fits = bootstrap_fits(runs, fit_law(runs.n_params, runs.n_tokens, runs.losses), n_samples=20)
        >>> fits.shape
        (20, 5)
    """
    found: list[np.ndarray] = []

    def kept(weights: np.ndarray) -> np.ndarray:
        found.append(refit(runs, fit, weights, delta))
        return found[-1]

    bootstrap_interval(kept, len(runs), n_samples=n_samples, seed=seed)
    return np.concatenate(found)


def quantities(fits: np.ndarray) -> dict[str, np.ndarray]:
    """What is asked of fits: A, B, E, alpha, beta, and the exponents a and b of the best model and its tokens.

    Example:
        >>> quantities(np.array([[0.0, 0.0, 0.0, 0.3, 0.1]]))["a"].round(6)
        array([0.25])
    """
    with np.errstate(over="ignore"):
        told = dict(zip(NUMBERS, [*np.exp(fits[:, :3]).T, *fits[:, 3:].T]))
    a = told["beta"] / (told["alpha"] + told["beta"])
    return told | {"a": a, "b": 1 - a}


def law_intervals(
    runs: Runs, fit: Fit, level: float = LEVEL, n_samples: int = 1000, seed: int = 0, delta: float = DELTA
) -> dict[str, tuple[float, float]]:
    """An interval for each number of `quantities`, by the bootstrap.

    Example:
        >>> from llmcourse.scaling_laws.fitting import fit_law
        >>> from llmcourse.scaling_laws.laws import BESIROGLU, simulate_runs
        >>> runs = simulate_runs(BESIROGLU)
        >>> told = law_intervals(runs, fit_law(runs.n_params, runs.n_tokens, runs.losses), n_samples=200)
        >>> told["alpha"][0] < BESIROGLU.alpha < told["alpha"][1]
        True
    """
    names: list[str] = []

    def estimate(weights: np.ndarray) -> np.ndarray:
        told = quantities(refit(runs, fit, weights, delta))
        names[:] = told
        return np.stack(list(told.values()), axis=1)

    low, high = bootstrap_interval(estimate, len(runs), level, n_samples, seed)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)}


@dataclass(frozen=True)
class Profile:
    """How much worse the best fit gets when one number is held elsewhere.

    Attributes:
        name: Which number.
        values: Where it was held, rising; of A, B and E themselves, not their logarithms.
        rises: By how much the objective rises there, in units in which a rise of `bound` is too much.
        bound: The level's quantile of a chi-squared with one degree of freedom.
        interval: Where the rise is within the bound.
    """

    name: str
    values: np.ndarray
    rises: np.ndarray
    bound: float
    interval: tuple[float, float]


def profile(
    runs: Runs, fit: Fit, name: str = "beta", level: float = LEVEL, n_values: int = 81, delta: float = DELTA
) -> Profile:
    """Hold one number of the law at one value after the other, and fit the other four.

    The bootstrap asks how the estimate would scatter; the profile asks which values the runs are at peace with. Where
    the objective is far from a parabola, because numbers can make up for each other, the interval is longer on one
    side, and shows it.

    The rise of the objective is twice its difference, times mean psi' / mean psi^2 of the residuals, psi being the
    slope of Huber's loss: with it a sum of any such loss has, for many runs, the distribution that twice the
    log-likelihood has.

    Args:
        runs: The runs.
        fit: Their fit.
        name: One of "A", "B", "E", "alpha", "beta".
        level: Of the interval, between 0 and 1.
        n_values: How many values are tried.
        delta: Where Huber's loss turns from a square into a line.

    Raises:
        ValueError: There is no such number.

    Example:
        >>> from llmcourse.scaling_laws.fitting import fit_law
        >>> from llmcourse.scaling_laws.laws import BESIROGLU, simulate_runs
        >>> runs = simulate_runs(BESIROGLU)
        >>> low, high = profile(runs, fit_law(runs.n_params, runs.n_tokens, runs.losses), "beta").interval
        >>> low < BESIROGLU.beta < high
        True
    """
    if name not in NUMBERS:
        raise ValueError(f"name is {name!r}; it must be one of {', '.join(map(repr, NUMBERS))}")
    place, best = NUMBERS.index(name), fit.law.params
    bound = NormalDist().inv_cdf((1 + level) / 2) ** 2
    unit = _rise_unit(np.log(runs.losses) - predict_log_loss(best, *_points(runs)[:2]), delta)
    span = 0.02
    for _ in range(8):  # twice as wide until both ends are clearly outside
        values = best[place] + span * np.linspace(-1, 1, n_values)
        rises = unit * (_held(runs, best, place, values, delta) - fit.objective)
        if min(rises[0], rises[-1]) > 1.5 * bound:
            break
        span *= 2
    inside = values[rises <= bound]
    # The fit is the lowest there is, so at least its own value is inside.
    ends = [_crossing(values, rises, bound, inside.min(), -1), _crossing(values, rises, bound, inside.max(), 1)]
    back = np.exp if place < 3 else np.asarray
    low, high = (float(back(end)) for end in ends)
    return Profile(name, back(values), rises, bound, (low, high))


def _points(runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.log(runs.n_params), np.log(runs.n_tokens), np.log(runs.losses)


def _held(runs: Runs, best: np.ndarray, place: int, values: np.ndarray, delta: float) -> np.ndarray:
    """The objective with one number held at each value: from the fit, then from what the neighbours found."""
    starts = np.tile(best, (len(values), 1))
    starts[:, place] = values
    ends, objectives = fit_from_starts(starts, *_points(runs), delta, held=(place,))
    for shift in (1, -1):
        again = np.roll(ends, shift, axis=0)
        again[:, place] = values
        new_ends, new = fit_from_starts(again, *_points(runs), delta, held=(place,))
        ends[new < objectives] = new_ends[new < objectives]
        objectives = np.minimum(objectives, new)
    return objectives


def _rise_unit(residual: np.ndarray, delta: float) -> float:
    """2 * mean psi' / mean psi^2, with the five fitted numbers taken off the number of runs.

    psi' is 1 where the loss is a square. Where residuals are much larger than `delta`, hardly any run is there, and the
    share is read off a wider window around 0.
    """
    size = np.abs(residual)
    window = max(delta, float(np.quantile(size, 0.3)))
    slope = np.mean(size <= window) * delta / window
    square = np.mean(np.minimum(size, delta) ** 2) * len(size) / max(len(size) - len(NUMBERS), 1)
    return float(2 * slope / max(square, 1e-300))


def _crossing(values: np.ndarray, rises: np.ndarray, bound: float, end: float, side: int) -> float:
    """Where the rise passes the bound next to the last value inside; that value where it never does."""
    k = int(np.flatnonzero(values == end)[0])
    if not 0 <= k + side < len(values):
        return float(end)
    share = (bound - rises[k]) / (rises[k + side] - rises[k])
    return float(values[k] + share * (values[k + side] - values[k]))


def optimum_intervals(fits: np.ndarray, flops: float, level: float = LEVEL) -> dict[str, tuple[float, float]]:
    """Intervals of the best model, its tokens and its loss for a budget, from bootstrapped fits.

    Args:
        fits: As `bootstrap_fits` gives them.
        flops: The budget.
        level: Of the intervals.

    Returns:
        "n_params", "n_tokens", "loss" -> (low, high).

    Example:
        >>> from llmcourse.scaling_laws.laws import HOFFMANN, compute_optimal
        >>> told = optimum_intervals(np.tile(HOFFMANN.params, (3, 1)), 1e21)
        >>> np.allclose(told["n_params"], compute_optimal(HOFFMANN, 1e21)[0])
        True
    """
    a, b, e, alpha, beta = fits[(fits[:, 3:] > 0).all(axis=1)].T
    ratio = (np.log(alpha / beta) + a - b) / (alpha + beta)
    log_pairs = np.log(flops / 6)
    log_n = beta / (alpha + beta) * log_pairs + ratio
    log_d = log_pairs - log_n
    loss = np.exp(a - alpha * log_n) + np.exp(b - beta * log_d) + np.exp(e)
    tails = [(1 - level) / 2, (1 + level) / 2]
    told = {"n_params": np.exp(log_n), "n_tokens": np.exp(log_d), "loss": loss}
    return {name: tuple(float(q) for q in np.quantile(values, tails)) for name, values in told.items()}
