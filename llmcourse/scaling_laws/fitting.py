"""The fit of a law to runs: a Huber loss of log losses, and the best of many starts, all at once (chapter 5).

Every function works on a batch: many sets of the law's five numbers beside each other, in the order of `laws`:
a = ln A, b = ln B, e = ln E, alpha, beta. Everything is float64.

`huber_objective` is what is minimized, with its gradient, plainly. `normal_equations` gives the same with a matrix for
the next step, faster; `fit_from_starts` walks down with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmcourse.scaling_laws.laws import Law, law_from_params, predict_log_loss
from llmcourse.scaling_laws.runs import refuse_unfit

DELTA = 1e-3
"""Where Huber's loss turns from a square into a line: a tenth of a per cent of the loss."""
N_STARTS = 500
BLOCK = 64
"""Sets of numbers that are computed together: their arrays stay in a processor's cache."""


def huber_objective(
    params: np.ndarray, log_n: np.ndarray, log_d: np.ndarray, log_loss: np.ndarray, delta: float = DELTA
) -> tuple[np.ndarray, np.ndarray]:
    """What a fit minimizes, with its exact gradient, for many sets of the law's numbers at once.

    Of each run the residual r is the logarithm of its loss less the law's (`predict_log_loss`): about the relative
    error. Huber's loss of it is r^2 / 2 where |r| is at most `delta`, and delta * (|r| - delta / 2) beyond, so that a
    run that is far off pulls no harder than one that is a little off. The objective is the *sum* over runs.

    The gradient needs no second formula for the sum of exponentials: the derivative of ln(exp(x) + exp(y) + exp(e)) by
    x is the share that exp(x) has in the sum.

    Args:
        params: Shape (..., 5): a, b, e, alpha, beta, as for `predict_log_loss`.
        log_n, log_d, log_loss: Natural logarithms of parameters, tokens and losses, each of shape (n_points,).
        delta: Where the square turns into a line, above 0.

    Returns:
        (value, gradient) in float64: shape (...) and shape (..., 5).

    Example:
        >>> law = np.log([2.0, 3.0, 1.0, 1.0, 1.0])  # A = 2, B = 3, E = 1, both exponents 0: the loss is 6
        >>> n, d, losses = np.log([10.0, 20.0]), np.log([10.0, 20.0]), np.log([6.0, 12.0])
        >>> value, gradient = huber_objective(law, n, d, losses, delta=0.5)
        >>> round(float(value), 6)  # the first run fits; the second is ln 2 off: 0.5 * (0.6931 - 0.25)
        0.221574
        >>> gradient.round(6)  # -0.5 * (2 / 6, 3 / 6, 1 / 6, -2 / 6 * ln 20, -3 / 6 * ln 20)
        array([-0.166667, -0.25    , -0.083333,  0.499289,  0.748933])

    Source: Hoffmann et al. (2022), section D.2; Huber (1964), "Robust Estimation of a Location Parameter".
    """
    predicted = predict_log_loss(params, log_n, log_d)
    a, b, e, alpha, beta = np.moveaxis(np.asarray(params, np.float64)[..., None], -2, 0)
    of_n, of_d, of_e = (np.exp(x - predicted) for x in (a - alpha * log_n, b - beta * log_d, e))
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(axis=-1)
    pull = -np.clip(residual, -delta, delta)
    slopes = (of_n, of_d, of_e, -of_n * log_n, -of_d * log_d)
    return value, np.stack([(pull * slope).sum(axis=-1) for slope in slopes], axis=-1)


def normal_equations(
    params: np.ndarray,
    log_n: np.ndarray,
    log_d: np.ndarray,
    log_loss: np.ndarray,
    delta: float = DELTA,
    weights: np.ndarray | None = None,
    held: Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The objective, its gradient, and the matrix of a reweighted least-squares problem that touches it.

    Huber's loss lies below the parabola w r^2 / 2 + constant that touches it at the present residual, w = 1 where it is
    a square and delta / |r| beyond. So a step that lowers the sum of parabolas lowers the objective. With J the
    derivatives of the predictions, the matrix is J^T W J.

    Args:
        params: Shape (n, 5).
        log_n, log_d, log_loss, delta: As for `huber_objective`.
        weights: How often each run counts: shape (n_points,), or (n, n_points) where it is another for each row.
        held: Positions of numbers that are not to move: their gradient is 0.

    Returns:
        (value, gradient, matrix): shapes (n,), (n, 5) and (n, 5, 5).

    Example:
        >>> law, n, d = np.log([[2.0, 3.0, 1.0, 1.5, 1.5]]), np.log([10.0, 20.0]), np.log([40.0, 30.0])
        >>> value, gradient, matrix = normal_equations(law, n, d, np.log([6.0, 2.0]))
        >>> plain_value, plain_gradient = huber_objective(law, n, d, np.log([6.0, 2.0]))
        >>> np.allclose(value, plain_value), np.allclose(gradient, plain_gradient), matrix.shape
        (True, True, (1, 5, 5))
    """
    rows = [slice(i, i + BLOCK) for i in range(0, len(params), BLOCK)] or [slice(0, 0)]
    own = weights is not None and weights.ndim == 2
    parts = [_equations(params[k], log_n, log_d, log_loss, delta, weights[k] if own else weights) for k in rows]
    value, gradient, matrix = (np.concatenate(part) for part in zip(*parts))
    for i in held:
        gradient[:, i], matrix[:, i], matrix[:, :, i], matrix[:, i, i] = 0, 0, 0, 1
    return value, gradient, matrix


def _equations(
    params: np.ndarray, log_n: np.ndarray, log_d: np.ndarray, log_loss: np.ndarray, delta: float, weights: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    x, y = a - alpha * log_n, b - beta * log_d
    top = np.maximum(np.maximum(x, y), e)
    x, y, z = np.exp(x - top), np.exp(y - top), np.exp(e - top)
    total = x + y + z
    residual = log_loss - top - np.log(total)
    size = np.abs(residual)
    weight = delta / np.maximum(size, delta)
    value = np.where(size <= delta, residual * residual / 2, delta * (size - delta / 2))
    if weights is not None:
        weight, value = weight * weights, value * weights
    of_n, of_d = x / total, y / total
    slopes = np.stack([of_n, of_d, z / total, -of_n * log_n, -of_d * log_d], axis=-2)
    weighted = slopes * weight[..., None, :]
    gradient = -(weighted @ residual[..., None])[..., 0]
    return value.sum(axis=-1), gradient, weighted @ np.swapaxes(slopes, -1, -2)


def damped_step(gradient: np.ndarray, matrix: np.ndarray, damping: np.ndarray) -> np.ndarray:
    """The step that solves the normal equations with a ridge: short and along the gradient where damping is large.

    The ridge is `damping` times the matrix's own diagonal, so that it does not matter in which units a number is.

    Args:
        gradient, matrix: Shapes (n, 5) and (n, 5, 5), as `normal_equations` gives them.
        damping: Shape (n,), above 0; less than 1e-9 counts as 1e-9.

    Returns:
        Steps to add, shape (n, 5).

    Example:
        >>> damped_step(np.array([[2.0, 1.0]]), np.array([[[1.0, 0.0], [0.0, 4.0]]]), np.array([1.0])).round(6)
        array([[-1.   , -0.125]])

    Source: Marquardt (1963), "An Algorithm for Least-Squares Estimation of Nonlinear Parameters".
    """
    diagonal = np.einsum("nii->ni", matrix)
    # A number that nothing depends on has a zero there, and a matrix of zeros is no matrix to solve with.
    floor = 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-300
    # Less than a billionth is lost in the rounding of the matrix, which may have no inverse of its own.
    ridge = np.maximum(damping, 1e-9)[:, None] * (diagonal + floor)
    return np.linalg.solve(matrix + ridge[..., None] * np.eye(ridge.shape[1]), -gradient[..., None])[..., 0]


def fit_from_starts(
    starts: np.ndarray,
    log_n: np.ndarray,
    log_d: np.ndarray,
    log_loss: np.ndarray,
    delta: float = DELTA,
    weights: np.ndarray | None = None,
    held: Sequence[int] = (),
    max_steps: int = 300,
) -> tuple[np.ndarray, np.ndarray]:
    """Walk down from many starts at once, each to a minimum of the Huber objective that is near it.

    Any method is right that gets there. With `normal_equations` and `damped_step` of this module it goes like this, for
    all starts in one array: propose a step; where it lowers the objective, take it and divide that start's damping by
    5, else stay and multiply it by 5. A start has arrived when a step with little damping gains next to nothing; those
    that have arrived need not be computed any more.

    Args:
        starts: Where to begin, shape (n_starts, 5): a, b, e, alpha, beta.
        log_n, log_d, log_loss: Natural logarithms of parameters, tokens and losses, each of shape (n_points,).
        delta: Where Huber's loss turns from a square into a line.
        weights: How often each run counts in the sum: None for once each, shape (n_points,), or (n_starts, n_points)
            where each start fits other weights.
        held: Positions, 0 to 4, of numbers that stay as they are in each start.
        max_steps: A start that is still on its way after so many steps stays where it is.

    Returns:
        (params, values) in float64: where each start ended, shape (n_starts, 5), and the objective there, (n_starts,).
        No value is above that of its start. A start near a minimum reaches it: the objective is then above the lowest
        one by at most a ten-thousandth. So does the best of a hundred starts drawn from `start_grid`.

    Example:
        >>> true = np.array([np.log(100.0), np.log(400.0), np.log(1.5), 0.5, 0.4])
        >>> log_n, log_d = np.log(np.meshgrid([1e4, 1e5, 1e6], [1e6, 1e7, 1e8]))
        >>> log_n, log_d = log_n.ravel(), log_d.ravel()
        >>> log_loss = predict_log_loss(true, log_n, log_d)  # nine runs that follow the law exactly
        >>> ends, values = fit_from_starts(np.array([[5.0, 5.0, 0.0, 0.5, 0.5]]), log_n, log_d, log_loss)
        >>> bool(values[0] < 1e-12), ends[0].round(3)
        (True, array([4.605, 5.991, 0.405, 0.5  , 0.4  ]))
    """
    ends = np.array(starts, np.float64)
    left, damping = np.arange(len(ends)), np.full(len(ends), 0.01)

    def equations(params: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        own = weights[left] if weights is not None and weights.ndim == 2 else weights
        return normal_equations(params, log_n, log_d, log_loss, delta, own, held)

    here = ends.copy()
    value, gradient, matrix = equations(here)
    values = value.copy()
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = equations(there)
        lower = new[0] < value  # not so where it is no number
        has_arrived = (lower & (value - new[0] <= 1e-12 * value) & (damping <= 1)) | (damping > 1e12)
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), damping * 5)
        ends[left], values[left] = here, value
        state = here, value, gradient, matrix, damping, left
        here, value, gradient, matrix, damping, left = (part[~has_arrived] for part in state)
        if not len(left):
            break
    return ends, values


def start_grid() -> np.ndarray:
    """The 4,500 starts of the replication: alpha and beta from 0 to 2, e from -1 to 1, a and b from 0 to 25.

    Example:
        >>> start_grid().shape
        (4500, 5)

    Source: Besiroglu et al. (2024), their code.
    """
    halves, tens = np.arange(5) / 2, np.arange(6) * 5.0
    axes = itertools.product(tens, tens, halves - 1, halves, halves)
    return np.array(list(axes))


def some_starts(n_starts: int = N_STARTS, seed: int = 0) -> np.ndarray:
    """A part of `start_grid`, drawn at random: n_starts different ones, or all."""
    grid = start_grid()
    return grid[np.random.default_rng(seed).permutation(len(grid))[:n_starts]]


@dataclass(frozen=True)
class Fit:
    """A fitted law.

    Attributes:
        law: The law.
        objective: The sum of Huber's loss over the runs.
        n_points: Runs it was fitted to.
        n_starts: Starts it is the best of.
        n_agreeing: How many of the starts that were followed to their end came within a thousandth of the objective.
    """

    law: Law
    objective: float
    n_points: int
    n_starts: int
    n_agreeing: int


def fit_law(
    n_params: Any,
    n_tokens: Any,
    losses: Any,
    *,
    starts: np.ndarray | None = None,
    delta: float = DELTA,
    weights: np.ndarray | None = None,
) -> Fit:
    """Fit a law to runs: the best of many starts.

    All starts take a few steps; the best twentieth, and at least 32, go on to the end. It is successive halving with
    one cut: a start that is hopeless after 15 steps is hopeless.

    Args:
        n_params, n_tokens, losses: Of the runs, above 0, each of shape (n_points,).
        starts: Shape (n_starts, 5); 500 of `start_grid` without it.
        delta: Where Huber's loss turns from a square into a line.
        weights: How often each run counts, shape (n_points,), at least 0 and finite; once without it.

    Raises:
        ValueError: There are fewer runs than numbers in a law, a value is not above 0, all runs have one budget, one
            size or one number of tokens; the weights are not as said; or no start leads to a law whose
            exponents are above 0.

    Example:
        >>> law = Law(E=1.5, A=100, B=400, alpha=0.5, beta=0.4)
        >>> n, d = (grid.ravel() for grid in np.meshgrid([1e4, 1e5, 1e6], [1e6, 1e7, 1e8]))
        >>> fit = fit_law(n, d, law.loss(n, d))
        >>> round(fit.law.alpha, 4), round(fit.law.beta, 4), fit.objective < 1e-12, fit.n_points
        (0.5, 0.4, True, 9)
    """
    n, d, loss = (np.asarray(values, np.float64) for values in (n_params, n_tokens, losses))
    refuse_unfit(n, d, loss)
    if not delta > 0:
        raise ValueError(f"delta is {delta!r}; it must be above 0")
    weights = None if weights is None else _checked_weights(weights, len(n))
    points = np.log(n), np.log(d), np.log(loss)
    starts = some_starts() if starts is None else np.asarray(starts, np.float64)
    ends, values = fit_from_starts(starts, *points, delta, weights, max_steps=15)
    best = np.argsort(values, kind="stable")[: max(32, len(starts) // 20)]
    ends, values = fit_from_starts(ends[best], *points, delta, weights)
    is_law = (ends[:, 3:] > 0).all(axis=1) & (np.abs(ends[:, :3]) < 700).all(axis=1)
    if not is_law.any():
        a, b, e, alpha, beta = ends[values.argmin()]
        raise ValueError(
            f"the best fit has alpha = {alpha:.4g} and beta = {beta:.4g}; both must be above 0: these runs do not "
            "get better with more parameters and more tokens, or there are too few to tell"
        )
    values = np.where(is_law, values, np.inf)
    k = int(values.argmin())
    n_agreeing = int((values <= values[k] * 1.001).sum())
    return Fit(law_from_params(ends[k]), float(values[k]), len(n), len(starts), n_agreeing)


def _checked_weights(weights: Any, n_points: int) -> np.ndarray:
    weights = np.asarray(weights, np.float64)
    if weights.shape != (n_points,):
        raise ValueError(f"weights has the shape {weights.shape}; it must have that of losses, ({n_points},)")
    for i, weight in enumerate(weights):
        if not 0 <= weight < np.inf:
            raise ValueError(f"weights[{i}] is {weight:g}; it must be at least 0 and finite")
    if not weights.any():
        raise ValueError(f"weights is 0 for all {n_points} runs; it must be above 0 for some")
    return weights
