"""The gate's figure against the library's gate, its gradient by hand and autograd."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import gate_explorer
from llmcourse.course.notebook.interactive.gate import ANGLES, GATES, MOST, RATE, START, learn
from llmcourse.moe.routing import gate_gradient
from tests.course.figures import core

# Far enough apart that no rounding decides who is chosen, and some are equal.
places = st.lists(st.integers(-40, 40).map(lambda n: n / 10), min_size=6, max_size=6)
biases = st.lists(st.sampled_from([-0.5, 0.0, 0.0, 0.25, 0.9]), min_size=6, max_size=6)
gates = st.fixed_dictionaries(
    {"topK": st.integers(1, 3), "scores": st.sampled_from(["softmax", "sigmoid"]), "normalise": st.booleans()}
)


js = core("gate")


@settings(max_examples=200, deadline=None)
@given(logits=places, bias=biases, gate=gates, wanted=st.integers(0, 360))
def test_the_figure_routes_and_learns_as_the_library_does(js, logits, bias, gate, wanted):
    options = gate | {"bias": bias}
    experts, weights, loss, slopes = learn(gate, logits, bias, wanted)
    routed = js("route", logits, options)
    assert routed["experts"] == experts
    assert routed["weights"] == pytest.approx(weights, abs=1e-12)
    assert js("loss", js("answer", routed, ANGLES), wanted) == pytest.approx(loss, abs=1e-12)
    assert js("gradient", logits, options, ANGLES, wanted) == pytest.approx(slopes, abs=1e-12)


@pytest.mark.parametrize("name", ["Mixtral, Qwen3", "OLMoE", "Switch", "one, normalised"])
def test_the_gradient_is_that_by_hand(js, name):
    gate = GATES[name]
    experts, weights, _, slopes = learn(gate, START["logits"], START["bias"], START["wanted"])
    answers, target = (
        torch.tensor([js("vector", angle) for angle in ANGLES]),
        torch.tensor(js("vector", START["wanted"])),
    )
    y = torch.tensor(weights) @ answers[experts]
    d_weights_SK = (answers[experts] @ (y - target))[None]
    by_hand = gate_gradient(torch.tensor([START["logits"]]), torch.tensor([experts]), d_weights_SK, gate["normalise"])
    assert by_hand[0].tolist() == pytest.approx(slopes, abs=1e-6)


def test_what_the_text_says_of_the_figure_comes_out(js):
    """Who finds the right expert, number 6, within fifty steps; and DeepSeek-V3's gate does once it has a bias."""

    def first_after(gate, bias, steps=50):
        options = gate | {"bias": bias}
        logits = js("descend", START["logits"], options, ANGLES, START["wanted"], RATE, steps, MOST)
        return js("route", logits, options)["experts"][0] + 1

    found = {name: first_after(gate, START["bias"]) for name, gate in GATES.items()}
    assert {name for name, first in found.items() if first == 6} == {"OLMoE", "Switch"}
    assert first_after(GATES["DeepSeek-V3"], [0.0] * 5 + [0.6]) == 6


def test_descent_stays_where_the_handles_can_go(js):
    options = GATES["Switch"] | {"bias": START["bias"]}
    assert max(map(abs, js("descend", START["logits"], options, ANGLES, START["wanted"], RATE, 500, MOST))) <= MOST


def test_without_javascript_there_is_a_table_of_all_gates():
    page = gate_explorer().data
    assert all(f"<tr><td>{name}</td>" in page for name in GATES)
    assert "<tr><td>Switch</td><td>2</td>" in page and "<td>6</td></tr>" in page
