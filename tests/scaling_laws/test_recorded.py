"""The course's own ladder, and runs on a metered budget."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from llmcourse.scaling_laws.recorded import (
    BudgetExceededError,
    Shop,
    curves,
    extend_curve,
    ladder,
    predict_large_run,
)

CORPORA = ("python", "toy")


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_budget_is_what_the_run_was_given(corpus):
    runs = ladder(corpus)
    assert np.allclose(6 * runs.n_params * runs.n_tokens / runs.flops, 1, atol=0.02)
    assert np.isfinite(runs.losses).all() and (runs.losses > 0).all()


def test_the_ladder_has_forty_runs_over_two_orders_of_magnitude():
    found = [ladder(corpus) for corpus in CORPORA]
    assert sum(map(len, found)) >= 40
    assert all(runs.flops.max() / runs.flops.min() >= 99 for runs in found)


@pytest.mark.parametrize("corpus", CORPORA)
def test_each_run_has_a_curve_that_ends_where_it_does(corpus):
    runs, lines = ladder(corpus), curves(corpus)
    assert [line.n_params for line in lines] == runs.n_params.tolist()
    assert [line.losses[-1] for line in lines] == runs.losses.tolist()
    assert all((np.diff(line.n_tokens) > 0).all() for line in lines)


def test_a_corpus_or_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="corpus is 'fineweb'; it must be one of 'python', 'toy'"):
        ladder("fineweb")
    with pytest.raises(ValueError, match="scaling_ladder.csv is missing; it must be made: python -m studies"):
        ladder("python", tmp_path)


def test_a_shop_sells_until_the_budget_is_gone():
    shop = Shop([(1e6, 1e8), (1e6, 1e9)], [3.0, 2.0], flops=6.6e15)
    with pytest.raises(BudgetExceededError, match="run 1 costs 6e[+]15 FLOPs"):
        Shop(shop.offers, [3.0, 2.0], flops=5.9e15).buy(1)
    assert shop.buy(1) == 2.0 and shop.buy(0) == 3.0 and shop.bought == [1, 0]
    assert shop.left == pytest.approx(0, abs=1)
    with pytest.raises(ValueError, match="it must cost at most 0, which are left"):
        shop.buy(0)


@pytest.mark.parametrize(("floor", "factor", "power"), [(2.0, 1.5, 0.05), (0.4, 2.0, 0.3), (0.0, 3.0, 0.1)])
def test_a_curve_is_extended_to_its_floor(floor, factor, power):
    flops = np.array([1e12, 4e12, 16e12, 64e12])
    losses = floor + factor * (flops / 1e12) ** -power
    want = floor + factor * 1e6**-power
    assert extend_curve(flops, losses, 1e18) == pytest.approx(want, abs=0.02 * (want - floor))


def market(seed: int) -> tuple[Shop, tuple[float, float], float]:
    """Runs made from a law with a little noise, a run to predict, and its true loss."""
    draw = random.Random(seed)
    floor, alpha, beta = draw.uniform(1.0, 2.2), draw.uniform(0.3, 0.4), draw.uniform(0.28, 0.38)
    a, b = 0.7 * 1e6**alpha, 0.7 * 2e7**beta

    def law(n: float, d: float) -> float:
        return floor + a / n**alpha + b / d**beta

    offers = [(1e6 * 2.0**k, 1e6 * 2.0**k * ratio) for k in range(9) for ratio in (5, 20, 80)]
    losses = [law(*offer) * (1 + draw.gauss(0, 1e-3)) for offer in offers]
    target = (4e9, 8e10)
    return Shop(offers, losses, flops=6 * 20 * (1e6 * 2**6) ** 2 * 1.4), target, law(*target)


def test_a_large_run_is_predicted_from_a_budget_that_could_not_buy_it():
    errors = []
    for seed in range(12):
        shop, target, truth = market(seed)
        price = 6 * math.prod(target)
        assert price > 500 * shop.left
        errors.append(abs(predict_large_run(shop.offers, shop.buy, shop.left, target) / truth - 1))
        assert len(set(shop.bought)) == len(shop.bought) >= 4
    assert max(errors) < 0.05 and sorted(errors)[6] < 0.015
