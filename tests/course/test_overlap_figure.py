"""The figure of buckets during the backward pass: JavaScript against the library, and what the page says of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import bucket_timeline
from llmcourse.course.notebook.interactive.overlap import (
    BACKWARD_MS,
    LIMITS_MIB,
    RANKS,
    START,
    TABLE_LIMITS,
    VOCABULARIES,
    arrivals,
    sizes,
    timeline,
)
from tests.course.figures import core

js = core("overlap")

numbers = st.lists(st.integers(1, 2_000_000), min_size=1, max_size=20)
wires = st.tuples(st.sampled_from(RANKS), st.floats(1, 1000), st.floats(1, 100), st.booleans())


def end(vocab_size: int = START["vocabulary"], limit: float = LIMITS_MIB[START["limit"]], **changed) -> float:
    """When the optimizer may step, in the state in which the figure begins but for what is given."""
    wire = {name: START[name] for name in ("ranks", "latency", "bandwidth", "during")} | changed
    return timeline(sizes(vocab_size), limit, *wire.values())[-1].ends


def best(**changed) -> float:
    """The limit of the slider with which the step is over soonest."""
    return min(LIMITS_MIB, key=lambda limit: round(end(limit=limit, **changed), 6))


@settings(max_examples=80, deadline=None)
@given(numbers, st.sampled_from(LIMITS_MIB), wires)
def test_the_figure_has_the_library_s_buckets_and_times(js, n_numbers, limit, wire):
    told = dict(zip(("ranks", "latency", "bandwidth", "during"), wire))
    got, want = js("timeline", n_numbers, BACKWARD_MS, limit, told), timeline(n_numbers, limit, *wire)
    assert [one["positions"] for one in got] == [one.positions for one in want]
    assert [one["ready"] for one in got] == pytest.approx([one.ready for one in want])
    assert [one["ends"] for one in got] == pytest.approx([one.ends for one in want], rel=1e-9)
    assert [one["begins"] for one in got] == pytest.approx([one.begins for one in want], rel=1e-9)


@pytest.mark.parametrize("vocab_size", VOCABULARIES)
@pytest.mark.parametrize("limit", LIMITS_MIB)
def test_real_models_are_divided_alike(js, vocab_size, limit):
    n_numbers = sizes(vocab_size)
    assert js("assign", n_numbers, limit) == [one.positions for one in timeline(n_numbers, limit, 8, 20, 10, True)]
    assert js("arrivals", n_numbers, BACKWARD_MS) == pytest.approx(arrivals(n_numbers))


@pytest.mark.parametrize("share", [0.4, 2.5])
def test_equal_buckets_without_a_fixed_cost_take_what_the_page_s_formula_says(js, share):
    """The output layer is next to nothing here; each bucket takes a tenth of the time, and of the wire's."""
    n_numbers = [1, *[2**18] * 10]
    bandwidth = 4 * sum(n_numbers) / (share * BACKWARD_MS * 1e6)
    wire = {"ranks": 2, "latency": 0, "bandwidth": bandwidth, "during": True}
    messages = js("timeline", n_numbers, BACKWARD_MS, 1, wire)
    wanted = max(1, share) + min(1, share) / 10
    assert messages[-1]["ends"] / BACKWARD_MS == pytest.approx(wanted, abs=0.01)
    assert js("formula", messages[:10], BACKWARD_MS) / BACKWARD_MS == pytest.approx(wanted, abs=0.01)


def test_the_best_of_all_limits_is_found(js):
    for ranks in RANKS:
        wire = {name: START[name] for name in ("latency", "bandwidth", "during")} | {"ranks": ranks}
        swept = js("sweep", sizes(50257), BACKWARD_MS, LIMITS_MIB, wire)
        assert LIMITS_MIB[swept["best"]] == best(ranks=ranks)
        assert swept["ends"][swept["best"]] == pytest.approx(min(swept["ends"]))


def test_without_javascript_there_are_a_picture_and_a_table():
    page = bucket_timeline().data
    assert page.count("<tr>") == 1 + len(TABLE_LIMITS) and "<svg" in page
    assert f"<td>{end(limit=LIMITS_MIB[9]):.0f}</td>" in page


def test_the_page_tells_of_the_figure_what_it_shows():
    assert (best(), best(latency=200.0), LIMITS_MIB.index(best(ranks=512))) == (16, 64, len(LIMITS_MIB) - 3)
    assert len(timeline(sizes(50257), best(ranks=512), 512, 20, 10, True)) == 1, "everything in one bucket"
    assert [round(end(limit=limit) - end(limit=16)) for limit in (25, 1, 256)] == [1, 16, 42]
    last = timeline(sizes(50257), 16, 8, 20, 10, True)[-1]
    assert (round(last.ends - BACKWARD_MS), round(last.ends - last.begins), last.positions[-1]) == (30, 27, 0)
    for vocab_size, wanted in ((1024, 2), (128256, 90)):
        assert round(min(end(vocab_size, limit) for limit in LIMITS_MIB) - BACKWARD_MS) == wanted
