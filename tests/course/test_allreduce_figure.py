"""The figure of the all-reduce against the messages that the library's collectives send."""

import pytest
import torch

from llmcourse.course.notebook.interactive import allreduce_stepper
from llmcourse.course.notebook.interactive.allreduce import ALPHA_S, BETA_S, RANKS, WAYS
from llmcourse.distributed import collectives
from llmcourse.distributed.costs import collective_seconds
from llmcourse.distributed.rehearsal import rehearse
from tests.course.figures import core

CASES = [(way, n) for way in WAYS for n in (*RANKS, 7)]


js = core("allreduce")


@pytest.mark.parametrize(("way", "n"), CASES)
def test_the_figure_sends_what_the_library_sends(js, way, n):
    rows = [(torch.full((n,), float(2**rank)),) for rank in range(n)]
    results, traffic = rehearse(getattr(collectives, WAYS[way]), rows)
    steps = [js("messages", way, n, step) for step in range(js("steps", way, n))]
    for rank, told in enumerate(traffic):
        shown = [(m["to"], 4 * len(m["parts"])) for step in steps for m in step if m["from"] == rank]
        assert shown == [(event.peer, event.n_bytes) for event in told.of("send")], f"rank {rank}"
    assert js("held", way, n, len(steps)) == [result.int().tolist() for result in results]
    assert js("sent", way, n, len(steps)) == pytest.approx([told.bytes_sent / 4 / n for told in traffic])


@pytest.mark.parametrize("n", RANKS)
def test_half_way_around_the_ring_each_rank_has_one_finished_part(js, n):
    held = js("held", "ring", n, n - 1)
    assert [[part for part in range(n) if row[part] == 2**n - 1] for row in held] == [[(r + 1) % n] for r in range(n)]
    rows = [(torch.full((n,), float(2**rank)),) for rank in range(n)]
    scattered = rehearse(collectives.ring_reduce_scatter, rows).results
    assert all(part.tolist() == [2**n - 1] for part in scattered)


@pytest.mark.parametrize(("way", "n"), CASES)
def test_nothing_is_counted_twice_on_the_way(js, way, n):
    for step in range(js("steps", way, n)):
        held = js("held", way, n, step)
        for message in js("messages", way, n, step):
            if message["adds"] and way != "plain":
                pairs = [(held[message["from"]][part], held[message["to"]][part]) for part in message["parts"]]
                assert all(a & b == 0 for a, b in pairs)


@pytest.mark.parametrize(("way", "n"), CASES)
def test_times_are_the_price_list_s(js, way, n):
    for size in (4e3, 1e9):
        want = collective_seconds(WAYS[way], size, n, ALPHA_S, BETA_S)
        assert js("seconds", way, size, n, ALPHA_S, BETA_S) == pytest.approx(want)


def test_without_javascript_there_is_a_table():
    page = allreduce_stepper().data
    assert "<td>8</td><td>ring</td><td>14</td><td>1.75</td>" in page
    assert f"<td>{1e3 * collective_seconds('ring_all_reduce', 1e9, 8, ALPHA_S, BETA_S):.3g}</td></tr>" in page
