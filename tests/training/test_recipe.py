"""Each check of the recipe passes on a right model and names what is wrong with a broken one."""

import math

import pytest
import torch
from torch import nn

from llmcourse.data import Batch
from llmcourse.training.proofs import (
    as_function_of_embeddings,
    causality,
    initial_loss,
    input_independent_baseline,
    lowest_loss,
    overfit_one_batch,
    row_independence,
    trace_dependencies,
)


class Wrapped(nn.Module):
    """A model whose ids or logits somebody has tampered with."""

    def __init__(self, model, ids=lambda ids: ids, logits=lambda logits: logits):
        super().__init__()
        self.model, self.ids, self.logits = model, ids, logits

    def forward(self, ids_BT):
        return self.logits(self.model(self.ids(ids_BT)))


class SeesTheFuture(nn.Module):
    """Adds to each position what stands at the next one."""

    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(16, 32), nn.Linear(32, 16)

    def forward(self, ids_BT):
        x_BTD = self.embedding(ids_BT)
        return self.head(x_BTD + x_BTD.roll(-1, dims=1))


def small_batch(batches, n_rows=4):
    return Batch(*(values[:n_rows] for values in batches.batch(0)[:2]))


def test_a_fresh_model_knows_nothing(make_model, batches):
    assert initial_loss(make_model(), batches.batch(0)).passed


def test_logits_that_are_too_large_at_the_start_are_found(make_model, batches):
    finding = initial_loss(make_model(init_std=0.5), batches.batch(0))
    assert not finding.passed
    assert "standard deviation" in finding.message


def test_one_batch_is_learned_by_heart_down_to_the_floor(make_model, batches):
    model = make_model(dropout=0.5)
    before = [parameter.clone() for parameter in model.parameters()]
    finding = overfit_one_batch(model, small_batch(batches))
    assert finding.passed, finding
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert model.training


@pytest.mark.parametrize(
    "broken",
    [
        lambda model: Wrapped(model, logits=lambda logits: logits.softmax(-1)),
        lambda model: Wrapped(model, logits=lambda logits: logits.detach() + 0 * logits),
        lambda model: Wrapped(model, ids=lambda ids: ids * 0),
    ],
    ids=["softmax twice", "no gradient", "inputs lost"],
)
def test_a_model_that_cannot_learn_one_batch_is_found(make_model, broken):
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(16, (4, 9), generator=generator)
    finding = overfit_one_batch(broken(make_model()), Batch(ids[:, :-1], ids[:, 1:]), steps=100)
    assert not finding.passed, finding


def test_a_loss_below_the_floor_gives_the_future_away():
    inputs = torch.tensor([[1, 2, 3, 4], [1, 5, 6, 7], [1, 8, 9, 10], [1, 11, 12, 13]])
    targets = torch.cat([inputs[:, 1:], inputs[:, :1]], dim=1)
    finding = overfit_one_batch(SeesTheFuture(), Batch(inputs, targets), steps=300, lr=0.02)
    assert finding.values["floor"] == pytest.approx(math.log(4) / 4)
    assert not finding.passed
    assert "future" in finding.message


def test_the_floor_is_the_best_loss_of_a_table_of_prefixes():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(2, (12, 5), generator=generator)
    inputs, targets = ids[:, :-1], ids[:, 1:].clone()
    targets[0, 2] = -100
    prefixes = {}
    cells = torch.tensor(
        [[prefixes.setdefault(tuple(row[: t + 1].tolist()), len(prefixes)) for t in range(4)] for row in inputs]
    )
    logits = torch.zeros(len(prefixes), 2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(logits[cells].flatten(0, 1), targets.flatten(), ignore_index=-100)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert lowest_loss(inputs, targets) == pytest.approx(closure().item(), abs=1e-3)
    assert lowest_loss(inputs, torch.full_like(targets, -100)) == 0.0


def test_inputs_help_a_right_model_and_not_one_that_drops_them(make_model, batches):
    assert input_independent_baseline(make_model(), batches, steps=80).passed
    blind = Wrapped(make_model(), ids=lambda ids: ids * 0)
    finding = input_independent_baseline(blind, batches, steps=40)
    assert not finding.passed
    assert "hardly reach" in finding.message


@pytest.mark.parametrize("positions", ["rope", "alibi", "learned", "none"])
def test_our_models_see_their_past_and_nothing_else(make_model, positions):
    model = make_model(positions=positions)
    assert causality(model, torch.arange(10)).passed
    assert row_independence(model, torch.arange(12).reshape(3, 4)).passed


def test_a_model_that_sees_the_future_is_found():
    finding = causality(SeesTheFuture(), torch.arange(6))
    assert not finding.passed
    assert "position 0 depends on the input at 1" in finding.message


def test_a_model_that_forgets_its_past_is_found():
    finding = causality(nn.Sequential(nn.Embedding(16, 8), nn.Linear(8, 16)), torch.arange(6))
    assert not finding.passed
    assert "position 1 does not depend on the input at 0" in finding.message


def test_mixed_rows_are_found(make_model):
    model = Wrapped(make_model(), logits=lambda logits: logits + logits.mean(0, keepdim=True))
    assert not row_independence(model, torch.arange(12).reshape(3, 4)).passed


def test_dependencies_are_those_of_the_jacobian():
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(5, 5, generator=generator, dtype=torch.float64) * (torch.rand(5, 5, generator=generator) < 0.4)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)

    def function(x):
        return (mix @ x).tanh().softmax(-1)

    jacobian = torch.autograd.functional.jacobian(function, x)
    assert torch.equal(trace_dependencies(function, x), (jacobian.abs().amax((1, 3)) > 1e-12))


@pytest.mark.parametrize(
    "function",
    [lambda x: x.softmax(-1), lambda x: nn.functional.layer_norm(x, (8,)), lambda x: x - x.mean(-1, keepdim=True)],
)
def test_outputs_whose_sum_is_constant_still_depend_on_their_inputs(function):
    assert torch.equal(trace_dependencies(function, torch.randn(4, 8)), torch.eye(4, dtype=torch.bool))


def test_a_function_that_ignores_its_input_depends_on_nothing():
    x = torch.randn(3, 2, requires_grad=True)
    assert not trace_dependencies(lambda x: torch.ones(2, 4), x).any()
    assert x.grad is None


def test_tracing_leaves_no_gradient_and_no_hook(make_model):
    model = make_model()
    ids = torch.arange(6)[None]
    want = model(ids)
    function, x = as_function_of_embeddings(model, ids)
    assert torch.equal(function(x), want)
    trace_dependencies(lambda x_TD: function(x_TD[None])[0], x[0])
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(model(ids), want)


def test_the_floor_of_divided_rows_is_what_each_document_allows(make_model):
    row = torch.tensor([15, 1, 2, 3, 15, 4, 5, 6, 15, 7, 8, 9, 15])
    inputs, targets = row[None, :-1], row[None, 1:]
    batch = Batch(inputs, targets, (inputs == 15).cumsum(1))
    finding = overfit_one_batch(make_model(), batch)
    assert finding.passed, finding.message
    assert finding.values["floor"] == pytest.approx(3 * math.log(3) / 12)  # each document begins otherwise
