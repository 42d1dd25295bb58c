"""Searches on functions whose answer is known."""

import itertools
import math

import pytest
import torch

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim.search import draw, grid, learning_rate_range_test, successive_halving, try_all


class Recorder:
    """Curves loss + 1 / steps that notes each call."""

    def __init__(self):
        self.calls = []

    def __call__(self, candidate, steps):
        self.calls.append((candidate["x"], steps))
        return candidate["loss"] + 1 / steps


def candidates(*losses):
    return [{"x": number, "loss": loss} for number, loss in enumerate(losses)]


def test_rungs_halve_and_steps_double():
    train = Recorder()
    result = successive_halving(train, candidates(5, 1, 4, 0, 3, 2, 7, 6), min_steps=3)
    rungs = {steps: [x for x, s in train.calls if s == steps] for steps in (3, 6, 12, 24)}
    assert rungs == {3: list(range(8)), 6: [1, 3, 4, 5], 12: [1, 3], 24: [3]}
    assert result.best["x"] == 3 and result.loss == pytest.approx(1 / 24)
    assert result.steps == 8 * 3 + 4 * 3 + 2 * 6 + 1 * 12
    assert [(t.candidate["x"], t.steps) for t in result.trials] == train.calls


def test_a_number_that_eta_does_not_divide_loses_the_rest():
    train = Recorder()
    successive_halving(train, candidates(*range(7)), min_steps=1, eta=3)
    assert train.calls == [*((x, 1) for x in range(7)), (0, 3), (1, 3), (0, 9)]
    train = Recorder()
    successive_halving(train, candidates(1, 0), min_steps=1, eta=5)
    assert train.calls == [(0, 1), (1, 1), (1, 5)]


def test_one_candidate_is_trained_once():
    train = Recorder()
    assert successive_halving(train, candidates(2), min_steps=4).steps == 4 and train.calls == [(0, 4)]


def test_diverged_candidates_lose_and_ties_go_to_the_earlier():
    losses = [math.nan, 3.0, -math.inf, 3.0]
    assert successive_halving(lambda c, steps: losses[c], range(4), min_steps=1).best == 1
    assert try_all(lambda c, steps: losses[c], range(4), 10).best == 1


def test_try_all_pays_for_every_candidate():
    result = try_all(Recorder(), candidates(2, 1, 3), steps=10)
    assert (result.best["x"], result.steps, len(result.trials)) == (1, 30, 3)


def test_grid_and_draw():
    assert len(grid({"a": [1, 2, 3], "b": [4, 5]})) == 6
    few, many = draw({"lr": (1e-4, 1e-1)}, 5, seed=3), draw({"lr": (1e-4, 1e-1)}, 2000, seed=3)
    assert few == many[:5]
    assert sum(c["lr"] < 10**-2.5 for c in many) == pytest.approx(1000, abs=100)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: successive_halving(Recorder(), [], min_steps=1), "candidates has 0"),
        (lambda: successive_halving(Recorder(), [1], min_steps=0), "min_steps is 0"),
        (lambda: successive_halving(Recorder(), [1], min_steps=1, eta=1), "eta is 1"),
        (lambda: try_all(Recorder(), [], 3), "candidates has 0"),
        (lambda: draw({"lr": (0.0, 1.0)}, 3), "lr is 0.0"),
        (lambda: learning_rate_range_test(None, None, lr_min=2.0), "lr_min is 2.0"),
    ],
)
def test_bad_settings_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_range_test_rises_geometrically_stops_at_divergence_and_leaves_the_model_alone():
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=32, d_model=16, n_layers=1, n_heads=2, max_seq_len=8))
    before = [p.clone() for p in model.parameters()]
    batches = Batches(torch.randint(32, (2000,)), 8, 4)
    seen = learning_rate_range_test(model, batches, steps=40, lr_min=1e-4, lr_max=100.0)
    rates = [lr for lr, _ in seen]
    assert [b / a for a, b in itertools.pairwise(rates)] == pytest.approx([1e6 ** (1 / 39)] * (len(rates) - 1))
    assert len(seen) < 40 and not seen[-1][1] <= 1.5 * min(loss for _, loss in seen)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
