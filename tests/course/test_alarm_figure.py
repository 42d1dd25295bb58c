"""The figure of alarms: JavaScript against Python, and the recorded runs of which it tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive.alarms import SIGNALS, WINDOW, alarm_tuner, first_ring, signals
from llmcourse.course.notebook.recorded import recorded
from tests.course.figures import core

KEYS = ("run", "step", "loss", "norm", "validation", "balance", "load", "idle", "epochs")


js = core("alarm", "alarms")


@pytest.fixture(scope="module")
def runs():
    looks = [dict(zip(KEYS, row.values())) for row in recorded("three_runs_looks")]
    return {name: [row for row in looks if row["run"] == name] for name in ("well", "A", "B", "C")}


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=30), st.integers(0, 5), st.integers(1, 4))
def test_javascript_rings_when_python_does(js, values, threshold, in_a_row):
    assert js("firstRing", values, threshold, in_a_row) == first_ring(values, threshold, in_a_row)


def test_a_watcher_knows_only_what_came_before(runs):
    whole = signals(runs["A"])
    for length in (1, WINDOW - 1, WINDOW, 50):
        for name, values in signals(runs["A"][:length]).items():
            assert values == whole[name][:length], name


def test_each_bad_run_has_a_signal_that_leaves_the_good_one_alone(runs):
    for run, name in (("A", "rise"), ("B", "load"), ("C", "validation"), ("C", "epochs")):
        assert first_ring(signals(runs[run])[name], *SIGNALS[name][1:]) is not None, (run, name)
        assert first_ring(signals(runs["well"])[name], *SIGNALS[name][1:]) is None, name
    assert first_ring(signals(runs["B"])["balance"], *SIGNALS["balance"][1:]) is None, "what its owner trusts"


def test_no_one_signal_finds_all_three(runs):
    for name, (_, *begin) in SIGNALS.items():
        assert not all(first_ring(signals(runs[run])[name], *begin) for run in "ABC"), name


def test_without_javascript_there_is_a_table(runs):
    steps = [row["step"] for row in runs["well"]]
    page = alarm_tuner(runs, steps, "well").data
    assert page.count("<tr>") == 1 + len(SIGNALS) and "<td>never</td>" in page
    with pytest.raises(ValueError, match="well is 'D'; it must be one of 'well', 'A'"):
        alarm_tuner(runs, steps, "D")
    with pytest.raises(ValueError, match="number of looks at 'well' is 120; it must be 119"):
        alarm_tuner(runs, steps[1:], "well")
