"""What the re-analysis found comes out of the published constants, and early stops look as it says."""

from __future__ import annotations

import numpy as np
import pytest

from llmcourse.scaling_laws.fitting import fit_law, huber_objective, some_starts
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, HOFFMANN_UNROUNDED, simulate_runs
from llmcourse.scaling_laws.replication import (
    APPROACHES,
    CHINCHILLA,
    quasi_newton,
    rounding_error,
    runs_for_width,
    tokens_per_parameter,
)


@pytest.fixture(scope="module")
def points():
    runs = simulate_runs(BESIROGLU, noise=0.003, seed=0)
    return np.log(runs.n_params), np.log(runs.n_tokens), np.log(runs.losses)


def scaled(points, scale):
    def function(params):
        value, gradient = huber_objective(params, *points)
        return float(value) * scale, gradient * scale

    return function


def test_the_mean_stops_where_the_sum_goes_on(points):
    lowest = fit_law(*map(np.exp, points), starts=some_starts(100)).objective
    start = HOFFMANN_UNROUNDED.params
    mean = quasi_newton(scaled(points, 1 / len(points[0])), start)
    total = quasi_newton(scaled(points, 1.0), start)
    assert mean.value * len(points[0]) > 1.5 * lowest
    assert abs(mean.params[4] - HOFFMANN_UNROUNDED.beta) < 0.01
    assert total.value < lowest * 1.001


def test_a_stop_is_no_failure_of_the_method_but_of_its_tolerances(points):
    lowest = fit_law(*map(np.exp, points), starts=some_starts(100)).objective
    tight = quasi_newton(scaled(points, 1 / 240), HOFFMANN.params, ftol=0.0, gtol=1e-12)
    assert tight.value * 240 < lowest * 1.0001


def test_the_published_optimum_contradicts_the_other_approaches():
    low, high = APPROACHES["2. IsoFLOP parabolas"].a_interval
    assert not low < HOFFMANN_UNROUNDED.exponents[0] < high
    assert low < BESIROGLU.exponents[0] < high
    budget = 6 * CHINCHILLA[0] * CHINCHILLA[1]
    assert tokens_per_parameter(HOFFMANN, budget) > 3 * CHINCHILLA[1] / CHINCHILLA[0]
    assert tokens_per_parameter(BESIROGLU, budget) == pytest.approx(CHINCHILLA[1] / CHINCHILLA[0], rel=0.15)


def test_rounding_changes_the_term_of_the_tokens_by_an_eighth():
    off = rounding_error(1e10, 1e11)
    assert off.of_tokens == pytest.approx(0.13, abs=0.01)
    assert abs(off.of_floor) < 0.003
    assert runs_for_width(240, 0.046, 0.001) == pytest.approx(240 * 46**2)
