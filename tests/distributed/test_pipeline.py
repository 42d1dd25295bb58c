"""Schedules on paper are what the papers say of them; a pipeline that runs gives the gradients of one process."""

from __future__ import annotations

import itertools

import pytest
import torch

from llmcourse.data import Batch
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.pipeline import (
    Stage,
    bubble_fraction,
    gpipe,
    kept_at_once,
    one_forward_one_backward,
    pipeline_gradients,
    task_times,
)
from llmcourse.distributed.rehearsal import rehearse
from llmcourse.model import IGNORED, ModelConfig, Transformer
from llmcourse.optim.gradients import accumulate_gradients

SIZES = list(itertools.product((1, 2, 3, 5), (1, 2, 4, 9)))
CONFIG = ModelConfig(17, 32, 4, 2, 16, tie_embeddings=False)


@pytest.mark.parametrize("schedule", [gpipe, one_forward_one_backward])
@pytest.mark.parametrize(("p", "m"), SIZES)
def test_the_bubble_is_p_minus_1_of_m_plus_p_minus_1(schedule, p, m):
    orders = schedule(p, m)
    for forward, backward in ((1.0, 2.0), (1.0, 1.0), (3.0, 0.5)):
        times = task_times(orders, [forward] * p, [backward] * p)
        assert bubble_fraction(times) == pytest.approx((p - 1) / (m + p - 1))
        assert max(end for stage in times for _, end in stage) == pytest.approx((m + p - 1) * (forward + backward))


@pytest.mark.parametrize(("p", "m"), SIZES)
def test_1f1b_keeps_no_more_than_the_stages_behind_and_itself(p, m):
    for stage, (all_first, by_turns) in enumerate(zip(gpipe(p, m), one_forward_one_backward(p, m))):
        assert sorted(all_first) == sorted(by_turns)
        assert kept_at_once(all_first) == m
        assert kept_at_once(by_turns) == min(m, p - stage)


def test_the_slowest_stage_sets_the_pace():
    times = task_times(one_forward_one_backward(3, 50), [1, 2, 1], [1, 2, 1])
    assert max(end for stage in times for _, end in stage) == pytest.approx(50 * 4 + 2 * 2, rel=0.02)


def test_what_waits_forever_and_what_is_no_size_is_told():
    with pytest.raises(ValueError, match="the orders wait for one another forever"):
        task_times([[("B", 0), ("F", 0)]], [1], [1])
    with pytest.raises(ValueError, match="n_micro_batches is 0; it must be at least 1"):
        one_forward_one_backward(2, 0)


def make_batch() -> Batch:
    ids = torch.randint(17, (8, 9), generator=torch.Generator().manual_seed(0))
    targets = ids[:, 1:].clone()
    targets[0] = IGNORED
    return Batch(ids[:, :-1], targets)


def make_model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(CONFIG)


def stepped(name: str, n_parts: int, group: Group):
    schedule = {"gpipe": gpipe, "1f1b": one_forward_one_backward}[name]
    stage = Stage(make_model(), group.rank, group.size)
    parts = [Batch(*(t.chunk(n_parts)[k] for t in make_batch()[:2])) for k in range(n_parts)]
    result = pipeline_gradients(stage, schedule(group.size, n_parts)[group.rank], parts, group)
    return tuple(result), [parameter.grad for parameter in stage.parameters()]


def want() -> tuple[float, dict[str, torch.Tensor]]:
    model = make_model()
    loss = accumulate_gradients(model, [make_batch()])
    return loss, {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize(("name", "p", "m"), [("gpipe", 2, 4), ("1f1b", 2, 4), ("1f1b", 4, 8), ("1f1b", 3, 2)])
def test_a_pipeline_has_the_gradients_of_one_process(name, p, m):
    loss, grads = want()
    results, traffic = rehearse(stepped, [(name, m)] * p)
    got = [grad for _, part in results for grad in part]
    # Stages hold blocks, then embedding or head: compare as a set of shapes in the model's own order.
    model = make_model()
    names = {id(parameter): key for key, parameter in model.named_parameters()}
    order = [names[id(q)] for rank in range(p) for q in Stage(model, rank, p).parameters()]
    assert sorted(order) == sorted(grads)
    for key, grad in zip(order, got):
        torch.testing.assert_close(grad, grads[key], atol=1e-6, rtol=1e-5)
    for stage, ((got_loss, kept), _) in enumerate(results):
        assert got_loss == pytest.approx(loss, rel=1e-6)
        assert kept == (m if name == "gpipe" else min(m, p - stage))
    activations = 8 // m * 8 * 32 * 4
    n_neighbours = [(rank > 0) + (rank < p - 1) for rank in range(p)]
    assert [t.bytes_sent for t in traffic] == [n * m * activations for n in n_neighbours]


def test_a_pipeline_of_processes_gives_what_the_rehearsal_gives():
    in_threads = rehearse(stepped, [("1f1b", 4)] * 2).results
    in_processes = run_on_ranks(stepped, [("1f1b", 4)] * 2)
    torch.testing.assert_close(in_processes, in_threads)


def test_a_model_that_cannot_be_cut_is_refused():
    with pytest.raises(ValueError, match="n_stages is 5; it must be at least 1 and at most n_layers, 4"):
        Stage(make_model(), 0, 5)
    with pytest.raises(ValueError, match="tie_embeddings is True"):
        Stage(Transformer(ModelConfig(17, 32, 2, 2, 16)), 0, 2)


def without_targets(group: Group) -> str:
    ids = torch.zeros(2, 4, dtype=torch.int64)
    batches = [Batch(ids, torch.full_like(ids, IGNORED))] * 2
    stage = Stage(Transformer(CONFIG), group.rank, group.size)
    with pytest.raises(ValueError) as error:
        pipeline_gradients(stage, gpipe(group.size, 2)[group.rank], batches, group)
    return str(error.value)


def test_a_batch_without_a_target_is_refused_as_by_one_process():
    ids = torch.zeros(2, 4, dtype=torch.int64)
    with pytest.raises(ValueError) as error:
        accumulate_gradients(Transformer(CONFIG), [Batch(ids, torch.full_like(ids, IGNORED))] * 2)
    told, _ = rehearse(without_targets, [()] * 2)
    assert told == [str(error.value)] * 2
