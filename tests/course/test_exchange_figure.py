"""The figure of tokens that travel against the library's dispatch and exchange."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import token_exchange
from llmcourse.course.notebook.interactive.exchange import N_EXPERTS, STEPS, TOKENS, TOP_K, rows_between, scenarios
from llmcourse.distributed.rehearsal import rehearse
from llmcourse.moe.dispatch import sort_by_expert
from llmcourse.moe.expert_parallel import AllToAll, exchange_splits
from tests.course.figures import core

pairs = st.permutations(range(N_EXPERTS)).map(lambda order: order[:TOP_K])
routings = st.lists(st.lists(pairs, min_size=1, max_size=5), min_size=3, max_size=3)


js = core("exchange")


def travel(rows_RD, counts_E, group):
    """The rows of a layer's way there and back, by the library's dispatcher."""
    dispatcher = AllToAll(group, N_EXPERTS)
    here_RD, counts_L = dispatcher.send(rows_RD, counts_E)
    return here_RD, counts_L, dispatcher.give_back(here_RD)


@settings(max_examples=40, deadline=None)
@given(routings)
def test_rows_lie_where_the_library_brings_them(js, ranks):
    ordered = [sort_by_expert(torch.tensor(experts), N_EXPERTS) for experts in ranks]
    sent = [
        (torch.tensor([[rank, int(choice)] for choice in order_R]).float(), counts_E)
        for rank, (order_R, counts_E) in enumerate(ordered)
    ]
    there = rehearse(travel, sent).results
    assert js("lanes", ranks, N_EXPERTS, "sorted") == [rows_RD.int().tolist() for rows_RD, _ in sent]
    assert js("lanes", ranks, N_EXPERTS, "computed") == [here_RD.int().tolist() for here_RD, *_ in there]
    assert js("lanes", ranks, N_EXPERTS, "returned") == [back_RD.int().tolist() for *_, back_RD in there]
    splits = rehearse(exchange_splits, [(counts_E,) for _, counts_E in ordered]).results
    assert rows_between(ranks) == [each.send for each in splits]
    for rank, each in enumerate(splits):
        got = js("splits", ranks, N_EXPERTS, rank)
        assert (got["send"], got["receive"], got["counts"]) == (each.send, each.receive, each.counts_NL.tolist())
        senders = [sender for sender, _ in js("arrived", ranks, N_EXPERTS, rank)]
        assert senders == sorted(senders)


@pytest.mark.parametrize("name", scenarios())
def test_every_row_is_somewhere_once_at_every_step(js, name):
    ranks = scenarios()[name]
    assert [len(experts) for experts in ranks] == list(TOKENS)
    for step, _ in STEPS:
        rows = [tuple(row) for lane in js("lanes", ranks, N_EXPERTS, step) for row in lane]
        assert len(rows) == len(set(rows)) == TOP_K * sum(TOKENS)


def test_the_steps_that_are_told_are_those_that_are_drawn(js):
    assert js.value("STEPS") == [name for name, _ in STEPS]


def test_without_javascript_there_is_a_table():
    page = token_exchange().data
    busiest = [max(map(sum, zip(*rows_between(ranks)))) for ranks in scenarios().values()]
    assert busiest == sorted(busiest) and busiest[-1] == TOP_K * sum(TOKENS), "the last router sends all to one rank"
    assert page.count("<tr><td>") == 9 and f"<td>{busiest[-1]}</td></tr>" in page
