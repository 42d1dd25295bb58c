"""Intervals hold what they promise where the law holds, and miss where it breaks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from llmcourse.scaling_laws.extrapolation import (
    Evidence,
    broken_power_law,
    chinchilla,
    climb,
    evidence_of,
    hold_out,
    log_residuals,
    prediction_interval,
    simulated_runs,
)
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, Law

TRUTH = Law(1.5, 60.0, 120.0, 0.35, 0.32)
NOISE = 0.004


def ladder(seed: int, noise: float = NOISE, law: Law = TRUTH):
    """Forty runs over two orders of magnitude of compute: eight sizes, and five lengths for each."""
    sizes = np.repeat(np.geomspace(1e5, 3e6, 8), 5)
    tokens = np.tile(np.geomspace(5, 80, 5), 8) * sizes
    return simulated_runs(law, sizes, tokens, noise=noise, seed=seed)


def test_an_interval_is_that_of_all_laws_with_all_residuals():
    draw = np.random.default_rng(0)
    params = np.log([60.0, 120.0, 1.5, 1.0, 1.0]) + draw.normal(0, 0.05, (30, 5))
    params[:, 3:] = [0.35, 0.32] + draw.normal(0, 0.01, (30, 2))
    residuals, log_n, log_d = draw.normal(0, 0.01, 20), np.log([1e6, 1e9]), np.log([1e8, 1e10])
    got = prediction_interval(params, residuals, log_n, log_d, 0.8)
    for run, (n, d) in enumerate(zip(log_n, log_d)):
        losses = [
            (np.exp(a - alpha * n) + np.exp(b - beta * d) + np.exp(e)) * np.exp(r)
            for a, b, e, alpha, beta in params
            for r in residuals
        ]
        assert got[run] == pytest.approx(np.quantile(losses, [0.1, 0.5, 0.9]))
    for level in (0.0, 1.0, 90.0):
        with pytest.raises(ValueError, match=f"level is {level}; it must be between 0 and 1"):
            prediction_interval(params, residuals, log_n, log_d, level)


def test_where_the_law_holds_about_as_many_runs_come_true_as_promised():
    inside, total = 0, 0
    for seed in range(6):
        runs = ladder(seed)
        held = hold_out(runs, runs.flops.max() / 10, level=0.8, n_boot=60, seed=seed)
        inside, total = inside + held.inside.sum(), total + len(held.inside)
    assert 0.6 <= inside / total <= 0.98, (inside, total)


def test_only_dearer_runs_are_held_out_and_there_must_be_some():
    runs = ladder(0)
    held = hold_out(runs, runs.flops.max() / 10, n_boot=5)
    assert held.runs.flops.min() > runs.flops.max() / 10
    assert len(held.runs.losses) + len(held.evidence.residuals) == len(runs.losses)
    assert set(held.runs.rows) < set(runs.rows)
    with pytest.raises(ValueError, match="it must be below"):
        hold_out(runs, 1e30)


def broken(runs):
    """From the middle of the ladder on, what is left above the floor falls much more slowly."""
    middle = float(np.sqrt(runs.flops.min() * runs.flops.max()))
    slower = broken_power_law(runs.flops, 0.0, 1.0, 0.0, [(-0.1, middle, 0.3)])
    return dataclasses.replace(runs, losses=TRUTH.E + (runs.losses - TRUTH.E) * slower)


def test_a_broken_law_is_missed_on_one_side_and_drifts():
    runs = broken(ladder(1))
    held = hold_out(runs, np.sqrt(runs.flops.min() * runs.flops.max()), n_boot=60)
    assert held.inside.mean() < 0.5
    assert (held.runs.losses > held.predicted[:, 1]).mean() > 0.9
    assert all(rung.surprise > 0 for rung in climb(runs)[1:-1])


def test_a_law_that_holds_does_not_surprise_much():
    rungs = climb(ladder(2))
    assert [rung.n_runs for rung in rungs] == [12, 19, 26, 33, 40]
    assert np.isnan(rungs[-1].surprise) and max(abs(rung.surprise) for rung in rungs[:-1]) < 0.05
    with pytest.raises(ValueError, match="there are 40 runs; there must be at least 59"):
        climb(ladder(2), n_rungs=50, n_first=10)


def test_exact_runs_give_the_truth_and_no_residual():
    runs = ladder(0, noise=0.0)
    evidence = evidence_of(runs, "exact", "made", n_boot=3)
    assert np.abs(evidence.residuals).max() < 1e-4
    low, middle, high = evidence.predict([1e8], [1e10])[0]
    assert low <= middle <= high and middle == pytest.approx(TRUTH.loss(1e8, 1e10), rel=1e-3)
    assert evidence.beyond(3e8, 1e6) == pytest.approx(100)
    assert np.abs(log_residuals(TRUTH, runs)).max() < 1e-12


def test_chinchillas_runs_say_what_was_published():
    """The interval of the replication's law: at the centre of the runs a few per mille, and Hoffmann's law outside."""
    evidence = chinchilla()
    assert isinstance(evidence, Evidence) and evidence.law == BESIROGLU
    low, middle, high = evidence.predict([1e9], [2e10])[0]
    assert low < BESIROGLU.loss(1e9, 2e10) < high and middle == pytest.approx(BESIROGLU.loss(1e9, 2e10), rel=0.005)
    # Standard errors that the code of Besiroglu et al. prints, by a bootstrap of the same runs.
    spread = evidence.params.std(0)
    for got, published in zip(spread[3:], (0.0154, 0.0206)):
        assert 0.85 * published < got < 1.15 * published
    far = evidence.predict([1e12], [2e13])[0]
    assert far[2] / far[0] > high / low
    assert evidence.beyond(1e12, 2e13) > 50
    assert HOFFMANN.loss(1e9, 2e10) > 0
