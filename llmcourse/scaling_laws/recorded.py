"""The course's own ladder of runs, as recorded, and runs for sale on a metered budget (chapter 5).

`studies/scaling_ladder.py` makes the runs; its tables lie in `book/data/`. Losses are in nats per byte.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from llmcourse.scaling_laws.isoflop import Curve
from llmcourse.scaling_laws.runs import Runs, as_runs

FOLDER = Path(__file__).parents[2] / "book" / "data"


def ladder(corpus: str = "python", folder: Path = FOLDER) -> Runs:
    """The recorded runs of a corpus, from the smallest budget to the largest, and from small to large models.

    Args:
        corpus: "python" or "toy".
        folder: Where the table lies.

    Returns:
        The runs: parameters with the embedding (which is the output matrix, too), tokens, which are bytes here, losses
        in nats per byte, and as `flops` the budget of the run, so that runs of one budget have equal ones.

    Raises:
        ValueError: There is no such table, or it has no run of this corpus.

    Example:
        >>> runs = ladder("toy")
        >>> bool(runs.flops.max() / runs.flops.min() >= 99)
        True
    """
    rows = _rows("scaling_ladder", corpus, folder)
    rows.sort(key=lambda row: (float(row["budget"]), float(row["parameters"])))
    n, tokens, losses, budgets = (_column(rows, name) for name in ("parameters", "tokens", "loss", "budget"))
    return as_runs(n, tokens, losses, budgets)


def curves(corpus: str = "python", folder: Path = FOLDER) -> list[Curve]:
    """What each recorded run of a corpus met on its way, in the order of `ladder`; the last look is the run's own.

    Raises:
        ValueError: There is no such table, or it has no run of this corpus.

    Example:
        >>> runs, lines = ladder("toy"), curves("toy")
        >>> len(runs) == len(lines), bool(lines[0].losses[-1] == runs.losses[0])
        (True, True)
    """
    looks: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for row in _rows("scaling_curves", corpus, folder):
        key = float(row["budget"]), float(row["parameters"])
        looks.setdefault(key, []).append((float(row["tokens"]), float(row["loss"])))
    return [Curve(n, *np.array(sorted(seen)).T) for (_, n), seen in sorted(looks.items())]


def _rows(name: str, corpus: str, folder: Path) -> list[dict[str, str]]:
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise ValueError(f"the table {path} is missing; it must be made: python -m studies.scaling_ladder")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    found = [row for row in rows if row["corpus"] == corpus]
    if not found:
        known = sorted({row["corpus"] for row in rows})
        raise ValueError(f"corpus is {corpus!r}; it must be one of {', '.join(map(repr, known))}")
    return found


def _column(rows: Sequence[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


class BudgetExceededError(ValueError):
    """A run costs more than what is left of the budget; it was not bought."""


class Shop:
    """Runs for sale: their sizes are known, and each one's loss is told to whoever pays its operations.

    Attributes:
        offers: Parameters and tokens of each run.
        left: Operations that are left.
        bought: Numbers of the runs that were bought, in order.

    Example:
        >>> shop = Shop([(1e6, 1e8), (1e7, 1e8)], [3.0, 2.5], flops=1e15)
        >>> shop.buy(0), round(shop.left / 1e15, 3)
        (3.0, 0.4)
        >>> shop.buy(1)
        Traceback (most recent call last):
        llmcourse.scaling_laws.recorded.BudgetExceededError: run 1 costs 6e+15 FLOPs; it must cost at most 4e+14, ...
    """

    def __init__(self, offers: Sequence[tuple[float, float]], losses: Sequence[float], flops: float):
        """Open a shop.

        Args:
            offers: Parameters and tokens of each run.
            losses: Its loss.
            flops: The budget.
        """
        self.offers = [(float(n), float(d)) for n, d in offers]
        self.left, self.bought = float(flops), []
        self._losses = [float(loss) for loss in losses]

    def buy(self, number: int) -> float:
        """Pay for a run, 6 operations for each parameter and token, and see its loss.

        Raises:
            BudgetExceededError: It costs more than is left.
        """
        n_params, n_tokens = self.offers[number]
        price = 6 * n_params * n_tokens
        if price > self.left * (1 + 1e-9):
            raise BudgetExceededError(
                f"run {number} costs {price:.3g} FLOPs; it must cost at most {self.left:.3g}, which are left"
            )
        self.left = max(0.0, self.left - price)
        self.bought.append(number)
        return self._losses[number]


def extend_curve(flops: Sequence[float], losses: Sequence[float], target_flops: float) -> float:
    """The loss at a larger compute, if losses fall as E + k / C^g.

    Finds the floor E, the factor k and the exponent g for which the sum of the squared differences from the losses is
    smallest, none of them below 0, and returns E + k / target_flops^g.

    Args:
        flops: Operations C of some runs, above 0; at least three different ones, in any order.
        losses: Their losses, which fall with C.
        target_flops: Where to look; above 0, most often far beyond the runs.

    Returns:
        The loss there, a float. Where the losses lie on such a curve, with g from 0.03 to 0.9, it is right to 2 per
        cent of its excess over the floor, or to 1 per cent of what the losses fall from the smallest run to the
        largest, whichever is more, for targets up to 10,000 times as large as the largest run.

    Raises:
        ValueError: There are fewer than three different `flops`; the message names how many there are.

    Example:
        >>> flops = [1e12, 1e14, 1e13]
        >>> round(extend_curve(flops, [2 + 30 / c**0.1 for c in flops], 1e18), 1)
        2.5

    Source: Henighan et al., "Scaling Laws for Autoregressive Generative Modeling" (2020), for the floor.
    """
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values; it must have at least 3")

    def lines(g: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """With g fixed, losses are a line in C^-g; C counts in units of the largest, lest powers vanish."""
        power = (x / x.max()) ** -g[:, None]
        off = power - power.mean(axis=1, keepdims=True)
        factor = off @ y / (off**2).sum(axis=1)
        floor = y.mean() - factor * power.mean(axis=1)
        factor = np.where(floor < 0, power @ y / (power**2).sum(axis=1), factor)
        floor = np.where(factor < 0, y.mean(), np.maximum(floor, 0.0))
        factor = np.maximum(factor, 0.0)
        return ((floor[:, None] + factor[:, None] * power - y) ** 2).sum(axis=1), floor, factor

    tried, step = np.geomspace(0.01, 2.0, 200), 200.0 ** (1 / 199)
    for _ in range(4):  # ever finer around the best
        squares, floor, factor = lines(tried)
        best = int(squares.argmin())
        g = tried[best]
        tried, step = np.geomspace(g / step, g * step, 21), step**0.1
    return float(floor[best] + factor[best] * (target_flops / x.max()) ** -g)


def predict_large_run(
    offers: Sequence[tuple[float, float]],
    buy: Callable[[int], float],
    budget: float,
    target: tuple[float, float],
) -> float:
    """Spend a budget of operations on runs of your choice, then predict the loss of a run that it could never buy.

    A run of N parameters and D tokens costs 6 N D operations. Nothing is known of the losses but that they fall,
    smoothly and ever more slowly, with N and with D, towards a floor that is not known either, and that each of them is
    off by about a tenth of a per cent.

    Any way to choose and any way to extrapolate will do. What counts is the prediction.

    Args:
        offers: Parameters and tokens of each run that is for sale, in no particular order.
        buy: `buy(number)` pays for offers[number] and returns its loss. A run that costs more than is left of the
            budget raises a ValueError and is not bought. The same run again costs again, and has the same loss.
        budget: Operations that may be spent. At least five runs whose tokens per parameter are those of the target to
            within a tenth can be bought together.
        target: Parameters and tokens of the large run.

    Returns:
        The predicted loss of the target, a float.

    Example:
        >>> law = lambda n, d: 1.7 + 400 / n**0.34 + 410 / d**0.28
        >>> offers = [(n, 20 * n) for n in (1e6, 2e6, 4e6, 8e6, 16e6, 32e6, 64e6)]
        >>> shop = Shop(offers, [law(n, d) for n, d in offers], flops=2e17)
        >>> guess = predict_large_run(offers, shop.buy, 2e17, target=(1e9, 2e10))
        >>> abs(guess / law(1e9, 2e10) - 1) < 0.02
        True
    """
    prices = [6 * n * d for n, d in offers]
    distances = [abs(math.log(d / n) - math.log(target[1] / target[0])) for n, d in offers]
    # Runs with the target's tokens per parameter lie on one curve, along which only the compute changes.
    alike = [number for number, distance in enumerate(distances) if distance <= min(distances) + 0.4]
    alike.sort(key=lambda number: -prices[number])
    # The largest tell most of what comes behind them, a few of different sizes how fast the curve bends.
    chosen: list[int] = []
    for first in range(len(alike)):
        chosen = alike[first : first + 6]
        if sum(prices[number] for number in chosen) <= budget:
            break
    losses = [buy(number) for number in chosen]
    return extend_curve([prices[number] for number in chosen], losses, 6 * target[0] * target[1])
