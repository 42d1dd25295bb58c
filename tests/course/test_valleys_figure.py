"""The figure of valleys against the parabolas in Python."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import isoflop_valleys
from llmcourse.course.notebook.interactive.valleys import FAR, choices, fit_valleys
from llmcourse.scaling_laws.isoflop import budget_groups, parabola_minimum, power_law
from llmcourse.scaling_laws.recorded import ladder
from tests.course.figures import core

RUNS = ladder("python")


js = core("valleys")


def told(js, kept):
    runs = [
        {"flops": c, "n": n, "loss": loss} for c, n, loss in zip(*map(list, (RUNS.flops, RUNS.n_params, RUNS.losses)))
    ]
    return js("fit", runs, [group.tolist() for group in budget_groups(RUNS.flops)], kept, FAR)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.booleans(), min_size=len(RUNS), max_size=len(RUNS)))
def test_the_figure_has_the_library_s_best_sizes_and_exponent(js, kept):
    got, want = told(js, kept), fit_valleys(RUNS, kept)
    inside = [one for one in got["fits"] if one["inside"]]
    assert [one["flops"] for one in inside] == list(want.flops)
    assert [math.exp(one["curve"]["x"]) for one in inside] == pytest.approx(want.n_params, rel=1e-6)
    if math.isnan(want.exponent):
        assert got["law"] is None and got["far"] is None
    else:
        assert got["exponent"] == pytest.approx(want.exponent, rel=1e-6)
        assert got["far"] == pytest.approx(want.far, rel=1e-5)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(5, 25), st.floats(0.5, 3)), min_size=3, max_size=9, unique_by=lambda p: round(p[0], 1))
)
def test_a_parabola_is_the_exercise_s(js, points):
    xs, ys = (list(values) for values in zip(*points))
    try:
        want = parabola_minimum(np.array(xs), np.array(ys))
    except ValueError:
        want = None
    got = js("parabola", xs, ys)
    if want is not None and abs(want[0]) < 1e4:
        assert (got["x"], got["y"]) == pytest.approx(want, rel=1e-6)


def test_choices_that_one_could_defend_disagree():
    exponents = [fit_valleys(RUNS, kept).exponent for kept in choices(RUNS).values()]
    assert max(exponents) - min(exponents) > 0.1
    assert fit_valleys(RUNS, choices(RUNS)["all runs"]).exponent == pytest.approx(0.55, abs=0.005)


def test_the_line_is_the_power_law_through_the_lowest_points():
    found = fit_valleys(RUNS, np.ones(len(RUNS), dtype=bool))
    assert found.exponent == power_law(found.flops, found.n_params).exponent


def test_without_javascript_there_is_a_table():
    assert "<td>all runs</td><td>23</td><td>5</td><td>0.55</td>" in isoflop_valleys(RUNS).data
    with pytest.raises(ValueError, match="runs has 1 budgets; two of them"):
        isoflop_valleys(RUNS.subset(RUNS.flops == RUNS.flops.max()))
