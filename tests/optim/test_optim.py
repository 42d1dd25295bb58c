"""Our optimizers against PyTorch's, step by step, and against closed forms."""

import copy

import pytest
import torch
from torch import nn

from llmcourse.optim import (
    QUINTIC,
    SGD,
    AdamW,
    Muon,
    hidden_matrices,
    make_optimizer,
    muon_parameter_groups,
    muon_scale,
    newton_schulz,
    parameter_groups,
)
from llmcourse.optim.rules import adamw_step

PAIRS = {
    "sgd": (SGD, torch.optim.SGD, {"lr": 0.1}),
    "sgd with decay": (SGD, torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.3}),
    "momentum": (SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    "nesterov": (SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.8, "nesterov": True}),
    "adamw": (AdamW, torch.optim.AdamW, {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.3}),
    "adam": (lambda *a, **k: AdamW(*a, decoupled=False, **k), torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.3}),
}


def small_model(dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.LayerNorm(7), nn.Linear(7, 3)).to(dtype)


def train(model, optimizer, steps, first=0):
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(step)
        x = torch.randn(4, 5, generator=generator, dtype=torch.float64)
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters()]


@pytest.mark.parametrize("name", PAIRS)
def test_parameters_equal_those_of_torch_optim_at_every_step(name):
    ours, theirs, settings = PAIRS[name]
    model = small_model()
    other = copy.deepcopy(model)
    a, b = ours(model.parameters(), **settings), theirs(other.parameters(), **settings)
    for step in range(10):
        for got, want in zip(train(model, a, 1, step), train(other, b, 1, step)):
            torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_fused_kernel_does_what_the_rule_says(weight_decay, monkeypatch):
    settings = {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": weight_decay}
    results = []
    for rule in (adamw_step, lambda *args, **kwargs: adamw_step(*args, **kwargs)):  # another function is not known
        monkeypatch.setattr("llmcourse.optim.optimizers.adamw_step", rule)
        torch.manual_seed(0)
        params = [nn.Parameter(torch.randn(shape)) for shape in ((300, 7), (5,), (), (0, 3), (2, 3, 4))]
        optimizer = AdamW(params, **settings)
        for step in range(5):
            for i, param in enumerate(params):  # one of them comes later, and counts its own steps
                param.grad = torch.randn(param.shape) if i != 1 or step > 2 else None
            optimizer.step()
        states = [optimizer.state[param] for param in params]
        assert [state["step"] for state in states] == [5, 2, 5, 5, 5]
        results.append([param.detach() for param in params] + [state["exp_avg_sq"] for state in states])
    for fused, plain in zip(*results):
        torch.testing.assert_close(fused, plain, rtol=1e-6, atol=1e-7)


def test_a_rule_gets_what_lies_in_memory_in_another_order():
    matrix = nn.Parameter(torch.randn(3, 5).t())
    theirs = nn.Parameter(matrix.detach().clone())
    optimizers = AdamW([matrix], lr=0.1), torch.optim.AdamW([theirs], lr=0.1)
    matrix.grad = torch.randn(5, 3)
    theirs.grad = matrix.grad.clone()
    for optimizer in optimizers:
        optimizer.step()
    torch.testing.assert_close(matrix, theirs)


@pytest.mark.parametrize("momentum", [0.0, 0.95])
def test_muon_equals_torch_muon_to_the_precision_of_bfloat16(momentum):
    settings = {"lr": 0.1, "momentum": momentum, "weight_decay": 0.2}
    ours, theirs = nn.Parameter(torch.randn(6, 20)), nn.Parameter(torch.zeros(6, 20))
    theirs.data.copy_(ours.data)
    a = Muon([ours], compute_dtype=torch.bfloat16, **settings)
    b = torch.optim.Muon([theirs], **settings)
    for step in range(5):
        ours.grad = torch.randn(6, 20, generator=torch.Generator().manual_seed(step))
        theirs.grad = ours.grad.clone()
        a.step()
        b.step()
    # bfloat16 keeps 8 bits; the two orders of rounding differ by a few of its steps, of size lr / sqrt(20) each
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.1 * 5 * 0.02)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (3, 5, 7), (2, 8, 3)])
def test_newton_schulz_maps_singular_values_by_its_polynomial(shape):
    matrix = torch.randn(shape, dtype=torch.float64)
    before = matrix.clone()
    u, s, v = torch.linalg.svd(matrix / torch.linalg.matrix_norm(matrix, keepdim=True), full_matrices=False)
    a, b, c = QUINTIC
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    got = newton_schulz(matrix)
    torch.testing.assert_close(got, u @ torch.diag_embed(s) @ v, rtol=1e-6, atol=1e-6)  # the 1e-7 beside the norm
    assert torch.equal(matrix, before)


def test_newton_schulz_of_zeros_is_zeros():
    assert torch.equal(newton_schulz(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_singular_values_end_near_one():
    s = torch.linalg.svdvals(newton_schulz(torch.randn(32, 64, dtype=torch.float64)))
    assert s.min() > 0.6 and s.max() < 1.25


def test_match_adamw_gives_an_orthogonal_update_the_root_mean_square_of_a_fifth():
    for rows, columns in [(10, 40), (40, 10), (30, 30)]:
        update = torch.linalg.qr(torch.randn(max(rows, columns), min(rows, columns)))[0]
        rms = update.square().mean().sqrt() * muon_scale(rows, columns, "match_adamw")
        torch.testing.assert_close(rms, torch.tensor(0.2), rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "muon"])
def test_resuming_from_a_state_dict_is_exact(name, tmp_path):
    model = small_model()
    optimizer = make_optimizer(model, name, lr=0.01)
    train(model, optimizer, 4)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "checkpoint.pt")
    want = train(model, optimizer, 3, first=4)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    resumed = small_model()
    other = make_optimizer(resumed, name, lr=0.5)
    resumed.load_state_dict(saved["model"])
    other.load_state_dict(saved["optimizer"])
    assert all(torch.equal(a, b) for a, b in zip(want, train(resumed, other, 3, first=4)))


def test_parameters_without_gradient_stay_and_get_no_state():
    used, unused = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    for optimizer in (SGD([used, unused], lr=0.1), AdamW([used, unused]), Muon([used, unused])):
        used.grad = torch.ones(2, 2)
        optimizer.step()
        assert torch.equal(unused, torch.ones(2, 2)) and unused not in optimizer.state


def test_groups_do_not_decay_norms_and_biases_and_hold_each_trained_parameter_once():
    model = nn.ModuleDict({"embedding": nn.Embedding(11, 4), "norm": nn.LayerNorm(4), "lm_head": nn.Linear(4, 11)})
    model["lm_head"].weight = model["embedding"].weight
    model["norm"].bias.requires_grad_(False)
    groups = parameter_groups(model, 0.3)
    assert [[p.ndim for p in group["params"]] for group in groups] == [[2], [1, 1]]
    assert [group["weight_decay"] for group in groups] == [0.3, 0.0]
    assert all(group["rule"] == "adamw" for group in muon_parameter_groups(model, 0.3))


def test_a_router_is_not_hidden():
    model = nn.ModuleDict({"router": nn.Linear(4, 2), "up": nn.Linear(4, 8)})
    assert [tuple(matrix.shape) for matrix in hidden_matrices(model)] == [(8, 4)]


def test_muon_takes_hidden_matrices_only():
    model = nn.ModuleDict({"embedding": nn.Embedding(11, 4), "up": nn.Linear(4, 8), "lm_head": nn.Linear(8, 11)})
    hidden = [p for group in muon_parameter_groups(model, 0.1) if group["rule"] == "muon" for p in group["params"]]
    assert len(hidden) == 1 and hidden[0] is model["up"].weight


def test_make_optimizer_keeps_the_peak_rate_in_each_group():
    for name in ("sgd", "adam", "adamw", "muon"):
        groups = make_optimizer(small_model(), name, lr=0.25).param_groups
        assert [group["initial_lr"] for group in groups] == [0.25] * len(groups)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: SGD(p, lr=-1.0), "-1.0"),
        (lambda p: SGD(p, lr=float("nan")), "nan"),
        (lambda p: SGD(p, lr=0.1, momentum=1.0), "1.0"),
        (lambda p: AdamW(p, betas=(0.9, 1.5)), "1.5"),
        (lambda p: AdamW(p, weight_decay=-0.5), "-0.5"),
        (lambda p: Muon(p), r"\(3,\)"),
        (lambda p: Muon(p, scale="huge"), "'huge'"),
        (lambda p: Muon([{"params": p, "rule": "lion"}]), "'lion'"),
        (lambda p: make_optimizer(nn.Linear(2, 2), "lion", lr=0.1), "'lion'"),
        (lambda p: SGD([{"params": p, "lr": -3.0}], lr=0.1), "-3.0"),
        (lambda p: SGD([{"params": p, "momentum": 1.5}], lr=0.1), "1.5"),
        (lambda p: AdamW([{"params": p, "betas": (0.9, -0.25)}]), "-0.25"),
        (lambda p: AdamW([{"params": p, "eps": -1e-3}]), "eps is -0.001"),
        (lambda p: AdamW([{"params": p, "weight_decay": float("nan")}]), "weight_decay is nan"),
        (lambda p: Muon([{"params": p, "rule": "adamw", "lr": float("inf")}]), "inf"),
    ],
)
def test_bad_settings_are_named(make, says):
    with pytest.raises(ValueError, match=says):
        make([nn.Parameter(torch.zeros(3))])


def test_a_group_that_is_added_later_is_checked_too_and_not_kept():
    matrix, vector = nn.Parameter(torch.zeros(2, 2)), nn.Parameter(torch.zeros(3))
    for optimizer in (SGD([matrix], lr=0.1), AdamW([matrix]), Muon([matrix])):
        with pytest.raises(ValueError, match="-7"):
            optimizer.add_param_group({"params": [vector], "weight_decay": -7.0})
        assert len(optimizer.param_groups) == 1
    with pytest.raises(ValueError, match="must be a matrix"):
        optimizer.add_param_group({"params": [vector]})
    assert len(optimizer.param_groups) == 1
    optimizer.add_param_group({"params": [vector], "rule": "adamw", "lr": 0.5})
    assert [group["lr"] for group in optimizer.param_groups] == [0.02, 0.5]
