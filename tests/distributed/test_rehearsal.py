"""Ranks as threads behave as processes do, the same each time, and say at once who waits for whom."""

from __future__ import annotations

import signal
import threading

import pytest
import torch

from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import RankFailed, rehearse


def everything(group: Group) -> list:
    """Every operation of a group; what came of each."""
    rank, n = group.rank, group.size
    tensor = torch.arange(2.0 * n).reshape(2 * n, 1)[:, 0] + 100 * rank
    summed = tensor.clone()
    group.all_reduce(summed).wait()
    strided = torch.ones(3, 2).t() * (rank + 1)
    group.sum_in_place(strided)
    table = torch.arange(6.0).reshape(3, 2) + 10 * rank
    group.broadcast(table[:, 1], 1).wait()
    counts = [i for i in range(n)]
    rows = torch.full((sum(counts),), float(rank))
    told = [tensor[:1].clone(), group.broadcast(tensor[:1].clone(), 1).wait()]
    halves = group.split([list(range(0, n, 2)), list(range(1, n, 2))])
    again = group.split([list(range(0, n, 2)), list(range(1, n, 2))])
    return [
        summed,
        strided,
        table,
        group.all_gather(tensor).wait(),
        group.reduce_scatter(tensor).wait(),
        group.all_to_all(tensor).wait(),
        group.all_to_all(rows, counts, [rank] * n).wait(),
        *told,
        group.gather((rank, None)),
        group.sum(0.25 * rank),
        group.exchange(tensor, (rank + 1) % n, (rank - 1) % n),
        (halves.rank, halves.size, halves.all_gather(tensor).wait()),
        again.sum(rank),
        group.barrier(),
    ]


def test_a_rehearsal_gives_what_processes_give() -> None:
    for n in (2, 3):
        in_threads = rehearse(everything, [()] * n).results
        in_processes = run_on_ranks(everything, [()] * n)
        torch.testing.assert_close(in_threads, in_processes, rtol=0, atol=0)


def test_every_rank_has_random_numbers_of_its_own_and_the_callers_go_on_where_they_were() -> None:
    def draw(group: Group) -> tuple[float, float]:
        torch.manual_seed(group.rank)
        first = torch.rand(1).item()
        group.barrier()
        return first, torch.rand(1).item()

    torch.manual_seed(5)
    before = torch.get_rng_state()
    results = rehearse(draw, [()] * 3).results
    assert torch.equal(before, torch.get_rng_state())
    for rank, numbers in enumerate(results):
        torch.manual_seed(rank)
        assert numbers == (torch.rand(1).item(), torch.rand(1).item())


def test_gradients_are_summed_from_inside_a_backward_pass() -> None:
    def hooked(value: float, group: Group) -> float:
        weight = torch.nn.Parameter(torch.tensor([value]))
        pending = []
        weight.register_post_accumulate_grad_hook(lambda p: pending.append(group.all_reduce(p.grad)))
        (weight**2).sum().backward()
        for sum_ in pending:
            sum_.wait()
        return weight.grad.item()

    assert rehearse(hooked, [(1.0,), (2.0,)]).results == [6.0, 6.0]
    with torch.no_grad():
        modes = rehearse(lambda group: torch.is_grad_enabled(), [()] * 2).results
    assert modes == [False, False]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            lambda group: group.send(torch.zeros(1), 1 - group.rank),
            "nobody can go on: rank 0 waits for rank 1 to receive its message; rank 1 waits for rank 0 to receive",
        ),
        (
            lambda group: group.receive(torch.zeros(1), 1) if group.rank == 0 else None,
            "nobody can go on: rank 0 waits for a message from rank 1, which has ended",
        ),
        (
            lambda group: [group.barrier() for _ in range(2 - group.rank)],
            "nobody can go on: rank 0 waits for rank 1, which has ended in barrier number 2",
        ),
        (
            lambda group: (group.all_reduce if group.rank else group.all_gather)(torch.zeros(1)).wait(),
            r"operation number 1: rank 0 calls all_gather of float32 \(1,\), rank 1 calls all_reduce of float32 \(1,\)",
        ),
        (
            lambda group: group.all_reduce(torch.zeros(1 + group.rank)).wait(),
            r"rank 0 calls all_reduce of float32 \(1,\), rank 1 calls all_reduce of float32 \(2,\)",
        ),
        (
            lambda group: group.receive(torch.zeros(2), 1) if group.rank == 0 else group.send(torch.zeros(3), 0),
            r"rank 0 waits for float32 \(2,\) from rank 1, which has sent float32 \(3,\)",
        ),
        (
            lambda group: group.all_to_all(torch.zeros(2), [1, 1], [1, 1 + group.rank]).wait(),
            "rank 1 waits for 2 rows from rank 1, which has sent 1",
        ),
        (lambda group: 1 // group.rank, "rank 0 raised ZeroDivisionError"),
        (lambda group: group.send(torch.zeros(1), group.rank), "rank 0 of 2 cannot send with rank 0; it must be anoth"),
        (lambda group: group.reduce_scatter(torch.zeros(3)), "the tensor has 3 rows; it must have a multiple of 2"),
        (lambda group: group.split([[0]]), r"parts is \[\[0\]\]; each of the 2 ranks must be in one part"),
    ],
)
def test_what_cannot_go_on_is_told_at_once(program, message: str) -> None:
    before = threading.active_count()
    with pytest.raises(RankFailed, match=message):
        rehearse(program, [()] * 2)
    assert threading.active_count() == before, "no thread is left"


def test_an_interrupt_ends_a_rank_that_runs_forever() -> None:
    def forever(group: Group) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        while True:
            pass

    before = threading.active_count()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            rehearse(forever, [()] * 2)
    finally:
        signal.signal(signal.SIGALRM, old)
    assert threading.active_count() == before


def test_arguments_are_copied_unless_they_are_asked_to_be_changed() -> None:
    def add(x: torch.Tensor, group: Group) -> None:
        x += 1

    x = torch.zeros(1)
    rehearse(add, [(x,), (x,)])
    assert x.item() == 0
    rehearse(add, [(x,), (x,)], in_place=True)
    assert x.item() == 2


def test_a_function_of_a_notebook_runs_in_processes() -> None:
    factor = 3
    assert run_on_ranks(lambda x, group: (factor * x, group.rank, group.size), [(1,), (2,)]) == [(3, 0, 2), (6, 1, 2)]


def gathered_into(group: Group) -> tuple[list[float], bool]:
    out = torch.empty(2 * group.size)
    result = group.all_gather(torch.full((2,), float(group.rank)), out).wait()
    return result.tolist(), result.data_ptr() == out.data_ptr()


def test_what_is_gathered_can_be_written_where_the_caller_wants_it() -> None:
    want = [([0.0, 0.0, 1.0, 1.0], True)] * 2
    assert rehearse(gathered_into, [()] * 2).results == want
    assert run_on_ranks(gathered_into, [()] * 2) == want
    with pytest.raises(RankFailed, match=r"out is torch.float32 of shape \(3,\); it must be contiguous"):
        rehearse(lambda group: group.all_gather(torch.ones(2), torch.ones(3)), [()] * 2)


def test_ranks_get_tensors_of_their_own() -> None:
    def add(x: torch.Tensor, group: Group) -> float:
        x += 1 + group.rank
        group.barrier()
        return x.item()

    x = torch.zeros(1)
    assert run_on_ranks(add, [(x,), (x,)]) == [1.0, 2.0]
    assert x.item() == 0
