"""Which rank is it: the one that does not come, the one with the NaN; and a killed one that starts again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.torchrun import CannotJoin, joined
from llmcourse.distributed.watch import NotFinite, read_notes
from tests.distributed import checkpoint_ranks as ranks
from tests.distributed import restarting

pytestmark = [pytest.mark.xdist_group("ranks"), pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]


def torchrun(*args: object, n: int = 2, restarts: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the tests with `torchrun` on this machine; its standard error and output."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"]
    command += [f"--max-restarts={restarts}", *map(str, args)]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = {
        "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0",
    }
    return subprocess.run(command, env=os.environ | own | environment, capture_output=True, text=True, timeout=240)


def test_a_late_rank_is_named_and_the_group_is_lost_but_a_new_one_works(tmp_path):
    results = run_on_ranks(ranks.late_and_alone, [(str(tmp_path),)] * 3)
    for rank in (0, 1):
        first, second, fresh = results[rank]
        assert first.startswith(f"rank {rank}, operation 3, all_reduce: did not come: rank 2, whose last was ")
        assert "operation 2, barrier" in first and "rank 0," not in first.partition("did not come")[2]
        assert second != "no error"
        assert fresh == "3.0"
    first, second, fresh = results[2]
    assert "did not come" not in first and "all ranks came" in first
    assert fresh == "3.0"
    assert [note.rank for note in read_notes(tmp_path)] == [0, 1, 2]


def test_a_nan_is_traced_to_its_rank_its_row_and_its_layer():
    for step, findings in run_on_ranks(ranks.poisoned, [()] * 2):
        assert step == 2
        assert [(f.rank, f.row, f.module) for f in findings] == [(1, 1, "embedding")]
    told = str(NotFinite(1, 3, None, float("inf")))
    assert told == "rank 1, row 3 of its part of the batch: only in the loss (loss inf)"


def test_a_run_whose_rank_is_killed_starts_again_and_ends_with_the_same_losses(tmp_path):
    quiet, *_ = run_on_ranks(restarting.losses, [(str(tmp_path / "quiet"),)] * 2)
    killed = torchrun(restarting.__file__, tmp_path / "killed", 5, restarts=1)
    assert killed.returncode == 0, killed.stderr
    told = json.loads((tmp_path / "killed" / "result.json").read_text())
    assert told == {"losses": quiet, "attempt": 1} and len(quiet) == 6


def test_a_program_says_what_keeps_it_from_joining(monkeypatch):
    with pytest.raises(ValueError, match="device is 'tpu'; it must be 'cpu' or 'cuda'"), joined("tpu"):
        pass
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device is 'cuda'; it must be 'cpu' here"), joined("cuda"):
            pass
    monkeypatch.setenv("RANK", "0")
    with (
        pytest.raises(CannotJoin, match="RANK is set and WORLD_SIZE, .* not; start the program with torchrun"),
        joined(),
    ):
        pass


def test_a_rank_that_never_comes_to_the_start_is_told():
    program = "from llmcourse.distributed.torchrun import joined\nwith joined(timeout_s=3): pass"
    told = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | told | {"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "CannotJoin: rank 0 waited 3 s for 2 ranks, and not all came" in done.stderr
