"""The law of loss, parameters and tokens, its optimum for a budget, and published constants (chapter 5).

    L(N, D) = E + A / N^alpha + B / D^beta

N is the number of parameters, D that of training tokens, L the loss in nats a token. E is what no model of the family
gets below; the other two terms are what is lost for want of parameters and for want of data.

A fit works on five numbers that may have any sign and differ little in size: a = ln A, b = ln B, e = ln E, alpha, beta,
in this order. Everything is float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmcourse.scaling_laws.runs import Runs, as_runs
from llmcourse.values import take_fields

FLOPS_PER_PARAM_TOKEN = 6.0
"""Operations of a training step for each parameter and token: 2 forward, 4 backward."""


@dataclass(frozen=True)
class Law:
    """A law of loss, parameters and tokens.

    Attributes:
        E: The loss that is left with parameters and tokens without end, in nats a token.
        A, alpha: What is lost for want of parameters: A / N^alpha.
        B, beta: What is lost for want of tokens: B / D^beta.

    Raises:
        ValueError: One of them is not a finite number above 0; the message names it.

    Example:
        >>> law = Law(E=1.5, A=100, B=400, alpha=0.5, beta=0.5)
        >>> law.loss(1e4, 1e6)  # 1.5 + 100 / 100 + 400 / 1000
        2.9
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        take_fields(self)
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                raise ValueError(f"{name} is {value!r}; it must be a finite number above 0")

    def loss(self, n_params: Any, n_tokens: Any) -> Any:
        """The loss of models with some numbers of parameters, trained on some numbers of tokens; arrays broadcast."""
        n, d = np.asarray(n_params, np.float64), np.asarray(n_tokens, np.float64)
        found = self.E + self.A * n**-self.alpha + self.B * d**-self.beta
        return found if np.ndim(found) else float(found)

    @property
    def exponents(self) -> tuple[float, float]:
        """How the best model grows with the budget: parameters as C^a, tokens as C^b; a + b = 1."""
        return self.beta / (self.alpha + self.beta), self.alpha / (self.alpha + self.beta)

    @property
    def params(self) -> np.ndarray:
        """The five numbers that a fit works on: ln A, ln B, ln E, alpha, beta."""
        return np.array([math.log(self.A), math.log(self.B), math.log(self.E), self.alpha, self.beta])


def law_from_params(params: Any) -> Law:
    """The law whose `params` these are.

    Example:
        >>> law_from_params([0.0, 0.0, 0.0, 0.3, 0.4])
        Law(E=1.0, A=1.0, B=1.0, alpha=0.3, beta=0.4)
    """
    a, b, e, alpha, beta = (float(value) for value in params)
    return Law(math.exp(e), math.exp(a), math.exp(b), alpha, beta)


HOFFMANN = Law(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
"""The third approach of Hoffmann et al. (2022), as its text prints it: equation 10."""

HOFFMANN_UNROUNDED = Law(
    E=math.exp(0.5267228), A=math.exp(6.0073404), B=math.exp(6.0179186), alpha=0.33917084, beta=0.2849083
)
"""The same with more digits: from the source of the paper's text, as the code of Besiroglu et al. (2024) quotes it."""

BESIROGLU = Law(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
"""Fitted again by Besiroglu et al. (2024), to 240 runs read off a figure of the paper."""

PUBLISHED: dict[str, Law] = {
    "Hoffmann et al. (2022)": HOFFMANN,
    "Besiroglu et al. (2024)": BESIROGLU,
}
"""Laws by whose they are."""


def predict_log_loss(params: np.ndarray, log_n: np.ndarray, log_d: np.ndarray) -> np.ndarray:
    """The logarithm of the loss by the law, for many sets of its numbers and many runs at once.

    With a = ln A, b = ln B, e = ln E the law reads ln L = ln(exp(a - alpha ln N) + exp(b - beta ln D) + exp(e)). That
    sum is never formed as it stands: at the edge of a search the exponents are large, and exp(800) is no number. The
    largest of the three exponents is taken out first, so that every exponential is at most 1.

    Args:
        params: Shape (..., 5): a, b, e, alpha, beta. Any number of axes in front, also none.
        log_n: Natural logarithms of the numbers of parameters, shape (n_points,).
        log_d: Natural logarithms of the numbers of tokens, shape (n_points,).

    Returns:
        Natural logarithms of the losses in float64, shape (..., n_points). Finite wherever the true value is a float64.

    Example:
        >>> flat = np.log([[2.0, 3.0, 1.0, 1.0, 1.0]])  # A = 2, B = 3, E = 1, and both exponents 0
        >>> np.exp(predict_log_loss(flat, np.log([10.0, 20.0]), np.log([10.0, 20.0]))).round(6)
        array([[6., 6.]])
        >>> law = np.array([np.log(100.0), np.log(400.0), np.log(1.5), 0.5, 0.5])
        >>> np.exp(predict_log_loss(law, np.log([1e4]), np.log([1e6]))).round(6)  # 1.5 + 100 / 100 + 400 / 1000
        array([2.9])

    Source: Hoffmann et al. (2022), "Training Compute-Optimal Large Language Models", section D.2.
    """
    a, b, e, alpha, beta = np.moveaxis(np.asarray(params, np.float64)[..., None], -2, 0)
    x, y = a - alpha * log_n, b - beta * log_d
    top = np.maximum(np.maximum(x, y), e)
    return top + np.log(np.exp(x - top) + np.exp(y - top) + np.exp(e - top))


def compute_optimal(law: Law, flops: Any, flops_per_param_token: float = FLOPS_PER_PARAM_TOKEN) -> tuple[Any, Any]:
    """The model and the number of tokens that give the lowest loss for a budget, in closed form.

    Of all N and D with `flops_per_param_token` * N * D = `flops`, the pair for which `law.loss(N, D)` is smallest. Both
    are real numbers: nobody rounds to a model that exists.

    Args:
        law: The law.
        flops: The budget C in operations, above 0: a number, or an array of budgets.
        flops_per_param_token: Operations for each parameter and token, above 0.

    Returns:
        (N, D): two floats, or two float64 arrays of the shape of `flops`.

    Raises:
        ValueError: A budget or `flops_per_param_token` is not above 0, NaN among them; the message names it.

    Example:
        >>> n, d = compute_optimal(Law(E=1.5, A=100, B=400, alpha=0.5, beta=0.5), 6e12)
        >>> round(n), round(d)  # 16 times as hungry for tokens as for parameters, since (B / A)^2 = 16
        (250000, 4000000)
        >>> n, d = compute_optimal(HOFFMANN, np.array([1e18, 1e20]))
        >>> (6 * n * d / [1e18, 1e20]).round(9)
        array([1., 1.])

    Source: Hoffmann et al. (2022), equation 4.
    """
    budgets = np.asarray(flops, np.float64)
    if not np.all(budgets > 0):
        raise ValueError(f"flops is {flops!r}; it must be above 0")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token!r}; it must be above 0")
    a, b = law.exponents
    # In logarithms: (alpha A / beta B)^(1 / (alpha + beta)) alone overflows where exponents are small.
    log_ratio = math.log(law.alpha * law.A / (law.beta * law.B)) / (law.alpha + law.beta)
    log_pairs = np.log(budgets) - math.log(flops_per_param_token)
    n, d = np.exp(a * log_pairs + log_ratio), np.exp(b * log_pairs - log_ratio)
    return (n, d) if budgets.ndim else (float(n), float(d))


def simulate_runs(
    law: Law,
    n_runs: int = 240,
    noise: float = 0.01,
    seed: int = 0,
    flops: tuple[float, float] = (6e18, 3e21),
    spread: float = 1.2,
    n_outliers: int = 0,
) -> Runs:
    """Runs whose truth is known: budgets drawn over a range, models around the best ones for each.

    Args:
        law: The truth.
        n_runs: How many.
        noise: Standard deviation of the logarithm of the loss. It has heavy tails (Student's t with 3 degrees of
            freedom, scaled), as losses of real runs have.
        seed: Of all that is drawn.
        flops: The smallest and the largest budget; the logarithm is drawn evenly.
        spread: Standard deviation of ln N around the best one for the budget.
        n_outliers: How many of the runs, those with the fewest tokens for their size, have not converged: their loss
            is a fifth above the law's.

    Example:
        >>> runs = simulate_runs(BESIROGLU, n_runs=50, noise=0.0)
        >>> bool(np.allclose(runs.losses, BESIROGLU.loss(runs.n_params, runs.n_tokens)))
        True
    """
    random = np.random.default_rng(seed)
    budgets = np.exp(random.uniform(*np.log(flops), n_runs))
    best, _ = compute_optimal(law, budgets)
    n = best * np.exp(random.normal(0, spread, n_runs))
    d = budgets / (FLOPS_PER_PARAM_TOKEN * n)
    losses = law.loss(n, d) * np.exp(noise * random.standard_t(3, n_runs) / math.sqrt(3))
    losses[np.argsort(d / n)[:n_outliers]] *= 1.2
    return as_runs(n, d, losses)
