"""Data parallelism equals one process, PyTorch's own, and itself in every variant; and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from llmcourse.distributed.buckets import Bucket, assign_buckets, gradient_arrived
from llmcourse.distributed.data_parallel import DataParallel, global_mean_loss, sum_gradients
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from llmcourse.optim.gradients import clip_gradients

VARIANTS = [
    {"bucket_mb": 0, "overlap": False},
    {"bucket_mb": 25, "overlap": False},
    {"bucket_mb": 0},
    {"bucket_mb": 0.0005},
    {"bucket_mb": 25},
]


class Tied(nn.Module):
    """A table that is used twice, a frozen layer, a branch for some rows only, one for none, and a buffer.

    The branch is not used by a rank of which no row asks for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 8)
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.norm = nn.BatchNorm1d(8)
        self.branch = nn.Linear(8, 8, bias=False)
        self.never = nn.Linear(8, 8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.table.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.norm(self.frozen(self.table(ids)))
        asked = ids % 3 == 0
        if asked.any():
            x = x.clone()
            x[asked] = x[asked] + self.branch(x[asked])
        return self.head(x)


def make(seed: int = 0) -> Tied:
    torch.manual_seed(seed)
    return Tied().double()


def batches(n_ranks: int, steps: int = 4, n_micro: int = 1) -> list[list[list[Tensor]]]:
    """By step, rank and micro-batch: ids. The branch is used by nobody in step 1, by rank 0 alone in step 2."""
    generator = torch.Generator().manual_seed(3)
    found = []
    for step in range(steps):
        rows = [
            [torch.randint(11, (5 + rank,), generator=generator) for _ in range(n_micro)] for rank in range(n_ranks)
        ]
        for rank, micro in enumerate(rows):
            if step == 1 or (step == 2 and rank > 0):
                for ids in micro:
                    ids[ids % 3 == 0] = 1
            elif rank == 0:
                micro[-1][0] = 3
        found.append(rows)
    return found


def loss_of(model: nn.Module, ids: Tensor, n_targets: int) -> Tensor:
    return nn.functional.cross_entropy(model(ids), ids, reduction="sum") / n_targets


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    # Momentum and decay move a weight whose gradient is 0, and leave one alone whose gradient is None.
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.1)


def train_parallel(data: list, options: dict, group: Group, make: Callable[[], nn.Module] = make) -> list:
    model = make()
    parallel = DataParallel(model, group, **options)
    optimizer = optimizer_of(model)
    history = []
    for rows in data:
        optimizer.zero_grad()
        n_targets = sum(len(ids) for micro in rows for ids in micro)
        *first, last = rows[group.rank]
        with parallel.no_sync():
            for ids in first:
                loss_of(model, ids, n_targets).backward()
        loss_of(model, last, n_targets).backward()
        parallel.finish()
        history.append([None if p.grad is None else p.grad.clone() for p in model.parameters()])
        parallel.clip(1.0)
        optimizer.step()
    return [history, parallel.full_weights()]


def train_alone(data: list) -> list:
    """One process: the ranks' batches one after another, each with rank 0's statistics as they stood."""
    model = make()
    optimizer = optimizer_of(model)
    history = []
    for rows in data:
        n_targets = sum(len(ids) for micro in rows for ids in micro)
        before = {name: buffer.clone() for name, buffer in model.named_buffers()}
        kept: dict[str, Tensor] = {}
        parts = []
        for micro in rows:
            model.zero_grad()
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
            for ids in micro:
                loss_of(model, ids, n_targets).backward()
            kept = kept or {name: buffer.clone() for name, buffer in model.named_buffers()}
            parts.append([p.grad for p in model.parameters()])
        for name, buffer in model.named_buffers():
            buffer.copy_(kept[name])
        for parameter, grads in zip(model.parameters(), zip(*parts)):
            there = [grad for grad in grads if grad is not None]
            parameter.grad = sum(there[1:], there[0].clone()) if there else None
        history.append([None if p.grad is None else p.grad.clone() for p in model.parameters()])
        clip_gradients(model.parameters(), 1.0)  # PyTorch's own adds 1e-6 to the norm
        optimizer.step()
    return [history, model.state_dict()]


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("n_micro", [1, 2])
def test_ranks_train_what_one_process_trains(options: dict, n_micro: int) -> None:
    for n_ranks in (1, 2, 3):
        data = batches(n_ranks, n_micro=n_micro)
        want = train_alone(data)
        for history, weights in rehearse(train_parallel, [(data, options)] * n_ranks).results:
            # A rehearsal adds in the order of the ranks, as the one process does: the gradients agree bit for bit.
            torch.testing.assert_close(history, want[0], rtol=0, atol=0)
            torch.testing.assert_close(weights, dict(want[1]), rtol=1e-12, atol=1e-12)


def test_a_parameter_that_no_rank_used_has_no_gradient() -> None:
    data = batches(2)
    (history, _), (other, _) = rehearse(train_parallel, [(data, {})] * 2).results
    names = [name for name, _ in make().named_parameters()]
    absent = [{name for name, grad in zip(names, grads) if grad is None} for grads in history]
    always = {"frozen.weight", "frozen.bias", "never.weight", "never.bias"}
    assert absent == [always, always | {"branch.weight"}, always, always]
    torch.testing.assert_close(history, other, rtol=0, atol=0)


def on_processes(data: list, group: Group) -> list:
    from torch.nn.parallel import DistributedDataParallel

    found = [train_parallel(data, options, group) for options in VARIANTS[-2:]]
    model = make()
    theirs = DistributedDataParallel(model, find_unused_parameters=True)
    optimizer = optimizer_of(model)
    history = []
    for rows in data:
        optimizer.zero_grad()
        n_targets = sum(len(ids) for micro in rows for ids in micro)
        *first, last = rows[group.rank]
        with theirs.no_sync():
            for ids in first:
                loss_of(theirs, ids, n_targets).backward()
        (loss_of(theirs, last, n_targets) * group.size).backward()  # it averages
        history.append([None if p.grad is None else p.grad.clone() for p in model.parameters()])
        clip_gradients(model.parameters(), 1.0)  # PyTorch's own adds 1e-6 to the norm
        optimizer.step()
    return [*found, [history, model.state_dict()]]


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_processes_agree_with_pytorchs_own_and_with_one_process(n_ranks: int) -> None:
    data = batches(n_ranks)
    # Each rank computes with one thread; two would cut a product of matrices differently, and round differently.
    (want,) = run_on_ranks(train_alone, [(data,)])
    results = run_on_ranks(on_processes, [(data,)] * n_ranks, timeout_s=100)
    for rank, (small, large, theirs) in enumerate(results):
        # Two ranks can only add in one order (and halves are exact); three add in another one in each bucket.
        bound = 0 if n_ranks == 2 else 1e-12
        torch.testing.assert_close(small[0], want[0], rtol=bound, atol=bound)
        torch.testing.assert_close(large[0], theirs[0], rtol=bound, atol=bound)
        torch.testing.assert_close(small[1], dict(want[1]), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(large[0], results[0][1][0], rtol=0, atol=0)
        if rank == 0:  # DDP gives others the buffers of rank 0 only when they next need them
            torch.testing.assert_close(large[1], dict(theirs[1]), rtol=1e-12, atol=1e-12)


def test_the_order_of_a_sum_changes_no_more_than_the_bound_says() -> None:
    """Two orders of adding n numbers differ by at most 2 (n - 1) u times the sum of their sizes, u = 2**-24."""
    generator = torch.Generator().manual_seed(0)
    parts = [torch.randn(40_000, generator=generator) for _ in range(4)]
    sums = run_on_ranks(all_reduced, [(part,) for part in parts])
    in_order = parts[0] + parts[1] + parts[2] + parts[3]
    bound = 2 * 3 * 2**-24 * sum(part.abs() for part in parts)
    assert ((sums[0] - in_order).abs() <= bound).all()
    assert not torch.equal(sums[0], in_order)
    assert all(torch.equal(summed, sums[0]) for summed in sums)


def all_reduced(tensor: Tensor, group: Group) -> Tensor:
    return group.all_reduce(tensor).wait()


def test_buckets_start_during_the_backward_pass_in_one_order_on_every_rank() -> None:
    def step(order: list[int], group: Group) -> list:
        weights = [nn.Parameter(torch.ones(3)) for _ in range(4)]
        model = nn.ParameterList(weights)
        parallel = DataParallel(model, group, bucket_mb=12 / 2**20)
        started = []
        for i in order:  # one layer at a time arrives
            (weights[i] * (i + 1.0)).sum().backward()
            started.append(len(group.traffic.of("all_reduce")))
        parallel.finish()
        return [started, [weight.grad.tolist() for weight in weights]]

    results, traffic = rehearse(step, [([3, 2, 1, 0],), ([0, 2, 3, 1],)])
    assert [result[0] for result in results] == [[1, 2, 3, 4], [0, 0, 2, 4]]
    assert all(result[1] == [[2.0 * (i + 1)] * 3 for i in range(4)] for result in results)
    assert [[event.n_bytes for event in told.of("all_reduce")] for told in traffic] == [[16] * 4] * 2


def test_the_size_limit_decides_how_many_messages_are_sent() -> None:
    model = nn.Sequential(*[nn.Linear(16, 16) for _ in range(4)])
    size = 4 * (16 * 16 + 16)
    for bucket_mb, want in ((0, 8), (size / 2**20, 4), (2 * size / 2**20, 2), (25, 1)):
        assert len(DataParallel(model, ALONE, bucket_mb=bucket_mb).buckets) == want


def test_assign_buckets_covers_each_trained_parameter_once_and_keeps_kinds_apart() -> None:
    kinds = [torch.float32, torch.bfloat16, torch.float32, torch.float32, torch.float64]
    parameters = [torch.zeros(4, dtype=kind, requires_grad=True) for kind in kinds]
    parameters[3].requires_grad_(False)
    assert assign_buckets(parameters, 10**9) == [[4], [2], [1], [0]]
    on_meta = [torch.zeros(4, requires_grad=True), torch.zeros(4, device="meta", requires_grad=True)]
    assert assign_buckets(on_meta, 10**9) == [[1], [0]]
    assert assign_buckets([], 8) == []
    with pytest.raises(ValueError, match="max_bytes is -1"):
        assign_buckets([], -1)


def test_gradients_that_nobody_has_reset_are_counted_once() -> None:
    def twice(options: dict, zero: str, group: Group) -> list[float]:
        model = nn.Linear(1, 1, bias=False)
        nn.init.ones_(model.weight)
        parallel = DataParallel(model, group, **options)
        for x in (1.0, 10.0):
            if zero:
                model.zero_grad(set_to_none=zero == "none")
            model(torch.tensor([[x * (1 + group.rank)]])).sum().backward()
            parallel.finish()
        return model.weight.grad.item()

    for options in VARIANTS:
        for zero, want in (("", 66.0), ("none", 60.0), ("zeros", 60.0)):
            assert rehearse(twice, [(options, zero)] * 3).results == [want] * 3, (options, zero)


def test_a_micro_batch_that_was_dropped_does_not_come_back() -> None:
    def dropped(options: dict, group: Group) -> float:
        model = nn.Linear(1, 1, bias=False)
        nn.init.ones_(model.weight)
        parallel = DataParallel(model, group, **options)
        with parallel.no_sync():
            model(torch.tensor([[float("nan")]])).sum().backward()
        model.zero_grad()
        model(torch.tensor([[2.0]])).sum().backward()
        parallel.finish()
        return model.weight.grad.item()

    for options in VARIANTS:
        assert rehearse(dropped, [(options,)] * 2).results == [4.0, 4.0]


def test_a_second_backward_pass_before_finish_is_refused_where_buckets_are_under_way() -> None:
    def twice(group: Group) -> None:
        model = nn.Linear(1, 1)
        nn.init.ones_(model.weight), nn.init.ones_(model.bias)
        parallel = DataParallel(model, group)
        for _ in range(2):
            model(torch.ones(1, 1)).sum().backward()
        parallel.finish()

    with pytest.raises(RankFailed, match=r"gets a gradient while the last one is being sent; finish\(\) must follow"):
        rehearse(twice, [(), ()])


def test_a_parameter_that_is_no_longer_frozen_is_no_silent_difference() -> None:
    model = make()
    parallel = DataParallel(model, ALONE)
    model.frozen.weight.requires_grad_(True)
    with pytest.raises(RuntimeError, match=r"'frozen.weight' was frozen and is trained now; .* must be made anew"):
        parallel.finish()
    with pytest.raises(ValueError, match="bucket_mb is -1; it must be at least 0"):
        DataParallel(model, ALONE, bucket_mb=-1)


def test_what_is_detached_trains_alone() -> None:
    model = nn.Linear(2, 1)
    DataParallel(model, ALONE).detach()
    for _ in range(2):
        model(torch.ones(1, 2)).sum().backward()
    assert model.bias.grad.item() == 2.0


def test_buffers_are_rank_0s_those_outside_the_state_dict_are_left_alone() -> None:
    class Counts(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))
            self.register_buffer("mean", torch.full((2, 1), value))
            self.register_buffer("steps", torch.tensor(int(value)))
            self.register_buffer("mask", torch.tensor([value]), persistent=False)

    def start(value: float, group: Group) -> list[float]:
        model = Counts(value)
        parallel = DataParallel(model, group)
        at_start = model.mean.sum().item()
        model.mean.add_(value)
        parallel.finish()
        return [at_start, *model.mean.flatten().tolist(), model.steps.item(), model.mask.item()]

    assert rehearse(start, [(1.0,), (5.0,)]).results == [[2.0, 2.0, 2.0, 1, 1.0], [2.0, 2.0, 2.0, 1, 5.0]]


def test_the_sum_of_parts_is_the_mean_over_all_targets() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 4, 5, generator=generator, dtype=torch.float64)
    targets = torch.randint(5, (6, 4), generator=generator)
    targets[1:4] = -100
    targets[4, 1:] = -100
    parts = [slice(0, 2), slice(2, 4), slice(4, 6)]

    def part(logits: Tensor, targets: Tensor, group: Group) -> list[Tensor]:
        logits = logits.clone().requires_grad_()
        loss = global_mean_loss(logits, targets, group)
        loss.backward()
        return [loss.detach(), logits.grad]

    results = rehearse(part, [(logits[cut], targets[cut]) for cut in parts]).results
    whole = logits.clone().requires_grad_()
    mean = nn.functional.cross_entropy(whole.flatten(0, 1), targets.flatten())
    mean.backward()
    torch.testing.assert_close(sum(result[0] for result in results), mean.detach())
    torch.testing.assert_close(torch.cat([result[1] for result in results]), whole.grad)
    with pytest.raises(RankFailed, match="raised ValueError: the 2 ranks have 0 targets; there must be at lea"):
        rehearse(part, [(logits[2:4], targets[2:4])] * 2)


def test_the_obvious_sum_equals_the_buckets() -> None:
    def both(data: list, group: Group) -> list:
        model, other = make(), make()
        parallel = DataParallel(model, group)
        ids = data[2][group.rank][0]
        for each in (model, other):
            loss_of(each, ids, 7).backward()
        parallel.finish()
        sum_gradients(other.parameters(), group)
        return [[p.grad for p in each.parameters()] for each in (model, other)]

    for ours, obvious in rehearse(both, [(batches(3),)] * 3).results:
        torch.testing.assert_close(ours, obvious, rtol=0, atol=0)


def test_an_empty_bucket_has_a_place_for_everything() -> None:
    bucket = Bucket.of([torch.zeros(()), torch.zeros(0, 3), torch.zeros(2, 2)])
    bucket.places[2].fill_(7)
    assert bucket.flat.tolist() == [0.0, 7.0, 7.0, 7.0, 7.0, 1.0, 1.0, 1.0]


def test_the_hook_does_what_its_example_says() -> None:
    def example(group: Group) -> list:
        weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))]
        buckets = [Bucket.of([weight]) for weight in weights]
        weights[1].grad = torch.tensor([5.0, 7.0])
        gradient_arrived(buckets, 1, 0, group)
        assert buckets[1].flat.tolist() == [5.0, 7.0, 1.0] and not buckets[1].missing
        before = len(group.traffic)
        weights[0].grad = torch.tensor([1.0, 2.0])
        gradient_arrived(buckets, 0, 0, group)
        assert weights[0].grad is buckets[0].places[0]
        return [before, len(group.traffic), *[bucket.pending.wait().tolist() for bucket in buckets]]

    assert rehearse(example, [(), ()]).results == [[0, 2, [2.0, 4.0, 2.0], [10.0, 14.0, 2.0]]] * 2
