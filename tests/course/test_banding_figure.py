"""The figure of bands: its numbers against the library's, its words, and what Python refuses."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import minhash_banding
from llmcourse.course.notebook.interactive.banding import BANDS, ROWS, banding_outcome
from llmcourse.data.deduplication import band_probability, near_duplicates
from tests.course.figures import core

bands = st.integers(*BANDS)
rows = st.integers(*ROWS)
PAIRS = [900, 90, 0, 5, 0, 3, 0, 2, 1, 4]


js = core("banding")


@settings(max_examples=150, deadline=None)
@given(st.floats(0, 1), bands, rows)
def test_the_curve_is_the_library_s(js, similarity, n_bands, n_rows):
    assert js("probability", similarity, n_bands, n_rows) == pytest.approx(
        band_probability(similarity, n_bands, n_rows), abs=1e-12
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=100), bands, rows, st.integers(50, 95))
def test_the_figure_counts_what_the_table_counts(js, pairs, n_bands, n_rows, hundredths):
    threshold = hundredths / 100
    got, want = js("outcome", pairs, n_bands, n_rows, threshold), banding_outcome(pairs, n_bands, n_rows, threshold)
    assert (got["near"], got["far"]) == (want.near, want.far)
    assert got["near"] + got["far"] == sum(pairs)
    numbers = [got[name] for name in ("found", "false", "missed", "falseShare")]
    assert numbers == pytest.approx([want.found, want.false, want.missed, want.false_share], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(("n_bands", "n_rows"), [(16, 8), (32, 4), (8, 16)])
def test_the_curve_is_steep_where_it_says(js, n_bands, n_rows):
    at = js("steep", n_bands, n_rows)
    assert 0.6 < band_probability(at, n_bands, n_rows) < 0.7  # 1 - (1 - 1/b)^b


def test_expected_candidates_are_those_of_drawn_signatures():
    """Pairs of signatures that agree in each place with the probability of their similarity."""
    rng = np.random.default_rng(0)
    pairs = np.zeros(100, dtype=int)
    pairs[[40, 62, 74, 90]] = 200, 100, 60, 40
    met = near = 0
    for step, count in enumerate(pairs):
        for _ in range(count):
            same = rng.random(32) < (step + 0.5) / 100
            other = np.where(same, 1, 2)
            is_met = bool(near_duplicates(np.array([np.ones(32, dtype=int), other]), 8, 0.0))
            met += is_met and step < 70
            near += is_met and step >= 70
    want = banding_outcome(pairs, 8, 4, 0.7)
    assert met == pytest.approx(want.false, abs=4 * want.false**0.5)
    assert near == pytest.approx(want.found, abs=4 * want.missed**0.5)


def test_what_is_told(js):
    told = js("sentence", PAIRS, {"bands": 2, "rows": 3, "threshold": 0.7})
    assert told.startswith("2 bands of 3, 6 numbers a document. Of 7 near copies, ")
    outcome = banding_outcome(PAIRS, 2, 3, 0.7)
    assert f"{outcome.found:.1f} become candidates and {outcome.missed:.1f} are missed" in told
    assert f"{outcome.false_share:.0%}" + " of all candidates are false." in told
    told = js("sentence", [5, 0], {"bands": 1, "rows": 8, "threshold": 0.5})
    assert told.startswith("One band of 8, 8 numbers a document. No pair has a similarity of 0.50 or more.")


@pytest.mark.parametrize(("value", "told"), [(0.04, "0.0"), (9.94, "9.9"), (9.96, "10"), (1234567.2, "1,234,567")])
def test_expected_numbers_as_people_write_them(js, value, told):
    assert js("about", value) == told


def test_a_share_that_rounds_to_nothing_is_not_nothing(js):
    assert [js("percent", share) for share in (0, 0.001, 0.01, 1)] == ["0%", "less than 1%", "1%", "100%"]


def test_a_similarity_on_a_border_is_in_the_upper_step():
    page = minhash_banding([0.0, 0.29, 0.7, 1.0]).data
    pairs = json.loads(page.split('"pairs": ')[1].split("]")[0] + "]")
    assert [step for step, count in enumerate(pairs) if count] == [0, 29, 70, 99]
    assert "4 pairs of documents, 2 of them near copies" in page


def test_without_javascript_there_is_a_table_of_presets():
    page = minhash_banding(np.repeat([0.05, 0.95], [1000, 10])).data
    assert "<td>32 of 4</td><td>128</td><td>10.0</td><td>0.0</td><td>0.3</td><td>3%</td>" in page
    assert minhash_banding([[0.1, 0.2]]).data == minhash_banding([0.1, 0.2]).data


@pytest.mark.parametrize(
    ("similarities", "message"),
    [
        ([], "similarities holds 0 pairs; it must hold one at least"),
        ([0.2, 1.5], "a similarity is 1.5; it must be from 0 to 1"),
        ([-0.25], "a similarity is -0.25"),
        ([float("nan")], "a similarity is nan"),
    ],
)
def test_bad_input_is_named(similarities, message):
    with pytest.raises(ValueError, match=message):
        minhash_banding(similarities)
