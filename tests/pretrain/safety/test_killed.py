"""Runs whose ranks are killed, at 30 random moments and between any two steps on the disk: nothing is lost.

Each attempt goes on in the folder that the one before has left. In the end the run has measured what a run measures to
which nothing happened, and its last checkpoint holds the same bytes.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from llmcourse.distributed.sharded_checkpoint import all_sharded_checkpoints
from llmcourse.pretrain.safety.folder import read_outcome
from tests.pretrain.ranks import Nursery, losses, state

pytestmark = [pytest.mark.xdist_group("pretrain"), pytest.mark.timeout(600)]

MOMENTS = [
    ("the settings get their name", 0, "os.rename", "run.toml", 1),
    ("the tokenizer is written", 0, "open", "tokenizer.json", 1),
    ("the tokenizer gets its name", 0, "os.rename", "tokenizer.json", 1),
    ("tokens are written", 0, "open", "00000.bin", 1),
    ("all tokens are there but the list of them", 0, "os.rename", "manifest.json", 1),
    ("the validation text is half done", 0, "os.rename", "manifest.json", 1),
    ("a row has been written, and no checkpoint", 0, "os.mkdir", ".step-00000002", 1),
    ("the first rank writes its part", 0, "open", "__0_0.distcp", 1),
    ("the second rank writes its part", 1, "open", "__1_0.distcp", 1),
    ("the parts are there but the list of them", 0, "open", ".metadata", 1),
    ("all is there but the sums", 0, "os.rename", "run.json", 2),
    ("a checkpoint gets its name", 0, "os.rename", ".step-", 1),
    ("a checkpoint has its name, an old one is still there", 0, "shutil.rmtree", "step-00000002", 1),
    ("an old checkpoint is half gone", 0, "os.rmdir", "", 1),
    ("a row is to be added to", 0, "os.rename", "history.jsonl", 2),
    ("it has ended, and has not said so", 0, "os.rename", "outcome.json", 1),
]  # fmt: skip


def require_nothing_lost(folder: Path, undisturbed: Path) -> None:
    """The run has ended like the one that nothing happened to, and has left nothing half done behind."""
    assert losses(folder) == losses(undisturbed)
    assert state(folder) == state(undisturbed)
    assert read_outcome(folder)["outcome"] == "finished"
    assert [p.name for p in all_sharded_checkpoints(folder)] == [p.name for p in all_sharded_checkpoints(undisturbed)]
    assert not [path for path in folder.rglob("*") if "unfinished" in path.name]


def test_between_any_two_steps_on_the_disk(nursery: Nursery, settings: Path, undisturbed: Path, tmp_path: Path) -> None:
    run = [settings, f"run.folder={tmp_path / 'run'}", f"data.folder={tmp_path / 'data'}"]
    for when, rank, event, part, nth in MOMENTS:
        doom = {"rank": rank, "folder": str(tmp_path), "event": event, "part": part, "nth": nth}
        ended = nursery.run(*run, doom=doom)
        assert ended.statuses[rank] == -9, f"{when}: {ended.statuses}\n{ended.said}"
    ended = nursery.run(*run)
    assert ended.statuses == [0, 0], ended.said
    require_nothing_lost(tmp_path / "run", undisturbed)


def test_at_thirty_random_moments(nursery: Nursery, settings: Path, undisturbed: Path, tmp_path: Path) -> None:
    """A rank dies as it changes something on the disk, or one or all are killed at a time that is drawn."""
    rng, n_killed, n_runs = random.Random(0), 0, 1
    while n_killed < 30:
        folder = tmp_path / f"run-{n_runs}"
        run, rank = [settings, f"run.folder={folder}"], rng.randrange(2)
        if rng.random() < 0.5:
            ended = nursery.run(*run, doom={"rank": rank, "folder": str(folder), "nth": rng.randint(1, 30 - 22 * rank)})
        else:
            job = nursery.start(*run)
            job.pids()
            time.sleep(rng.uniform(0, 2))
            job.kill(rng.choice([[0], [1], [0, 1]]))
            ended = job.wait()
        n_killed += -9 in ended.statuses
        if ended.statuses == [0, 0]:
            require_nothing_lost(folder, undisturbed)
            n_runs += 1
        else:
            assert -9 in ended.statuses, ended.said
    assert nursery.run(*run).statuses == [0, 0]
    require_nothing_lost(folder, undisturbed)
