"""What a run costs: counted three ways, against a profiler; hours, energy and money."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from llmcourse.model import Costs, ModelConfig, Transformer, attention
from llmcourse.model.accounting import count_parameters
from llmcourse.model.config import PRESETS
from llmcourse.scaling_laws.budgets import (
    PUBLISHED_HOURS,
    cost,
    device_hours,
    embedding_parameters,
    energy_kwh,
    implied_mfu,
    training_flops,
)

DENSE = ModelConfig(50, 16, 2, 4, 8)
VARIANTS = {
    "swiglu, tied": {},
    "relu, not tied": {"activation": "relu", "tie_embeddings": False},
    "grouped queries": {"n_kv_heads": 2},
    "learned positions": {"positions": "learned"},
    "biases and layernorm": {"bias": True, "norm": "layernorm"},
}


@dataclasses.dataclass(frozen=True)
class OneOfTwo:
    """Two experts, of which even positions meet the first and odd ones the second."""

    d_expert: int

    def make(self, config: ModelConfig) -> nn.Module:
        return Experts(config.d_model, self.d_expert)

    def costs(self, config: ModelConfig) -> Costs:
        one = 2 * config.d_model * self.d_expert
        return Costs(2 * one, one, 2 * one)


class Experts(nn.Module):
    def __init__(self, d_model: int, d_expert: int):
        super().__init__()
        self.up = nn.ModuleList(nn.Linear(d_model, d_expert, bias=False) for _ in range(2))
        self.down = nn.ModuleList(nn.Linear(d_expert, d_model, bias=False) for _ in range(2))

    def forward(self, x_BTD: Tensor) -> Tensor:
        parts = [down(up(x_BTD[:, k::2]).relu()) for k, (up, down) in enumerate(zip(self.up, self.down))]
        return torch.stack(parts, dim=2).flatten(1, 2)


def profiled(config: ModelConfig, monkeypatch: pytest.MonkeyPatch) -> int:
    """Operations of a step on 2 rows of 8 tokens, forward and backward, as PyTorch's counter sees them."""
    explicit = attention.grouped_query_attention
    monkeypatch.setattr(attention, "attend", lambda q, k, v, mask=None, scale=None, **_: explicit(q, k, v, mask, scale))
    model = Transformer(config)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(2, 8, dtype=torch.int64)).sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("name", VARIANTS)
def test_the_exact_count_is_what_a_profiler_counts(name, monkeypatch):
    config = dataclasses.replace(DENSE, **VARIANTS[name])
    assert training_flops(config, 16, 8) == profiled(config, monkeypatch)


def test_of_a_mixture_of_experts_the_active_parameters_count(monkeypatch):
    config = dataclasses.replace(DENSE, feed_forward=OneOfTwo(24))
    assert training_flops(config, 16, 8) == profiled(config, monkeypatch)
    total = sum(p.numel() for p in Transformer(config).parameters())
    idle = config.n_layers * 2 * 16 * 24
    assert training_flops(config, 1, 8, convention="6ND") == 6 * (total - idle)
    without = training_flops(config, 1, 8, convention="6ND without embeddings")
    assert without == 6 * (total - idle - 50 * 16)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_tables_are_those_of_the_model(name):
    config = dataclasses.replace(DENSE, **VARIANTS[name])
    tables = {p: p.numel() for n, p in Transformer(config).named_parameters() if not n.startswith(("blocks", "norm"))}
    assert embedding_parameters(config) == sum(tables.values())
    n = count_parameters(config)
    assert training_flops(config, 7, 8, convention="6ND") == 42 * n
    assert training_flops(config, 7, 8, convention="6ND without embeddings") == 42 * (n - sum(tables.values()))


def test_what_cannot_be_counted_is_named():
    with pytest.raises(ValueError, match="convention is '6N'; it must be one of 'exact', '6ND'"):
        training_flops(DENSE, 1, 8, convention="6N")
    with pytest.raises(ValueError, match="n_tokens is -1 and seq_len is 8"):
        training_flops(DENSE, -1, 8)
    with pytest.raises(ValueError, match="n_tokens is 1 and seq_len is 0"):
        training_flops(DENSE, 1, 0)


def test_hours_and_utilization_are_each_others_inverse():
    hours = device_hours(3e21, 312e12, 0.37)
    assert implied_mfu(3e21, 312e12, hours) == pytest.approx(0.37)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: device_hours(-1, 1e12, 0.5), "flops is -1"),
        (lambda: device_hours(1e20, 0, 0.5), "peak_flops is 0"),
        (lambda: device_hours(1e20, 1e12, 40), "mfu is 40; it must be above 0 and at most 1: a share"),
        (lambda: implied_mfu(1e20, 1e12, 0), "hours is 0"),
        (lambda: energy_kwh(-1, 700), "hours is -1"),
        (lambda: energy_kwh(1, 700, 0.9), "pue is 0.9"),
        (lambda: cost(1, -2), "price is -2"),
    ],
)
def test_numbers_out_of_range_are_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_published_runs_are_plausible():
    """A wrong power of ten in the table would show here."""
    assert all(0.1 < run.mfu < 0.5 for run in PUBLISHED_HOURS)
    assert next(run for run in PUBLISHED_HOURS if "405B" in run.name).flops == pytest.approx(3.8e25, rel=0.01)


def test_the_presets_are_counted_by_every_convention():
    for config in PRESETS.values():
        exact, all_, without = (
            training_flops(config, 1, 1024, convention=name) for name in ("exact", "6ND", "6ND without embeddings")
        )
        assert without < all_ < 1.1 * exact
