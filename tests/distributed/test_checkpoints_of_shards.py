"""Checkpoints of models that the course's own ZeRO and FSDP have cut: read by any strategy, on any number of ranks."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from llmcourse.distributed.boxes import boxes, windows
from llmcourse.distributed.flat import Place
from llmcourse.distributed.fsdp import FullySharded
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.distributed.sharded_optimizers import make_sharded_optimizer
from llmcourse.distributed.zero import Zero
from llmcourse.files import CheckpointError
from llmcourse.optim.groups import make_optimizer
from llmcourse.training import train
from tests.distributed import checkpoint_ranks as ranks
from tests.distributed.test_sharded_checkpoint import difference
from tests.training.ranks import CONFIG, make_batches, make_model

pytestmark = [pytest.mark.xdist_group("ranks"), pytest.mark.timeout(300)]

# Sums in another order; Adam's division by small second moments passes on some digits more.
CLOSE = 2e-5
Way = tuple[str | None, int]
"""A strategy, None for a whole model in one process, and on how many ranks."""


@pytest.fixture(scope="module")
def alone():
    return {name: ranks.run_strategy(None, None, name=name) for name in ("adamw", "muon")}


def go(folder, way: Way, steps: int, name: str, in_background: bool = False) -> dict:
    strategy, n = way
    row = (str(folder), strategy, steps, name, in_background)
    return ranks.run_strategy(*row) if n == 1 else run_on_ranks(ranks.run_strategy, [row] * n, timeout_s=120)[0]


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (("fsdp", 2), ("fsdp", 4), "adamw"),
        (("fsdp", 2), ("fsdp", 1), "muon"),
        (("zero1", 2), ("zero1", 4), "muon"),
        (("zero2", 4), ("fsdp", 2), "adamw"),
        (("fsdp", 2), (None, 1), "muon"),
        ((None, 1), ("zero2", 2), "adamw"),
        (("fsdp", 4), ("fsdp2", 2), "adamw"),
        (("fsdp2", 2), ("fsdp", 4), "adamw"),
        (("torch_ddp", 2), (None, 1), "adamw"),
        (("fsdp", 2), ("torch_ddp", 2), "muon"),
    ],
    ids=str,
)
def test_a_run_goes_on_with_other_shards_and_the_losses_of_one_process(tmp_path, alone, before, after, name):
    go(tmp_path, before, 5, name)
    got = go(tmp_path, after, 6, name)
    assert got["losses"] == pytest.approx(alone[name]["losses"], rel=1e-5)
    assert difference(got, alone[name]) < CLOSE


@pytest.mark.parametrize(
    ("way", "in_background"), [(("zero1", 1), True), (("zero2", 1), False), (("fsdp", 1), True), (("fsdp", 2), True)]
)
def test_the_same_ranks_go_on_bit_for_bit(tmp_path, way, in_background):
    whole = go(tmp_path / "whole", way, 6, "adamw")
    go(tmp_path / "cut", way, 5, "adamw", in_background)
    again = go(tmp_path / "cut", way, 6, "adamw", in_background)
    assert again["losses"] == whole["losses"] and difference(again, whole) == 0.0


@pytest.mark.parametrize(
    ("strategy", "name", "options"), [("fsdp", "muon", {}), ("zero2", "adamw", {"precision": "bf16"})]
)
def test_what_is_read_is_what_was_held_bit_for_bit(tmp_path, strategy, name, options):
    """Weights in their full precision and all that the optimizer keeps, saved by three ranks, read by one."""
    held, *_ = run_on_ranks(ranks.saved_in_shards, [(str(tmp_path), strategy, name, options)] * 3)
    model = make_model()
    optimizer = make_optimizer(model, name, lr=0.5)
    store = ShardedCheckpoints(tmp_path)
    assert store.restore(store.latest(), model, optimizer) == 3
    found = ranks.state_of(model, optimizer)
    assert found.keys() == held.keys() and len(held) > len(model.state_dict())
    for key, value in held.items():
        assert found[key].dtype == value.dtype and torch.equal(found[key], value), key
    assert {group["lr"] for group in optimizer.param_groups} == {0.01}


@pytest.mark.parametrize("strategy", ["zero2", "fsdp"])
def test_a_save_that_fails_on_one_rank_leaves_the_one_before(tmp_path, strategy):
    for told, latest, step, values in run_on_ranks(ranks.failing_save_in_shards, [(str(tmp_path), strategy)] * 2):
        assert told.startswith("could not write ") and "(rank 1: OSError: [Errno 28] No space left" in told
        assert (latest, step, values) == ("step-00000001", 1, [1.0])


class Half(nn.Module):
    """A table that is trained, a layer that is not, a single number, and a weight without elements."""

    def __init__(self, value: float):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Embedding(3, 2), nn.Linear(2, 2)])
        self.scale, self.nothing = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(0, 3))
        self.register_buffer("count", torch.ones(2))
        for tensor in self.state_dict().values():
            tensor.fill_(value)
        self.blocks[1].requires_grad_(False)

    def forward(self, ids):
        return self.scale * self.blocks[1](self.blocks[0](ids)) + self.nothing.sum()


@pytest.mark.parametrize("wrap", [Zero, lambda model: Zero(model, precision="bf16"), FullySharded])
@pytest.mark.parametrize("name", ["AdamW", "SGD"])
def test_frozen_weights_buffers_and_odd_shapes_come_back_and_are_used_at_once(tmp_path, wrap, name):
    def step(strategy, optimizer):
        loss = strategy.model(torch.tensor([0, 2])).float().sum()
        loss.backward()
        strategy.finish()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    losses = []
    store = ShardedCheckpoints(tmp_path)
    for value in (0.5, 0.25):
        strategy = wrap(Half(value))
        optimizer = getattr(torch.optim, name)(strategy.parameters(), lr=0.1)
        if value == 0.5:
            step(strategy, optimizer)
            store.save(1, strategy.model, optimizer, {})
        else:
            store.restore(store.latest(), strategy.model, optimizer)
        losses.append([step(strategy, optimizer) for _ in range(3)])
        assert strategy.model.count.tolist() == [0.5, 0.5]
    assert losses[0] == losses[1]


def test_a_checkpoint_of_another_model_is_refused_by_the_shape_of_the_whole_weight(tmp_path):
    store = ShardedCheckpoints(tmp_path)
    for shape, other in (((3, 2), (4, 2)), ((3, 2), (2, 3))):
        models = [FullySharded(nn.Linear(*sizes, bias=False)) for sizes in (shape, other)]
        optimizers = [make_sharded_optimizer(sharded, lr=0.1) for sharded in models]
        path = store.save(1, models[0].model, optimizers[0], {})
        with pytest.raises(CheckpointError, match=r"weight is \(2, 3\) in it and \((2, 4|3, 2)\) in the model"):
            store.restore(path, models[1].model, optimizers[1])


def test_whole_files_and_an_optimizer_of_what_is_not_there_are_refused(tmp_path):
    sharded = FullySharded(make_model())
    with pytest.raises(ValueError, match=r"the model is in shards.* must be ShardedCheckpoints\(folder, group\)"):
        train(sharded.model, make_batches(), CONFIG, folder=tmp_path, progress=False)
    optimizer = torch.optim.AdamW(sharded.model.parameters())
    with pytest.raises(ValueError, match=r"no parameter of the model; it must step the slices, .*`parameters\(\)`"):
        ShardedCheckpoints(tmp_path).save(1, sharded.model, optimizer, {})
    optimizer = torch.optim.SGD(sharded.parameters(), lr=0.1)
    optimizer.state[next(sharded.parameters())]["rows"] = torch.zeros(7)
    with pytest.raises(ValueError, match=r"state.rows.embedding.weight is of the shape \(7,\); it must be a single"):
        ShardedCheckpoints(tmp_path).save(1, sharded.model, optimizer, {})


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (4, 1), (1, 5), (2, 3, 4), (2, 1, 3, 2), (0, 3)])
def test_boxes_hold_the_elements_of_a_run_in_their_order_and_are_few(shape):
    n = math.prod(shape)
    whole = torch.arange(n).view(shape)
    for first in range(n + 1):
        for end in range(first, n + 1):
            found = windows(torch.arange(first, end), Place(shape, first, end))
            assert list(found) == boxes(shape, first, end) and len(found) <= max(1, 2 * len(shape) - 1)
            assert sum(window.numel() for window in found.values()) == end - first
            for (offsets, sizes), window in found.items():
                inside = whole[tuple(slice(o, o + size) for o, size in zip(offsets, sizes))]
                assert torch.equal(window, inside), (shape, first, end)
