"""The cost model says what a replay of the operations' own messages takes, and finds the costs it was made with."""

from __future__ import annotations

import pytest
import torch

from llmcourse.distributed import collectives
from llmcourse.distributed.costs import collective_seconds, crossover_bytes, fit_costs, replay, seconds
from llmcourse.distributed.rehearsal import rehearse
from llmcourse.distributed.traffic import Event, Traffic

NAMES = (
    "plain_broadcast", "tree_broadcast", "plain_all_gather", "ring_all_gather", "ring_reduce_scatter",
    "plain_all_reduce", "ring_all_reduce", "tree_all_reduce", "pairwise_all_to_all",
)  # fmt: skip
WHOLE_BYTES = 840 * 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8])
def test_the_formula_is_what_the_messages_take(name: str, n: int) -> None:
    given = torch.zeros(840 // n if "gather" in name else 840)
    row = (given, 0) if "broadcast" in name else (given,)
    traffic = rehearse(getattr(collectives, name), [row] * n).traffic
    for alpha, beta in ((1.0, 0.0), (0.0, 0.001), (3.0, 0.01)):
        took = seconds(replay(traffic, alpha, beta))
        assert took == pytest.approx(collective_seconds(name, WHOLE_BYTES, n, alpha, beta))


def test_a_tree_broadcast_is_as_quick_from_every_source() -> None:
    for n in range(2, 9):
        for source in range(n):
            traffic = rehearse(collectives.tree_broadcast, [(torch.zeros(1), source)] * n).traffic
            assert seconds(replay(traffic, 1.0, 0.0)) == (n - 1).bit_length()


def test_the_fit_finds_the_costs_that_times_were_made_with() -> None:
    sizes = [0, 100, 10_000, 1_000_000, 100_000_000]
    for alpha, beta in ((5e-5, 2e-10), (1e-3, 1e-9), (1e-6, 0.0), (0.0, 1e-9)):
        times = [alpha + beta * size for size in sizes]
        start = 1 if alpha == 0 else 0
        assert fit_costs(sizes[start:], times[start:]) == pytest.approx((alpha, beta), rel=1e-6, abs=1e-15)
    noisy = [(5e-5 + 2e-10 * size) * (1.1 if i % 2 else 0.9) for i, size in enumerate(sizes)]
    alpha, beta = fit_costs(sizes, noisy)
    assert alpha == pytest.approx(5e-5, rel=0.15) and beta == pytest.approx(2e-10, rel=0.15)


def test_no_cost_is_negative() -> None:
    assert fit_costs([1, 2, 4], [1.0, 2.2, 4.9])[0] == 0
    assert fit_costs([1, 2, 4], [3.0, 2.9, 2.7])[1] == 0


def test_at_the_crossover_ring_and_tree_take_as_long() -> None:
    for n in (4, 5, 16, 1024):
        size = crossover_bytes(n, 1e-5, 1e-10)
        ring, tree = (collective_seconds(name, size, n, 1e-5, 1e-10) for name in ("ring_all_reduce", "tree_all_reduce"))
        assert ring == pytest.approx(tree)
        assert collective_seconds("ring_all_reduce", 2 * size, n, 1e-5, 1e-10) < collective_seconds(
            "tree_all_reduce", 2 * size, n, 1e-5, 1e-10
        )
    assert crossover_bytes(2, 1e-5, 1e-10) == crossover_bytes(3, 1e-5, 1e-10) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: collective_seconds("ring", 1, 2, 1, 1), "name is 'ring'; it must be one of plain_broadcast, "),
        (lambda: collective_seconds("ring_all_reduce", 1, 0, 1, 1), "n_ranks is 0; it must be at least 1"),
        (lambda: crossover_bytes(1, 1, 1), "n_ranks is 1; it must be at least 2"),
        (lambda: crossover_bytes(2, 1, 0), "beta_s is 0; it must be above 0"),
        (lambda: fit_costs([5, 5], [1, 1]), r"n_bytes is \[5, 5\]; it must have at least two different sizes"),
        (lambda: fit_costs([5, 6], [1, 0]), r"seconds is \[1, 0\]; each must be above 0"),
        (lambda: replay([Traffic([Event("barrier", 0)])], 1, 1), "there is an event of kind 'barrier'; each must be a"),
        (lambda: replay([Traffic([Event("send", 1, 1)]), Traffic()], 1, 1), "a message that is sent and not received"),
        (lambda: replay([Traffic([Event("receive", 1, 1)]), Traffic()], 1, 1), "a message that is not received, or"),
    ],
)
def test_bad_input_is_told(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
