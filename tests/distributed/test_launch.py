"""Functions on real processes: what is said of a rank that dies."""

import os
from multiprocessing import Pipe

import pytest

from llmcourse.distributed import launch
from llmcourse.distributed.launch import RankFailed, run_on_ranks


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
