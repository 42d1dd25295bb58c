"""Interleaved pipelines: the bubble shrinks by the number of groups, and every pass is there once."""

import itertools

import pytest

from llmcourse.distributed.interleaved import (
    group_task_times,
    interleaved_one_forward_one_backward,
    kept_micro_batches,
)
from llmcourse.distributed.pipeline import bubble_fraction

SIZES = [(p, turns * p, v) for p, turns, v in itertools.product((1, 2, 3, 4, 8), (1, 2, 4), (1, 2, 4))]


@pytest.mark.parametrize(("p", "m", "v"), SIZES)
def test_the_bubble_shrinks_by_the_number_of_groups(p, m, v):
    orders = interleaved_one_forward_one_backward(p, m, v)
    for forward, backward in ((1.0, 2.0), (1.0, 1.0)):
        times = group_task_times(orders, [forward] * p, [backward] * p)
        assert bubble_fraction(times) == pytest.approx((p - 1) / (v * m + p - 1), abs=1e-12)


@pytest.mark.parametrize(("p", "m", "v"), SIZES)
def test_every_group_has_every_micro_batch_once_in_each_direction(p, m, v):
    wanted = set(itertools.product("FB", range(m), range(v)))
    for tasks in interleaved_one_forward_one_backward(p, m, v):
        assert len(tasks) == len(wanted) and set(tasks) == wanted
        assert kept_micro_batches(tasks, v) <= m


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ((0, 1, 1), "n_stages is 0"),
        ((2, 3, 2), "n_micro_batches is 3; it must be a multiple"),
        ((1, 1, 0), "n_groups is 0"),
    ],
)
def test_sizes_that_do_not_work_are_named(sizes, told):
    with pytest.raises(ValueError, match=told):
        interleaved_one_forward_one_backward(*sizes)


def test_orders_that_wait_for_one_another_are_refused():
    orders = interleaved_one_forward_one_backward(2, 2, 2)
    orders[0] = orders[0][::-1]
    with pytest.raises(ValueError, match="wait for one another forever"):
        group_task_times(orders, [1, 1], [2, 2])
