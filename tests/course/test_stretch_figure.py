"""The figure of longer contexts against the library's frequencies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import context_stretch
from llmcourse.course.notebook.interactive.stretch import BARELY, BASES, FACTORS, FASTS, LENGTHS, MODELS, pair_angles
from llmcourse.positional import (
    linear_frequencies,
    llama3_frequencies,
    ntk_frequencies,
    rotary_frequencies,
    yarn_frequencies,
)
from tests.course.figures import core

js = core("stretch")
models = st.sampled_from(MODELS)


def told(model):
    return {"dHead": model[1], "theta": model[2], "trained": model[3]}


def library(model, way, factor, fast, base):
    _, d_head, theta, trained = model
    stretch = {"factor": factor, "original_max_seq_len": trained}
    return {
        "none": lambda: rotary_frequencies(d_head, theta),
        "linear": lambda: linear_frequencies(d_head, theta, factor=factor),
        "ntk": lambda: ntk_frequencies(d_head, theta, factor=factor),
        "yarn": lambda: yarn_frequencies(d_head, theta, beta_fast=fast, **stretch),
        "llama3": lambda: llama3_frequencies(d_head, theta, **stretch),
        "base": lambda: rotary_frequencies(d_head, theta * base),
    }[way]()


@settings(max_examples=150, deadline=None)
@given(
    models, st.sampled_from(["none", "linear", "ntk", "yarn", "llama3", "base"]), st.sampled_from(FACTORS),
    st.sampled_from(FASTS), st.sampled_from(BASES), st.sampled_from(LENGTHS),
)  # fmt: skip
def test_speeds_and_angles_are_the_library_s(js, model, way, factor, fast, base, times):
    choice = {"way": way, "factor": factor, "fast": fast, "base": base}
    want_N = library(model, way, factor, fast, base)
    assert js("speeds", told(model), choice) == pytest.approx(want_N.tolist(), rel=1e-9)
    want = pair_angles(rotary_frequencies(*model[1:3]), want_N, model[3], times)
    got = js("pairs", told(model), choice, times)
    for name in ("before", "after", "slower", "fresh"):
        assert [pair[name] for pair in got] == pytest.approx([getattr(p, name) for p in want], rel=1e-9, abs=1e-12)
    verdict = js("verdict", got)
    assert verdict["fresh"] == sum(pair.fresh > BARELY for pair in want)
    assert verdict["blurred"] == sum(pair.slower > 1.1 for pair in want if pair.before >= 1)
    assert want[verdict["most"]].fresh == pytest.approx(max(pair.fresh for pair in want))


def of(js, way, factor=4, times=4, model=MODELS[0], fast=32, base=1):
    choice = {"way": way, "factor": factor, "fast": fast, "base": base}
    return js("verdict", js("pairs", told(model), choice, times))


def test_each_way_pays_where_the_chapter_says_it_does(js):
    assert of(js, "none") == {"fresh": 5, "most": 3, "whole": 3, "blurred": 0}
    linear, ntk, yarn = (of(js, way) for way in ("linear", "ntk", "yarn"))
    assert (linear["fresh"], linear["blurred"]) == (0, 3)
    assert ntk["fresh"] == 4, "the pairs in the middle are slowed by less than the factor"
    assert yarn["blurred"] == 3, "within 64 tokens no pair makes 32 turns"
    assert of(js, "yarn", fast=8)["blurred"] < 3
    assert of(js, "base", base=50)["fresh"] == 0, "as the section on a larger base says"


def test_ntk_needs_a_larger_factor_than_the_text(js):
    assert of(js, "ntk", factor=4)["fresh"] > 0
    assert any(of(js, "ntk", factor=factor)["fresh"] == 0 for factor in FACTORS)


def test_without_javascript_there_is_a_table():
    page = context_stretch().data
    assert f"<td>{MODELS[0][0]}</td><td>no scaling</td><td>5 of 8</td><td>68%</td><td>0 of 3</td><td>1.00</td>" in page
    assert page.count("<td>linear interpolation</td>") == len(MODELS)
