"""A slow wire takes the time it is told to take, and carries the same tensors."""

from __future__ import annotations

import time

import torch

from llmcourse.course.notebook.wires import slow_wire
from llmcourse.distributed.collectives import ring_all_reduce, tree_broadcast
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks


def timed(group: Group) -> tuple[float, float, torch.Tensor, float]:
    group.barrier()
    slow = slow_wire(group, alpha_s=0.02, beta_s=1e-5)
    began = time.perf_counter()
    tree_broadcast(torch.zeros(1000), 0, slow)
    group.barrier()
    middle = time.perf_counter()
    total = ring_all_reduce(torch.ones(900), slow)
    return middle - began, time.perf_counter() - middle, total, slow.sum(1.0)


def test_messages_take_the_time_of_the_model() -> None:
    for broadcast_s, ring_s, total, n in run_on_ranks(timed, [()] * 3):
        assert total.eq(3).all() and n == 3
        assert 0.1 < broadcast_s < 3, "two rounds of 0.02 + 0.04 s; a rank that comes late waits less"
        assert 0.11 < ring_s < 3, "four steps of 0.02 + 0.012 s"
