"""One rank tokenizes for all: however long that takes, the others wait; is it gone, or does it hang, they say so."""

from __future__ import annotations

import json
import re
import signal
import time
from types import SimpleNamespace

import pytest

from llmcourse.distributed.group import ALONE
from llmcourse.pretrain.safety import waiting
from llmcourse.pretrain.safety.stopping import STOPPED, AskedToLeave, Stopping
from llmcourse.pretrain.safety.waiting import Waiting
from llmcourse.pretrain.safety.watchdog import HUNG
from tests.pretrain.ranks import losses

pytestmark = [pytest.mark.xdist_group("pretrain"), pytest.mark.timeout(300)]

ENCODE = "llmcourse.tokenization:BPETokenizer.encode_many"
SLOW = {"rank": 0, "function": ENCODE, "seconds": 0.7}
PATIENCE_S = 3
LONG = SLOW | {"seconds": 2}
"""Almost as long as a call may take: the dozen of them outlasts the start of another run on the busiest machine."""
LATE_S = PATIENCE_S * 1.1 + 5
"""When a rank that waits speaks at last, having let the one speak first that keeps it waiting."""


@pytest.fixture
def run(settings, tmp_path) -> list[object]:
    """A run with little patience, whose tokens nobody has made yet."""
    (tmp_path / "text").mkdir()
    for number in range(12):
        lines = [f"line {n} of text {number}, which says nothing much" for n in range(200)]
        (tmp_path / "text" / f"{number:02d}.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in lines))
    return [
        settings, f"run.folder={tmp_path / 'run'}", f"data.folder={tmp_path / 'data'}", f"run.timeout_s={PATIENCE_S}",
        "training.steps=2", f'data.sources=[{{name="own", files=["{tmp_path / "text"}"]}}]',
        f'evaluation.files=["{tmp_path / "text" / "00.jsonl"}"]',
    ]  # fmt: skip


def test_tokenizing_may_take_longer_than_any_timeout_as_long_as_it_moves(nursery, run, tmp_path):
    ended = nursery.run(*run, drag={"rank": 0, "function": ENCODE, "seconds": 1})
    assert ended.statuses == [0, 0], ended.said
    assert ended.seconds > 3 * PATIENCE_S, "the group itself gives up after three times the patience"
    assert len(losses(tmp_path / "run")) == 2


def test_a_first_rank_that_is_killed_ends_the_others_with_a_sentence(nursery, run):
    job = nursery.start(*run, drag=SLOW)
    job.wait_for_call(3)  # it has told how far it is before the second at the latest, and the other one has heard it
    job.kill([0])
    killed = time.monotonic()
    job.wait_until(lambda: (job.folder / "1.err").read_text(), "the other one said nothing", timeout_s=5)
    assert time.monotonic() - killed < 5
    ended = job.wait()
    assert ended.statuses[0] == -9 and ended.statuses[1], ended.said
    assert "error: rank 1 has lost rank 0, which was tokenizing own into " in ended.err[1]
    assert " of 0.1 MB, " in ended.err[1] and ended.err[1].rstrip().endswith(" s ago; there is no checkpoint")
    assert "Traceback" not in ended.err[1]


def test_a_first_rank_that_hangs_says_where(nursery, run):
    ended = nursery.run(*run, drag={"rank": 0, "function": ENCODE, "seconds": 100})
    assert ended.status == HUNG and ended.seconds < LATE_S + 5, ended.said
    assert re.search(r"no sign of work for \d+ s: this rank stands in ", ended.err[0])
    assert "It was tokenizing own into " in ended.err[0] and "encode" in ended.err[0]
    assert "rank 1 has lost rank 0, which was tokenizing own into " in ended.err[1]


def test_a_first_rank_that_is_stopped_is_told_by_the_others(nursery, run):
    job = nursery.start(*run, drag={"rank": 0, "function": ENCODE, "seconds": 0.3})
    job.wait_for_call()
    job.kill([0], signal.SIGSTOP)
    stopped = time.monotonic()
    job.wait_until(lambda: "s ago" in (job.folder / "1.err").read_text(), "the other one said nothing", timeout_s=20)
    assert time.monotonic() - stopped < LATE_S + 3
    ended = job.wait()
    assert ended.statuses == [-9, HUNG], ended.said
    assert "It waits for rank 0, which was tokenizing own into " in ended.err[1]


@pytest.mark.parametrize("rank", [0, 1])
def test_one_rank_that_is_asked_to_leave_takes_the_others_along(nursery, run, rank):
    job = nursery.start(*run, drag=SLOW)
    job.wait_for_call()
    job.kill([rank], signal.SIGTERM)
    ended = job.wait()
    assert ended.statuses == [STOPPED, STOPPED], ended.said
    assert "asked to leave: SIGTERM came before the first step" in ended.out[0]
    assert nursery.run(*run).statuses == [0, 0]


def test_what_goes_wrong_with_the_text_is_told_once(nursery, run, tmp_path):
    (tmp_path / "text" / "05.jsonl").write_text("no JSON\n")
    ended = nursery.run(*run)
    assert ended.statuses == [1, 1], ended.said
    assert "05.jsonl, line 1, is no JSON" in ended.err[0] and ended.err[1] == ""


def test_a_process_that_is_alone_may_take_any_time_and_leaves_when_it_is_asked(tmp_path):
    with Stopping() as stopping, Waiting(ALONE, 0.1, stopping) as ranks:
        assert ranks.on_each("sleeping", lambda: time.sleep(0.5) or "done") == "done"
        stopping.asked = "SIGTERM"  # as where a signal comes in the middle of a message
        with pytest.raises(AskedToLeave, match="SIGTERM came before the first step"):
            ranks.on_first("counting", lambda: list(ranks.moving(["a", "b"])))


def test_how_far_it_is_in_words(monkeypatch):
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: 7.0))
    ranks = Waiting()
    assert ranks.where() == "It was beginning, 0 s ago."
    ranks.on_first("counting words", lambda: ranks.moves(3_000_000, 12_345_678))
    assert ranks.where() == "It was counting words: 3.0 of 12.3 MB, 0 s ago."


def test_what_cannot_say_how_far_it_is_may_take_longer(nursery, run):
    learn = {"rank": 0, "function": "llmcourse.tokenization:BPETokenizer.train", "seconds": 1.7 * PATIENCE_S}
    ended = nursery.run(*run, drag=learn)
    assert ended.statuses == [0, 0], ended.said


# Two runs, one folder of tokens.


@pytest.fixture
def both(run, tmp_path) -> list[list[object]]:
    """Two runs that learn the same tokenizer, and need the same tokens."""
    return [[*run, f"run.folder={tmp_path / name}"] for name in ("first", "second")]


def test_a_run_waits_for_another_that_tokenizes_into_the_same_folder(nursery, both, tmp_path):
    first = nursery.start(*both[0], drag=LONG | {"until": str(tmp_path / "go")})
    first.wait_for_call()
    second = nursery.start(*both[1])
    second.wait_for_line("another process does that already; waiting for it")
    (tmp_path / "go").touch()
    ended = [first.wait(), second.wait()]
    assert [one.statuses for one in ended] == [[0, 0]] * 2, ended[0].said + ended[1].said
    assert losses(tmp_path / "first") == losses(tmp_path / "second")


def test_a_run_takes_over_when_the_other_one_is_killed(nursery, both):
    first = nursery.start(*both[0], drag=LONG)
    first.wait_for_call()
    second = nursery.start(*both[1])
    second.wait_for_line("another process does that already; waiting for it")
    first.kill([0, 1])
    assert first.wait().statuses == [-9, -9]
    ended = second.wait()
    assert ended.statuses == [0, 0], ended.said


def test_a_run_says_that_it_waited_when_the_other_one_hangs(nursery, both):
    first = nursery.start(*both[0], drag=SLOW)
    first.wait_for_call()
    first.kill([0, 1], signal.SIGSTOP)
    ended = nursery.run(*both[1])
    first.kill([0, 1])
    assert ended.status == HUNG, ended.said
    assert "this rank stands in _locked, prepare.py" in ended.err[0] and "tokenizing own into" in ended.err[0]
