"""The figure of who reads what: its numbers, its words, its colours, and what Python refuses."""

import json

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import routing_heatmap
from llmcourse.course.notebook.interactive.routing import load
from tests.course.figures import core

KINDS = ["space", "digit", "none of these"]
# Two experts of three for each of 4 spaces and 1 digit, at two steps.
FIRST = [[4, 1, 0], [3, 1, 0], [1, 0, 0]]
LATER = [[2, 0, 0], [2, 1, 0], [4, 1, 0]]
CONFIG = {"kinds": KINDS, "tokens": [4, 1, 0], "nExperts": 3, "topK": 2}


js = core("routing")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 999), st.integers(0, 999), st.integers(1, 64), st.integers(1, 64))
def test_the_figure_has_the_table_s_loads(js, count, n_tokens, n_experts, top_k):
    got = js("load", count, n_tokens, {"nExperts": n_experts, "topK": top_k})
    assert got == (want := load(count, n_tokens, n_experts, top_k)) or got == pytest.approx(want)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_mean_load_of_a_column_and_of_all_is_one(js, n_experts, top_k, n_kinds, seed):
    random, top_k = np.random.default_rng(seed), min(top_k, n_experts)
    kinds = random.integers(0, n_kinds, 30)
    counts = np.zeros((n_experts, n_kinds), dtype=int)
    for kind in kinds:
        counts[random.permutation(n_experts)[:top_k], kind] += 1
    tokens = np.bincount(kinds, minlength=n_kinds).tolist()
    config = {"nExperts": n_experts, "topK": top_k, "tokens": tokens}
    assert np.mean(js("totals", counts.tolist(), config)) == pytest.approx(1)
    loads = js("loads", counts.tolist(), config)
    for kind, n_tokens in enumerate(tokens):
        column = [row[kind] for row in loads]
        assert np.mean(column) == pytest.approx(1) if n_tokens else column == [None] * n_experts


@pytest.mark.parametrize("share", [0.0, 0.1, 0.26, 0.5, 0.77, 0.99, 1.0])
def test_the_colours_are_those_of_the_page_s_other_pictures(js, share):
    want = 255 * np.array(matplotlib.colormaps["cividis"](share)[:3])
    assert (
        np.abs(np.array(js("rgb", share)) - want).max() < 8
    )  # thirteen of its colours, and straight lines between them


@pytest.mark.parametrize("share", np.linspace(0, 1, 21))
def test_a_number_on_its_colour_can_be_read(js, share):
    def luminance(rgb):
        parts = np.array(rgb) / 255
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(js("rgb", share)), 0.0 if js("ink", share) == "#000000" else 1.0])
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("counts", "expert", "kind", "told"),
    [
        (
            FIRST,
            0,
            0,
            "“space”: 4 of 4 choose expert 0, 1.5 times an even share. That is 80% of all that expert 0 reads.",
        ),
        (
            FIRST,
            2,
            0,
            "“space”: 1 of 4 chooses expert 2, 0.4 times an even share. That is 100% of all that expert 2 reads.",
        ),
        (FIRST, 2, 1, "“digit”: none of 1 chooses expert 2."),
        (LATER, 2, 2, "“none of these”: there is none in this text."),
    ],
)
def test_a_cell_in_words(js, counts, expert, kind, told):
    assert js("cellSentence", counts, expert, kind, CONFIG) == told


def test_experts_in_words(js):
    told = "Expert 0 reads 1.5 times an even load, most of all “space”: 80% of what it reads."
    assert js("expertSentence", FIRST, 0, CONFIG) == told
    assert js("expertSentence", [[4, 1, 0], [4, 1, 0], [0, 0, 0]], 2, CONFIG) == "Expert 2 reads nothing."
    told = "Expert 0 reads most, 1.5 times an even load; expert 2 reads least, 0.3 times."
    assert js("summary", FIRST, CONFIG) == told


def test_the_figure_gets_whole_counts_and_the_tokens_of_each_kind():
    page = routing_heatmap({"alone": np.array([FIRST, LATER])}, KINDS, [0, 9], 2).data
    assert f'"runs": {json.dumps([["alone", [FIRST, LATER]]])}' in page
    assert '"tokens": [4, 1, 0]' in page and '"steps": [0, 9]' in page


def test_without_javascript_there_is_a_table_of_the_last_step():
    page = routing_heatmap({"a": [FIRST, LATER], "<b>": [FIRST, FIRST]}, KINDS, [0, 9], 2).data
    assert "after 9 steps; 1 is an even share, 1.5 the largest" in page
    assert "<td>a</td><td>2</td><td>1.5</td><td>space 1.5, digit 1.5</td>" in page
    assert "<td>&lt;b&gt;</td><td>2</td><td>0.3</td><td>space 0.4</td>" in page
    assert "<td>nothing</td>" in routing_heatmap({"a": [[[1], [0]]]}, ["x"], [3], 1).data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": {}}, "runs is {}; it must hold one at least"),
        ({"kinds": []}, r"kinds is \[\]"),
        ({"kinds": ["space", "space", "digit"]}, "it must hold each name once"),
        ({"steps": [0, 0]}, r"steps is \[0, 0\]; it must rise"),
        ({"steps": [-1, 0]}, "it must rise, from 0 or more"),
        ({"steps": [0, 5, 9]}, r"the shape of 'a' is \(2, 3, 3\); it must be \(3, experts, 3\)"),
        ({"kinds": ["space"]}, r"it must be \(2, experts, 1\)"),
        ({"top_k": 0}, "top_k is 0; it must be from 1 to 3"),
        ({"top_k": 4}, "top_k is 4"),
        ({"top_k": 3}, "the number of choices of each kind in 'a' is .* at look 0"),
        ({"runs": {"a": np.array([FIRST, LATER]) / 4}}, "it must be a count"),
        ({"runs": {"a": -np.array([FIRST, LATER])}}, "the least of 'a' is -4"),
        ({"runs": {"a": [FIRST, LATER], "b": [FIRST, FIRST[:2] + [[1, 1, 0]]]}}, "in 'b' is .* at look 1"),
        (
            {"runs": {"a": [FIRST, LATER], "b": [FIRST + [[0, 0, 0]]] * 2}},
            "the number of experts of 'b' is 4; it must be 3",
        ),
        ({"runs": {"a": [FIRST, [[5, 1, 0], [2, 1, 0], [1, 0, 0]]]}}, "a token chooses an expert once"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"runs": {"a": [FIRST, LATER]}, "kinds": KINDS, "steps": [0, 9], "top_k": 2}
    with pytest.raises(ValueError, match=message):
        routing_heatmap(**good | change)
