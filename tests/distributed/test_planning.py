"""The model of a step's time has the right limits and explains published runs; a run on paper counts as the ledger."""

from __future__ import annotations

import dataclasses
import random
import subprocess
import sys

import pytest
import torch

from llmcourse.distributed.paper import fake_ranks, fsdp_bytes_per_step, padded_parameters, shard_on_paper
from llmcourse.distributed.planning import (
    HARDWARE,
    MEGATRON,
    PUBLISHED,
    fsdp_step,
    megatron_flops,
    megatron_step,
    overlapped_step,
)
from llmcourse.model import ModelConfig
from llmcourse.model.accounting import count_parameters
from llmcourse.model.config import PRESETS


def by_events(n, gather, forward, backward, scatter):
    """The step as tasks that name what they need, in any order: an oracle written another way."""
    network = [("G", i) for i in range(n)] + [("H", n - 1)]
    for i in reversed(range(n)):
        network += ([("H", i - 1)] if i else []) + [("S", i)]
    processor = [("F", i) for i in range(n)] + [("B", i) for i in reversed(range(n))]
    cost = {"G": gather, "H": gather, "S": scatter, "F": forward, "B": backward}
    needs = {"F": "G", "B": "H", "S": "B"}
    ends = {}

    def end(queue, place):
        task = queue[place]
        if task not in ends:
            before = end(queue, place - 1) if place else 0.0
            other = (needs[task[0]], task[1]) if task[0] in needs else None
            lane = network if other in network else processor
            ready = end(lane, lane.index(other)) if other else 0.0
            ends[task] = max(before, ready) + cost[task[0]]
        return ends[task]

    return max(end(queue, len(queue) - 1) for queue in (network, processor))


def test_an_overlapped_step_is_what_tasks_that_wait_for_one_another_take():
    draw = random.Random(0)
    for _ in range(200):
        args = (draw.randint(1, 9), *(draw.choice([0.0, 0.5, 1.0, 3.0]) for _ in range(4)))
        assert overlapped_step(*args) == pytest.approx(by_events(*args)), args


def test_a_step_cannot_beat_its_arithmetic_or_its_messages_and_hides_the_smaller():
    assert overlapped_step(10, 1, 2, 4, 1) == 1 + 10 * 6 + 1
    assert overlapped_step(10, 5, 1, 2, 5) == pytest.approx(10 * 15, rel=0.1)


def test_published_throughputs_give_the_published_utilization():
    for run in PUBLISHED:
        assert run.published is None or run.mfu == pytest.approx(run.published, abs=5e-4)
        assert 0.3 < run.mfu < 0.6


def test_megatrons_own_equation_gives_its_parameters_and_the_model_its_throughput():
    for run in MEGATRON:
        assert 12 * run.n_layers * run.d_model**2 / 1e9 == pytest.approx(run.billions, rel=0.12)
        assert run.batch * run.tensor * run.pipeline % run.n_gpus == 0
        seconds = megatron_step(run, HARDWARE["a100"], efficiency=0.56).seconds
        assert megatron_flops(run) / run.n_gpus / seconds / 1e12 == pytest.approx(run.teraflops, rel=0.1)


def test_peaks_are_those_without_sparsity():
    """What the sources say: with sparsity it is twice as much, and a data sheet of eight says eight times as much."""
    dense = {
        "a100": 312,
        "h100": 1979 / 2,
        "h200": 1979 / 2,
        "b200": 36_000 / 8 / 2,
        "mi300x": 1307.4,
        "rtx4090": 330.4 / 2,
    }
    assert {name: device.flops / 1e12 for name, device in HARDWARE.items()} == pytest.approx(dense, rel=1e-3)
    assert all(device.source and device.per_node >= 1 for device in HARDWARE.values())


def test_more_ranks_make_messages_dearer_and_arithmetic_not():
    few, many = (fsdp_step(PRESETS["llama-2-70b"], HARDWARE["h100"], n, 4096, 4096) for n in (64, 1024))
    assert few.arithmetic == many.arithmetic and few.messages < many.messages
    assert many.mfu < few.mfu <= 0.6


def shapes(config):
    from llmcourse.model import Transformer

    with torch.device("meta"):
        model = Transformer(config)
    blocks = [[tuple(p.shape) for p in block.parameters()] for block in model.blocks]
    own = [tuple(p.shape) for name, p in model.named_parameters() if not name.startswith("blocks.")]
    return own, blocks


@pytest.mark.parametrize(("config", "n_ranks"), [
    (ModelConfig(50, 32, 3, 4, 64, tie_embeddings=False), 8),
    (dataclasses.replace(PRESETS["llama-2-70b"], n_layers=2), 1024),
])  # fmt: skip
def test_a_run_on_paper_sends_what_the_ledger_says(config, n_ranks):
    run = shard_on_paper(config, n_ranks, precision="bf16")
    own, blocks = shapes(config)
    padded = [padded_parameters(own, n_ranks)] + [padded_parameters(block, n_ranks) for block in blocks]
    assert run.parameters == count_parameters(config)
    assert [event.n_bytes for event in run.traffic.of("all_gather")] == [2 * n for n in [*padded, *padded[:0:-1]]]
    assert [event.n_bytes for event in run.traffic.of("reduce_scatter")] == [4 * n for n in padded[::-1]]
    ledger = fsdp_bytes_per_step(run.parameters)
    assert run.bytes_of("reduce_scatter") == pytest.approx(ledger["reduce_scatter"], rel=0.03)
    assert run.shard == pytest.approx(run.parameters / n_ranks, rel=0.03)


def test_a_replicated_part_adds_one_sum_of_its_shards():
    run = shard_on_paper(ModelConfig(64, 32, 2, 4, 64, tie_embeddings=False), 8, replicas=2)
    scattered = [event.n_bytes for event in run.traffic.of("reduce_scatter")]
    assert [event.n_bytes for event in run.traffic.of("all_reduce")] == [n // 4 for n in scattered]
    assert run.shard * 4 == run.parameters


def test_numbers_among_ranks_that_are_not_there_are_wrong_though_nothing_says_so():
    """Run apart: what is left of a process group would be seen by other tests."""
    code = (
        "import torch\n"
        "from llmcourse.distributed.paper import fake_ranks\n"
        "with fake_ranks(4) as group:\n"
        "    print(group.all_reduce(torch.ones(1)).wait().item(), group.sum(2.0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["1.0", "2.0"], done  # four ranks would have made 4 and 8


def test_a_started_process_cannot_pretend():
    with fake_ranks(4), pytest.raises(RuntimeError, match="torch.distributed is started"), fake_ranks(8):
        pass
