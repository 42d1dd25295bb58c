"""Clipping against PyTorch, accumulation against one big batch, the noise scale against a known one."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from llmcourse.data import Batch
from llmcourse.optim.gradients import (
    accumulate_gradients,
    autocast,
    clip_gradients,
    gradient_noise_scale,
    squared_norms,
)


class Tiny(nn.Module):
    def __init__(self, vocab=13, width=8):
        super().__init__()
        self.embedding, self.head = nn.Embedding(vocab, width), nn.Linear(width, vocab)
        self.seen_dtype = None

    def forward(self, ids_BT, documents_BT=None):
        logits = self.head(torch.tanh(self.embedding(ids_BT)))
        self.seen_dtype = logits.dtype
        return logits


def batches(n_ignored, rows=2, length=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    made = []
    for n in n_ignored:
        ids = torch.randint(13, (rows, length + 1), generator=generator)
        targets = ids[:, 1:].clone()
        targets.flatten()[:n] = -100
        made.append(Batch(ids[:, :-1], targets, None))
    return made


@pytest.mark.parametrize("n_ignored", [[0, 0], [0, 5, 11], [12, 0], [3]])
def test_accumulated_gradients_equal_those_of_one_big_batch(n_ignored):
    torch.manual_seed(0)
    model = Tiny().double()
    parts = batches(n_ignored)
    big = copy.deepcopy(model)
    inputs, targets = torch.cat([b.inputs for b in parts]), torch.cat([b.targets for b in parts])
    loss = F.cross_entropy(big(inputs).flatten(0, 1), targets.flatten())
    loss.backward()
    assert accumulate_gradients(model, parts) == pytest.approx(loss.item(), rel=1e-12)
    for got, want in zip(model.parameters(), big.parameters()):
        torch.testing.assert_close(got.grad, want.grad, rtol=1e-10, atol=1e-12)


def test_parts_that_know_the_number_of_all_targets_add_up():
    torch.manual_seed(0)
    model = Tiny().double()
    whole = copy.deepcopy(model)
    parts = batches([0, 7])
    total = sum(int((b.targets != -100).sum()) for b in parts)
    losses = [accumulate_gradients(model, [part], n_targets=total) for part in parts]
    assert sum(losses) == pytest.approx(accumulate_gradients(whole, parts))
    for got, want in zip(model.parameters(), whole.parameters()):
        torch.testing.assert_close(got.grad, want.grad)


def test_no_target_at_all_is_an_error():
    with pytest.raises(ValueError, match="n_targets is 0 for 2"):
        accumulate_gradients(Tiny(), batches([12, 12]))


def test_bf16_computes_in_bfloat16_and_keeps_float32_gradients():
    torch.manual_seed(0)
    model = Tiny()
    exact = accumulate_gradients(model, batches([0]))
    model.zero_grad()
    assert accumulate_gradients(model, batches([0]), precision="bf16") == pytest.approx(exact, rel=1e-2)
    assert model.seen_dtype == torch.bfloat16
    assert all(p.grad.dtype == torch.float32 for p in model.parameters())
    with pytest.raises(ValueError, match="'fp8'"):
        autocast("cpu", "fp8")


@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e6])
def test_clipping_equals_torch(max_norm):
    torch.manual_seed(1)
    model = Tiny().double()
    accumulate_gradients(model, batches([0]))
    other = copy.deepcopy(model)
    for a, b in zip(other.parameters(), model.parameters()):
        a.grad = b.grad.clone()
    want = torch.nn.utils.clip_grad_norm_(other.parameters(), max_norm)
    torch.testing.assert_close(clip_gradients(model.parameters(), max_norm), want)
    for got, wanted in zip(model.parameters(), other.parameters()):
        torch.testing.assert_close(got.grad, wanted.grad, rtol=1e-3, atol=0)  # PyTorch adds 1e-6 to the norm


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_clipping_a_gradient_that_is_not_finite_equals_torch_and_returns_the_norm(bad):
    ours, theirs = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
    for p in (ours, theirs):
        p.grad = torch.tensor([1.0, bad, 2.0])
    want = torch.nn.utils.clip_grad_norm_([theirs], 1.0)
    got = clip_gradients([ours], 1.0)
    assert not got.isfinite()
    torch.testing.assert_close(got, want, equal_nan=True)
    torch.testing.assert_close(ours.grad, theirs.grad, equal_nan=True)


def test_clipping_passes_over_parameters_without_gradient_and_survives_zeros():
    p = nn.Parameter(torch.zeros(3))
    assert clip_gradients([p], 1.0).item() == 0
    p.grad = torch.zeros(3)
    assert clip_gradients([p], 1.0).item() == 0 and torch.equal(p.grad, torch.zeros(3))
    with pytest.raises(ValueError, match="0"):
        clip_gradients([p], 0)


def test_the_norm_of_bfloat16_gradients_does_not_lose_small_parts():
    p = nn.Parameter(torch.zeros(4096, dtype=torch.bfloat16))
    p.grad = torch.full_like(p, 0.01)
    assert clip_gradients([p], 100.0).item() == pytest.approx(0.64, rel=1e-2)


def test_noise_scale_recovers_a_known_signal_and_noise():
    generator = torch.Generator().manual_seed(0)
    truth, sigma = torch.full((50,), 0.3), 2.0  # |G|^2 = 4.5, noise 50 * 4 = 200

    def norms(batch, n):
        draws = truth + sigma * torch.randn(n, batch, 50, generator=generator).mean(1)
        return draws.square().sum(1).tolist()

    got = gradient_noise_scale(norms(2, 4000), norms(16, 4000), 2, 16)
    assert got.signal == pytest.approx(4.5, rel=0.1) and got.noise == pytest.approx(200, rel=0.05)
    assert got.scale == got.noise / got.signal


def test_noise_scale_is_infinite_without_signal_and_names_bad_sizes():
    assert gradient_noise_scale([8.0], [1.0], 1, 8).scale == float("inf")
    with pytest.raises(ValueError, match="small_batch is 4"):
        gradient_noise_scale([1.0], [1.0], 4, 4)


def test_squared_norms_of_micro_batches_and_of_their_mean():
    torch.manual_seed(0)
    model = Tiny().double()
    parts = batches([0, 0, 0])
    singles, mean = squared_norms(model, parts)
    assert all(p.grad is None for p in model.parameters())
    for got, part in zip(singles, parts):
        model.zero_grad()
        accumulate_gradients(model, [part])
        assert got == pytest.approx(float(sum(p.grad.square().sum() for p in model.parameters())))
    model.zero_grad()
    accumulate_gradients(model, parts)
    assert mean == pytest.approx(float(sum(p.grad.square().sum() for p in model.parameters())))
