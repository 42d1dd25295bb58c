"""Learning rate and batch size for a run that nobody can search for: power laws through the best ones of small runs
(chapter 5).

Two steps: the best value of each small sweep, read off between the points of its grid; and a straight line through the
logarithms of these. Below them stand laws that others have published. They are fits, too, each with its own optimizer,
schedule and data, and they do not agree.
"""

from __future__ import annotations

import numpy as np

from llmcourse.scaling_laws.isoflop import parabola_minimum
from llmcourse.scaling_laws.repetition import above_zero


def fit_power_law(x, y) -> tuple[float, float]:
    """The power law y = coefficient * x ** exponent that lies closest to some points, by the relative error.

    Least squares of log y against log x: being a factor of 2 off costs the same at every size, as it should where y
    runs over orders of magnitude. Least squares of y itself would fit the largest points and forget the others.

    Args:
        x: Values above 0, at least two of them different, (n,).
        y: Values above 0, (n,).

    Returns:
        `coefficient` and `exponent`.

    Raises:
        ValueError: A value is not above 0, as NaN is not, there are not as many y as x, or no two x differ; the message
            names the value, or what differs.

    Example:
        >>> coefficient, exponent = fit_power_law([1, 10, 100], [3, 0.3, 0.03])
        >>> round(coefficient, 6), round(exponent, 6)
        (3.0, -1.0)
    """
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x, {x.shape}, one number a point")
    log_x, log_y = np.log(x), np.log(y)
    spread = log_x - log_x.mean() if len(x) else log_x
    if not spread.any():
        raise ValueError(f"x is {x.tolist()}; it must have two different values at least")
    exponent = spread @ (log_y - log_y.mean()) / (spread @ spread)
    return float(np.exp(log_y.mean() - exponent * log_x.mean())), float(exponent)


def best_rate(rates, losses) -> float:
    """Where a sweep has its lowest loss, between the points of the grid.

    The lowest point and its two neighbours lie on a parabola in the logarithm of the rate; the result is its bottom.

    Args:
        rates: Learning rates (or batch sizes), in any order, (n,).
        losses: Of the run with each, (n,). What is not finite counts as worst.

    Raises:
        ValueError: The lowest loss stands at the end of the grid, so that the best rate may lie outside; the message
            says at which end.

    Example:
        >>> round(best_rate([0.25, 1, 4], [2, 1, 2]), 3), round(best_rate([1, 2, 4], [2.0, 1.0, 1.2]), 3)
        (1.0, 2.52)
    """
    order = np.argsort(above_zero("rates", rates))
    log_rates = np.log(np.asarray(rates, dtype=np.float64)[order])
    losses = np.asarray(losses, dtype=np.float64)[order]
    losses = np.where(np.isfinite(losses), losses, np.inf)
    lowest = int(np.argmin(losses))
    if not 0 < lowest < len(losses) - 1:
        end = "smallest" if lowest == 0 else "largest"
        raise ValueError(f"the best rate is the {end} of the grid, {np.exp(log_rates[lowest]):g}; it must lie inside")
    three = slice(lowest - 1, lowest + 2)
    if not np.isfinite(losses[three]).all():
        return float(np.exp(log_rates[lowest]))
    return float(np.exp(parabola_minimum(log_rates[three], losses[three])[0]))


def deepseek_rate(flops):
    """DeepSeek LLM's law for the peak learning rate, of the operations of the run without embeddings.

    Example:
        >>> f"{deepseek_rate(6 * 6.6e9 * 2e12):.1e}"  # theirs, with 7 B parameters on 2 T tokens: 4.2e-4
        '4.3e-04'

    Source: DeepSeek-AI, "DeepSeek LLM: Scaling Open-Source Language Models with Longtermism" (2024), section 3.
    """
    return 0.3118 * above_zero("flops", flops) ** -0.1250


def deepseek_batch(flops):
    """DeepSeek LLM's law for the batch size in tokens, of the operations of the run without embeddings.

    Example:
        >>> f"{deepseek_batch(6 * 6.6e9 * 2e12):.1e}"  # theirs: 2,304 sequences of 4,096 tokens, 9.4e6
        '9.0e+06'

    Source: DeepSeek-AI (2024), section 3.
    """
    return 0.2920 * above_zero("flops", flops) ** 0.3271


def step_law_rate(n_params, n_tokens):
    """The Step Law's peak learning rate, of the parameters without embeddings and the tokens.

    Example:
        >>> f"{step_law_rate(1e9, 1e11):.1e}"
        '1.6e-03'

    Source: Li et al., "Predictable Scale: Part I, Step Law" (2025).
    """
    return 1.79 * above_zero("n_params", n_params) ** -0.713 * above_zero("n_tokens", n_tokens) ** 0.307


def step_law_batch(n_tokens):
    """The Step Law's batch size in tokens, of the tokens of the run alone.

    Example:
        >>> f"{step_law_batch(1e11):.1e}"
        '1.1e+06'

    Source: Li et al. (2025).
    """
    return 0.58 * above_zero("n_tokens", n_tokens) ** 0.571


def kaplan_critical_batch(loss):
    """Kaplan et al.'s critical batch size in tokens, of the loss alone: twice it saves few steps.

    Example:
        >>> f"{kaplan_critical_batch(2.6):.1e}"
        '2.1e+06'

    Source: Kaplan et al., "Scaling Laws for Neural Language Models" (2020), in the figure of the critical batch size.
    """
    return 2.1e8 * above_zero("loss", loss) ** -4.8
