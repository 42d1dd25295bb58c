"""A timeline shows each event and span where it belongs, nothing on top of anything else, in colours one can tell."""

from __future__ import annotations

import matplotlib
import pytest
from matplotlib.figure import Figure

from llmcourse.course.notebook.plots import CARD, check_labels, colour, ink_on
from llmcourse.course.notebook.timelines import KINDS, Bar, bars, draw_timeline
from llmcourse.distributed.traffic import Event, Span, Traffic
from tests.test_plots import contrast


@pytest.fixture(autouse=True)
def keep_settings():
    with matplotlib.rc_context():
        yield


def two_ranks() -> list[Traffic]:
    first = Traffic(
        [
            Event("send", 8, 1, began_s=101.0, waited_s=103.0, ended_s=104.0),
            Event("all_reduce", 8, None, 101.5, 104.0, 106.0),
            Event("all_reduce", 8, None, 107.0),
        ],
        [Span("forward", 100.0, 101.0), Span("backward", 101.0, 103.0)],
    )
    second = Traffic([Event("receive", 8, 0, began_s=100.5, waited_s=100.5, ended_s=104.0)])
    return [first, second]


def test_every_bar_is_where_its_event_was() -> None:
    assert bars(two_ranks()) == [
        Bar(0, "computing", 0.0, 1.0, "forward"),
        Bar(0, "computing", 1.0, 3.0, "backward"),
        Bar(0, "waiting", 3.0, 4.0),
        Bar(0, "waiting", 4.0, 6.0),
        Bar(0, "sending", 1.0, 4.0, "→1", 0),
        Bar(0, "sending", 1.5, 6.0, "all-reduce", 1),
        Bar(1, "waiting", 0.5, 4.0),
    ]


def test_what_is_under_way_at_the_same_time_is_in_different_lanes() -> None:
    intervals = [(0, 5), (1, 2), (2, 3), (1.5, 9), (5, 6)]
    told = Traffic([Event("all_reduce", 1, None, float(a), float(b), float(b)) for a, b in intervals])
    assert [bar.lane for bar in bars([told]) if bar.kind == "sending"] == [0, 1, 1, 2, 0]


def test_a_drawn_timeline_has_rows_labels_and_the_unit_that_fits() -> None:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        ax = Figure().subplots()
        told = Traffic([Event("send", 8, 1, 0.0, 0.0, 6 * scale)])
        draw_timeline(ax, [told, Traffic()], "title")
        check_labels([ax])
        assert ax.get_xlabel() == f"time ({unit})" and ax.get_xlim()[1] == pytest.approx(6)
        assert ax.get_ylim()[0] > ax.get_ylim()[1], "rank 0 is on top"
    ax = Figure().subplots()
    draw_timeline(ax, two_ranks(), unit="rounds", legend=False)
    assert ax.get_xlabel() == "time (rounds)" and ax.get_legend() is None


def test_two_timelines_can_share_their_time() -> None:
    top, bottom = Figure().subplots(2, 1, sharex=True)
    draw_timeline(top, [Traffic([Event("send", 8, 1, 0.0, 0.0, 7.0)])])
    draw_timeline(bottom, [Traffic([Event("send", 8, 1, 0.0, 0.0, 3.0)])])
    assert top.get_xlim()[1] == bottom.get_xlim()[1] == 7


def test_kinds_are_told_apart_and_text_on_them_is_read() -> None:
    assert len({colour(kind) for kind in KINDS}) == 3
    assert all(contrast(ink_on(colour(kind)), colour(kind)) >= 4.5 for kind in KINDS)
    assert all(contrast(CARD, colour(kind)) >= 3 for kind in KINDS)


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="traffic has no event or span that has ended; it must have one"):
        draw_timeline(Figure().subplots(), [Traffic([Event("send", 8, 1)])])
