"""What goes wrong in runs, for real: a full disk, damaged files, signals, losses that are no numbers, ranks that hang.

Each time the run ends at the same losses when it is started again, or says exactly what is wrong and where the last
good checkpoint is.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from llmcourse.distributed.sharded_checkpoint import all_sharded_checkpoints
from llmcourse.pretrain.safety.folder import read_outcome
from llmcourse.pretrain.safety.stopping import STOPPED
from llmcourse.pretrain.safety.watchdog import HUNG
from llmcourse.tokenization import BPETokenizer
from llmcourse.training.history import read_history
from tests.pretrain.ranks import losses, state

pytestmark = [pytest.mark.xdist_group("pretrain"), pytest.mark.timeout(300)]

LONG = ["training.steps=100000", "training.checkpoint_every=4"]
"""A run that nobody waits for."""


def begun(undisturbed: Path, tmp_path: Path) -> Path:
    """A run that has done as many steps as the undisturbed one, whose last checkpoint but one is there too."""
    return Path(shutil.copytree(undisturbed, tmp_path / "run"))


def newest(folder: Path, part: str) -> Path:
    """A file of a run's last checkpoint."""
    return next(all_sharded_checkpoints(folder)[-1].glob(part))


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def take_away(path: Path) -> None:
    path.unlink()


def row_is_written(folder: Path, number: int) -> Callable[[], bool]:
    return lambda: len(losses(folder)) >= number


# A full disk.


def test_a_disk_without_room_for_a_checkpoint(nursery, settings, undisturbed, tmp_path):
    run = [settings, f"run.folder={tmp_path / 'run'}"]
    ended = nursery.run(*run, "training.checkpoint_every=5", file_limit={1: 300_000})
    assert ended.status == 1, ended.said
    assert (
        "could not write" in ended.err[0]
        and "step-00000005 (rank 1: OSError: [Errno 27] File too large" in ended.err[0]
    )
    assert ended.err[0].rstrip().endswith("); there is no checkpoint")
    assert not [path for path in (tmp_path / "run").rglob("*") if "unfinished" in path.name], "nothing takes up room"
    assert nursery.run(*run).statuses == [0, 0]
    assert losses(tmp_path / "run") == losses(undisturbed)


def test_the_last_checkpoint_is_named_when_the_next_one_finds_no_room(nursery, settings, undisturbed, tmp_path):
    folder = begun(undisturbed, tmp_path)
    shutil.rmtree(all_sharded_checkpoints(folder)[-1])
    run = [settings, f"run.folder={folder}"]
    ended = nursery.run(*run, "checkpoints.in_background=false", file_limit={0: 300_000, 1: 300_000})
    assert 1 in ended.statuses and "File too large" in ended.err[0], ended.said
    assert ended.err[0].rstrip().endswith(f"the last good checkpoint is {folder / 'checkpoints' / 'step-00000010'}")
    assert nursery.run(*run).statuses == [0, 0]
    assert losses(folder) == losses(undisturbed) and state(folder) == state(undisturbed)


def test_a_disk_without_room_for_tokens(nursery, settings, tmp_path):
    run = [settings, f"run.folder={tmp_path / 'run'}", f"data.folder={tmp_path / 'data'}"]
    ended = nursery.run(*run, file_limit={0: 20_000})
    assert all(ended.statuses), ended.said
    assert "error: rank 0 failed: OSError: [Errno 27] File too large; there is no checkpoint" in ended.err[0]
    assert ended.err[1] == ""


# Damaged files.


@pytest.mark.parametrize(
    ("damage", "part", "told"),
    [
        (flip_a_bit, "__1_0.distcp", "is damaged: its __1_0.distcp is not what was written"),
        (cut_off, "__0_0.distcp", "is damaged: its __0_0.distcp is not what was written"),
        (take_away, "run.json", "is not whole: its run.json is missing or cut off"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over(nursery, settings, undisturbed, tmp_path, damage, part, told):
    folder = begun(undisturbed, tmp_path)
    good, bad = all_sharded_checkpoints(folder)
    damage(newest(folder, part))
    ended = nursery.run(settings, f"run.folder={folder}")
    assert ended.statuses == [0, 0], ended.said
    assert f"{bad} {told}. The run goes on from {good}" in ended.err[0]
    assert f"goes on after step 10, from {good}" in ended.out[0]
    assert losses(folder) == losses(undisturbed) and state(folder) == state(undisturbed)


def test_without_a_good_checkpoint_a_run_does_not_begin_anew(nursery, settings, undisturbed, tmp_path):
    folder = begun(undisturbed, tmp_path)
    for checkpoint in all_sharded_checkpoints(folder):
        flip_a_bit(checkpoint / "__0_0.distcp")
    ended = nursery.run(settings, f"run.folder={folder}")
    assert ended.status == 1 and len(all_sharded_checkpoints(folder)) == 2
    assert ended.err[0].count("its __0_0.distcp is not what was written") == 2
    assert "to start afresh take another folder" in ended.err[0]
    assert losses(folder) == losses(undisturbed), "nothing was lost"


@pytest.mark.parametrize(
    ("damage", "told"),
    [(take_away, "00000.bin is missing"), (cut_off, "it is cut off or not this shard"),
     (flip_a_bit, "00000.bin has another checksum than its manifest says")],
)  # fmt: skip
def test_damaged_text_is_told(nursery, settings, undisturbed, tmp_path, damage, told):
    folder, data = begun(undisturbed, tmp_path), tmp_path / "data"
    shutil.copytree(settings.parent / "data", data)
    damage(next(data.glob("toy-*/*.bin")))
    ended = nursery.run(settings, f"run.folder={folder}", f"data.folder={data}")
    assert ended.status == 1, ended.said
    last = all_sharded_checkpoints(folder)[-1]
    assert told in ended.err[0] and ended.err[0].rstrip().endswith(f"the last good checkpoint is {last}")


def test_another_tokenizer(nursery, settings, undisturbed, tmp_path):
    folder = begun(undisturbed, tmp_path)
    other = BPETokenizer.train(["x y z " * 50], vocab_size=270, special_tokens=["<|endoftext|>"])
    other.save(folder / "tokenizer.json")
    ended = nursery.run(settings, f"run.folder={folder}", f"data.folder={tmp_path / 'data'}")
    assert ended.status == 1 and "step-00000012 is of another tokenizer" in ended.err[0], ended.said
    other.save(tmp_path / "other.json")
    file = [f"tokenizer.file={tmp_path / 'other.json'}", "tokenizer.vocab_size=none"]
    ended = nursery.run(settings, f"run.folder={folder}", *file)
    assert ended.status == 2 and "belongs to a run with other settings: tokenizer" in ended.err[0], ended.said


# Signals.


@pytest.mark.parametrize(
    ("number", "ranks"), [(signal.SIGTERM, [1]), (signal.SIGUSR1, [0]), (signal.SIGTERM, [0, 1, 0, 1])]
)
def test_a_run_that_is_asked_to_leave_saves_and_goes_on(nursery, settings, undisturbed, tmp_path, number, ranks):
    folder = tmp_path / "run"
    run = [settings, f"run.folder={folder}", "training.checkpoint_every=none"]
    row = {"rank": 0, "folder": str(folder), "event": "open", "part": "history.jsonl", "nth": 4}
    ended = nursery.run(*run, doom=row | {"number": number, "to": ranks})
    assert ended.statuses == [STOPPED, STOPPED] == [75, 75], ended.said
    outcome, (saved,) = read_outcome(folder), all_sharded_checkpoints(folder)
    assert outcome == {"outcome": "stopped", "step": len(losses(folder)), "checkpoint": str(saved)}
    assert len(losses(folder)) in (3, 4), "the step that was under way came to its end"
    assert f"asked to leave: saved as {saved}" in ended.out[0]
    assert nursery.run(*run).statuses == [0, 0]
    assert losses(folder) == losses(undisturbed) and state(folder) == state(undisturbed)


def test_a_run_that_is_asked_before_its_first_step_leaves_at_once(nursery, settings, tmp_path):
    learn = {"rank": 0, "function": "llmcourse.tokenization:BPETokenizer.train", "seconds": 30}
    job = nursery.start(settings, f"run.folder={tmp_path / 'run'}", drag=learn)
    job.wait_for_call()
    job.kill([0, 1], signal.SIGTERM)
    ended = job.wait()
    assert ended.statuses == [STOPPED, STOPPED], ended.said
    assert read_outcome(tmp_path / "run") == {"outcome": "stopped"} and not (tmp_path / "run/tokenizer.json").exists()


# A folder that another run writes to.


def test_two_runs_that_start_at_the_same_moment_in_one_folder(nursery, settings, undisturbed, tmp_path):
    run = [settings, f"run.folder={tmp_path / 'run'}", f"data.folder={tmp_path / 'data'}"]
    ended = [job.wait() for job in [nursery.start(*run) for _ in range(2)]]
    won, lost = sorted(ended, key=lambda one: one.statuses)
    assert won.statuses == [0, 0] and all(lost.statuses), won.said + lost.said
    assert f"{tmp_path / 'run'} is being written to by process" in lost.err[0]
    assert losses(tmp_path / "run") == losses(undisturbed)


def test_ranks_whose_launcher_is_gone_keep_their_folder_until_they_end(nursery, settings, tmp_path):
    run = [settings, f"run.folder={tmp_path / 'run'}", *LONG]
    job = nursery.start(*run)
    job.wait_until(row_is_written(tmp_path / "run", 1), "no row came")
    first, *_, launcher = job.pids()
    job.kill([-1])
    try:
        ended = nursery.run(*run)
        assert ended.status == 1 and f"is being written to by process {first} on" in ended.err[0], ended.said
    finally:
        job.kill([0, 1])


# Losses that are no numbers.


def test_a_loss_that_is_no_number_ends_the_run(nursery, settings, tmp_path):
    folder = tmp_path / "run"
    grows = ["training.lr=1e30", "training.skip_not_finite=2", "training.checkpoint_every=1"]
    ended = nursery.run(settings, f"run.folder={folder}", *grows)
    assert ended.status == 1, ended.said
    outcome = read_outcome(folder)
    assert outcome["outcome"] == "failed" and outcome["why"] in ended.err[0]
    step, saved = outcome["step"], all_sharded_checkpoints(folder)[-1]
    assert saved.name == f"step-{step:08d}", "two steps were left out, and then no more"
    assert f"the loss of step {step} is" in ended.err[0] and f"the last good checkpoint is {saved}" in ended.err[0]
    assert [row.get("skipped", 0) for row in read_history(folder)][-2:] == [1, 1], ended.said


# Ranks that hang.


def test_a_rank_that_has_stopped_is_noticed_by_the_others(nursery, settings, tmp_path):
    folder = tmp_path / "run"
    job = nursery.start(settings, f"run.folder={folder}", *LONG, "run.timeout_s=4")
    job.wait_until(lambda: all_sharded_checkpoints(folder), "no checkpoint came")
    job.kill([1], signal.SIGSTOP)
    ended = job.wait()
    last = all_sharded_checkpoints(folder)[-1]
    assert ended.statuses == [HUNG, -9], ended.said
    assert "no step for" in ended.err[0] and f"the last good checkpoint is {last}" in ended.err[0]
