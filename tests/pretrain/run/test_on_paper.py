"""The configurations that need machines nobody has here: they fit, they divide, and the ledger agrees."""

from __future__ import annotations

import copy
import re

import pytest

from llmcourse.distributed.memory import training_memory
from llmcourse.distributed.planning import HARDWARE
from llmcourse.moe.config import active_parameters
from llmcourse.pretrain.run.on_paper import on_paper, paper_rank, require_room
from llmcourse.pretrain.settings.config import ConfigError, load, parse
from tests.pretrain import CONFIGS, SMALL

RANKS = {"demo": 2, "one-gpu": 1, "eight-gpus": 8, "sixty-four-gpus": 64}


def test_every_configuration_is_looked_at():
    assert {path.stem for path in CONFIGS.glob("*.toml")} == set(RANKS)


@pytest.mark.parametrize("name", RANKS)
def test_a_configuration_fits_its_devices_and_the_ledger(name):
    config, n_ranks = load(CONFIGS / f"{name}.toml"), RANKS[name]
    rank = paper_rank(config, n_ranks)
    assert (rank.parameters, rank.active) == active_parameters(config.model)
    # What is cut evenly is a part for each rank; padding and norms may add a little.
    even = training_memory(rank.parameters, n_ranks, 3, (4, 4, 8)).total
    assert even <= rank.state <= 1.02 * even
    require_room(config, rank, HARDWARE["h100"].memory)


def test_experts_lie_on_their_ranks_and_all_else_on_all():
    fields = copy.deepcopy(SMALL)
    fields["parallel"] = {"expert_ranks": 4}
    fields["data"]["batch_size"] = 16
    config = parse(fields)
    spread, sharded = paper_rank(config, 8), paper_rank(parse({**fields, "parallel": {}}), 8)
    of_experts = 2 * 4 * 3 * 32 * 32  # layers, experts, matrices
    assert spread.experts == sharded.experts == of_experts // 8
    assert spread.gathered < sharded.gathered, "a rank gathers its part of the experts, not all of them"


def test_gradients_between_micro_batches_are_whole_but_for_experts_of_others():
    fields = copy.deepcopy(SMALL)
    fields["data"]["batch_size"] = 16
    fields["training"] = {**fields.get("training", {}), "grad_accum_steps": 2}
    of_experts = 2 * 4 * 3 * 32 * 32
    for n_spread in (1, 2, 4):
        rank = paper_rank(parse({**fields, "parallel": {"expert_ranks": n_spread}}), 4)
        assert rank.kept == 4 * (rank.parameters - of_experts + of_experts // n_spread)
        assert rank.total == rank.state + rank.gathered + rank.kept + rank.activations
    assert paper_rank(parse({**fields, "parallel": {}}), 1).kept == 0, "one process adds to the gradients that it has"
    fields["training"]["grad_accum_steps"] = 1
    assert paper_rank(parse({**fields, "parallel": {}}), 4).kept == 0, "one micro-batch sends its own"


def test_shards_of_all_ranks_are_the_model():
    config = parse({**SMALL, "model": {**SMALL["model"], "vocab_size": 301}, "parallel": {"expert_ranks": 2}})
    assert sum(paper_rank(config, 4, rank).shard for rank in range(4)) == paper_rank(config, 4).parameters


def test_a_run_without_room_is_refused():
    config = load(CONFIGS / "eight-gpus.toml", ["training.grad_accum_steps=1", "parallel.recompute=false"])
    with pytest.raises(ConfigError, match="a rank needs .* GB; it must be at most 72.0 GB.*is activations") as told:
        on_paper(config, 8, "h100")
    remedy = re.search("with (training.grad_accum_steps=.*) it fits", str(told.value))
    assert on_paper(load(CONFIGS / "eight-gpus.toml", ["parallel.recompute=false", remedy[1]]), 8, "h100")
    with pytest.raises(ConfigError, match="gpu is 'h1000'; it must be one of"):
        on_paper(config, 8, "h1000")
    told = on_paper(load(CONFIGS / "eight-gpus.toml"), 8, "h100")
    assert "6.85B parameters" in told and "GB a rank, of 80 GB" in told
