"""The figure of a mixture against dense models: JavaScript against Python, and the recorded study of which it tells."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive.race import (
    MODELS,
    TABLE_PRICES,
    crossing,
    lengths,
    loss_after,
    price_race,
    worth,
)
from llmcourse.course.notebook.recorded import read_recorded
from tests.course.figures import core

js = core("race")
OPERATIONS = {"dense": 1.0, "mixture": 1.0, "large": 2.2}


@pytest.fixture(scope="module")
def study():
    return read_recorded("dense_or_sparse")[1]


@pytest.fixture(scope="module")
def measured(study):
    return lengths(study)


@given(name=st.sampled_from(list(MODELS)), steps=st.floats(300, 4000))
def test_losses_between_the_measured_lengths_are_python_s(js, measured, name, steps):
    got, want = js("lossAfter", measured[name], steps), loss_after(measured[name], steps)
    assert got is None and math.isnan(want) or got == pytest.approx(want, rel=1e-9)


@given(steps=st.floats(480, 1920), price=st.floats(1, 2.5))
def test_what_a_step_is_worth_and_where_the_two_are_level_are_python_s(js, measured, steps, price):
    dense, mixture = measured["dense"], measured["mixture"]
    assert js("worth", dense, mixture, steps) == pytest.approx(worth(dense, mixture, steps), rel=1e-9)
    got, want = js("crossing", dense, mixture, price), crossing(dense, mixture, price)
    assert got == (None if want is None else pytest.approx(want, rel=1e-6))
    if want is not None:
        assert worth(dense, mixture, want) == pytest.approx(price, rel=1e-6)


def test_a_step_is_worth_what_the_page_s_table_says(study, measured):
    """The page's m, from the two dense runs of each length."""
    for short, long in ((480, 692), (1920, 2769)):
        mixture = next(one.loss for one in measured["mixture"] if one.steps == short)
        dense, longer = (next(one.loss for one in measured["dense"] if one.steps == steps) for steps in (short, long))
        m = (long / short) ** ((dense - mixture) / (dense - longer))
        assert worth(measured["dense"], measured["mixture"], short) == pytest.approx(m)


def test_a_dearer_mixture_overtakes_later(measured):
    found = [crossing(measured["dense"], measured["mixture"], price) for price in (1.3, 1.4, 1.5, 1.6)]
    assert found == sorted(found)


def test_the_ranking_leaves_out_who_was_not_measured(js, measured):
    models = [{"lengths": measured[name]} for name in MODELS]
    assert [one["i"] for one in js("ranking", models, [1, 1, 1], 1920)] == [2, 1, 0]
    assert [one["i"] for one in js("ranking", models, [1, 2, 2], 500)] == [0]
    assert js("ranking", models, [1, 1, 1], 100) == []


def test_without_javascript_there_are_a_picture_and_a_table(study):
    page = price_race(study, OPERATIONS).data
    assert page.count("<tr>") == 1 + len(TABLE_PRICES) and "<svg" in page
    with pytest.raises(ValueError, match="must have a number above 0 for mixture"):
        price_race(study, {"dense": 1.0, "large": 2.0})
    with pytest.raises(ValueError, match="number of lengths of 'dense' is 0; it must be at least 2"):
        lengths([row for row in study if row["model"] != "dense"])


def test_the_page_tells_of_the_figure_what_it_shows(study, measured):
    times = {row["model"]: row["ms a step"] for row in study}
    prices = {name: times[name] / times["dense"] for name in MODELS}
    spent = {so: {name: loss_after(measured[name], so / prices[name]) for name in MODELS} for so in (1000, 2500)}
    assert min(spent[1000], key=spent[1000].get) == "dense"
    first, second, _ = sorted(spent[2500], key=spent[2500].get)
    assert ({first, second}, round(spent[2500][second] - spent[2500][first], 3)) == ({"large", "mixture"}, 0.004)
    steps = crossing(measured["dense"], measured["mixture"], prices["mixture"])
    assert (round(steps), round(steps * prices["mixture"])) == (1526, 2201)
    assert [f"{worth(measured['dense'], measured['mixture'], steps):.2f}" for steps in (480, 1920)] == ["1.22", "1.76"]
    after = {name: loss_after(of, 1000) for name, of in measured.items()}
    assert max(after["mixture"], after["large"]) < after["dense"] - 0.05
