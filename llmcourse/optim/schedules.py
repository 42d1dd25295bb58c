"""Learning-rate schedules: the factor of the peak rate at each step (chapter 3).

Steps count from 0. A schedule is a function of the step alone: nothing has to be saved to resume it.
"""

import math
from collections.abc import Callable
from functools import partial

import torch

SCHEDULES = ("constant", "cosine", "linear", "wsd", "inverse_sqrt")


def warm_up(step: int, warmup_steps: int) -> float:
    """The factor during a linear warm-up: equal stairs from `1 / (warmup_steps + 1)` at step 0 to 1 at `warmup_steps`.

    Args:
        step: The step, from 0.
        warmup_steps: How many steps have a factor below 1.

    Returns:
        The factor, 1 from step `warmup_steps` on.

    Example:
        >>> [warm_up(step, warmup_steps=3) for step in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]

    Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.2.
    """
    return min(1.0, (step + 1) / (warmup_steps + 1))


def constant_schedule(step: int, warmup_steps: int = 0) -> float:
    """Warm up, then stay at the peak.

    Example:
        >>> constant_schedule(100, warmup_steps=1)
        1.0
    """
    return warm_up(step, warmup_steps)


def cosine_schedule(step: int, total_steps: int, warmup_steps: int = 0, min_ratio: float = 0.1) -> float:
    """Warm up, then go down half a cosine wave, from 1 at step `warmup_steps` to `min_ratio` at step `total_steps`.

    Args:
        step: The step, from 0.
        total_steps: Steps of the whole run, more than `warmup_steps`.
        warmup_steps: Steps below the peak at the start, as in `warm_up(step, warmup_steps)`.
        min_ratio: The last factor; it holds for every step after `total_steps` too.

    Returns:
        The factor of the peak rate.

    Example:
        >>> run = {"total_steps": 9, "warmup_steps": 1, "min_ratio": 0.0}
        >>> [round(cosine_schedule(step, **run), 3) for step in (0, 1, 3, 5, 9, 12)]
        [0.5, 1.0, 0.854, 0.5, 0.0, 0.0]

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), equation 5, one cycle.
    """
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


def linear_schedule(step: int, total_steps: int, warmup_steps: int = 0, min_ratio: float = 0.0) -> float:
    """Warm up, then go down a straight line, from 1 at step `warmup_steps` to `min_ratio` at step `total_steps`.

    Args:
        step: The step, from 0.
        total_steps: Steps of the whole run, more than `warmup_steps`.
        warmup_steps: Steps below the peak at the start, as in `warm_up(step, warmup_steps)`.
        min_ratio: The last factor; it holds for every step after `total_steps` too.

    Returns:
        The factor of the peak rate.

    Example:
        >>> [linear_schedule(step, total_steps=5, warmup_steps=1, min_ratio=0.5) for step in (0, 1, 3, 5, 9)]
        [0.5, 1.0, 0.75, 0.5, 0.5]

    Source: Devlin et al., "BERT" (2019), appendix A.2.
    """
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return 1 - (1 - min_ratio) * progress


def wsd_schedule(
    step: int, total_steps: int, warmup_steps: int = 0, min_ratio: float = 0.0, decay_steps: int | None = None
) -> float:
    """Warm up, stay at the peak, decay at the end (warmup-stable-decay).

    The decay begins at step `total_steps - decay_steps`, but not before the warm-up is over. Over it, the factor falls
    from 1 to `min_ratio` as `1 - sqrt(progress)` does from 1 to 0, where progress goes evenly from 0 to 1 at
    `total_steps`: fast at first, then slower and slower.

    Args:
        step: The step, from 0.
        total_steps: Steps of the whole run, more than `warmup_steps`.
        warmup_steps: Steps below the peak at the start, as in `warm_up(step, warmup_steps)`.
        min_ratio: The last factor; it holds for every step after `total_steps` too.
        decay_steps: Length of the decay, at least 1; `max(1, total_steps // 5)` if None.

    Returns:
        The factor of the peak rate.

    Example:
        >>> [wsd_schedule(step, total_steps=20, warmup_steps=1, decay_steps=4) for step in (0, 1, 15, 16, 17, 20)]
        [0.5, 1.0, 1.0, 1.0, 0.5, 0.0]

    Source: Hu et al., "MiniCPM" (2024), with the decay of Hägele et al., "Scaling Laws and Compute-Optimal
    Training Beyond Fixed Training Durations" (2024), section 3.
    """
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    if decay_steps is None:
        decay_steps = max(1, total_steps // 5)
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


def inverse_sqrt_schedule(step: int, warmup_steps: int) -> float:
    """Warm up, then fall with the inverse square root of the step, without a planned end.

    With s = step + 1 and w = warmup_steps + 1, the factor is s / w until s = w, and sqrt(w / s) from there on.

    Args:
        step: The step, from 0.
        warmup_steps: Steps below the peak at the start, as in `warm_up(step, warmup_steps)`.

    Returns:
        The factor of the peak rate.

    Example:
        >>> [inverse_sqrt_schedule(step, warmup_steps=3) for step in (0, 3, 15, 63)]
        [0.25, 1.0, 0.5, 0.25]

    Source: Vaswani et al., "Attention Is All You Need" (2017), equation 3, divided by its peak.
    """
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return math.sqrt((warmup_steps + 1) / (step + 1))


def make_schedule(
    name: str, *, total_steps: int, warmup_steps: int = 0, min_ratio: float = 0.1, decay_steps: int | None = None
) -> Callable[[int], float]:
    """A schedule by name: a function from the step to the factor of the peak rate.

    Args:
        name: One of `SCHEDULES`.
        total_steps: Steps of the whole run.
        warmup_steps: Steps below the peak at the start.
        min_ratio: The last factor, for "cosine", "linear" and "wsd".
        decay_steps: Length of the decay of "wsd"; a fifth of the run if None.

    Raises:
        ValueError: The name is unknown, or a number is out of range.

    Example:
        >>> schedule = make_schedule("cosine", total_steps=100, warmup_steps=10, min_ratio=0.1)
        >>> schedule(10), schedule(100)
        (1.0, 0.1)
    """
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(
            f"warmup_steps is {warmup_steps!r}; it must be at least 0 and below total_steps, {total_steps!r}"
        )
    if not 0 <= min_ratio <= 1:
        raise ValueError(f"min_ratio is {min_ratio!r}; it must be from 0 to 1")
    if decay_steps is not None and not 1 <= decay_steps <= total_steps:
        raise ValueError(f"decay_steps is {decay_steps!r}; it must be from 1 to total_steps, {total_steps!r}")
    until = {"total_steps": total_steps, "warmup_steps": warmup_steps, "min_ratio": min_ratio}
    made = {
        "constant": partial(constant_schedule, warmup_steps=warmup_steps),
        "cosine": partial(cosine_schedule, **until),
        "linear": partial(linear_schedule, **until),
        "wsd": partial(wsd_schedule, **until, decay_steps=decay_steps),
        "inverse_sqrt": partial(inverse_sqrt_schedule, warmup_steps=warmup_steps),
    }
    if name not in made:
        raise ValueError(f"the schedule is {name!r}; it must be one of {', '.join(map(repr, SCHEDULES))}")
    return made[name]


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to a factor of its peak, kept in the group as `initial_lr`.

    Args:
        optimizer: Its groups' `lr` is changed. A group without `initial_lr` takes its present rate as the peak.
        factor: What a schedule returns.

    Example:
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        >>> set_learning_rate(optimizer, 0.1), optimizer.param_groups[0]["lr"]
        (None, 0.05)
    """
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
