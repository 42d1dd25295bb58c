"""The settings of a run: read, changed, refused by name, and read back as they were written."""

from __future__ import annotations

import copy
import json

import pytest

from llmcourse.pretrain.settings.config import ConfigError, changes, load, parse, read_run, write_run
from tests.pretrain import CONFIGS, SMALL


def settings(**sections):
    fields = copy.deepcopy(SMALL)
    for name, values in sections.items():
        fields[name] = {**fields.get(name, {}), **values}
    return fields


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_what_is_written_is_read_back(path, tmp_path):
    config = load(path)
    write_run(config, tmp_path)
    assert read_run(tmp_path) == config
    assert changes(config, read_run(tmp_path)) == []


def test_a_derived_size_follows_from_what_is_changed_later(tmp_path):
    write_run(parse(settings()), tmp_path)
    text = (tmp_path / "run.toml").read_text()
    assert "d_head" not in text
    assert load(tmp_path / "run.toml", ["model.d_model=64"]).model.d_head == 32


def test_fields_are_changed_from_the_command_line(tmp_path):
    write_run(parse(settings()), tmp_path)
    config = load(
        tmp_path / "run.toml",
        ["training.lr=3e-4", "run.folder=elsewhere", "data.sources.0.weight=2", "training.betas=[0.8, 0.9]",
         "training.clip_norm=none", 'evaluation.prompt="class "', "model.experts.top_k=1"],
    )  # fmt: skip
    assert (config.training.lr, config.run.folder, config.data.sources[0].weight) == (3e-4, "elsewhere", 2)
    assert (config.training.betas, config.evaluation.prompt) == ((0.8, 0.9), "class ")
    assert config.experts.top_k == 1


REFUSED = {
    "an unknown section": ({"trainnig": {}}, "'trainnig' is no section; did you mean 'training'?"),
    "an unknown field": ({"training": {"warm_up_steps": 1}}, "'training.warm_up_steps' is no field; did you mean"),
    "an unknown field of experts": ({"model": {"experts": {"n_expert": 4}}}, "did you mean 'n_experts'?"),
    "a feed-forward network": ({"model": {"feed_forward": 1}}, r"the section \[model.experts\]"),
    "a field that is missing": ({"model": {"experts": {"n_experts": 4}}}, "model.experts.d_expert is missing"),
    "a value of another kind": ({"training": {"steps": "ten"}}, "training.steps is 'ten'; it must be a whole number"),
    "a true number": ({"data": {"seq_len": True}}, "data.seq_len is True; it must be a whole number"),
    "a value out of range": ({"training": {"lr": -1.0}}, r"\[training\] lr is -1.0; it must be"),
    "no source": ({"data": {"sources": []}}, r"\[data\] sources is empty"),
    "a source twice": ({"data": {"sources": 2 * [{"name": "a", "corpus": "toy"}]}}, "the name 'a' is there twice"),
    "a source without text": ({"data": {"sources": [{"name": "a"}]}}, r"\[data.sources\[0\]\] corpus is None, files"),
    "an unknown corpus": ({"data": {"sources": [{"name": "a", "corpus": "webb"}]}}, "corpus is 'webb'; it must be one"),
    "a tokenizer that is too large": ({"tokenizer": {"vocab_size": 4000}}, "tokenizer.vocab_size is 4000; it must be"),
    "micro-batches": ({"training": {"grad_accum_steps": 3}}, "data.batch_size is 8; it must be a multiple of"),
    "positions": (
        {"model": {"positions": "learned", "max_seq_len": 8}}, "data.seq_len is 16; it must be at most model.max"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_told_by_name(case):
    changed, message = REFUSED[case]
    with pytest.raises(ConfigError, match=message):
        parse(settings(**changed))


@pytest.mark.parametrize(
    "override, message",
    [
        ("training.lr", "it must be section.field=value"),
        ("lr=1", "it must be section.field=value"),
        ("data.sources.3.weight=1", "one of 1, by a number from 0"),
        ("training.steps.more=1", "as steps is"),
        ("training.stps=1", "did you mean 'steps'"),
    ],
)
def test_a_change_of_nothing_is_refused(tmp_path, override, message):
    write_run(parse(settings()), tmp_path)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path / "run.toml", [override])


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nowhere.toml")
    (tmp_path / "a.toml").write_text("[run\n")
    with pytest.raises(ConfigError, match="is no TOML"):
        load(tmp_path / "a.toml")


@pytest.mark.parametrize(
    "parallel, n_ranks, message",
    [
        ({"expert_ranks": 3}, 3, "parallel.expert_ranks is 3; it must divide model.experts.n_experts, 4"),
        ({"replicas": 2, "expert_ranks": 2}, 2, "their product, 4, must divide the 2 ranks"),
        ({}, 3, "data.batch_size is 8; it must be a multiple of 3"),
    ],
)
def test_ranks_that_cannot_share_the_work_are_refused(parallel, n_ranks, message):
    with pytest.raises(ConfigError, match=message):
        parse(settings(parallel=parallel)).require_ranks(n_ranks)


def test_experts_are_not_spread_where_there_are_none():
    fields = settings(parallel={"expert_ranks": 2})
    del fields["model"]["experts"]
    with pytest.raises(ConfigError, match="it must be 1 for a model without"):
        parse(fields).require_ranks(2)


def test_what_decides_a_run_and_what_may_change():
    ours = parse(settings())
    same = {
        "run": {"folder": "other", "timeout_s": 9.0}, "parallel": {"replicas": 2}, "checkpoints": {"keep_last": 5},
        "training": {"grad_accum_steps": 2, "log_every": 7, "eval_every": 3}, "data": {"workers": 4},
    }  # fmt: skip
    assert changes(ours, parse(settings(**same))) == []
    assert changes(ours, parse(settings(training={"lr": 0.5}))) == ["training.lr (0.002 -> 0.5)"]
    assert changes(ours, parse(settings(data={"seed": 3}))) == ["data.seed (0 -> 3)"]
    assert changes(ours, parse(settings(model={"n_layers": 3}))) == ["model.n_layers (2 -> 3)"]


def test_a_plan_becomes_a_run(tmp_path):
    from llmcourse.scaling_laws.plan_file import write_config
    from llmcourse.scaling_laws.planning import plan

    write_config(plan(gpus=8, gpu="h100", hours=24, moe=True), tmp_path / "plan.json")
    with pytest.raises(ConfigError, match="sources is empty"):
        load(tmp_path / "plan.json")
    planned = json.loads((tmp_path / "plan.json").read_text())
    config = load(tmp_path / "plan.json", ['data.sources=[{name="web", corpus="fineweb-edu"}]'])
    assert config.training.steps == planned["training"]["steps"]
    assert config.data.batch_size == planned["data"]["batch_size"]
    assert config.experts.n_experts == planned["model"]["feed_forward"]["n_experts"]
    config.require_ranks(8)
