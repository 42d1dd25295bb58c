"""Sharded checkpoints: any number of ranks reads them, and what is not whole is never taken for whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints, all_sharded_checkpoints
from llmcourse.files import CheckpointError
from llmcourse.optim.groups import make_optimizer
from tests.distributed import checkpoint_ranks as ranks

pytestmark = pytest.mark.xdist_group("ranks")


@pytest.fixture(scope="module")
def alone():
    return ranks.run(None, is_sharded=False)


def difference(one: dict, other: dict) -> float:
    assert one["state"].keys() == other["state"].keys()
    return max((value - other["state"][name]).abs().max().item() for name, value in one["state"].items())


@pytest.mark.parametrize("name", ["adamw", "muon", "sgd"])
@pytest.mark.parametrize("in_background", [False, True])
def test_one_process_resumes_bit_for_bit(tmp_path, name, in_background):
    whole = ranks.run(None, is_sharded=False, name=name)
    ranks.run(str(tmp_path), False, steps=5, name=name, in_background=in_background)
    again = ranks.run(str(tmp_path), False, name=name, in_background=in_background)
    assert difference(again, whole) == 0.0
    assert [path.name for path in all_sharded_checkpoints(tmp_path)] == ["step-00000004", "step-00000006"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("before", "after"), [(2, 4), (4, 1), (1, 2)])
def test_a_run_goes_on_with_another_number_of_ranks(tmp_path, alone, before, after):
    def go(n: int, steps: int) -> dict:
        if n == 1:
            return ranks.run(str(tmp_path), False, steps)
        return run_on_ranks(ranks.run, [(str(tmp_path), True, steps, n == 2)] * n, timeout_s=120)[0]

    go(before, 5)
    # Sums in another order; Adam's division by small second moments passes on some digits more.
    assert difference(go(after, 6), alone) < 2e-5


@pytest.mark.timeout(300)
def test_a_save_that_fails_on_one_rank_leaves_the_one_before_and_names_the_rank(tmp_path):
    for told, latest, step, values, names in run_on_ranks(ranks.failing_save, [(str(tmp_path),)] * 2):
        assert told.startswith("could not write ") and "(rank 1: OSError: [Errno 28] No space left" in told
        assert "rank 0" not in told
        assert (latest, step, values, names) == ("step-00000001", 1, [1.0], ["step-00000001"])
    assert len(all_sharded_checkpoints(tmp_path)) == 2


@pytest.mark.timeout(300)
def test_whole_tensors_that_differ_between_ranks_are_refused(tmp_path):
    for told in run_on_ranks(ranks.unlike_ranks, [(str(tmp_path),)] * 2):
        assert told.startswith("model.bias is not the same on rank 0 and rank 1")


def saved(folder: Path, n: int = 2) -> ShardedCheckpoints:
    """Checkpoints of one process after steps 1 to n, whose weights are that number."""
    store = ShardedCheckpoints(folder, keep=5)
    model = nn.Linear(3, 2, bias=False)
    for step in range(1, n + 1):
        nn.init.constant_(model.weight, step)
        store.save(step, model, torch.optim.SGD(model.parameters(), lr=1.0), {"seed": 0, "betas": (0.9, 0.95)})
    return store


def restored(store: ShardedCheckpoints, path: Path) -> float:
    model = nn.Linear(3, 2, bias=False)
    store.restore(path, model, torch.optim.SGD(model.parameters(), lr=1.0))
    return model.weight.unique().item()


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "no metadata", "no run.json"])
def test_a_damaged_checkpoint_is_passed_over_by_name(tmp_path, damage):
    store = saved(tmp_path)
    folder = all_sharded_checkpoints(tmp_path)[-1]
    file = folder / "__0_0.distcp"
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[:-1])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    else:
        (folder / {"no metadata": ".metadata", "no run.json": "run.json"}.get(damage, file.name)).unlink()
    with pytest.warns(UserWarning, match="step-00000002 is (damaged|not whole).* goes on from .*step-00000001"):
        latest = store.latest()
    assert restored(store, latest) == 1.0
    assert not folder.exists() and folder.with_name(".step-00000002.damaged").is_dir()


def test_a_folder_without_a_name_of_its_own_is_no_checkpoint_and_no_whole_one_is_an_error(tmp_path):
    store = saved(tmp_path, 1)
    shutil.copytree(tmp_path / "checkpoints" / "step-00000001", tmp_path / "checkpoints" / ".step-00000009.unfinished")
    assert store.latest().name == "step-00000001"
    (store.latest() / "run.json").write_text("{")
    with pytest.raises(CheckpointError, match="run.json is missing or cut off; to start afresh take another folder"):
        store.latest()
    assert ShardedCheckpoints(tmp_path / "new").latest() is None


def test_a_checkpoint_of_another_model_or_optimizer_is_refused_before_anything_changes(tmp_path):
    store = saved(tmp_path)
    path = store.latest()
    assert store.settings(path) == {"seed": 0, "betas": (0.9, 0.95)}
    for model, told in (
        (nn.Linear(3, 4, bias=False), r"of another model: weight is \(2, 3\) in it and \(4, 3\) in the model"),
        (nn.Linear(3, 2), "of another model: bias is not there in it and"),
    ):
        before = model.weight.detach().clone()
        with pytest.raises(CheckpointError, match="of another"):
            store.restore(path, model, torch.optim.SGD(model.parameters(), lr=1.0))
        assert torch.equal(model.weight, before), told
    model = nn.Linear(3, 4, bias=False)
    with pytest.raises(CheckpointError, match=r"weight is \(2, 3\) in it and \(4, 3\) in the model"):
        store.restore(path, model, torch.optim.SGD(model.parameters(), lr=1.0))


def test_reading_the_state_of_a_fresh_optimizer_does_not_train_it_and_an_idle_expert_stays_without(tmp_path):
    model = nn.ModuleDict({"used": nn.Linear(2, 2), "idle": nn.Linear(2, 2)})
    optimizer = make_optimizer(model, "adamw", lr=0.1, weight_decay=0.1)
    store = ShardedCheckpoints(tmp_path)
    store.save(0, model, optimizer, {})
    assert not optimizer.state
    model["used"](torch.ones(1, 2)).sum().backward()
    optimizer.step()
    path = store.save(1, model, optimizer, {})
    other = nn.ModuleDict({"used": nn.Linear(2, 2), "idle": nn.Linear(2, 2)})
    again = make_optimizer(other, "adamw", lr=0.5, weight_decay=0.1)
    assert store.restore(path, other, again) == 1
    assert again.param_groups[0]["lr"] == 0.1
    assert {id(p) for p in again.state} == {id(p) for p in other["used"].parameters()}
    for ours, theirs in zip(other["used"].parameters(), model["used"].parameters()):
        for key, value in optimizer.state[theirs].items():
            assert torch.equal(torch.as_tensor(again.state[ours][key]), torch.as_tensor(value)), key


def test_threads_that_rehearse_cannot_write_one(tmp_path):
    def build(group: Group) -> None:
        ShardedCheckpoints(tmp_path, group)

    with pytest.raises(RankFailed, match="link is _Threads; it must be of real processes"):
        rehearse(build, [()] * 2)
    with pytest.raises(ValueError, match="keep is 0"):
        ShardedCheckpoints(tmp_path, keep=0)
