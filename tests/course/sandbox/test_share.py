"""One share of the machine for all processes of a namespace: the account, with times of our own."""

from __future__ import annotations

from llmcourse.course.sandbox.inside.share import BURST_S, MAX_PAUSE_S, TICKS, Share


def test_one_busy_process_never_waits_and_several_wait_until_they_have_one_share() -> None:
    alone, many = Share(1, 0.0), Share(1, 0.0)
    for second in range(1, 60):
        assert alone.pause(second, {"2-1": (second * TICKS, 0)}, 0.0) == 0
    now = ran = 0.0
    while now < 60:
        now, ran = now + 0.2, ran + 0.2
        now += many.pause(now, {f"{n}-1": (round(ran * TICKS), 0) for n in range(4)}, 0.0)
    assert 4 * ran <= now + BURST_S + 4 * 0.2 and 4 * ran > 0.9 * now


def test_what_ended_processes_have_used_counts() -> None:
    share = Share(1, 0.0)
    assert share.pause(1.0, {"2-1": (0, 0)}, 0.0) == 0
    assert share.pause(2.0, {"2-1": (0, 4 * TICKS)}, 0.0) == MAX_PAUSE_S, "waited for by their parent"
    share = Share(1, 0.0)
    assert share.pause(1.0, {}, 5.0) == MAX_PAUSE_S, "waited for by the namespace's first"
    share = Share(1, 0.0)
    share.pause(1.0, {"2-1": (0, 0), "3-1": (2 * TICKS, 0)}, 0.0)
    assert share.pause(2.0, {"2-1": (0, 0), "4-1": (3 * TICKS, 0)}, 0.0) > 0, "waited for by nobody"
    assert Share(0, 0.0).pause(1.0, {"2-1": (99 * TICKS, 0)}, 0.0) == 0
