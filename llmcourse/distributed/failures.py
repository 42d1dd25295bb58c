"""What failures cost, and how often to save (chapter 4).

Failures come at random: whatever happened before, in each second with the same chance, 1 / `mtbf_s` (the mean time
between failures). A run works for `interval_s`, writes a checkpoint, which takes `save_s`, works again, and so on. What
a failure hits is lost back to the last finished checkpoint, also when it comes while the next is being written. Then
the run needs `restart_s` before it works again; failures come in that time, too, and it begins anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


def lost_share(interval_s: float, save_s: float, mtbf_s: float, restart_s: float = 0.0) -> float:
    """The expected share of a long run's time that is not useful work, with checkpoints at a given interval.

    Failures come at random with a mean time between them of `mtbf_s`, at any time: during work, while a checkpoint is
    written, and during a restart. The run goes on from the last checkpoint that was finished. So one round,
    `interval_s` of work and the checkpoint behind it, has to get through `interval_s` + `save_s` seconds without a
    failure. Each failure is followed by a restart, and a restart has to get through `restart_s` seconds without a
    failure, too; one that is hit begins anew.

    Nothing is approximated: the result is right also where the interval is as long as `mtbf_s`.

    Args:
        interval_s: Seconds of work between checkpoints, above 0 and finite, as each of these times.
        save_s: Seconds in which a checkpoint is written and no work is done, at least 0.
        mtbf_s: Mean time between failures of the whole run in seconds, above 0.
        restart_s: Seconds from a failure until the run works again, at least 0.

    Returns:
        1 minus the share of useful work, from 0 to 1.

    Raises:
        ValueError: A time is out of range, infinite or NaN; the message names it.

    Example:
        >>> round(lost_share(600, 60, 86400), 4)  # 60 of 660 seconds for the checkpoint, and a little for failures
        0.0944
        >>> round(lost_share(3600, 60, 3600, restart_s=600), 4)
        0.5201

    Source: Daly (2006), "A higher order estimate of the optimum checkpoint interval for restart dumps".
    """
    require_above(interval_s=interval_s, mtbf_s=mtbf_s)
    require_at_least(save_s=save_s, restart_s=restart_s)
    # Until n seconds pass without a failure, mtbf * (exp(n / mtbf) - 1) of them pass on average. The same for each
    # restart, of which there are as many as failures.
    round_ = interval_s / mtbf_s + save_s / mtbf_s
    if round_ > 700:  # exp(-700) is 1e-304: no round is ever finished
        return 1.0
    # n / (exp(n) - 1), written with exp(-n); it is 1 where n is too small for a float.
    unbroken = round_ * math.exp(-round_) / -math.expm1(-round_) if round_ else 1.0
    return 1 - unbroken * math.exp(-restart_s / mtbf_s) / (1 + save_s / interval_s)


def checkpoint_interval(save_s: float, mtbf_s: float) -> float:
    """How many seconds to work between checkpoints so that the least time is lost.

    It is the interval at which `lost_share(interval_s, save_s, mtbf_s, restart_s)` is smallest, exactly, whatever
    `restart_s` is. Young's well-known sqrt(2 * save_s * mtbf_s) comes near to it where a checkpoint takes far less time
    than passes between failures, and is too long otherwise.

    Setting the derivative of the lost share to zero gives, with x = interval_s / mtbf_s and d = save_s / mtbf_s,

        (1 - x) * exp(x + d) = 1,    0 < x < 1

    which has one solution and no formula for it in elementary functions.

    Args:
        save_s: Seconds in which a checkpoint is written and no work is done, above 0.
        mtbf_s: Mean time between failures of the whole run in seconds, above 0.

    Returns:
        Seconds of work from one checkpoint to the next, with a relative error of at most 1e-5.

    Raises:
        ValueError: A time is not above 0 and finite; the message names it.

    Example:
        >>> round(checkpoint_interval(60, 86400), 1), round(young_interval(60, 86400), 1)
        (3180.1, 3219.9)
        >>> round(checkpoint_interval(3600, 3600)), round(young_interval(3600, 3600))  # never longer than mtbf_s
        (3029, 5091)

    Source: Young (1974), "A first order approximation to the optimum checkpoint interval"; Daly (2006).
    """
    require_above(save_s=save_s, mtbf_s=mtbf_s)
    low, high = 0.0, 1.0
    for _ in range(200):  # halves until two neighbouring floats are left
        x = (low + high) / 2
        # The logarithm of the equation: log1p keeps its digits where x is tiny.
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * mtbf_s


def young_interval(save_s: float, mtbf_s: float) -> float:
    """Young's estimate of the best interval, from the first terms of the lost time: save_s / t + t / (2 * mtbf_s).

    Example:
        >>> young_interval(50, 400)
        200.0
    """
    require_above(save_s=save_s, mtbf_s=mtbf_s)
    return math.sqrt(2 * save_s * mtbf_s)


def run_mtbf(device_mtbf_s: float, n_devices: int) -> float:
    """Mean time between failures of a run that stops when any one of its devices does.

    Example:
        >>> run_mtbf(3600.0, 4)
        900.0
    """
    require_above(device_mtbf_s=device_mtbf_s, n_devices=n_devices)
    return device_mtbf_s / n_devices


@dataclass(frozen=True)
class SimulatedRun:
    """What a simulated run came to.

    Attributes:
        total_s: Seconds from its start to its end.
        n_failures: Failures it met.
        n_saved: Checkpoints it finished.
        lost_share: The share of `total_s` that was not useful work.
    """

    total_s: float
    n_failures: int
    n_saved: int
    lost_share: float


def simulate_run(
    n_rounds: int,
    interval_s: float,
    save_s: float,
    mtbf_s: float,
    restart_s: float = 0.0,
    seed: int = 0,
    shape: float = 1.0,
) -> SimulatedRun:
    """Play a run failure by failure: no formula of this module is used.

    Args:
        n_rounds: How many rounds of work and a checkpoint the run has.
        interval_s, save_s, mtbf_s, restart_s: As for `lost_share`.
        seed: Of the failures.
        shape: Of the Weibull distribution of the times between failures, whose mean is `mtbf_s`: 1 for failures that
            come at random, below 1 for failures that come in bunches.

    Returns:
        Its time, failures and checkpoints.

    Raises:
        ValueError: `n_rounds` is no whole number of 1 or more, `shape` is not above 0, or a time is out of range; the
            message names it.

    Example:
        >>> run = simulate_run(1000, 600, 60, 7200, restart_s=300, seed=1)
        >>> abs(run.lost_share - lost_share(600, 60, 7200, 300)) < 0.02
        True
    """
    if n_rounds < 1 or n_rounds != int(n_rounds):
        raise ValueError(f"n_rounds is {n_rounds!r}; it must be a whole number of 1 or more")
    require_above(interval_s=interval_s, mtbf_s=mtbf_s, shape=shape)
    require_at_least(restart_s=restart_s, save_s=save_s)
    random = np.random.default_rng(seed)
    scale = mtbf_s / math.gamma(1 + 1 / shape)

    def gap() -> float:
        return float(scale * random.weibull(shape))

    now, fails_at, n_failures, n_saved = 0.0, gap(), 0, 0
    is_down = False
    while n_saved < n_rounds:
        needed = restart_s if is_down else interval_s + save_s
        if now + needed <= fails_at:
            now += needed
            n_saved += not is_down
            is_down = False
        else:
            now, n_failures, is_down = fails_at, n_failures + 1, True
            fails_at = now + gap()
    return SimulatedRun(now, n_failures, n_saved, 1 - n_rounds * interval_s / now)


def require_above(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value!r}; it must be above 0 and finite")


def require_at_least(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value!r}; it must be at least 0 and finite")
