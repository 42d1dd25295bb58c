"""Functions on real processes: what is said of a rank that dies."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from llmcourse.distributed import launch
from llmcourse.distributed.launch import RankFailed, run_on_ranks

ROOT = Path(__file__).resolve().parents[2]


def leave(how, group):
    if group.rank == 1:
        os._exit(how)
    return group.rank


def test_a_rank_that_is_gone_before_its_answer_is_named():
    with pytest.raises(RankFailed, match="rank 1 died"):
        run_on_ranks(leave, [(7,)] * 2)


@pytest.mark.parametrize("written", [b"", b"\x00\x00", b"\x00\x00\x00\x64half of it"])
def test_a_rank_that_dies_in_the_middle_of_its_answer_is_named(written):
    ours, theirs = Pipe()
    os.write(theirs.fileno(), written)
    theirs.close()
    with ours, pytest.raises(RankFailed, match="rank 0 died"):
        launch._answers([ours], timeout_s=10)


# What stalls, and what is left behind.


def stall(group):
    """Be stopped when a part of the answer is sent, and more is to come."""
    if group.rank == 1:
        send = Connection.send_bytes

        def send_and_stop(self, piece):
            send(self, piece)
            os.kill(os.getpid(), signal.SIGSTOP)

        Connection.send_bytes = send_and_stop
    return b"." * 1_000_000


def test_a_rank_that_stalls_in_the_middle_of_its_answer_is_named_in_time():
    began = time.monotonic()
    with pytest.raises(RankFailed, match="rank 1 gave no answer within 3 s"):
        run_on_ranks(stall, [()] * 2, timeout_s=3)
    assert time.monotonic() - began < 60


def long_answer(size, group):
    return bytes([group.rank]) * size


def test_answers_of_any_length_come_whole():
    for size in (0, launch.PIECE_BYTES - 100, launch.PIECE_BYTES, 3_000_000):
        assert run_on_ranks(long_answer, [(size,)] * 2) == [bytes([rank]) * size for rank in range(2)]


LEFT_ALONE = """
import os, sys, time
from tests.distributed.test_launch import tell_and_hang
from llmcourse.distributed.launch import run_on_ranks
run_on_ranks(tell_and_hang, [(sys.argv[1],)] * 2, timeout_s=600)
"""


def tell_and_hang(folder, group):
    Path(folder, f"{group.rank}").write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)


def test_ranks_whose_parent_is_killed_end_and_leave_nothing_behind(tmp_path):
    """The ranks' folder lies where temporary files do."""
    (tmp_path / "pids").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, "-c", LEFT_ALONE, str(tmp_path / "pids")], env=environment)
    try:
        wait_until(lambda: sum(bool(path.read_text()) for path in (tmp_path / "pids").iterdir()) == 2)
        ranks = [psutil.Process(int(path.read_text())) for path in (tmp_path / "pids").iterdir()]
        assert list(tmp_path.glob("ranks-*"))
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not any(rank.is_running() and rank.status() != "zombie" for rank in ranks), 20)
    wait_until(lambda: not list(tmp_path.glob("ranks-*")), 5)


def wait_until(holds, seconds=120):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
