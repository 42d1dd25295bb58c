"""The loop: it learns, it does not depend on how a batch is cut, it resumes exactly, and it stops at a NaN."""

import copy
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest
import torch
import torch.nn.functional as F

from llmcourse.data import Batch
from llmcourse.training import NonFiniteLossError, TrainingConfig, split_batch, train, train_step
from llmcourse.training.checkpoint import latest_checkpoint, load_checkpoint, restore, save_checkpoint
from llmcourse.training.history import History, read_history

CONFIG = TrainingConfig(steps=20, lr=3e-3, warmup_steps=2)


class Stopped(Exception):
    pass


class StopAt:
    """Batches that end the process's patience at one step."""

    def __init__(self, batches, step):
        self.batches, self.last = batches, step

    def batch(self, step):
        if step == self.last:
            raise Stopped
        return self.batches.batch(step)


def run(model, batches, config, **kwargs):
    return train(model, batches, config, progress=False, **kwargs)


def losses(rows):
    return [row["loss"] for row in rows]


def test_training_learns_and_reports_every_step(make_model, batches):
    rows = run(make_model(), batches, dataclasses.replace(CONFIG, steps=60), validation=batches)
    assert [row["step"] for row in rows] == list(range(1, 61))
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.5
    assert set(rows[-1]) == {"step", "loss", "lr", "grad_norm", "tokens_per_second", "val_loss"}
    assert all(row["tokens_per_second"] > 0 for row in rows)


def test_the_history_holds_the_rate_that_was_used_also_of_another_optimizer(make_model, batches):
    model = make_model()
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.SGD([{"params": matrices, "lr": 0.25}, {"params": rest}], lr=0.5)
    rows = run(model, batches, CONFIG, optimizer=optimizer)
    schedule = CONFIG.make_schedule()
    assert [row["lr"] for row in rows] == [0.5 * schedule(step) for step in range(CONFIG.steps)]
    assert optimizer.param_groups[0]["lr"] == 0.25 * schedule(CONFIG.steps - 1)
    rows = run(make_model(), batches, CONFIG)
    assert [row["lr"] for row in rows] == [CONFIG.lr * schedule(step) for step in range(CONFIG.steps)]


def test_one_run_equals_a_loop_written_with_torch_alone(make_model, batches):
    config = dataclasses.replace(CONFIG, schedule="linear", min_lr_ratio=0.0, weight_decay=0.0, clip_norm=0.5)
    ours, theirs = make_model(), make_model()
    got = losses(run(ours, batches, config))
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=config.lr, betas=config.betas, weight_decay=0.0)
    want = []
    for step in range(config.steps):
        factor = (step + 1) / 3 if step < 2 else 1 - (step - 2) / 18
        optimizer.param_groups[0]["lr"] = config.lr * factor
        batch = batches.batch(step)
        loss = F.cross_entropy(theirs(batch.inputs).flatten(0, 1), batch.targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        optimizer.step()
        want.append(loss.item())
    assert got == pytest.approx(want, abs=1e-4)


@pytest.mark.parametrize("n_parts", [2, 4, 8])
def test_cutting_a_batch_changes_nothing_but_the_memory(make_model, batches, n_parts):
    whole = run(make_model().double(), batches, CONFIG)
    cut = run(make_model().double(), batches, dataclasses.replace(CONFIG, grad_accum_steps=n_parts))
    assert losses(cut) == pytest.approx(losses(whole), abs=1e-9)


def test_rows_that_cannot_be_cut_are_refused_with_both_numbers(batches):
    with pytest.raises(ValueError, match="grad_accum_steps is 3; .* 8 rows"):
        split_batch(batches.batch(0), 3)


def test_documents_are_cut_with_their_rows():
    ids = torch.arange(8).reshape(4, 2)
    parts = split_batch(Batch(ids, ids + 1, ids * 0 + torch.arange(4)[:, None]), 2)
    assert [part.documents.tolist() for part in parts] == [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]


@pytest.mark.parametrize("optimizer", ["adamw", "muon", "sgd"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(make_model, batches, tmp_path, optimizer, precision):
    config = dataclasses.replace(CONFIG, optimizer=optimizer, precision=precision, checkpoint_every=6, eval_every=5)
    whole = make_model(dropout=0.1)
    want = run(whole, batches, config, validation=batches)
    with pytest.raises(Stopped):
        run(make_model(dropout=0.1), StopAt(batches, 15), config, validation=batches, folder=tmp_path)
    resumed = make_model(seed=99, dropout=0.1)
    got = run(resumed, batches, config, validation=batches, folder=tmp_path)
    assert losses(got) == losses(want)
    assert [row.get("val_loss") for row in got] == [row.get("val_loss") for row in want]
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), whole.parameters()))
    assert losses(read_history(tmp_path)) == losses(want)


def test_a_run_that_is_killed_goes_on_as_if_nothing_had_happened(make_model, batches, tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sys
        import numpy as np, torch
        torch.set_num_threads(1)
        from llmcourse.data import Batches
        from llmcourse.model import ModelConfig, Transformer
        from llmcourse.training import TrainingConfig, train
        class Deadly(Batches):
            def batch(self, step):
                if step == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().batch(step)
        torch.manual_seed(0)
        model = Transformer(ModelConfig(16, 32, 2, 2, 16, dropout=0.1))
        tokens = np.arange(2000) % 16
        config = TrainingConfig(steps=12, lr=1e-3, checkpoint_every=3)
        rows = train(model, Deadly(tokens, 16, 8), config, folder=sys.argv[1], progress=False)
        print([row["loss"].hex() for row in rows])
        """
    )

    def start(folder, last):
        arguments = [sys.executable, "-c", script, str(folder), str(last)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.run(arguments, check=False, capture_output=True, text=True, env=environment)

    killed = start(tmp_path / "a", 8)
    assert killed.returncode == -signal.SIGKILL
    (tmp_path / "a" / "checkpoints" / "step-00000009.unfinished").write_bytes(b"half a file")
    with open(tmp_path / "a" / "history.jsonl", "a") as file:
        file.write('{"step": 9, "lo')
    assert [row["step"] for row in read_history(tmp_path / "a")] == list(range(1, 9))
    resumed, whole = start(tmp_path / "a", -1), start(tmp_path / "b", -1)
    assert resumed.stdout == whole.stdout != ""


def test_a_finished_run_gives_its_history_and_does_nothing(make_model, batches, tmp_path):
    want = run(make_model(), batches, CONFIG, folder=tmp_path)
    assert run(make_model(seed=1), StopAt(batches, 0), CONFIG, folder=tmp_path) == want


def test_a_folder_of_another_run_is_refused(make_model, batches, tmp_path):
    run(make_model(), batches, CONFIG, folder=tmp_path)
    with pytest.raises(ValueError, match=r"lr \(0.003 -> 0.1\)"):
        run(make_model(), batches, dataclasses.replace(CONFIG, lr=0.1), folder=tmp_path)
    run(make_model(), batches, dataclasses.replace(CONFIG, log_every=5), folder=tmp_path)


class Poisoned:
    """Batches one of which is marked, and a model's hook that turns its loss into something not finite."""

    def __init__(self, batches, step, value):
        self.batches, self.step, self.value, self.now = batches, step, value, None

    def batch(self, step):
        self.now = step
        return self.batches.batch(step)

    def hook(self, module, args, logits):
        return logits * self.value if self.now == self.step else logits


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_step_batch_and_last_good_checkpoint(make_model, batches, tmp_path, value):
    poisoned, model = Poisoned(batches, 13, value), make_model()
    model.register_forward_hook(poisoned.hook)
    config = dataclasses.replace(CONFIG, checkpoint_every=5)
    with pytest.raises(NonFiniteLossError, match=r"step 13.*batches\.batch\(13\).*step-00000010\.pt") as caught:
        run(model, poisoned, config, folder=tmp_path)
    assert caught.value.step == 13
    assert torch.equal(caught.value.batch.inputs, batches.batch(13).inputs)
    assert caught.value.checkpoint == latest_checkpoint(tmp_path)
    good = make_model()
    run(good, batches, dataclasses.replace(config, steps=20), folder=None)
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    assert len(read_history(tmp_path)) == 13


def test_without_a_folder_the_error_says_that_nothing_was_saved(make_model, batches):
    poisoned, model = Poisoned(batches, 0, float("nan")), make_model()
    model.register_forward_hook(poisoned.hook)
    with pytest.raises(NonFiniteLossError, match="there is no checkpoint"):
        run(model, poisoned, CONFIG)


def test_a_step_that_is_not_finite_changes_no_parameter_and_no_state(make_model, batches):
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    train_step(model, optimizer, [batches.batch(0)])
    parameters = copy.deepcopy(model.state_dict())
    state = copy.deepcopy(optimizer.state_dict())
    handle = model.register_forward_hook(lambda module, args, logits: logits * float("nan"))
    result = train_step(model, optimizer, [batches.batch(1)])
    handle.remove()
    assert result.loss != result.loss
    assert all(torch.equal(parameters[name], value) for name, value in model.state_dict().items())
    assert str(optimizer.state_dict()) == str(state)


def test_the_caller_s_random_numbers_are_not_touched(make_model, batches):
    model = make_model(dropout=0.5)
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    run(model, batches, CONFIG, validation=batches)
    assert torch.equal(torch.rand(3), want)


def test_evaluating_and_sampling_do_not_change_what_is_learned(make_model, batches):
    plain = run(make_model(dropout=0.2), batches, CONFIG)
    config = dataclasses.replace(CONFIG, eval_every=3, sample_every=4)
    watched = run(make_model(dropout=0.2), batches, config, validation=batches, sample=lambda model: str(torch.rand(1)))
    assert losses(watched) == losses(plain)
    assert [row["step"] for row in watched if "sample" in row] == [4, 8, 12, 16, 20]


def test_rows_are_logged_as_often_as_asked_and_at_the_end(make_model, batches):
    rows = run(make_model(), batches, dataclasses.replace(CONFIG, log_every=8))
    assert [row["step"] for row in rows] == [8, 16, 20]


def test_bf16_learns_about_as_well_as_fp32(make_model, batches):
    config = dataclasses.replace(CONFIG, steps=60)
    fp32, bf16 = (run(make_model(), batches, dataclasses.replace(config, precision=p)) for p in ("fp32", "bf16"))
    assert fp32[0]["loss"] != bf16[0]["loss"]
    assert losses(bf16) == pytest.approx(losses(fp32), abs=0.1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"warmup_steps": 20}, "warmup_steps is 20"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"precision": "fp16"}, "precision is 'fp16'"),
        ({"schedule": "cosin"}, "cosin"),
        ({"clip_norm": 0.0}, "clip_norm is 0.0"),
        ({"eval_every": 0}, "eval_every is 0"),
        ({"grad_accum_steps": -1}, "grad_accum_steps is -1"),
    ],
)
def test_a_wrong_setting_is_named(change, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        dataclasses.replace(CONFIG, **change)


def test_only_the_newest_checkpoints_are_kept(make_model, tmp_path):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    paths = [save_checkpoint(tmp_path, step, model, optimizer, {}, keep=2) for step in (5, 10, 100)]
    assert [path.exists() for path in paths] == [False, True, True]
    assert latest_checkpoint(tmp_path) == paths[-1]


def test_a_checkpoint_can_be_used_without_an_optimizer(make_model, tmp_path):
    model, other = make_model(), make_model(seed=1)
    path = save_checkpoint(tmp_path, 1, model, torch.optim.SGD(model.parameters(), lr=0.1), {})
    restore(load_checkpoint(path), other)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters()))


def test_tensorboard_gets_the_same_numbers(make_model, batches, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    rows = run(make_model(), batches, dataclasses.replace(CONFIG, tensorboard=True), folder=tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.value for event in events.Scalars("loss")] == pytest.approx(losses(rows), rel=1e-6)


def test_a_missing_tensorboard_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"):
        History(tmp_path, tensorboard=True)


def test_metrics_are_one_json_object_a_line(make_model, batches, tmp_path):
    rows = run(make_model(), batches, CONFIG, folder=tmp_path)
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_the_settings_of_a_model_can_stand_in_a_checkpoint(make_model, tmp_path):
    model = make_model()
    settings = {"model": dataclasses.asdict(model.config), "betas": (0.9, 0.95), "tied": True}
    path = save_checkpoint(tmp_path, 1, model, torch.optim.SGD(model.parameters(), lr=0.1), settings)
    assert load_checkpoint(path)["config"] == settings


def test_a_run_keeps_at_least_one_checkpoint(tmp_path):
    from llmcourse.training.checkpoint import save_checkpoint

    model = torch.nn.Linear(2, 2)
    with pytest.raises(ValueError, match="keep is 0"):
        save_checkpoint(tmp_path, 1, model, torch.optim.SGD(model.parameters(), lr=0.1), {}, keep=0)
    assert not list(tmp_path.iterdir())
