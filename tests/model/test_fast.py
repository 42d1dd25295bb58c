"""Layers with a backward pass of their own against the plain ones, and where the plain ones run."""

import sys

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llmcourse import _overlay
from llmcourse.model import fast
from llmcourse.model.config import ModelConfig
from llmcourse.model.fast import fast_rms_norm, normalise
from llmcourse.model.layers import RMSNorm
from llmcourse.model.transformer import Transformer


def norm_of(size: int, dtype: torch.dtype = torch.float32) -> RMSNorm:
    norm = RMSNorm(size).to(dtype)
    nn.init.normal_(norm.weight, mean=1.0)
    return norm


def test_its_gradients_are_slopes():
    norm, x = norm_of(6, torch.float64), torch.randn(2, 3, 6, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda x, weight: fast_rms_norm(x, weight, 1e-5), (x, norm.weight))


@pytest.mark.parametrize("shape", [(8,), (3, 8), (2, 5, 8), (0, 8), (2000, 8)])
def test_values_and_gradients_are_those_of_the_plain_norm(shape):
    norm, x, d_y = norm_of(8), torch.randn(shape), torch.randn(shape)
    results = []
    for call in (norm, lambda x: normalise(norm, x)):
        norm.zero_grad()
        own = x.clone().requires_grad_()
        y = call(own)
        y.backward(d_y)
        results.append((y.detach(), own.grad, norm.weight.grad.clone()))
    for plain, quick in zip(*results):
        assert_close(quick, plain, rtol=1e-5, atol=1e-4 if shape == (2000, 8) else 1e-5)  # one sum of 2,000 numbers


def test_vectors_in_any_order_in_memory():
    norm, x, d_y = norm_of(8), torch.randn(8, 5, requires_grad=True), torch.randn(8, 5)
    (want,) = torch.autograd.grad(norm(x.t()), x, d_y.t())
    (got,) = torch.autograd.grad(normalise(norm, x.t()), x, d_y.t())
    assert_close(got, want)


def test_vectors_of_zeros_and_large_ones():
    norm = norm_of(4)
    for x in (torch.zeros(2, 4), torch.full((2, 4), 1e15)):
        results = [torch.autograd.grad(call(x := x.requires_grad_()).sum(), x)[0] for call in (
            norm, lambda x: normalise(norm, x))]  # fmt: skip
        assert_close(results[1], results[0])


def test_a_second_derivative_is_refused_and_not_wrong():
    norm, x = norm_of(4), torch.randn(3, 4, requires_grad=True)
    (d_x,) = torch.autograd.grad(normalise(norm, x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        d_x.sum().backward()


def never(*args):
    raise AssertionError("the fast norm was called")


def test_hooks_other_dtypes_and_other_norms_get_the_plain_way(monkeypatch):
    monkeypatch.setattr(fast, "fast_rms_norm", never)
    hooked, seen = norm_of(4), []
    hooked.register_forward_hook(lambda *args: seen.append(args))
    normalise(hooked, torch.randn(2, 4))
    assert len(seen) == 1
    normalise(norm_of(4, torch.bfloat16), torch.randn(2, 4, dtype=torch.bfloat16))
    normalise(norm_of(4), torch.randn(2, 4, dtype=torch.bfloat16))
    normalise(nn.LayerNorm(4), torch.randn(2, 4))
    with torch.no_grad():
        normalise(norm_of(4), torch.randn(2, 4))
    with pytest.raises(AssertionError, match="the fast norm was called"):
        normalise(norm_of(4), torch.randn(2, 4))


LEARNERS = """
class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-5):
        super().__init__()
        self.eps, self.weight, self.calls = eps, nn.Parameter(torch.ones(size)), 0

    def forward(self, x):
        self.calls += 1
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight
"""


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_learners_norm_is_called_and_no_other(monkeypatch, is_recorded):
    layers = sys.modules["llmcourse.model.layers"]
    monkeypatch.setattr(fast, "fast_rms_norm", never)
    monkeypatch.setattr(_overlay, "_reference", {})
    own, code = layers.RMSNorm, compile(LEARNERS, "a cell", "exec")
    if is_recorded:
        _overlay.run_section(layers, code)
    else:
        exec(code, namespace := {"torch": torch, "nn": nn})
        _overlay.rebind(layers, "RMSNorm", namespace["RMSNorm"])
    try:
        model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=2, n_heads=2, max_seq_len=8))
        model(torch.tensor([[1, 2, 3]])).sum().backward()
        assert [m.calls for m in model.modules() if type(m).__name__ == "RMSNorm"] == [1] * 5
    finally:
        _overlay.rebind(layers, "RMSNorm", own)


def test_a_model_learns_alike_with_plain_norms(monkeypatch):
    model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=2, n_heads=2, max_seq_len=8, qk_norm=True))
    ids, grads = torch.randint(16, (2, 8)), []
    for way in (fast.normalise, lambda norm, x: norm(x)):
        for module in ("attention", "transformer"):
            monkeypatch.setattr(f"llmcourse.model.{module}.normalise", way)
        model.zero_grad()
        model(ids).logsumexp(-1).sum().backward()
        grads.append([parameter.grad.clone() for parameter in model.parameters()])
    for quick, plain in zip(*grads):
        assert_close(quick, plain, rtol=1e-4, atol=1e-5)
