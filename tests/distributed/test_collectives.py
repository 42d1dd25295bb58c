"""Operations built from sends and receives give what gloo's own give, and send what they say they send."""

from __future__ import annotations

import math

import pytest
import torch

from llmcourse.distributed import collectives
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import RankFailed, rehearse

SIZES = (1, 2, 3, 4, 5)
SHAPES = ((), (0,), (1,), (7,), (12,), (3, 5), (2, 0, 3))


def tensors(n: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """Whole numbers, small enough for their sums to be exact in every dtype."""
    generator = torch.Generator().manual_seed(n + sum(shape))
    return [torch.randint(-9, 10, shape, generator=generator).to(dtype) for _ in range(n)]


@pytest.mark.parametrize("name", ["plain_all_reduce", "ring_all_reduce", "tree_all_reduce"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.int64])
def test_an_all_reduce_is_the_sum_for_every_shape_and_number_of_ranks(name: str, dtype: torch.dtype) -> None:
    for n in SIZES:
        for shape in SHAPES:
            xs = tensors(n, shape, dtype)
            before = [x.clone() for x in xs]
            results, _ = rehearse(getattr(collectives, name), [(x,) for x in xs], in_place=True)
            want = sum(xs[1:], xs[0])
            for got in results:
                torch.testing.assert_close(got, want, rtol=0, atol=0)
            assert all(torch.equal(x, y) for x, y in zip(xs, before))
            assert all(got.data_ptr() != x.data_ptr() or not x.numel() for got, x in zip(results, xs))


@pytest.mark.parametrize("name", ["plain_broadcast", "tree_broadcast"])
def test_a_broadcast_gives_everybody_what_the_source_has(name: str) -> None:
    for n in SIZES:
        for source in range(n):
            xs = tensors(n, (2, 3), torch.bfloat16)
            results, traffic = rehearse(getattr(collectives, name), [(x, source) for x in xs])
            assert all(torch.equal(got, xs[source]) for got in results)
            assert sum(told.n_messages for told in traffic) == n - 1


@pytest.mark.parametrize("name", ["plain_all_gather", "ring_all_gather"])
def test_an_all_gather_joins_the_shards_in_the_order_of_the_ranks(name: str) -> None:
    for n in SIZES:
        for shape in SHAPES[1:]:
            xs = tensors(n, shape)
            results, traffic = rehearse(getattr(collectives, name), [(x,) for x in xs])
            assert all(torch.equal(got, torch.cat(xs)) for got in results)
            assert {told.bytes_sent for told in traffic} == {(n - 1) * 4 * math.prod(shape)}


def test_a_reduce_scatter_leaves_each_rank_its_part_of_the_sum() -> None:
    for n in SIZES:
        for shape in ((n,), (3 * n, 2), (0, 4), (2 * n, 0)):
            xs = tensors(n, shape, torch.bfloat16)
            results, traffic = rehearse(collectives.ring_reduce_scatter, [(x,) for x in xs])
            rows = shape[0] // n
            for rank, got in enumerate(results):
                assert torch.equal(got, sum(xs[1:], xs[0])[rank * rows : (rank + 1) * rows])
            assert {told.bytes_sent for told in traffic} == {(n - 1) * 2 * math.prod(shape) // n}


def test_an_all_to_all_sends_rank_i_what_is_meant_for_it() -> None:
    for n in SIZES:
        xs = tensors(n, (2 * n, 3))
        results, traffic = rehearse(collectives.pairwise_all_to_all, [(x,) for x in xs])
        for rank, got in enumerate(results):
            assert torch.equal(got, torch.cat([x.chunk(n)[rank] for x in xs]))
        assert {told.bytes_sent for told in traffic} == {(n - 1) * 2 * 3 * 4}


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
def test_a_ring_all_reduce_sends_twice_the_tensor_less_two_parts(n: int) -> None:
    """Patarasuk and Yuan's optimum, 2 (N-1)/N of the tensor from each rank, where N divides it."""
    size = 40 * n
    _, traffic = rehearse(collectives.ring_all_reduce, [(x,) for x in tensors(n, (size,))])
    for rank, told in enumerate(traffic):
        assert told.bytes_sent * n == 2 * (n - 1) * size * 4
        assert {event.peer for event in told.of("send")} == {(rank + 1) % n}
        assert {event.peer for event in told.of("receive")} == {(rank - 1) % n}


def test_ranks_have_the_same_sum_bit_for_bit_although_no_order_of_addition_is_the_same_for_all_elements() -> None:
    for name in ("plain_all_reduce", "ring_all_reduce", "tree_all_reduce"):
        xs = [torch.randn(1001, generator=torch.Generator().manual_seed(rank)).bfloat16() for rank in range(5)]
        results, _ = rehearse(getattr(collectives, name), [(x,) for x in xs])
        assert all(torch.equal(got, results[0]) for got in results), name
    big_and_ones = [torch.full((4,), value, dtype=torch.bfloat16) for value in (256, 1, 1, 1)]
    ring = rehearse(collectives.ring_all_reduce, [(x,) for x in big_and_ones]).results[0]
    assert len(set(ring.tolist())) > 1, "equal elements, unequal sums"


def test_rows_that_cannot_be_cut_are_an_error() -> None:
    for function in (collectives.ring_reduce_scatter, collectives.pairwise_all_to_all):
        with pytest.raises(RankFailed, match="the tensor has 3 rows; it must have a multiple of 2"):
            rehearse(function, [(torch.zeros(3),)] * 2)


def test_one_process_alone_sends_nothing() -> None:
    x = torch.arange(3.0)
    for name in ("plain_broadcast", "tree_broadcast", "ring_all_gather", "ring_reduce_scatter", "pairwise_all_to_all"):
        got = getattr(collectives, name)(x, *([0] if "broadcast" in name else []), ALONE)
        assert torch.equal(got, x) and got.data_ptr() != x.data_ptr()


def beside_gloo(group: Group) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Each operation of ours beside the one that gloo has, on real processes."""
    n, generator = group.size, torch.Generator().manual_seed(group.rank)
    x = torch.randint(-99, 99, (5 * n, 3), generator=generator).float()
    odd = torch.randint(-9, 9, (7,), generator=generator).bfloat16()
    return [
        (collectives.tree_broadcast(x, n - 1, group), group.broadcast(x.clone(), n - 1).wait()),
        (collectives.ring_all_gather(x, group), group.all_gather(x).wait()),
        (collectives.ring_reduce_scatter(x, group), group.reduce_scatter(x).wait()),
        (collectives.ring_all_reduce(x.t(), group), group.all_reduce(x.t().contiguous()).wait()),
        (collectives.ring_all_reduce(odd, group), group.all_reduce(odd.clone()).wait()),
        (collectives.tree_all_reduce(odd, group), group.all_reduce(odd.clone()).wait()),
        (collectives.ring_all_reduce(odd[:0], group), odd[:0]),
        (collectives.pairwise_all_to_all(x, group), group.all_to_all(x).wait()),
    ]


@pytest.mark.parametrize("n", [2, 3])
def test_on_processes_they_give_what_gloo_gives(n: int) -> None:
    for pairs in run_on_ranks(beside_gloo, [()] * n):
        for ours, theirs in pairs:
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
