"""Schedules against closed forms and PyTorch's own."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.optim.schedules import (
    SCHEDULES,
    cosine_schedule,
    inverse_sqrt_schedule,
    linear_schedule,
    make_schedule,
    set_learning_rate,
    warm_up,
    wsd_schedule,
)


@given(st.sampled_from(SCHEDULES), st.integers(2, 400), st.floats(0, 0.9), st.floats(0, 1))
def test_every_schedule_warms_up_peaks_at_one_and_never_rises_again(name, total, share, min_ratio):
    warmup = int(share * total)
    schedule = make_schedule(name, total_steps=total, warmup_steps=warmup, min_ratio=min_ratio)
    factors = [schedule(step) for step in range(total + 3)]
    assert factors[:warmup] == [warm_up(step, warmup) for step in range(warmup)]
    assert factors[warmup] == pytest.approx(1.0)
    assert all(b <= a + 1e-12 for a, b in zip(factors[warmup:], factors[warmup + 1 :]))
    assert all(0 <= factor <= 1 for factor in factors)
    if name in ("cosine", "linear", "wsd"):
        assert factors[total:] == pytest.approx([min_ratio] * 3)


def test_cosine_equals_torch():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50, eta_min=0.2)
    for step in range(51):
        assert cosine_schedule(step, 50, 0, 0.2) == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        theirs.step()


def test_linear_equals_torch():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.3, total_iters=20)
    for step in range(25):
        assert linear_schedule(step, 20, 0, 0.3) == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        theirs.step()


def test_wsd_is_flat_and_then_falls_as_one_minus_the_root():
    factors = [wsd_schedule(step, 100, 10, 0.0, 16) for step in range(101)]
    assert factors[10:85] == [1.0] * 75
    assert factors[84:] == pytest.approx([1 - math.sqrt(k / 16) for k in range(17)])


def test_inverse_square_root_is_vaswanis_formula():
    formula = [min((s) ** -0.5, s * 40**-1.5) for s in range(1, 500)]
    ours = [inverse_sqrt_schedule(step, warmup_steps=39) for step in range(499)]
    assert ours == pytest.approx([f / max(formula) for f in formula])


def test_set_learning_rate_multiplies_each_groups_own_peak():
    a, b = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b], "lr": 0.25}])
    for factor in (0.5, 1.0, 0.5):
        set_learning_rate(optimizer, factor)
        assert [group["lr"] for group in optimizer.param_groups] == [0.5 * factor, 0.25 * factor]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "triangle"}, "'triangle'"),
        ({"warmup_steps": 100}, "100"),
        ({"warmup_steps": -3}, "-3"),
        ({"min_ratio": 1.5}, "1.5"),
        ({"decay_steps": 0}, "0"),
        ({"total_steps": 0}, "0"),
    ],
)
def test_bad_settings_are_named(settings, says):
    with pytest.raises(ValueError, match=says):
        make_schedule(**({"name": "cosine", "total_steps": 100} | settings))
