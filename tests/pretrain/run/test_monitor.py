"""What a run measures besides its loss."""

from __future__ import annotations

import math

import pytest
import torch

from llmcourse.distributed.planning import utilization
from llmcourse.model.accounting import model_costs
from llmcourse.model.config import PRESETS
from llmcourse.pretrain.run.monitor import (
    is_spike,
    model_flops_utilization,
    peak_flops,
    peak_memory_gb,
)


def test_utilization_is_that_of_chapter_4():
    flops = model_costs(PRESETS["llama-2-7b"], 4096).flops_per_token
    ours = model_flops_utilization(31_000.0, flops, 8, 989.4e12)
    assert ours == pytest.approx(utilization(31_000.0, 3 * flops, 8, 989.4e12))


@pytest.mark.parametrize(
    "arguments, name",
    [
        ((-1.0, 1e9, 8, 1e15), "tokens_per_second"),
        ((math.nan, 1e9, 8, 1e15), "tokens_per_second"),
        ((1.0, 0.0, 8, 1e15), "flops_per_token"),
        ((1.0, 1e9, 0, 1e15), "n_devices"),
        ((1.0, 1e9, 8, math.inf), "peak_flops"),
    ],
)
def test_a_number_that_cannot_be_is_refused(arguments, name):
    with pytest.raises(ValueError, match=f"{name} is "):
        model_flops_utilization(*arguments)


def test_a_spike_stands_out_from_noise_and_from_earlier_spikes():
    generator = torch.Generator().manual_seed(0)
    noise = (3 + 0.1 * torch.randn(64, generator=generator)).tolist()
    assert not any(is_spike(noise[:i], noise[i]) for i in range(64))
    assert is_spike(noise, 4.0) and not is_spike(noise[:15], 4.0)
    assert is_spike([*noise[:60], 9.0, 9.0, 9.0, 9.0], 4.0)
    assert not is_spike([3.0] * 64, 3.1), "a loss that hardly moves may move by a twentieth"


def test_the_peak_of_this_machine_is_measured():
    flops, source = peak_flops(torch.device("cpu"), "fp32")
    assert flops > 1e8 and "measured" in source
    assert 0.01 < peak_memory_gb(torch.device("cpu")) < 1000
