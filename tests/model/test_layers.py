import pytest
import torch
import torch.nn.functional as F
from torch import nn

from llmcourse.model.layers import ACTIVATIONS, LayerNorm, RMSNorm, default_d_ff, make_feed_forward, make_norm


def with_random_weight(norm):
    nn.init.normal_(norm.weight, 1.0, 0.3)
    return norm


@pytest.mark.parametrize("size", [1, 2, 33])
@pytest.mark.parametrize("eps", [0.0, 1e-5, 1.0])
def test_rmsnorm_equals_torch_with_its_gradients(size, eps):
    norm = with_random_weight(RMSNorm(size, eps)).double()
    x = torch.randn(2, 5, size, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(norm(x), F.rms_norm(x, (size,), norm.weight, eps))
    ours = torch.autograd.grad(norm(x).square().sum(), [x, norm.weight])
    theirs = torch.autograd.grad(F.rms_norm(x, (size,), norm.weight, eps).square().sum(), [x, norm.weight])
    torch.testing.assert_close(ours, theirs)


def test_rmsnorm_keeps_the_dtype_and_does_its_sums_in_float32():
    norm = RMSNorm(1000)
    x = torch.full((1, 1000), 300.0).half()  # 300 squared overflows float16
    assert norm.half()(x).dtype == torch.float16
    torch.testing.assert_close(norm(x), torch.ones_like(x))


def test_rmsnorm_does_not_care_about_scale_but_about_the_mean():
    norm, x = RMSNorm(64, eps=0.0).double(), torch.randn(3, 64, dtype=torch.float64)
    torch.testing.assert_close(norm(1000 * x), norm(x))
    assert not torch.allclose(norm(x + 1), norm(x))
    layer_norm = LayerNorm(64, eps=0.0).double()
    torch.testing.assert_close(layer_norm(7 * x + 1), layer_norm(x))


@pytest.mark.parametrize("bias", [False, True])
def test_layernorm_equals_torch(bias):
    ours, theirs = LayerNorm(8, bias=bias), nn.LayerNorm(8, bias=bias)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    theirs.load_state_dict(with_random_weight(ours).state_dict())
    x = torch.randn(2, 3, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("autocast", [False, True])
def test_layernorm_adds_up_gradients_in_float32(autocast):
    x = torch.randn(4096, 8, dtype=torch.bfloat16)
    norm, wide = LayerNorm(8, bias=True), LayerNorm(8, bias=True)
    norm = norm if autocast else norm.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        y = norm(x)
    y.sum().backward()
    wide(x.float()).sum().backward()
    assert y.dtype == torch.bfloat16 and norm.bias.grad.tolist() == [4096.0] * 8
    torch.testing.assert_close(norm.weight.grad.float(), wide.weight.grad, atol=0.5, rtol=0.01)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_feed_forward_works_on_each_position_alone(activation):
    network = make_feed_forward(activation, 16, default_d_ff(16, activation), bias=True).double()
    x = torch.randn(2, 5, 16, dtype=torch.float64)
    torch.testing.assert_close(network(x)[1, 3], network(x[1, 3]))


def test_swiglu_is_its_formula():
    network = make_feed_forward("swiglu", 8, 24).double()
    x = torch.randn(4, 8, dtype=torch.float64)
    gate = x @ network.gate.weight.T
    want = (gate / (1 + torch.exp(-gate)) * (x @ network.up.weight.T)) @ network.down.weight.T
    torch.testing.assert_close(network(x), want)


@pytest.mark.parametrize(
    ("activation", "module"), [("relu", nn.ReLU()), ("gelu", nn.GELU()), ("gelu_tanh", nn.GELU(approximate="tanh"))]
)
def test_feed_forward_equals_torch_modules(activation, module):
    network = make_feed_forward(activation, 8, 32, bias=True)
    x = torch.randn(4, 8)
    torch.testing.assert_close(network(x), nn.Sequential(network.up, module, network.down)(x))


@pytest.mark.parametrize("d_model", [64, 128, 768])
def test_activations_have_equal_parameters_by_default(d_model):
    sizes = [
        sum(p.numel() for p in make_feed_forward(name, d_model, default_d_ff(d_model, name)).parameters())
        for name in ACTIVATIONS
    ]
    assert max(sizes) / min(sizes) < 1.04  # a width rounds up to a multiple of 8


def test_unknown_names_are_named():
    with pytest.raises(ValueError, match="norm is 'batchnorm'; .* 'rmsnorm', 'layernorm'"):
        make_norm("batchnorm", 8)
    with pytest.raises(ValueError, match="activation is 'tanh'; .* 'swiglu', 'gelu', 'gelu_tanh', 'relu'"):
        make_feed_forward("tanh", 8, 8)
