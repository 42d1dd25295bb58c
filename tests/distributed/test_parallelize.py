"""Every strategy trains the model of one process; what PyTorch's own get wrong by themselves is put right."""

from __future__ import annotations

import math

import pytest
import torch

from llmcourse.distributed.group import ALONE
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.parallelize import parallelize
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from tests.distributed import parallelism_ranks as ranks


@pytest.fixture(scope="module")
def alone():
    return ranks.one_process()


CASES = [
    ("ddp", 2, 2, {}),
    ("zero1", 4, 2, {}),
    ("zero2", 2, 2, {}),
    ("fsdp", 4, 2, {}),
    ("torch_ddp", 2, 1, {}),
    ("torch_ddp", 4, 2, {"bucket_cap_mb": 1}),
    ("fsdp2", 2, 1, {}),
    ("fsdp2", 4, 2, {"units": []}),
    ("fsdp2", 2, 2, {"reshard_after_forward": False, "recompute": True}),
    ("fsdp2", 4, 1, {"replicas": 2}),
    ("fsdp2", 2, 1, {"offload": True}),
]


@pytest.mark.parametrize(("strategy", "n", "n_parts", "options"), CASES)
def test_a_strategy_trains_the_model_of_one_process(alone, strategy, n, n_parts, options):
    weights, results = alone
    rows = [(strategy, n_parts, options)] * n
    is_pytorch = strategy in ("torch_ddp", "fsdp2")
    everywhere = run_on_ranks(ranks.trained, rows) if is_pytorch else rehearse(ranks.trained, rows).results
    for got_weights, got, *_ in everywhere:
        # Sums in another order; Adam's division by small second moments passes on some digits more.
        torch.testing.assert_close(got_weights, weights, atol=2e-5, rtol=0)
        torch.testing.assert_close(torch.tensor(got), torch.tensor(results), rtol=1e-5, atol=0)


def test_bfloat16_computes_narrow_and_sums_wide(alone):
    weights, results = alone
    for got_weights, got, kind, placements in run_on_ranks(ranks.trained, [("fsdp2", 2, {"precision": "bf16"})] * 2):
        assert (kind, placements) == ("DTensor", "(Shard(dim=0),)")
        assert {weight.dtype for weight in got_weights.values()} == {torch.float32}
        torch.testing.assert_close(torch.tensor(got), torch.tensor(results), rtol=2e-2, atol=0)


@pytest.mark.parametrize("options", [{}, {"precision": "bf16"}])
def test_a_step_that_was_not_finite_leaves_nothing_for_the_next_one(options):
    after, fresh = run_on_ranks(ranks.not_finite_once, [("fsdp2", options)] * 2)[0]
    assert after == fresh


def test_a_micro_batch_that_was_dropped_while_nothing_was_sent_comes_back():
    """As PyTorch does it; `parallel_step` never drops one there."""
    for precision in ("fp32", "bf16"):
        assert run_on_ranks(ranks.comes_back, [("zero_grad", precision)] * 2) == ["both"] * 2


def test_clipping_reaches_sharded_and_plain_gradients_alike_or_none():
    values = torch.tensor([-1.0, 0, 1, 2, 2, 2, 2, 5])
    want = math.sqrt(25 + float(values.square().sum()))
    for n in (2, 4):  # on 4 ranks some shards are empty
        for norm, with_open, sharded, plain in run_on_ranks(ranks.clipped_mixture, [(1.0,)] * n):
            assert norm == pytest.approx(want)
            torch.testing.assert_close(sharded, values / want)
            torch.testing.assert_close(plain, torch.tensor([3.0, -4.0]) / want)
            assert with_open == pytest.approx(math.sqrt(25 / want**2 + n**2))


def test_a_tied_weight_in_two_units_is_refused_in_the_first_forward_pass_and_left_to_the_root_it_stays_tied():
    for told, tied in run_on_ranks(ranks.norms_by_units, [()] * 2):
        assert "shared with a parameter already managed by another FSDP group" in told
        assert tied == "True"


def test_what_cannot_be_is_told():
    first, second = run_on_ranks(ranks.refused, [()] * 2)[1]
    assert first == "replicas is 3; it must divide the 2 processes of the group"
    assert second == "precision is 'fp8'; it must be one of 'fp32', 'bf16'"
    with pytest.raises(ValueError, match="the group is one process alone; it must be processes started by torchrun"):
        parallelize(ranks.make_model(), "fsdp2", ALONE)
    with pytest.raises(RankFailed, match="the group is ranks in rehearsal; it must be"):
        rehearse(lambda group: parallelize(ranks.make_model(), "torch_ddp", group), [(), ()])
