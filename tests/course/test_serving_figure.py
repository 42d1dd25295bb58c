"""The figure of serving against the library's optimum."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import serving_cost
from llmcourse.course.notebook.interactive.serving import LAWS, targets
from llmcourse.scaling_laws.laws import BESIROGLU
from llmcourse.scaling_laws.serving import optimum_with_inference, smallest_params, tokens_to_reach, total_flops
from tests.course.figures import core

chosen = st.sampled_from([(law, loss) for law in LAWS.values() for loss in targets(law).values()])


js = core("serving")


@settings(max_examples=100, deadline=None)
@given(chosen, st.floats(10, 16).map(lambda log: 10**log))
def test_the_figure_has_the_library_s_optimum(js, one, served):
    law, loss = one
    got, want = js("optimum", asdict(law), loss, served), optimum_with_inference(law, loss, served)
    assert (got["n"], got["d"]) == pytest.approx(want, rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(chosen, st.floats(1.001, 50), st.floats(10, 16).map(lambda log: 10**log))
def test_a_size_costs_what_the_library_says_and_never_less_than_the_best(js, one, factor, served):
    law, loss = one
    n_params = factor * smallest_params(law, loss)
    n_tokens = js("tokensToReach", asdict(law), n_params, loss)
    assert n_tokens == pytest.approx(tokens_to_reach(law, n_params, loss), rel=1e-6)
    cost = js("training", n_params, n_tokens) + js("serve", n_params, served)
    assert cost == pytest.approx(total_flops(n_params, n_tokens, served), rel=1e-12)
    assert cost >= total_flops(*optimum_with_inference(law, loss, served), served) * (1 - 1e-9)


def test_a_model_that_is_too_small_reaches_no_such_loss(js):
    loss = targets(BESIROGLU)["Chinchilla, 70B"]
    least = js("smallest", asdict(BESIROGLU), loss)
    assert least == pytest.approx(smallest_params(BESIROGLU, loss), rel=1e-9)
    assert js("tokensToReach", asdict(BESIROGLU), 0.99 * least, loss) is None


def test_without_javascript_there_is_a_table():
    page = serving_cost().data
    n_params, n_tokens = optimum_with_inference(BESIROGLU, targets(BESIROGLU)["Chinchilla, 70B"], 1e14)
    assert f"<td>100 T</td><td>{n_params / 1e9:.1f} B</td><td>{n_tokens / 1e12:.2f} T</td>" in page
    with pytest.raises(ValueError, match="start is 1.0; it must be from 1e"):
        serving_cost(start=1.0)
