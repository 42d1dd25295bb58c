"""One run, the same however it is cut, and after it has been stopped and gone on in another way."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from llmcourse.distributed.fsdp2 import FSDP2
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.sharded_checkpoint import all_sharded_checkpoints
from llmcourse.model.transformer import Transformer
from llmcourse.moe.sharded_experts import ExpertParallel
from llmcourse.pretrain.run.engine import pretrain
from llmcourse.pretrain.run.first_weights import draw_weights
from llmcourse.pretrain.settings.config import ConfigError, parse
from llmcourse.training.history import read_history
from tests.pretrain import SMALL

AGREE = 1e-5


def settings(folder: Path, text: Path, **sections: dict) -> dict:
    fields = copy.deepcopy(SMALL)
    fields["run"]["folder"] = str(folder)
    fields["data"]["folder"] = str(text / "data")
    if (tokenizer := text / "tokenizer.json").exists():
        fields["tokenizer"] = {"file": str(tokenizer)}
    for name, values in sections.items():
        fields[name] = {**fields.get(name, {}), **values}
    return fields


def train(fields: dict, group: Group | None = None) -> list[dict]:
    """On one process, or as one of several."""
    lines: list[str] = []
    outcome = pretrain(parse(fields), group or Group(), progress=False, tell=lines.append)
    return outcome.history


def losses(rows: list[dict], name: str = "loss") -> list[float]:
    return [row[name] for row in rows if name in row]


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """Tokens and a tokenizer that all runs share."""
    folder = tmp_path_factory.mktemp("text")
    train(settings(folder, folder, training={"steps": 1, "warmup_steps": 0}))
    return folder


@pytest.fixture(scope="module")
def alone(text, tmp_path_factory) -> list[dict]:
    """The run of one process, uncut."""
    return train(settings(tmp_path_factory.mktemp("alone"), text))


CUTS = {
    "2 ranks, in shards": (2, {}),
    "2 ranks, experts spread": (2, {"parallel": {"expert_ranks": 2}}),
    "2 x 2, experts spread and in shards": (4, {"parallel": {"expert_ranks": 2}}),
    "2 x 2, replicas of spread experts, compute again": (
        4, {"parallel": {"replicas": 2, "expert_ranks": 2, "recompute": True}}
    ),
    "2 ranks, micro-batches": (
        2, {"parallel": {"expert_ranks": 2}, "training": {**SMALL["training"], "grad_accum_steps": 2}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
def test_losses_do_not_depend_on_how_the_run_is_cut(cut, alone, text, tmp_path):
    n_ranks, sections = CUTS[cut]
    told = run_on_ranks(train, n_ranks * [(settings(tmp_path, text, **sections),)])
    assert all(losses(rows) == losses(told[0]) for rows in told)
    for name in ("loss", "grad_norm", "val_loss", "router_entropy"):
        ours, theirs = losses(told[0], name), losses(alone, name)
        assert len(ours) == len(theirs) > 0
        assert max(abs(a - b) for a, b in zip(ours, theirs)) < AGREE, name


def test_gradients_that_are_accumulated_give_the_same_losses(alone, text, tmp_path):
    rows = train(settings(tmp_path, text, training={**SMALL["training"], "grad_accum_steps": 4}))
    assert max(abs(a - b) for a, b in zip(losses(rows), losses(alone))) < AGREE


def stopped_after(steps: int, fields: dict, group: Group | None = None) -> None:
    """Train for some steps, then be asked to leave."""
    from llmcourse.pretrain.run import monitor

    class Leaving(monitor.Monitor):
        def step_ends(self, done, result):
            super().step_ends(done, result)
            self.is_stopped = done == steps
            return self.is_stopped

    from llmcourse.pretrain.run import engine

    before, engine.Monitor = engine.Monitor, Leaving
    try:
        train(fields, group)
    finally:
        engine.Monitor = before


def first_part(steps: int, fields: dict, group: Group) -> None:
    stopped_after(steps, fields, group)


def test_a_run_goes_on_on_other_ranks_with_another_cut(alone, text, tmp_path):
    fields = settings(tmp_path, text, parallel={"expert_ranks": 2})
    run_on_ranks(first_part, 2 * [(2, fields)])
    assert [path.name for path in all_sharded_checkpoints(tmp_path)] == ["step-00000002"]
    run_on_ranks(first_part, 4 * [(4, settings(tmp_path, text, parallel={"replicas": 2}))])
    rows = train(settings(tmp_path, text, training={**SMALL["training"], "grad_accum_steps": 2}))
    assert [row.get("restarted", 0) for row in rows] == [0, 0, 1, 0, 1, 0]
    assert max(abs(a - b) for a, b in zip(losses(rows), losses(alone))) < AGREE
    assert read_history(tmp_path) == rows


def test_a_run_that_goes_on_in_the_same_way_is_the_same_bit_for_bit(alone, text, tmp_path):
    stopped_after(3, settings(tmp_path, text))
    rows = train(settings(tmp_path, text))
    for name in ("loss", "grad_norm", "val_loss", "z_loss", "lr", "tokens"):
        assert losses(rows, name) == losses(alone, name)


def layouts(fields: dict, group: Group) -> tuple[str, list]:
    from llmcourse.pretrain.run.engine import build

    model, strategy = build(parse(fields), group)
    weights = strategy.full_weights()
    whole = Transformer(parse(fields).model)
    draw_weights(whole, parse(fields).run.seed)
    return type(strategy).__name__, [name for name, w in whole.state_dict().items() if not w.equal(weights[name])]


@pytest.mark.parametrize("parallel", [{}, {"expert_ranks": 2}, {"replicas": 2, "expert_ranks": 1}])
def test_first_weights_are_the_same_on_any_ranks(parallel, text, tmp_path):
    fields = settings(tmp_path, text, parallel=parallel)
    fields["model"] = {**fields["model"], "tie_embeddings": False, "bias": True, "vocab_size": 301}
    expected = (ExpertParallel if parallel.get("expert_ranks", 1) > 1 else FSDP2).__name__
    assert run_on_ranks(layouts, 2 * [(fields,)]) == 2 * [(expected, [])]


def test_a_seed_decides_the_first_weights():
    config = parse(SMALL).model
    one, same, other = (Transformer(config) for _ in range(3))
    for model, seed in ((one, 1), (same, 1), (other, 2)):
        draw_weights(model, seed)
    assert all(a.equal(b) for a, b in zip(one.parameters(), same.parameters()))
    assert not one.blocks[0].attention.out.weight.equal(other.blocks[0].attention.out.weight)
    assert not one.blocks[0].attention.out.weight.equal(one.blocks[1].attention.out.weight)
    attention = one.blocks[0].attention
    scale = float(attention.out.weight.detach().std() / attention.query.weight.detach().std())
    assert scale == pytest.approx((2 * config.n_layers) ** -0.5, rel=0.2)


def test_a_folder_of_another_run_is_refused(text, tmp_path):
    train(settings(tmp_path, text, training={"steps": 1, "warmup_steps": 0}))
    with pytest.raises(ConfigError, match=r"other settings: training.lr \(0.002 -> 0.1\)"):
        train(settings(tmp_path, text, training={"steps": 1, "warmup_steps": 0, "lr": 0.1}))


def test_a_tokenizer_that_the_model_has_no_room_for_is_refused(text, tmp_path):
    fields = settings(tmp_path, text)
    fields["model"] = {**fields["model"], "vocab_size": 280}
    with pytest.raises(ConfigError, match="model.vocab_size is 280; it must be at least the 300 tokens"):
        train(fields)


def test_it_computes_in_bfloat16(alone, text, tmp_path):
    rows = train(settings(tmp_path, text, training={**SMALL["training"], "precision": "bf16"}))
    assert losses(rows) == pytest.approx(losses(alone), abs=0.05)
    assert losses(rows) != losses(alone)


def test_the_random_numbers_of_the_caller_go_on(text, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(2)[1]
    torch.manual_seed(5)
    torch.rand(1)
    train(settings(tmp_path, text, training={"steps": 1, "warmup_steps": 0}))
    assert torch.rand(1) == expected
