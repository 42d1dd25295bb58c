"""Choosing hyperparameters: grids, random draws, successive halving, and a range test for the learning rate (chapter
3).

A search is given `train(candidate, steps)`, which returns the loss that a candidate reaches after `steps` steps in all.
A candidate is whatever `train` understands, most often a dictionary of settings.
"""

import copy
import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn

from llmcourse.model.losses import BatchSource
from llmcourse.optim.gradients import accumulate_gradients
from llmcourse.optim.groups import make_optimizer
from llmcourse.optim.schedules import set_learning_rate

Train = Callable[[Any, int], float]


class Trial(NamedTuple):
    """One look at a candidate: its loss after `steps` steps in all."""

    candidate: Any
    steps: int
    loss: float


@dataclass(frozen=True)
class SearchResult:
    """What a search found, and what it paid.

    Attributes:
        best: The candidate chosen.
        loss: Its last loss.
        steps: Training steps run, all candidates together; a candidate that is trained further pays only for what is
            added.
        trials: Every look, in the order in which they were taken.
    """

    best: Any
    loss: float
    steps: int
    trials: list[Trial]


def grid(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values of each setting.

    Example:
        >>> grid({"lr": [0.1, 0.2], "beta": [0.9]})
        [{'lr': 0.1, 'beta': 0.9}, {'lr': 0.2, 'beta': 0.9}]
    """
    return [dict(zip(axes, values)) for values in itertools.product(*axes.values())]


def draw(axes: Mapping[str, tuple[float, float]], n: int, seed: int = 0) -> list[dict[str, float]]:
    """Random candidates, each setting drawn evenly on a logarithmic scale, independently of the others.

    Args:
        axes: The smallest and the largest value of each setting, above 0.
        n: Number of candidates.
        seed: Decides the draws; the first k of n candidates are those of a call with n = k.

    Raises:
        ValueError: A range does not start above 0, or ends before it starts.

    Example:
        >>> [candidate] = draw({"lr": (1e-4, 1e-2)}, n=1)
        >>> 1e-4 <= candidate["lr"] <= 1e-2
        True

    Source: Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization" (2012).
    """
    for name, (low, high) in axes.items():
        if not 0 < low <= high:
            raise ValueError(f"the range of {name} is {low} to {high}; it must start above 0 and not end before that")
    rng = random.Random(seed)
    return [
        {name: math.exp(rng.uniform(math.log(low), math.log(high))) for name, (low, high) in axes.items()}
        for _ in range(n)
    ]


def try_all(train: Train, candidates: Sequence[Any], steps: int) -> SearchResult:
    """Train every candidate to the end and take the best: the search behind a grid and behind random draws.

    Raises:
        ValueError: There is no candidate.

    Example:
        >>> try_all(lambda lr, steps: abs(lr - 0.3), [0.1, 0.2, 0.5], steps=100).best
        0.2
    """
    if not candidates:
        raise ValueError("candidates has 0 elements; it must have at least 1")
    trials = [Trial(candidate, steps, train(candidate, steps)) for candidate in candidates]
    best = min(trials, key=lambda trial: trial.loss if math.isfinite(trial.loss) else math.inf)
    return SearchResult(best.candidate, best.loss, steps * len(trials), trials)


def successive_halving(train: Train, candidates: Sequence[Any], *, min_steps: int, eta: int = 2) -> SearchResult:
    """Give all candidates a little training, keep the best of them, give those more, and again until one is left.

    The first rung trains every candidate for `min_steps` steps. A rung of n candidates passes the best `n // eta` of
    them on, at least one; the next rung trains these to `eta` times as many steps as the last. The rung that has a
    single candidate is trained too, and is the last: with one candidate it is also the first.

    The candidates of a rung are trained in their original order. Among equal losses the earlier candidate is better;
    a loss that is not finite counts as worse than any that is. A lost candidate still counts as one of the n, and two
    candidates that are equal are still two.

    Args:
        train: `train(candidate, steps)` is the loss after `steps` steps in all. It continues a candidate that it has
            trained before, so that only the added steps are paid for.
        candidates: At least one, of any type, not necessarily hashable; not changed.
        min_steps: Steps of the first rung.
        eta: How much shorter each rung is than the one before, and how much longer it trains; at least 2.

    Returns:
        The last candidate with its last loss, the sum of the steps that were added, and all trials in order.

    Raises:
        ValueError: There is no candidate, `min_steps` is below 1, or `eta` below 2.

    Example:
        >>> result = successive_halving(lambda lr, steps: abs(lr - 0.3) + 1 / steps, [0.1, 0.2, 0.5, 0.9], min_steps=10)
        >>> result.best, result.steps  # 4 * 10 + 2 * 10 + 1 * 20
        (0.2, 80)
        >>> [(trial.candidate, trial.steps) for trial in result.trials]
        [(0.1, 10), (0.2, 10), (0.5, 10), (0.9, 10), (0.1, 20), (0.2, 20), (0.2, 40)]

    Source: Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (2016).
    """
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(
            f"candidates has {len(candidates)} elements, min_steps is {min_steps!r} and eta is {eta!r}; "
            "they must be at least 1, 1 and 2"
        )
    alive, steps, paid, trials = list(range(len(candidates))), min_steps, 0, []
    before = 0
    while True:
        rung = [(train(candidates[number], steps), number) for number in alive]
        trials += [Trial(candidates[number], steps, loss) for loss, number in rung]
        # Training goes on from where the last rung stopped: only what is added is paid for.
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(candidates[alive[0]], rung[0][0], paid, trials)
        # sorted is stable, so among equal losses the earlier candidate stays ahead; NaN compares with nothing, so it is
        # ranked as infinite.
        ranked = sorted(rung, key=lambda entry: entry[0] if math.isfinite(entry[0]) else math.inf)
        alive = sorted(number for _, number in ranked[: max(1, len(alive) // eta)])
        before, steps = steps, steps * eta


def learning_rate_range_test(
    model: nn.Module,
    batches: BatchSource,
    *,
    steps: int = 100,
    lr_min: float = 1e-5,
    lr_max: float = 1.0,
    optimizer: str = "adamw",
    stop_factor: float = 1.5,
) -> list[tuple[float, float]]:
    """Train a copy of the model while the learning rate rises by an equal factor at each step, and watch the loss.

    Args:
        model: Not changed.
        batches: `batches.batch(step)` is the batch of a step.
        steps: Steps from the lowest rate to the highest, at least 2.
        lr_min: The first learning rate, above 0.
        lr_max: The last one.
        optimizer: A name that `make_optimizer` knows; without weight decay.
        stop_factor: The test ends when the loss exceeds this many times the lowest one, or is not finite.

    Returns:
        A learning rate and the loss before the step at that rate, for each step.

    Raises:
        ValueError: The rates are not `0 < lr_min < lr_max`, or `steps` is below 2.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3, with a geometric rise.
    """
    if not 0 < lr_min < lr_max or steps < 2:
        raise ValueError(
            f"lr_min is {lr_min!r}, lr_max is {lr_max!r} and steps is {steps!r}; "
            "they must satisfy 0 < lr_min < lr_max and steps >= 2"
        )
    model = copy.deepcopy(model)
    updater = make_optimizer(model, optimizer, lr=1.0, weight_decay=0.0)
    seen: list[tuple[float, float]] = []
    for step in range(steps):
        lr = lr_min * (lr_max / lr_min) ** (step / (steps - 1))
        set_learning_rate(updater, lr)
        updater.zero_grad(set_to_none=True)
        loss = accumulate_gradients(model, [batches.batch(step)])
        seen.append((lr, loss))
        if not loss <= stop_factor * min(loss for _, loss in seen):
            break
        updater.step()
    return seen
