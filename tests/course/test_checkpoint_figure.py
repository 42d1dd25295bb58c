"""The figure of a failing run against the library's formula and simulation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import checkpoint_figure
from llmcourse.course.notebook.interactive.checkpoints import RUNS, gaps, times
from llmcourse.distributed.failures import checkpoint_interval, lost_share, simulate_run, young_interval
from tests.course.figures import core

seconds = st.floats(1.0, 1e5)


js = core("failures")


@settings(max_examples=200, deadline=None)
@given(interval=seconds, save=seconds, mtbf=seconds, restart=seconds)
def test_the_figure_has_the_library_s_formulas(js, interval, save, mtbf, restart):
    want = lost_share(interval, save, mtbf, restart)
    assert js("lostShare", interval, save, mtbf, restart) == pytest.approx(want, abs=1e-12)
    assert js("bestInterval", save, mtbf) == pytest.approx(checkpoint_interval(save, mtbf), rel=1e-9)
    assert js("young", save, mtbf) == pytest.approx(young_interval(save, mtbf))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99),
    interval=st.floats(100, 20_000),
    save=st.floats(1, 500),
    restart=st.floats(0, 900),
    rounds=st.integers(1, 30),
)
def test_the_days_are_those_of_the_simulation(js, seed, interval, save, restart, rounds):
    mtbf = 22_000.0
    run = simulate_run(rounds, interval, save, mtbf, restart, seed=seed)
    got = js("play", gaps(seed), interval, save, mtbf, restart, 1e12, rounds)
    assert got["total"] == pytest.approx(run.total_s)
    assert (got["nFailures"], got["nSaved"]) == (run.n_failures, run.n_saved)
    sums = js("sums", got["segments"])
    assert 1 - sums["work"] / got["total"] == pytest.approx(run.lost_share)
    assert sum(sums.values()) == pytest.approx(got["total"])


def test_the_days_are_full(js):
    for name, *sizes in RUNS:
        run = times(*sizes)
        for interval in (30.0, 3600.0, 360_000.0):
            day = 86400.0
            got = js("play", gaps(7), interval, run["save"], run["mtbf"], run["restart"], 5 * day)
            ends = [end for _, _, end in got["segments"]]
            begins = [begin for _, begin, _ in got["segments"]]
            assert begins[0] == 0 and ends[-1] == pytest.approx(5 * day), name
            assert begins[1:] == pytest.approx(ends[:-1]), name
            joined, sums = js("joined", got["segments"]), js("sums", got["segments"])
            assert js("sums", joined)["work"] == pytest.approx(sums["work"] + sums["save"])


def test_without_javascript_there_is_a_table():
    run = times(8192, 405e9, 100e9)
    best = checkpoint_interval(run["save"], run["mtbf"])
    share = lost_share(best, run["save"], run["mtbf"], run["restart"])
    page = checkpoint_figure().data
    assert f"<td>{run['mtbf'] / 3600:.1f}</td><td>{best / 60:.0f}</td>" in page and f"<td>{share:.1%}</td>" in page
