"""The figure of a fixed capacity against the library's gate and dispatch."""

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import expert_queues
from llmcourse.course.notebook.interactive.queues import FAVOUR, N_TOKENS, TOP_K, choices, noise
from llmcourse.moe.dispatch import expert_capacity, within_capacity
from tests.course.figures import core

js = core("queues")


@settings(max_examples=100, deadline=None)
@given(
    uneven=st.integers(0, 30).map(lambda n: n / 10),
    factor=st.integers(10, 80).map(lambda n: n / 20),
    n_tokens=st.sampled_from([N_TOKENS // 2, N_TOKENS]),
)
def test_the_figure_drops_whom_the_library_drops(js, uneven, factor, n_tokens):
    experts = js("choose", js("uneven", noise()[:n_tokens].tolist(), FAVOUR, uneven), TOP_K)
    assert experts == choices(uneven, n_tokens).tolist()
    capacity = js("capacity", n_tokens, len(FAVOUR), TOP_K, factor)
    assert capacity == expert_capacity(n_tokens, len(FAVOUR), TOP_K, factor)
    assert js("kept", experts, len(FAVOUR), capacity) == within_capacity(
        choices(uneven, n_tokens), len(FAVOUR), capacity
    ).tolist()  # fmt: skip


def test_first_choices_stand_before_second_ones(js):
    assert js("stand", [[0, 1], [1, 0], [0, 1]], 2) == [[[0, 0], [2, 0], [1, 1]], [[1, 0], [0, 1], [2, 1]]]


def test_what_the_text_says_of_the_figure_comes_out():
    """Even on average is not even; late tokens pay; and the first half alone is served otherwise."""
    even = within_capacity(choices(0.0), len(FAVOUR), expert_capacity(N_TOKENS, len(FAVOUR), TOP_K, 1.0))
    assert not even.all()
    capacities = [expert_capacity(n, len(FAVOUR), TOP_K, 1.25) for n in (N_TOKENS, N_TOKENS // 2)]
    whole, half = (
        within_capacity(choices(2.0, n), len(FAVOUR), capacity)
        for n, capacity in zip((N_TOKENS, N_TOKENS // 2), capacities)
    )
    assert whole[: N_TOKENS // 2].sum() > whole[N_TOKENS // 2 :].sum() and whole[:, 0].sum() > whole[:, 1].sum()
    assert (whole[: N_TOKENS // 2] != half).any()


def test_without_javascript_there_is_a_table():
    page = expert_queues().data
    assert page.count("<tr><td>") == 9
    served = int(within_capacity(choices(2.0), len(FAVOUR), 8).sum())
    assert f"<td>2</td><td>1</td><td>8</td><td>{48 - served} of 48</td>" in page
