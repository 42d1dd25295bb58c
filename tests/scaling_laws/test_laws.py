"""The law, its logarithm and its optimum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from llmcourse.scaling_laws.laws import (
    BESIROGLU,
    HOFFMANN,
    HOFFMANN_UNROUNDED,
    PUBLISHED,
    Law,
    compute_optimal,
    law_from_params,
    predict_log_loss,
    simulate_runs,
)


@pytest.mark.parametrize("law", PUBLISHED.values(), ids=PUBLISHED)
def test_the_logarithm_is_that_of_the_plain_form_and_params_come_back(law):
    n, d = np.geomspace(1e3, 1e12, 40), np.geomspace(1e13, 1e5, 40)
    assert np.allclose(predict_log_loss(law.params, np.log(n), np.log(d)), np.log(law.loss(n, d)), rtol=1e-14)
    back = law_from_params(law.params)
    assert all(math.isclose(getattr(back, name), value, rel_tol=1e-14) for name, value in vars(law).items())


def test_it_stays_finite_where_the_exponentials_do_not():
    params = np.array([[900.0, 0, 0, 0, 0], [0, -900.0, -900.0, 50.0, 0], [0, 0, 0, -100.0, 2.0]])
    found = predict_log_loss(params, np.array([20.0]), np.array([25.0]))[:, 0]
    assert np.allclose(found, [900.0, -900.0 + math.log(2), 2000.0])


def test_no_neighbour_of_the_optimum_with_the_same_budget_is_better():
    for law in (HOFFMANN, BESIROGLU, Law(1, 1e5, 3, 0.9, 0.05)):
        for flops in (1e9, 1e18, 1e27):
            n, d = compute_optimal(law, flops, flops_per_param_token=8)
            assert math.isclose(8 * n * d, flops, rel_tol=1e-12)
            factors = np.array([0.9, 0.99, 1.01, 1.1])
            assert (law.loss(n * factors, d / factors) >= law.loss(n, d)).all()


def test_the_published_optima_are_what_the_re_analysis_says():
    budget = 6 * 70e9 * 1.4e12
    ratios = [d / n for n, d in (compute_optimal(law, budget) for law in (HOFFMANN_UNROUNDED, BESIROGLU))]
    assert 15 < ratios[1] < 25 < 50 < ratios[0]
    assert BESIROGLU.exponents[0] == pytest.approx(0.5126, abs=1e-4)
    assert HOFFMANN_UNROUNDED.exponents[0] == pytest.approx(0.4565, abs=1e-4)


@pytest.mark.parametrize(("name", "value"), [("E", 0.0), ("A", -1.0), ("alpha", math.inf), ("beta", math.nan)])
def test_a_law_refuses_numbers_that_are_none(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value!r}"):
        Law(**({"E": 1.0, "A": 1.0, "B": 1.0, "alpha": 0.3, "beta": 0.3} | {name: value}))


def test_simulated_runs_scatter_around_their_truth_and_outliers_lie_above():
    runs = simulate_runs(BESIROGLU, n_runs=400, noise=0.01, n_outliers=5)
    off = np.log(runs.losses / BESIROGLU.loss(runs.n_params, runs.n_tokens))
    few = np.argsort(runs.n_tokens / runs.n_params)
    assert (off[few[:5]] > 0.1).all()
    assert 0.002 < np.median(np.abs(off[few[5:]])) < 0.01
