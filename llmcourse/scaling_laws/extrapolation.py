"""What a small ladder of runs says about a large run, and how surely (chapter 5).

A law is fitted to the cheap runs, and the expensive ones are predicted. Two things make a prediction uncertain: other
cheap runs would have given another law, and a single run does not lie on its law. The interval holds both. What it
cannot hold is a law that changes between the cheap runs and the large ones: for that there are residuals, rung by rung.

Units: parameters, tokens, floating-point operations; losses in nats a token.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from llmcourse.scaling_laws.fitting import fit_law
from llmcourse.scaling_laws.intervals import bootstrap_fits
from llmcourse.scaling_laws.laws import BESIROGLU, Law, predict_log_loss
from llmcourse.scaling_laws.runs import Runs, as_runs


def prediction_interval(
    params: np.ndarray, residuals: np.ndarray, log_n: np.ndarray, log_d: np.ndarray, level: float = 0.9
) -> np.ndarray:
    """What single runs will lose, by many fits of a law: the lower end, the middle and the upper end.

    Each row of `params` is a law that a bootstrap has fitted to other draws of the same runs: its prediction for a run
    is what the law says on average. A run does not lie on its law: the logarithm of its loss differs by a residual.
    Any law may be the right one and any residual may be the run's, so all predictions of log losses plus all residuals
    are equally likely. Of the losses that they give, the lower end is the quantile (1 - level) / 2, the middle the
    median, and the upper end the quantile (1 + level) / 2.

    Args:
        params: Fits (n_fits, 5), each (a, b, e, alpha, beta): log L = logsumexp(a - alpha log N, b - beta log D, e).
        residuals: Observed less predicted log losses (n_residuals,) of the runs that were fitted.
        log_n, log_d: Logarithms of parameters and tokens of the runs to be predicted (n_runs,).
        level: Share of runs that shall lie inside, between 0 and 1.

    Returns:
        Losses (n_runs, 3), float64, in nats a token: lower end, middle, upper end.

    Raises:
        ValueError: `level` is not between 0 and 1, as NaN is not; the message names it.

    Example:
        Three laws say 2, 3 and 4 for a run; residuals of -0.1, 0 and 0.1 make nine losses of it: 1.81, 2, 2.21, 2.71,
        3, 3.32, 3.62, 4 and 4.42.

        >>> params = np.log([[1e-9, 1e-9, loss, 1, 1] for loss in (2.0, 3.0, 4.0)])
        >>> prediction_interval(params, np.array([-0.1, 0.0, 0.1]), np.zeros(1), np.zeros(1), level=0.5).round(2)
        array([[2.21, 3.  , 3.62]])
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)  # (n_fits, n_runs)
    losses = np.exp(predicted[:, None, :] + np.asarray(residuals)[None, :, None])
    return np.quantile(losses.reshape(-1, len(log_n)), [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


@dataclass(frozen=True, eq=False)
class Evidence:
    """A law and what it rests on.

    Attributes:
        name: Of the law.
        law: Its best constants.
        params: Bootstrap fits (n_fits, 5), as `prediction_interval` takes them.
        residuals: Observed less predicted log losses of the runs that were fitted.
        n_params, n_tokens: The smallest and the largest of the runs: beyond them the law is extrapolated.
        source: Where the runs come from.
    """

    name: str
    law: Law
    params: np.ndarray
    residuals: np.ndarray
    n_params: tuple[float, float]
    n_tokens: tuple[float, float]
    source: str

    def predict(self, n_params: Sequence[float], n_tokens: Sequence[float], level: float = 0.9) -> np.ndarray:
        """`prediction_interval` for runs of these sizes, (n_runs, 3)."""
        log_n, log_d = np.log(np.asarray(n_params, float)), np.log(np.asarray(n_tokens, float))
        return prediction_interval(self.params, self.residuals, log_n, log_d, level)

    def beyond(self, n_params: float, n_tokens: float) -> float:
        """How many times larger than the largest run that was fitted, in parameters or tokens; below 1: inside."""
        return max(self.times_the_largest(n_params, n_tokens).values())

    def times_the_largest(self, n_params: float, n_tokens: float) -> dict[str, float]:
        """`parameters` and `tokens` in multiples of the most that was fitted."""
        return {"parameters": n_params / self.n_params[1], "tokens": n_tokens / self.n_tokens[1]}


def log_residuals(law: Law, runs: Runs) -> np.ndarray:
    """Observed less predicted log losses.

    Example:
        >>> law = Law(1.7, 400.0, 400.0, 0.34, 0.28)
        >>> runs = simulated_runs(law, [1e6, 1e7], [1e8, 1e9])
        >>> bool(np.abs(log_residuals(law, runs)).max() < 1e-12)
        True
    """
    return np.log(runs.losses) - np.log(law.loss(runs.n_params, runs.n_tokens))


def evidence_of(runs: Runs, name: str, source: str, n_boot: int = 200, seed: int = 0) -> Evidence:
    """Fit a law to runs, and bootstrap it.

    Args:
        runs: The runs.
        name, source: Of the law and of the runs, for whoever asks later.
        n_boot: Bootstrap fits.
        seed: Of the bootstrap.
    """
    fit = fit_law(runs.n_params, runs.n_tokens, runs.losses)
    params = bootstrap_fits(runs, fit, n_samples=n_boot, seed=seed)
    sizes, tokens = runs.n_params, runs.n_tokens
    ranges = (float(sizes.min()), float(sizes.max())), (float(tokens.min()), float(tokens.max()))
    return Evidence(name, fit.law, params, log_residuals(fit.law, runs), *ranges, source)


SPREAD = np.array(
    [
        [0.2496666, 0.0, 0.0, 0.0, 0.0],
        [-0.1227485, 0.4047221, 0.0, 0.0, 0.0],
        [0.0075327, 0.0109761, 0.0029426, 0.0, 0.0],
        [0.014896, -0.0001706, 0.0001899, 0.0004774, 0.0],
        [-0.0061267, 0.019768, 0.0002799, -0.0003968, 0.0001484],
    ]
)
"""How the five numbers of a fit to Hoffmann et al.'s runs vary together: 1,000 bootstrap fits have the covariance
SPREAD @ SPREAD.T. `python -m studies.chinchilla_fits` makes it and the residuals, from 240 of the 245 runs that
Besiroglu et al. (2024) read off the paper's figure 4; they print standard errors of 0.02 for either exponent."""

RESIDUALS = np.array(
    [
        -0.01059,
        -0.00869,
        -0.00599,
        -0.0046,
        -0.00385,
        -0.00345,
        -0.00267,
        -0.00222,
        -0.00154,
        -0.00062,
        -0.00022,
        0.0003,
        0.00093,
        0.00165,
        0.00236,
        0.00312,
        0.00402,
        0.00584,
        0.0076,
        0.01543,
    ]
)
"""Observed less predicted log losses of these runs by their law: the middles of twenty equal shares."""


@functools.cache
def chinchilla() -> Evidence:
    """The law that Besiroglu et al. fitted to the runs of Hoffmann et al., and how sure it is.

    Example:
        >>> low, middle, high = chinchilla().predict([70e9], [1.4e12])[0]  # Chinchilla itself
        >>> bool(low < middle < high)
        True
    """
    draws = np.random.default_rng(0).standard_normal((400, 5))
    return Evidence(
        "fitted again to the runs of Hoffmann et al. by Besiroglu et al.", BESIROGLU,
        BESIROGLU.params + draws @ SPREAD.T, RESIDUALS,
        (5.7e7, 1.6e10), (8.2e8, 3.2e11), "Hoffmann et al. (2022), Besiroglu et al. (2024)",
    )  # fmt: skip


class Held(NamedTuple):
    """A prediction that was made without the runs that it is about.

    Attributes:
        evidence: The law, from the small runs.
        runs: The runs that were held out.
        predicted: Their losses by the law (n_runs, 3): lower end, middle, upper end.
        inside: Which of them came true.
    """

    evidence: Evidence
    runs: Runs
    predicted: np.ndarray
    inside: np.ndarray


def hold_out(runs: Runs, largest_flops: float, *, level: float = 0.9, n_boot: int = 200, seed: int = 0) -> Held:
    """Fit the runs that cost at most so many operations, and predict all others.

    Args:
        runs: A ladder.
        largest_flops: What the most expensive run that is fitted may have cost.
        level: Share of the runs that shall lie inside their intervals.
        n_boot: Bootstrap fits.
        seed: Of the bootstrap.

    Raises:
        ValueError: No run cost more, or those that are left are too few for a fit; the message says so.
    """
    small = runs.flops <= largest_flops
    if small.all():
        raise ValueError(f"largest_flops is {largest_flops!r}; it must be below {runs.flops.max():.3g}")
    evidence = evidence_of(runs.subset(small), "of the small runs", f"{small.sum()} runs", n_boot, seed)
    large = runs.subset(~small)
    predicted = evidence.predict(large.n_params, large.n_tokens, level)
    inside = (predicted[:, 0] <= large.losses) & (large.losses <= predicted[:, 2])
    return Held(evidence, large, predicted, inside)


class Rung(NamedTuple):
    """What a ladder says when it ends at a rung.

    Attributes:
        flops: The most expensive run that was fitted.
        law: The law by then.
        n_runs: How many runs it rests on.
        surprise: How far the runs of the next rung lie from it on average, as the logarithm of their losses less that
            of the law's; NaN after the last rung.
    """

    flops: float
    law: Law
    n_runs: int
    surprise: float


def climb(runs: Runs, n_rungs: int = 5, n_first: int = 12) -> list[Rung]:
    """The law again and again, each time with more expensive runs: what drifts is no law.

    With a law that holds, the constants settle and the surprises change their signs. With a law that breaks, E or an
    exponent wanders from rung to rung, and all surprises are on one side.

    Args:
        runs: A ladder.
        n_rungs: In how many parts the runs are added, from the cheapest to the largest; runs of one budget are added
            together, so that there may be fewer.
        n_first: Runs of the first part, or so many more as have the budget of its last.

    Raises:
        ValueError: There are fewer runs than `n_first` and one for each further rung; the message names their number.
    """
    order = np.argsort(runs.flops, kind="stable")
    if len(order) < n_first + n_rungs - 1:
        raise ValueError(f"there are {len(order)} runs; there must be at least {n_first + n_rungs - 1}")
    wanted = np.linspace(n_first, len(order), n_rungs).round().astype(int)
    ends = np.unique(np.searchsorted(runs.flops[order], runs.flops[order][wanted - 1] * 1.001, side="right"))
    rungs = []
    for end, following in zip(ends, [*ends[1:], ends[-1]]):
        known, ahead = runs.subset(order[:end]), runs.subset(order[end:following])
        law = fit_law(known.n_params, known.n_tokens, known.losses).law
        surprise = float(log_residuals(law, ahead).mean()) if following > end else float("nan")
        rungs.append(Rung(float(known.flops.max()), law, int(end), surprise))
    return rungs


def simulated_runs(
    law: Law, n_params: Sequence[float], n_tokens: Sequence[float], *, noise: float = 0.0, seed: int = 0
) -> Runs:
    """Runs that lie on a law, each with its own error: a ladder of which the truth is known.

    Args:
        law: The truth.
        n_params, n_tokens: The sizes of each run.
        noise: Standard deviation of the log losses.
        seed: Of the errors.
    """
    sizes, tokens = np.asarray(n_params, float), np.asarray(n_tokens, float)
    errors = np.random.default_rng(seed).normal(0.0, noise, sizes.shape) if noise else 0.0
    losses = law.loss(sizes, tokens) * np.exp(errors)
    return as_runs(sizes, tokens, losses)


def broken_power_law(
    x: np.ndarray, floor: float, scale: float, slope: float, breaks: Sequence[tuple[float, float, float]] = ()
) -> np.ndarray:
    """A power law whose slope changes, smoothly, at some places.

    y = floor + scale x^-slope (1 + (x / d)^(1 / f))^(-c f) ..., with a factor for each break (c, d, f): from about d
    on the slope is greater by c, and f says how gradually it gets there.

    Args:
        x: What is scaled, above 0.
        floor, scale, slope: Of the first part.
        breaks: (c, d, f) of each break; d and f above 0, c of either sign.

    Example:
        >>> broken_power_law(np.array([1.0, 100.0]), 1.0, 1.0, 0.5)
        array([2. , 1.1])
        >>> slower = broken_power_law(np.array([1e2, 1e8, 1e10]), 0.0, 1.0, 0.5, [(-0.4, 1e5, 0.5)])
        >>> float(np.round(np.log(slower[1] / slower[2]) / np.log(100), 3))  # 0.5 - 0.4
        0.1

    Source: Caballero et al., "Broken Neural Scaling Laws" (2023), equation 1.
    """
    x = np.asarray(x, float)
    factor = np.ones_like(x)
    for change, place, width in breaks:
        factor *= (1 + (x / place) ** (1 / width)) ** (-change * width)
    return floor + scale * x**-slope * factor
