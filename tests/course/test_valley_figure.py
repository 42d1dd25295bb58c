"""The figure of a walk in a valley against PyTorch's optimizers, the library's rules and a little algebra."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import valley_walk
from llmcourse.course.notebook.interactive.valley import BETAS, EPS, RULES, START, STEPS, walk_losses
from llmcourse.optim.rules import adamw_step, sgd_step
from llmcourse.optim.schedules import linear_schedule
from tests.course.figures import core

js = core("valley")


def setting(**changes):
    start = {"rule": "momentum", "rate": 0.01, "beta": 0.9, "kappa": 100, "turn": 0, "fades": False}
    return start | {"steps": STEPS, "start": START} | changes


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("turn", [0, 20, 45])
def test_a_walk_has_the_losses_of_pytorch_s_optimizers(js, rule, turn):
    got = js("walk", setting(rule=rule, rate=0.015, turn=turn))["losses"]
    np.testing.assert_allclose(got, walk_losses(rule, 0.015, 100, turn), rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    rule=st.sampled_from(RULES), rate=st.floats(1e-3, 0.1), beta=st.floats(0, 0.95), kappa=st.sampled_from([1, 10]),
    fades=st.booleans(),
)  # fmt: skip
def test_places_are_those_of_the_library_s_rules(js, rule, rate, beta, kappa, fades):
    got = js("walk", setting(rule=rule, rate=rate, beta=beta, kappa=kappa, fades=fades))["places"]
    curvature, place = torch.tensor([1.0, kappa]).double(), torch.tensor(START).double()
    m, v = torch.zeros(2).double(), torch.zeros(2).double()
    for step, want in enumerate(got[:40]):
        np.testing.assert_allclose(want, place.tolist(), rtol=1e-5, atol=1e-6)
        lr = rate * (linear_schedule(step, STEPS) if fades else 1)
        if rule == "Adam":
            betas = beta, BETAS[1]
            adamw_step(place, curvature * place, m, v, step + 1, lr=lr, betas=betas, eps=EPS, weight_decay=0.0)
        else:
            sgd_step(place, curvature * place, m, lr=lr, momentum=beta if rule == "momentum" else 0.0)


@settings(max_examples=200, deadline=None)
@given(rate=st.floats(1e-4, 3), beta=st.floats(0, 0.98), curvature=st.floats(0.1, 100))
def test_what_a_step_leaves_is_the_largest_eigenvalue(js, rate, beta, curvature):
    matrix = np.array([[1 + beta - rate * curvature, -beta], [1.0, 0.0]])
    want = max(abs(np.linalg.eigvals(matrix)))
    assert js("factor", "momentum", rate, beta, curvature) == pytest.approx(want, rel=1e-6, abs=1e-6)
    assert js("factor", "gradient descent", rate, beta, curvature) == pytest.approx(abs(1 - rate * curvature))


@pytest.mark.parametrize("rule", ["gradient descent", "momentum"])
@pytest.mark.parametrize("kappa", [1, 10, 100])
def test_at_the_limit_the_steep_direction_begins_to_grow(js, rule, kappa):
    limit = js("limit", rule, 0.9, kappa)
    assert js("factor", rule, 0.999 * limit, 0.9, kappa) < 1 < js("factor", rule, 1.001 * limit, 0.9, kappa)
    below, above = (js("walk", setting(rule=rule, rate=part * limit, kappa=kappa))["losses"] for part in (0.95, 1.05))
    assert below[-1] < below[0] < above[-1]
    assert js("limit", "Adam", 0.9, kappa) is None


@pytest.mark.parametrize("kappa", [10, 100])
def test_no_rate_near_the_best_one_is_better(js, kappa):
    slowest = lambda rule, rate, beta: max(js("factor", rule, rate, beta, c) for c in (1, kappa))  # noqa: E731
    root = math.sqrt(kappa)
    for rule, want in (("gradient descent", (kappa - 1) / (kappa + 1)), ("momentum", (root - 1) / (root + 1))):
        best = js("best", rule, kappa)
        rate, beta = best["rate"], best.get("beta", 0.0)
        assert slowest(rule, rate, beta) == pytest.approx(want, rel=1e-6, abs=1e-6)
        assert all(slowest(rule, part * rate, beta) > want for part in (0.9, 1.1))


def test_a_walk_that_has_left_ends_early(js):
    losses = js("walk", setting(rule="gradient descent", rate=1.0))["losses"]
    assert len(losses) < STEPS and losses[-1] > 1e9


def test_without_javascript_there_is_a_table_of_walks():
    page = valley_walk().data
    losses = walk_losses("Adam", 0.1, 100.0, 45)
    assert f"<td>turned by 45°</td><td>{losses[20] / losses[0]:.1e}</td><td>{losses[-1] / losses[0]:.1e}" in page
