"""Experts on many ranks answer and learn as on one, however uneven the load; and what goes wrong without care."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from llmcourse.distributed.group import ALONE
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.parallelize import parallelize
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.expert_parallel import AllToAll, exchange_rows, exchange_splits, order_by_expert, shard_experts
from llmcourse.moe.layer import MoE
from tests.moe import expert_ranks as ranks

PLAIN = ExpertsConfig(8, n_experts=4, top_k=2)
# Sums in another order; Adam's division by small second moments passes on some digits more.
CLOSE = 2e-5
COUNTS = {
    "even": [[2, 2, 2, 2], [2, 2, 2, 2]],
    "uneven": [[5, 0, 1, 0], [0, 3, 0, 7]],
    "an expert without rows": [[3, 0, 1, 2], [1, 0, 4, 4]],
    "a rank that gets nothing": [[3, 2, 0, 0], [1, 4, 0, 0]],
    "a rank that sends nothing": [[0, 0, 0, 0], [1, 4, 2, 3]],
    "everything to one expert": [[0, 0, 0, 6], [0, 0, 0, 5]],
    "nothing at all": [[0, 0, 0, 0], [0, 0, 0, 0]],
    "four ranks": [[1, 0, 3, 2], [0, 0, 0, 0], [2, 2, 0, 1], [0, 5, 0, 0]],
}


def some(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def make_layer(config: ExpertsConfig = PLAIN) -> MoE:
    torch.manual_seed(0)
    layer = MoE(6, config).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


@pytest.fixture(scope="module")
def one_process():
    return ranks.alone()


# The dispatcher.


@pytest.mark.parametrize("name", COUNTS)
def test_each_row_meets_its_expert_and_comes_back_to_its_place(name):
    counts = [torch.tensor(row) for row in COUNTS[name]]
    rows = [(some(int(c.sum()), 3, seed=rank), c) for rank, c in enumerate(counts)]
    everywhere = rehearse(ranks.dispatched, rows).results
    total = torch.stack(counts).sum(0).view(len(rows), -1)
    for rank, ((x_RD, counts_E), (y_RD, grad_RD, _, counts_L)) in enumerate(zip(rows, everywhere)):
        factors_R = torch.arange(1.0, 5.0, dtype=torch.float64).repeat_interleave(counts_E)[:, None]
        torch.testing.assert_close(y_RD, x_RD * factors_R)
        torch.testing.assert_close(grad_RD, x_RD * factors_R)
        assert counts_L.tolist() == total[rank].tolist()


def test_real_processes_do_what_rehearsed_ranks_do():
    for name in ("uneven", "a rank that gets nothing", "a rank that sends nothing", "nothing at all"):
        rows = [(some(sum(c), 3, seed=rank), torch.tensor(c)) for rank, c in enumerate(COUNTS[name])]
        for real, rehearsed in zip(run_on_ranks(ranks.dispatched, rows), rehearse(ranks.dispatched, rows).results):
            for got, want in zip(real, rehearsed):
                assert torch.equal(got, want)


def test_rows_arrive_sorted_by_expert_and_within_one_by_sender():
    counts = torch.tensor([[1, 2, 0, 1], [2, 1, 3, 0]])
    rows = [(torch.arange(10.0 * rank, 10 * rank + int(c.sum()))[:, None], c) for rank, c in enumerate(counts)]
    arrived = [result[2].flatten().tolist() for result in rehearse(ranks.dispatched, rows).results]
    assert arrived == [[0, 10, 11, 1, 2, 12], [13, 14, 15, 3]]


def test_a_layer_sends_one_message_of_counts_and_one_of_rows_each_way():
    layer, x_BTD = make_layer(), some(2, 3, 6)
    for traffic in rehearse(ranks.layer_there_and_back, [(layer, x_BTD), (layer, x_BTD)]).traffic:
        kinds = [event.kind for event in traffic]
        # Forward: the counts, the rows, the answers, and the counts for balance; backward the two gradients of rows.
        assert kinds == ["all_to_all"] * 3 + ["all_reduce"] + ["all_to_all"] * 2
        assert traffic.events[0].n_bytes == 4 * 8


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("kind", ["plain", "shared", "dropping"])
def test_a_spread_layer_has_the_answers_and_gradients_of_a_whole_one(n, kind):
    """Each rank reads other tokens; the whole layer reads all of them, for each rank by themselves."""
    more = {"plain": {}, "shared": {"n_shared": 2}, "dropping": {"capacity_factor": 0.6}}[kind]
    layer = make_layer(dataclasses.replace(PLAIN, **more))
    inputs = [some(1, 2 + 3 * rank, 6, seed=rank) for rank in range(n)]
    spread = rehearse(ranks.layer_there_and_back, [(layer, x_BTD) for x_BTD in inputs]).results
    layer.zero_grad()
    whole = [ranks.layer_there_and_back(layer, x_BTD, is_spread=False)[:2] for x_BTD in inputs]
    for (y_BTD, grad_BTD, _), (want_BTD, want_grad_BTD) in zip(spread, whole):
        torch.testing.assert_close(y_BTD, want_BTD)
        torch.testing.assert_close(grad_BTD, want_grad_BTD)
    for name, weight in layer.named_parameters():
        parts = [grads[name] for *_, grads in spread]
        whole_grad = torch.cat(parts) if name.startswith("experts.") else sum(parts)
        torch.testing.assert_close(whole_grad, weight.grad)


def test_what_ranks_cannot_share_is_told_before_anything_is_sent():
    text = "n_experts is 4; it must be a multiple of the number of ranks, 3"
    with pytest.raises(RankFailed, match=text):
        rehearse(lambda group: shard_experts(make_layer(), group), [()] * 3)
    with pytest.raises(RankFailed, match=text):
        rehearse(lambda group: AllToAll(group, 4), [()] * 3)
    with pytest.raises(RankFailed, match=text):
        rehearse(exchange_splits, [(torch.ones(4).long(),)] * 3)


def test_the_dispatcher_alone_changes_nothing():
    layer, x_BTD = make_layer(), some(2, 3, 6)
    want = layer(x_BTD)
    assert torch.equal(shard_experts(layer, ALONE)(x_BTD), want)


def test_an_exchange_there_and_back_is_the_identity_and_so_is_its_gradient():
    def run(x_RD, send, receive, group):
        x_RD = x_RD.clone().requires_grad_()
        y_RD = exchange_rows(exchange_rows(x_RD, send, receive, group), receive, send, group)
        y_RD.square().sum().backward()
        return y_RD.detach(), x_RD.grad

    splits = torch.tensor([[2, 0, 3], [1, 4, 0], [0, 2, 2]])
    rows = [(some(int(s.sum()), 2), s.tolist(), splits[:, rank].tolist()) for rank, s in enumerate(splits)]
    for (x_RD, *_), (y_RD, grad_RD) in zip(rows, rehearse(run, rows).results):
        assert torch.equal(y_RD, x_RD) and torch.equal(grad_RD, 2 * x_RD)


def test_the_order_is_that_of_a_stable_sort_by_expert():
    generator = torch.Generator().manual_seed(3)
    for n_ranks, n_local in ((1, 1), (1, 5), (4, 1), (3, 4)):
        counts_NL = torch.randint(0, 4, (n_ranks, n_local), generator=generator)
        arrived = [(e, n) for n, row in enumerate(counts_NL.tolist()) for e, c in enumerate(row) for _ in range(c)]
        order = order_by_expert(counts_NL).tolist()
        assert order == sorted(range(len(arrived)), key=lambda i: (arrived[i][0], i))
    assert order_by_expert(torch.zeros(2, 3).long()).tolist() == []


# Expert parallelism and FSDP2.

STRATEGIES = {
    "1": (1, "expert_parallel", {}, 1),
    "2 FSDP": (2, "expert_parallel", {"n_expert_ranks": 1}, 1),
    "2 EP": (2, "expert_parallel", {"n_expert_ranks": 2}, 1),
    "2x2": (4, "expert_parallel", {"n_expert_ranks": 2}, 1),
    "4 EP": (4, "expert_parallel", {}, 1),
    "2 EP, recomputed": (2, "expert_parallel", {"recompute": True}, 1),
    "2 EP, kept whole": (2, "expert_parallel", {"reshard_after_forward": False}, 1),
    "2, no experts spread": (2, "fsdp2", {}, 1),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_losses_norms_and_weights_are_those_of_one_process(one_process, name):
    """With clipping, the balancing loss, the z-loss, the bias, a shared expert, and a rank without targets."""
    weights, results, balance = one_process
    n, *args = STRATEGIES[name]
    assert all(norm > ranks.CLIP for _, norm in results)
    for got_weights, got, got_balance in run_on_ranks(ranks.trained, [tuple(args)] * n):
        torch.testing.assert_close(torch.tensor(got), torch.tensor(results), rtol=1e-5, atol=0)
        torch.testing.assert_close(torch.tensor(got_balance), torch.tensor(balance), rtol=1e-5, atol=0)
        torch.testing.assert_close(got_weights, weights, atol=CLOSE, rtol=0)


def test_bfloat16_computes_narrow_and_keeps_wide_weights(one_process):
    _, results, _ = one_process
    for weights, got, _ in run_on_ranks(ranks.trained, [("expert_parallel", {"precision": "bf16"})] * 2):
        assert {weight.dtype for weight in weights.values()} == {torch.float32}
        torch.testing.assert_close(torch.tensor(got), torch.tensor(results), rtol=2e-2, atol=0)
        assert got != results


def test_muon_trains_the_model_of_one_process():
    weights, results, _ = ranks.alone(optimizer="muon")
    for got_weights, got, _ in run_on_ranks(ranks.trained, [("expert_parallel", {}, 1, "muon")] * 2):
        torch.testing.assert_close(torch.tensor(got), torch.tensor(results), rtol=1e-5, atol=0)
        torch.testing.assert_close(got_weights, weights, atol=CLOSE, rtol=0)


def test_a_run_goes_on_with_another_grid_and_another_strategy(tmp_path):
    """Four ranks, then two, with and without experts spread, then FSDP2 alone, then four again."""
    weights, results, _ = ranks.alone(5)
    grids = [
        (4, {"n_expert_ranks": 2}),
        (2, {"n_expert_ranks": 2}),
        (2, {"n_expert_ranks": 1}),
        (2, {}, "fsdp2"),
        (4, {}),
    ]
    for step, (n, options, *strategy) in enumerate(grids):
        row = (str(tmp_path), options, step, step + 1, *strategy)
        last = run_on_ranks(ranks.checkpointed, [row] * n)
        assert last[0][1] == pytest.approx([results[step][0]], rel=1e-5)
    torch.testing.assert_close(last[0][0], weights, atol=CLOSE, rtol=0)


def test_what_cannot_be_is_told():
    assert run_on_ranks(ranks.refused, [({"n_expert_ranks": 3},), ({"n_expert_ranks": 0},)]) == [
        "n_expert_ranks is 3 and replicas is 1; both must be at least 1, and their product must divide the 2 ranks",
        "n_expert_ranks is 0 and replicas is 1; both must be at least 1, and their product must divide the 2 ranks",
    ]
    for told in run_on_ranks(ranks.refused, [({},)] * 3):
        assert told == "n_experts is 4; it must be a multiple of the number of ranks, 3"
    with pytest.raises(ValueError, match="the group is one process alone; it must be processes started by torchrun"):
        parallelize(ranks.make_model(), "expert_parallel", ALONE)


# What PyTorch does, and this room works around.


def test_pytorchs_clipping_refuses_gradients_of_two_meshes():
    for told in run_on_ranks(ranks.clipped_by_torch, [()] * 2):
        assert "must have the same mesh" in told


def test_separate_experts_mix_silently_under_fsdp2_which_is_why_weights_are_stacked():
    """Rank r uses expert r, with an input of r + 1: each rank's shard has the mean of two experts' gradients."""
    for rank, (grad, there) in enumerate(run_on_ranks(ranks.mixed_by_fsdp, [()] * 2)):
        assert grad == [[1.5, 0.0]]
        assert there == [rank == 0, rank == 1]
