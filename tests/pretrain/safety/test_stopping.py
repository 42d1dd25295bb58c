"""Signals are noted, and a rank that hangs is told from ranks that wait for it."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from llmcourse.distributed.group import ALONE
from llmcourse.pretrain.safety import watchdog
from llmcourse.pretrain.safety.stopping import AskedToLeave, Stopping
from llmcourse.pretrain.safety.watchdog import HUNG, Watchdog, waits


def test_a_signal_before_the_first_step_ends_what_is_under_way():
    with pytest.raises(AskedToLeave, match="SIGUSR1 came before the first step"), Stopping():
        signal.raise_signal(signal.SIGUSR1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_asks_and_the_handlers_before_come_back(number):
    before = signal.getsignal(number)
    with Stopping() as stopping:
        stopping.finish_steps()
        assert stopping.asked is None and not stopping.agreed(ALONE)
        signal.raise_signal(number)
        assert stopping.asked == signal.Signals(number).name and stopping.agreed(ALONE)
    assert signal.getsignal(number) is before


def test_a_watchdog_ends_what_hangs_and_says_where(capsys):
    ended = threading.Event()
    status = []

    def end(code):
        status.append(code)
        ended.set()

    with Watchdog(0.3, about=lambda: "7 steps are done.", end=end):
        ended.wait(20)
    told = capsys.readouterr().err
    assert status == [HUNG]
    assert "no step for" in told and "7 steps are done." in told and "test_a_watchdog_ends" in told


class Clock:
    """Stands for `time`: goes on when it is told to, and counts how often a watchdog looks at it."""

    def __init__(self):
        self.now, self.n_looks = 0.0, 0

    def monotonic(self):
        self.n_looks += threading.current_thread().name == "watchdog"
        return self.now


def test_a_watchdog_leaves_alone_what_goes_on(monkeypatch):
    status, clock = [], Clock()
    monkeypatch.setattr(watchdog, "time", clock)
    with Watchdog(0.4, about=str, end=status.append) as watching:
        for _ in range(8):
            n_looks = clock.n_looks
            clock.now += 0.39
            while clock.n_looks == n_looks:
                time.sleep(0.01)
            watching.alive()
    assert status == []


def test_patience_must_be_some():
    with pytest.raises(ValueError, match="patience_s is 0; it must be above 0"):
        Watchdog(0, about=str)


def test_a_rank_that_waits_for_others_speaks_later():
    frame = sys._getframe()
    assert not waits(frame)
    code = compile("import sys\nframe = sys._getframe()", "/a/torch/distributed/distributed_c10d.py", "exec")
    inside: dict = {}
    exec(code, inside)
    assert waits(inside["frame"])
