"""Layers that count in a step: whose counts are added up, who is asked, and whose share is set."""

import pytest
import torch
from torch import nn

from llmcourse.distributed.launch import run_on_ranks
from llmcourse.model.losses import auxiliary_share
from llmcourse.training.steps import _counting, after_step, faults, forget_tallies


class Counter(nn.Module):
    """A layer with a tally, which measures what it is told."""

    def __init__(self, tally, says=None):
        super().__init__()
        self.tally, self.says, self.share, self.got = torch.tensor(tally), says, 1.0, None

    def after_step(self, tally):
        self.got = tally.tolist()
        return {"expert_load_max": tally.max(), "dead_experts": (tally == 0).sum(), "other": tally[0]}

    def forget_tally(self):
        self.tally = torch.zeros_like(self.tally)

    def fault(self):
        return self.says


def test_each_layer_gets_its_own_tally_and_measures_become_one():
    first, second = Counter([1.0, 0.0, 5.0]), Counter([3.0, 0.0])
    measured = after_step(nn.Sequential(nn.Linear(1, 1), first, second))
    assert (first.got, second.got) == ([1.0, 0.0, 5.0], [3.0, 0.0])
    assert {name: float(value) for name, value in measured.items()} == {
        "expert_load_max": 5.0,
        "dead_experts": 2.0,
        "other": 2.0,
    }


def test_a_model_without_such_layers_is_left_alone():
    model = nn.Linear(1, 1)
    forget_tallies(model)
    with auxiliary_share(model, 0.5):
        pass
    assert after_step(model) == {} and faults(model) == []


def test_tallies_are_forgotten():
    layer = Counter([1.0, 2.0])
    forget_tallies(nn.Sequential(layer))
    assert layer.tally.tolist() == [0.0, 0.0]


def test_a_share_is_put_back_also_after_an_error():
    first, second = Counter([1.0]), Counter([1.0])
    second.share = 0.75
    with pytest.raises(KeyError), auxiliary_share(nn.Sequential(first, second), 0.25):
        assert first.share == second.share == 0.25
        raise KeyError
    assert (first.share, second.share) == (1.0, 0.75)


def test_the_first_layer_with_a_fault_comes_first_and_is_named_as_it_is_called_uncompiled():
    model = nn.Sequential(Counter([1.0]), Counter([1.0], "one"), Counter([1.0], "two"))
    model[1] = torch.compile(model[1])
    assert faults(model) == ["1: one", "2: two"]


def test_a_layer_that_is_compiled_by_itself_counts_once():
    layer = Counter([3.0, 1.0])
    measured = after_step(nn.Sequential(torch.compile(layer)))
    assert layer.got == [3.0, 1.0] and measured["dead_experts"] == 0
    assert len(_counting(nn.Sequential(torch.compile(layer)))) == 1


def on_two_ranks(group):
    """Rank r counts r + 1, and rank 1 alone is at fault."""
    layer = Counter([float(group.rank + 1), 0.0], "it is ill" if group.rank else None)
    measured = after_step(nn.Sequential(layer), group)
    return layer.got, float(measured["other"]), faults(nn.Sequential(layer), group)


def test_the_tallies_of_all_ranks_are_added_up_and_everybody_hears_of_a_fault():
    for got, other, found in run_on_ranks(on_two_ranks, [(), ()]):
        assert (got, other, found) == ([3.0, 0.0], 3.0, ["0: it is ill (rank 1)"])
