"""The same text again: what tokens read twice, and parameters beyond need, are worth (chapter 5).

A law L(N, D) is fitted to runs that read nothing twice. Where text runs out, D stays the number of *different* tokens,
and each further pass over them adds less than the one before. The law is then asked for the amount of new text that
would be worth as much. A model that is large for its text has parameters beyond need, and they are counted in the same
way.

Source: Muennighoff et al., "Scaling Data-Constrained Language Models" (2023), section 3.
"""

from __future__ import annotations

import math

import numpy as np

from llmcourse.scaling_laws.laws import Law

R_STAR_DATA = 15.39
"""Repetitions of the text after which they add 1 / e of what the first one adds (Muennighoff et al.)."""
R_STAR_PARAMS = 5.31
"""The same for parameters beyond need."""
DATA_CONSTRAINED = Law(
    E=math.exp(0.6254804), A=math.exp(6.255414), B=math.exp(7.3049974), alpha=0.3526596, beta=0.3526596
)
"""The law that these two constants belong to, as its authors published it with their code."""


def effective_tokens(unique, seen, r_star: float = R_STAR_DATA):
    """How much new text is worth as much as `seen` tokens that were read from `unique` different ones.

    The text is read once and then again, R = seen / unique - 1 times over (parts of a pass count as parts). The first
    pass counts in full, and the repetitions count less and less:

        worth = unique + unique * r_star * (1 - exp(-R / r_star))

    A run that ends before it has read all of its text has repeated nothing and is worth what it has seen.

    The result keeps its digits where `r_star` is huge, so that a repetition is worth nearly as much as new text.

    Args:
        unique: Different tokens, above 0: a number, or an array that broadcasts with `seen`.
        seen: Tokens read, repetitions included, above 0: a number or an array.
        r_star: How quickly the value of a repetition decays, in repetitions, above 0.

    Returns:
        Tokens of new text, float64: a number, or an array if `unique` or `seen` is one.

    Raises:
        ValueError: `unique`, `seen` or `r_star` is not above 0, as NaN is not; the message names it.

    Example:
        >>> round(float(effective_tokens(100, 400)), 1)  # four passes over 100 tokens
        372.6
        >>> effective_tokens(100, np.array([50, 100, 1600, 1e9])).round(1).tolist()
        [50.0, 100.0, 1058.3, 1639.0]

    Source: Muennighoff et al. (2023), section 3.
    """
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    read_once = np.minimum(unique, seen)
    repetitions = seen / read_once - 1
    # expm1 is exp(x) - 1 without the rounding of exp(x): a tiny x is not lost beside the 1.
    return read_once - read_once * r_star * np.expm1(-repetitions / r_star)


def effective_params(n_params, needed, r_star: float = R_STAR_PARAMS):
    """How many parameters of a model count, of which `needed` would be compute-optimal for its different tokens.

    Example:
        >>> effective_params(np.array([50, 100, 200, 1e9]), 100).round(1).tolist()
        [50.0, 100.0, 191.1, 631.0]

    Source: Muennighoff et al. (2023), section 3.
    """
    return effective_tokens(above_zero("needed", needed), above_zero("n_params", n_params), r_star)


def needed_params(law: Law, unique):
    """The model size for which so many tokens, read once, are compute-optimal.

    Example:
        >>> f"{needed_params(DATA_CONSTRAINED, 25e9):.2e}"
        '1.27e+09'
    """
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    return g * (g * above_zero("unique", unique)) ** (law.beta / law.alpha)


def repeated_loss(law: Law, n_params, unique, seen, r_star_data: float = R_STAR_DATA, r_star_params=R_STAR_PARAMS):
    """The loss of a model that has read `seen` tokens, of which `unique` were different.

    Args:
        law: What holds where nothing is repeated.
        n_params: Parameters: a number, or an array that broadcasts with the others.
        unique: Different tokens there are.
        seen: Tokens read.
        r_star_data: Of `effective_tokens`.
        r_star_params: Of `effective_params`.

    Returns:
        Loss in nats per token.

    Example:
        >>> round(float(repeated_loss(DATA_CONSTRAINED, 6.34e9, 25e9, 242e9)), 3)
        2.226

    Source: Muennighoff et al. (2023), section 3.
    """
    n_tokens = effective_tokens(unique, seen, r_star_data)
    different = np.minimum(above_zero("unique", unique), above_zero("seen", seen))
    return law.loss(effective_params(n_params, needed_params(law, different), r_star_params), n_tokens)


def repeated_optimum(
    law: Law, flops: float, unique: float, r_star_data: float = R_STAR_DATA, r_star_params: float = R_STAR_PARAMS
) -> tuple[float, float]:
    """Parameters and tokens read that make the loss smallest at 6 N D operations, with so much different text.

    Found on a grid of model sizes that is made finer around its best point.

    Example:
        >>> n_params, seen = repeated_optimum(DATA_CONSTRAINED, 9.3e21, 25e9)
        >>> f"{n_params:.1e} parameters, {seen / 25e9:.1f} epochs"
        '6.8e+09 parameters, 9.1 epochs'

    Source: Muennighoff et al. (2023), whose figure 1 compares two models of this cost on 25 B different tokens.
    """
    low, high = math.log(1e3), math.log(float(above_zero("flops", flops)) / 6)
    for _ in range(4):
        log_n = np.linspace(low, high, 401)
        n_params = np.exp(log_n)
        losses = repeated_loss(law, n_params, unique, flops / 6 / n_params, r_star_data, r_star_params)
        best = int(np.argmin(losses))
        low, high = log_n[max(best - 1, 0)], log_n[min(best + 1, len(log_n) - 1)]
    return float(n_params[best]), float(flops / 6 / n_params[best])


def above_zero(name: str, values) -> np.ndarray:
    """Numbers as float64, each above 0.

    Raises:
        ValueError: One is not; the message names it.

    Example:
        >>> above_zero("seen", [1, -2])
        Traceback (most recent call last):
        ValueError: seen is -2.0; it must be above 0
    """
    values = np.asarray(values, dtype=np.float64)
    if not (wrong := values[~(values > 0)]).size == 0:
        raise ValueError(f"{name} is {wrong.flat[0].item()}; it must be above 0")
    return values
