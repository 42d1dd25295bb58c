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
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from llmcourse.data import Batch, pack_documents
from llmcourse.training import NonFiniteLossError, TrainingConfig, split_batch, train, train_step
from llmcourse.training.checkpoint import (
    CheckpointError,
    all_checkpoints,
    latest_checkpoint,
    load_checkpoint,
    restore,
    save_checkpoint,
)
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


class Wandb(types.ModuleType):
    """What a history asks of the package, noted."""

    def __init__(self):
        super().__init__("wandb")
        self.begun, self.logged, self.ended = [], [], 0

    def init(self, **asked):
        self.begun.append(asked)
        return self

    def log(self, values, step):
        self.logged.append((step, values))

    def finish(self):
        self.ended += 1


def test_weights_and_biases_gets_the_same_numbers(make_model, batches, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", told := Wandb())
    rows = run(make_model(), batches, dataclasses.replace(CONFIG, wandb=True), folder=tmp_path / "a run")
    assert [asked["id"] for asked in told.begun] == ["a run"] and told.ended == 1
    merged = {}
    for step, values in told.logged:
        merged.setdefault(step, {}).update(values)
    assert merged == {row["step"]: {k: v for k, v in row.items() if k != "step"} for row in rows}
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ModuleNotFoundError, match="pip install wandb"):
        History(tmp_path, wandb=True)
    with pytest.raises(ValueError, match="folder is None; it must be a folder, as wandb is True"):
        History(None, wandb=True)


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


# What was written is read back.


def test_a_run_with_numbers_of_numpy_goes_on_from_its_checkpoint(make_model, batches, tmp_path):
    numbers = {"steps": np.int64(20), "lr": np.geomspace(1e-4, 3e-3, 3)[-1], "seed": np.arange(3)[2]}
    config = dataclasses.replace(CONFIG, **numbers, betas=np.array([0.9, 0.95]).tolist(), checkpoint_every=5)
    want = run(make_model(), batches, config)
    with pytest.raises(Stopped):
        run(make_model(), StopAt(batches, 12), config, folder=tmp_path)
    assert losses(run(make_model(1), batches, config, folder=tmp_path)) == losses(want)


def test_an_optimizer_with_a_rate_of_numpy_leaves_a_checkpoint_that_can_be_read(make_model, batches, tmp_path):
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=np.float64(1e-3), betas=(np.float64(0.5), 0.75))
    run(model, batches, CONFIG, optimizer=optimizer, folder=tmp_path)
    assert load_checkpoint(latest_checkpoint(tmp_path))["optimizer"]["param_groups"][0]["betas"] == (0.5, 0.75)


def test_a_setting_that_could_not_be_read_back_is_refused_before_anything_is_written(make_model, tmp_path):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"config\['folder'\] is .*; it must be made of numbers"):
        save_checkpoint(tmp_path, np.int64(1), model, optimizer, {"lr": np.float32(0.5), "folder": tmp_path})
    assert not list(tmp_path.iterdir())
    path = save_checkpoint(tmp_path, np.int64(1), model, optimizer, {"lr": np.float32(0.5)})
    assert load_checkpoint(path)["config"] == {"lr": 0.5} and load_checkpoint(path)["step"] == 1


def compiled(model):
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize(("first", "second"), [(compiled, lambda model: model), (lambda model: model, compiled)])
def test_a_compiled_run_goes_on_as_a_plain_one_and_the_other_way_round(make_model, batches, tmp_path, first, second):
    config = dataclasses.replace(CONFIG, checkpoint_every=6, eval_every=5)
    want = run(make_model(), batches, config, validation=batches)
    with pytest.raises(Stopped):
        run(first(make_model()), StopAt(batches, 8), config, validation=batches, folder=tmp_path)
    assert all("_orig_mod" not in name for name in load_checkpoint(latest_checkpoint(tmp_path))["model"])
    got = run(second(make_model(seed=9)), batches, config, validation=batches, folder=tmp_path)
    assert losses(got) == pytest.approx(losses(want), abs=1e-5)


def test_a_checkpoint_fits_a_model_of_which_a_part_is_compiled(make_model, tmp_path):
    model, other = make_model(), make_model(seed=1)
    model.blocks[0] = compiled(model.blocks[0])
    path = save_checkpoint(tmp_path, 1, model, torch.optim.SGD(model.parameters(), lr=0.1), {})
    other.blocks[1] = compiled(other.blocks[1])
    restore(load_checkpoint(path), other)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters()))


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def fill_with_zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


DAMAGES = [cut, fill_with_zeros, lambda path: path.write_bytes(b""), lambda path: torch.save({"step": 3}, path)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_goes_on(make_model, batches, tmp_path, damage):
    config = dataclasses.replace(CONFIG, checkpoint_every=6)
    want = run(make_model(), batches, config)
    with pytest.raises(Stopped):
        run(make_model(), StopAt(batches, 15), config, folder=tmp_path)
    older, newest = all_checkpoints(tmp_path)
    damage(newest)
    with pytest.warns(UserWarning, match=rf"{newest.name}.*goes on from .*{older.name}"):
        got = run(make_model(seed=3), batches, config, folder=tmp_path)
    assert losses(got) == losses(want) == losses(read_history(tmp_path))
    assert [path.name for path in all_checkpoints(tmp_path)] == ["step-00000018.pt", "step-00000020.pt"]
    assert newest.with_name("step-00000012.pt.damaged").exists()


def test_a_run_whose_checkpoints_are_all_damaged_is_not_started_afresh(make_model, batches, tmp_path):
    run(make_model(), batches, dataclasses.replace(CONFIG, checkpoint_every=15), folder=tmp_path)
    history = read_history(tmp_path)
    paths = all_checkpoints(tmp_path)
    for path in paths:
        cut(path)
    with pytest.raises(CheckpointError, match=r"step-00000020\.pt.*step-00000015\.pt.*another folder"):
        run(make_model(), batches, dataclasses.replace(CONFIG, checkpoint_every=15), folder=tmp_path)
    assert read_history(tmp_path) == history and all_checkpoints(tmp_path) == paths


def test_a_flipped_bit_in_a_checkpoint_is_found(tmp_path):
    path = tmp_path / "step-00000001.pt"
    torch.save({"step": 1, "config": {}, "model": {"w": torch.ones(5000)}, "optimizer": {}}, path)
    data = bytearray(path.read_bytes())
    at = data.index(b"\0\0\x80\x3f" * 50) + 400
    data[at] ^= 64
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match=r"step-00000001\.pt is damaged: its part .* is not what was written"):
        load_checkpoint(path)


def test_what_claims_to_be_later_does_not_push_out_what_was_just_written(make_model, tmp_path):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    later = save_checkpoint(tmp_path, 20, model, optimizer, {})
    path = save_checkpoint(tmp_path, 12, model, optimizer, {}, keep=1)
    assert path.exists() and later.exists()


@pytest.mark.parametrize("torn", ['{"step": 3, "lo', "\0" * 40, "\0" * 40 + "\n", '\0\0{"step": 3, "loss": 1.5}\n'])
def test_a_history_that_a_power_cut_left_half_written_is_read_as_far_as_it_goes(tmp_path, torn):
    lines = '{"step": 1, "loss": 3.5}\n{"step": 2, "loss": 2.5}\n'
    (tmp_path / "history.jsonl").write_text(lines + torn)
    rows = [{"step": 1, "loss": 3.5}, {"step": 2, "loss": 2.5}, {"step": 3, "loss": 1.5}]
    assert read_history(tmp_path) == rows[: 3 if "1.5" in torn else 2]


@pytest.mark.parametrize("line", [b"loss", b"[1]", b'{"loss": 2.5}', b'{"step": "2"}', b"\xff\xfe"])
def test_a_line_of_the_history_that_is_no_row_is_named(tmp_path, line):
    (tmp_path / "history.jsonl").write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 3}\n')
    with pytest.raises(ValueError, match=r"line 2 of .*history\.jsonl is .*; it must be a JSON object with a step"):
        read_history(tmp_path)


# Nothing is lost when looking fails.


class Broken(Exception):
    pass


def breaks(model):
    model.eval()
    raise Broken


@pytest.mark.parametrize("every", [None, 10])
def test_a_run_whose_last_sample_fails_is_kept_and_the_sample_made_up_for(make_model, batches, tmp_path, every):
    config = dataclasses.replace(CONFIG, sample_every=20, eval_every=10, checkpoint_every=every)
    model = make_model()
    with pytest.raises(Broken):
        run(model, batches, config, validation=batches, sample=breaks, folder=tmp_path)
    assert all(module.training for module in model.modules())
    assert latest_checkpoint(tmp_path).name == "step-00000020.pt"
    assert [row["step"] for row in read_history(tmp_path)] == list(range(1, 21))
    want = run(make_model(), batches, config, validation=batches, sample=lambda model: "a text")
    got = run(
        make_model(5), StopAt(batches, 0), config, validation=batches, sample=lambda model: "a text", folder=tmp_path
    )
    for row, other in zip(got, want, strict=True):
        assert row | {"tokens_per_second": 0} == other | {"tokens_per_second": 0}
    assert read_history(tmp_path) == got


class EndsAt:
    """Validation batches of which one cannot be read."""

    def __init__(self, batches):
        self.batches, self.fails = batches, True

    def __len__(self):
        return 1

    def __getitem__(self, k):
        if self.fails:
            raise Broken
        return self.batches.batch(k)


def test_a_run_whose_evaluation_fails_keeps_its_checkpoint_and_evaluates_when_it_goes_on(make_model, batches, tmp_path):
    model, validation = make_model(), EndsAt(batches)
    config = dataclasses.replace(CONFIG, eval_every=8, checkpoint_every=8)
    with pytest.raises(Broken):
        run(model, batches, config, validation=validation, folder=tmp_path)
    assert latest_checkpoint(tmp_path).name == "step-00000008.pt"
    assert all(module.training for module in model.modules())
    validation.fails = False
    got = run(make_model(seed=4), batches, config, validation=validation, folder=tmp_path)
    want = run(make_model(), batches, config, validation=validation)
    assert losses(got) == losses(want)
    assert [row.get("val_loss") for row in got] == [row.get("val_loss") for row in want]


def test_validation_that_holds_nothing_is_refused_before_the_first_step(make_model, batches, tmp_path):
    with pytest.raises(ValueError, match="0"):
        run(make_model(), StopAt(batches, 0), CONFIG, validation=[], folder=tmp_path)
    with pytest.raises(TypeError, match=r"batches is one Batch; it must be a list"):
        run(make_model(), StopAt(batches, 0), CONFIG, validation=batches.batch(0), folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_packed_rows_can_be_cut_and_trained_on(make_model):
    packed = pack_documents([[1, 2, 3, 4, 5], [6, 7, 8]] * 8, seq_len=16)

    class Source:
        def batch(self, step):
            return packed

    rows = run(make_model(), Source(), dataclasses.replace(CONFIG, grad_accum_steps=2))
    assert rows[-1]["loss"] < rows[0]["loss"]
    parts = split_batch(packed, 2)
    assert all(torch.equal(torch.cat(column), whole) for column, whole in zip(zip(*parts), packed))
