"""What the benchmarks measure with: calls timed in turn, and rows of a table with their verdict."""

import statistics
import time
from collections.abc import Callable, Sequence

Call = Callable[[], object]


def seconds(call: Call, clock: Callable[[], float] = time.perf_counter) -> float:
    """What a call takes.

    Args:
        call: The call.
        clock: What tells the time: that of the wall, or `time.process_time` for that of the processor.
    """
    start = clock()
    call()
    return clock() - start


def alternate(
    *calls: Call, repeats: int, clock: Callable[[], float] = time.perf_counter, warm_up: int = 0
) -> list[list[float]]:
    """Time calls in turn, so that whatever else the machine does meets them all alike.

    Args:
        calls: What to time.
        repeats: How often each is timed.
        clock: As for `seconds`.
        warm_up: How many rounds before that are not counted.

    Returns:
        The seconds of each call, in the order of the rounds.

    Example:
        >>> [len(times) for times in alternate(int, float, repeats=3)]
        [3, 3]
    """
    rounds = [[seconds(call, clock) for call in calls] for _ in range(warm_up + repeats)]
    return [list(times) for times in zip(*rounds[warm_up:])]


def ratios(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """How many times as large the one is as the other, round by round.

    Example:
        >>> ratios([2.0, 3.0], [1.0, 2.0])
        [2.0, 1.5]
    """
    return [x / y for x, y in zip(a, b)]


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """The median of some values, with the smallest and the largest.

    Example:
        >>> spread([3.0, 1.0, 2.0], ".0f")
        '2 (1 to 3)'
    """
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def row(name: str, columns: Sequence[str], target: str = "", met: bool | None = None) -> bool:
    """Print a row of a table: a name, columns, a target and whether it was met.

    Returns:
        Whether the target was met; True where there is none.

    Example:
        >>> row("training", ["2.0 (1.9 to 2.1)"], "at most 3", True)  # doctest: +NORMALIZE_WHITESPACE
        training    2.0 (1.9 to 2.1)    at most 3: met
        True
    """
    verdict = "" if met is None else f": {'met' if met else 'MISSED'}"
    print(f"{name:<28}{''.join(f'{column:<28}' for column in columns)}{target}{verdict}", flush=True)
    return met is not False
