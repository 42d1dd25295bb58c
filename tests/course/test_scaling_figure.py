"""The figure of budgets against the law in Python."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import scaling_optimum
from llmcourse.course.notebook.interactive.scaling import FLOPS, LAWS
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, compute_optimal
from tests.course.figures import core

laws = st.sampled_from([HOFFMANN, BESIROGLU])
flops = st.floats(18, 26).map(lambda log: 10**log)


js = core("scaling")


@settings(max_examples=100, deadline=None)
@given(laws, flops)
def test_the_figure_has_the_law_s_optimum(js, law, budget):
    got, want = js("optimum", asdict(law), budget), compute_optimal(law, budget)
    assert (got["n"], got["d"]) == pytest.approx(want, rel=1e-9)
    assert got["loss"] == pytest.approx(law.loss(*want), rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(laws, st.floats(7, 13), st.floats(1.9, 6.0))
def test_a_line_of_equal_loss_has_that_loss_or_ends(js, law, log_n, target):
    n_tokens = js("tokensFor", asdict(law), 10**log_n, target)
    if n_tokens is None:
        assert law.E + law.A * (10**log_n) ** -law.alpha >= target * (1 - 1e-9)
    else:
        assert law.loss(10**log_n, n_tokens) == pytest.approx(target, rel=1e-6)


def test_the_budget_s_line_touches_the_line_of_equal_loss_at_the_dot(js):
    for law in LAWS.values():
        best = js("optimum", asdict(law), 1e21)
        for factor in (0.8, 0.97, 1.03, 1.25):
            n = factor * best["n"]
            assert js("loss", asdict(law), n, 1e21 / 6 / n) > best["loss"]


def test_without_javascript_there_is_a_table():
    page = scaling_optimum().data
    n_params, n_tokens = compute_optimal(HOFFMANN, 1e24)
    assert f"<td>{n_params:.2e}</td><td>{n_tokens:.2e}</td>" in page and "Besiroglu et al." in page
    with pytest.raises(ValueError, match="start is 1.0; it must be from 1e"):
        scaling_optimum(start=FLOPS[0] / 1e18)
