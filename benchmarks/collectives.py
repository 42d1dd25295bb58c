"""Our ring all-reduce, in Python over sends and receives, beside gloo's own in C++; 2 processes, one thread each.

Both sides run alternately in the same processes on the same tensor. A report, with no target: the ring is there to be
read, and what trains uses the group's own. What it costs to stand on top of messages should be known all the same.
"""

import statistics
import time
from collections.abc import Callable

import torch

from llmcourse.distributed.collectives import ring_all_reduce
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks

SIZES = (4_000, 400_000, 4_000_000, 40_000_000)
RANKS, REPEATS = 2, 9


def seconds(call: Callable[[], object], group: Group) -> float:
    """From when all begin until the last one is done."""
    group.barrier()
    start = time.perf_counter()
    call()
    return max(group.gather(time.perf_counter() - start))


def measure(group: Group) -> list[list[tuple[float, float]]]:
    """For each size, the seconds of ours and of gloo's, REPEATS times in turn after one that does not count."""
    found = []
    for n_bytes in SIZES:
        tensor = torch.full((n_bytes // 4,), float(group.rank + 1))
        assert torch.equal(ring_all_reduce(tensor, group), group.all_reduce(tensor.clone()).wait())
        pairs = [
            (
                seconds(lambda: ring_all_reduce(tensor, group), group),  # noqa: B023
                seconds(lambda: group.all_reduce(tensor.clone()).wait(), group),  # noqa: B023
            )
            for _ in range(REPEATS)
        ]
        found.append(pairs)
    return found


def spread(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def main() -> bool:
    """Print the table."""
    print(f"all-reduce on {RANKS} gloo ranks: ms, median of {REPEATS} (smallest to largest)")
    print(f"{'bytes':<14}{'our ring':<26}{'gloo':<26}{'ratio of times':<24}")
    for n_bytes, pairs in zip(SIZES, run_on_ranks(measure, [()] * RANKS, timeout_s=120)[0]):
        ours, theirs = ([1e3 * side for side in sides] for sides in zip(*pairs))
        ratios = [a / b for a, b in zip(ours, theirs)]
        print(f"{n_bytes:<14,}{spread(ours, '.2f'):<26}{spread(theirs, '.2f'):<26}{spread(ratios, '.2f'):<24}")
    return True


if __name__ == "__main__":
    main()
