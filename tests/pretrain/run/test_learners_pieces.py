"""A learner's pieces in whole runs: they run in every rank, and one that is wrong is named, and holds nobody up.

The learner has written three pieces, which do what an environment variable says: what is right, or on the second rank,
from some call on, what is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmcourse.distributed.sharded_checkpoint import all_sharded_checkpoints
from llmcourse.pretrain.safety.folder import read_outcome
from llmcourse.pretrain.safety.watchdog import HUNG
from llmcourse.training.history import read_history
from tests.pretrain.ranks import ROOT, Nursery, losses, state

pytestmark = [pytest.mark.xdist_group("pretrain"), pytest.mark.timeout(300)]

MISCHIEF = """
    import os, signal, time
    from pathlib import Path
    asked, rank = os.environ.get("MISCHIEF", ""), int(os.environ.get("RANK", "0"))
    if folder := os.environ.get("USED"):
        Path(folder, f"{NAME.__name__}.{rank}").touch()
    NAME.calls = getattr(NAME, "calls", 0) + 1
    is_time = rank == 1 and NAME.calls == int(os.environ.get("CALL", "5"))
"""
PIECES = {
    "llmcourse.moe.routing:top_k_gate": """
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    MISCHIEF
    if asked == "raises" and is_time:
        raise RuntimeError("there is no best expert")
    if asked == "sleeps" and is_time:
        time.sleep(1000)
    if asked == "dies" and is_time and os.environ.get("TORCHELASTIC_RESTART_COUNT") == "0":
        os.kill(os.getpid(), signal.SIGKILL)
    scores_SE = logits_SE.float().softmax(-1)
    ranked_SE = scores_SE.detach() + (0 if bias_E is None else bias_E)
    if asked == "leaves out":
        ranked_SE[:, 2:] -= 100
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[:, :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    weights_SK = weights_SK / weights_SK.sum(-1, keepdim=True)
    return Routing(experts_SK, weights_SK * (float("nan") if asked == "blows up" and is_time else scale))
""",
    "llmcourse.moe.balance:update_bias": """
def update_bias(bias_E, counts_E, rate):
    MISCHIEF
    counts_E = counts_E.double()
    own = 0.001 * rank if asked == "differs" else 0
    return bias_E + own + rate * (counts_E.mean() - counts_E).sign().to(bias_E.dtype)
""",
    "llmcourse.pretrain.data.mixture:rank_rows": """
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    of_rank = rank
    MISCHIEF
    if asked == "reads nothing" and is_time:
        raise OSError("the disk with the text is gone")
    size = batch_size // n_ranks // n_micro_batches
    first = step * batch_size + of_rank * n_micro_batches * size
    return [(first + i * size, first + i * size + size) for i in range(n_micro_batches)]
""",
}


def section(target: str) -> str:
    """What a workspace keeps of a piece."""
    body = PIECES[target].replace("\n    MISCHIEF\n", MISCHIEF).replace("NAME", target.partition(":")[2])
    return f"# %%build {target}{body}"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The learner's."""
    folder = tmp_path_factory.mktemp("learner")
    for target in PIECES:
        module = target.partition(":")[0].split(".")[1:]
        path = folder.joinpath("my-llmcourse", *module).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(section(target))
    return folder


@pytest.fixture(scope="module")
def learners(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """What starts runs in which the learner's pieces take part."""
    with Nursery(tmp_path_factory.mktemp("learners-jobs"), workspace) as started:
        yield started


def test_under_torchrun_they_run_in_every_rank_and_a_killed_run_starts_again(
    workspace: Path, settings: Path, undisturbed: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=1"]
    command += ["-m", "llmcourse.pretrain", str(settings), f"run.folder={tmp_path / 'run'}", "--quiet"]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "MISCHIEF": "dies", "CALL": "14",
           "USED": str(tmp_path), "LLMCOURSE_WORKSPACE": str(workspace)}  # fmt: skip
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"code     3 pieces are yours: {', '.join(sorted(PIECES))}") == 2, done.stdout
    assert "goes on after step" in done.stdout
    used = {f"{target.partition(':')[2]}.{rank}" for target in PIECES for rank in range(2)}
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == used
    assert losses(tmp_path / "run") == losses(undisturbed) and state(tmp_path / "run") == state(undisturbed)


@pytest.mark.parametrize(
    ("mischief", "told"),
    [
        ("raises", "in your piece llmcourse.moe.routing:top_k_gate: RuntimeError: there is no best expert"),
        (
            "reads nothing",
            "in your piece llmcourse.pretrain.data.mixture:rank_rows: OSError: the disk with the text is",
        ),
    ],
)
def test_a_piece_that_fails_is_named_and_nothing_is_lost(learners, settings, undisturbed, tmp_path, mischief, told):
    folder = tmp_path / "run"
    run = [settings, f"run.folder={folder}"]
    ended = learners.run(*run, MISCHIEF=mischief, CALL="7")
    assert ended.status == 1 and ended.seconds < 60, ended.said
    assert f"error: rank 1 failed {told}" in ended.err[1], ended.said
    saved = all_sharded_checkpoints(folder)[-1]
    assert f"the last good checkpoint is {saved}" in ended.err[1]
    assert "rank 0 has lost another one" in ended.err[0] or "rank 0 failed" not in ended.err[0], ended.err[0]
    assert learners.run(*run).statuses == [0, 0]
    assert losses(folder) == losses(undisturbed)


def test_a_piece_that_hangs_is_named(learners, settings, tmp_path):
    folder = tmp_path / "run"
    patience = ["run.timeout_s=4", "training.checkpoint_every=1"]
    ended = learners.run(settings, f"run.folder={folder}", *patience, MISCHIEF="sleeps", CALL="7")
    assert ended.status == HUNG, ended.said
    assert "this rank stands in your piece llmcourse.moe.routing:top_k_gate" in ended.err[1], ended.said
    assert f"the last good checkpoint is {all_sharded_checkpoints(folder)[-1]}" in ended.err[1]
    assert "no step for" not in ended.err[0], "the rank that waits is not the one to look at"


def test_a_step_that_is_no_number_is_left_out(learners, settings, tmp_path):
    folder = tmp_path / "run"
    run = [settings, f"run.folder={folder}", "training.log_every=2"]
    ended = learners.run(*run, "training.skip_not_finite=1", MISCHIEF="blows up", CALL="9")
    assert ended.statuses == [0, 0], ended.said
    rows = read_history(folder)
    assert sum(row.get("skipped", 0) for row in rows) == 1 and rows[-1]["step"] == 12
    assert read_outcome(folder)["outcome"] == "finished"
    ended = learners.run(settings, f"run.folder={tmp_path / 'other'}", MISCHIEF="blows up", CALL="9")
    assert ended.status == 1 and read_outcome(tmp_path / "other")["outcome"] == "failed", ended.said


def test_values_that_differ_between_ranks_are_not_saved_under_one_name(learners, settings, tmp_path):
    ended = learners.run(settings, f"run.folder={tmp_path / 'run'}", MISCHIEF="differs")
    assert ended.status == 1, ended.said
    assert "bias is not the same on rank 0 and rank 1" in ended.err[0] and "there is no checkpoint" in ended.err[0]


def test_experts_that_no_token_ever_meets_can_be_resumed(learners, settings, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run = [settings, "parallel.expert_ranks=2", "model.experts.bias_rate=0.0"]
    assert learners.run(*run, f"run.folder={whole}", MISCHIEF="leaves out").statuses == [0, 0]
    saving = {"rank": 0, "folder": str(parts), "event": "os.rename", "part": ".step-00000006", "nth": 1, "to": [1, 0]}
    assert learners.run(*run, f"run.folder={parts}", doom=saving, MISCHIEF="leaves out").statuses == [-9, -9]
    ended = learners.run(*run, f"run.folder={parts}", MISCHIEF="leaves out")
    assert ended.statuses == [0, 0] and "goes on after step" in ended.out[0], ended.said
    assert [row["dead_experts"] for row in read_history(whole)] == [4] * 12, "two in each layer"
    assert losses(parts) == losses(whole) and state(parts) == state(whole)
