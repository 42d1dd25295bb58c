"""A block whose feed-forward network is somebody else's: it is built, initialised, counted, trained and kept."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from llmcourse.data import Batches
from llmcourse.model import Costs, ModelConfig, Transformer, model_costs
from llmcourse.model.accounting import count_parameters, flops_per_token
from llmcourse.training import TrainingConfig, train
from llmcourse.training.checkpoint import load_checkpoint, save_checkpoint


@dataclasses.dataclass(frozen=True)
class TwoExperts:
    """The first of two experts for even positions, the second for odd ones: stacked weights, one of two is active."""

    d_expert: int

    def make(self, config: ModelConfig) -> nn.Module:
        return Experts(config.d_model, self.d_expert)

    def costs(self, config: ModelConfig) -> Costs:
        one = 2 * config.d_model * self.d_expert
        return Costs(2 * one, one, 2 * one)


class Experts(nn.Module):
    def __init__(self, d_model: int, d_expert: int):
        super().__init__()
        self.up_EDF = nn.Parameter(torch.empty(2, d_model, d_expert))
        self.down_EFD = nn.Parameter(torch.empty(2, d_expert, d_model))

    @torch.no_grad()
    def init_weights(self, std: float, residual_std: float, generator: torch.Generator | None = None) -> None:
        self.up_EDF.normal_(0.0, std, generator=generator)
        self.down_EFD.normal_(0.0, residual_std, generator=generator)

    def forward(self, x_BTD: Tensor) -> Tensor:
        expert_T = torch.arange(x_BTD.shape[1]) % 2
        hidden = torch.einsum("btd,tdf->btf", x_BTD, self.up_EDF[expert_T]).relu()
        return torch.einsum("btf,tfd->btd", hidden, self.down_EFD[expert_T])


@pytest.fixture
def config():
    return ModelConfig(16, 32, 2, 2, 16, feed_forward=TwoExperts(24), init_std=0.05)


def test_the_experts_start_with_the_models_deviations_everywhere(config):
    block = Transformer(dataclasses.replace(config, d_model=64)).blocks[1]
    assert float(block.feed_forward.up_EDF.detach().std()) == pytest.approx(0.05, rel=0.1)
    assert float(block.feed_forward.down_EFD.detach().std()) == pytest.approx(0.05 / 2, rel=0.1)
    with torch.device("meta"):
        later = Transformer(config)
    later.to_empty(device="cpu").init_weights(torch.Generator().manual_seed(0))
    assert float(later.blocks[0].feed_forward.up_EDF.detach().std()) == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", ["swiglu", "gelu"])
def test_costs_are_those_of_what_stands_there(config, activation, bias):
    config = dataclasses.replace(config, activation=activation, bias=bias)
    model = Transformer(config)
    costs = model_costs(config, seq_len=16)
    assert costs.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert costs.active_parameters == costs.parameters - 2 * 2 * 32 * 24
    bare = flops_per_token(dataclasses.replace(config, feed_forward=None, d_ff=1), 16)
    assert costs.flops_per_token == bare + 2 * (2 * 2 * 32 * 24 - 2 * (3 if activation == "swiglu" else 2) * 32)


def test_a_dense_model_costs_what_the_counts_say():
    config = ModelConfig(16, 32, 2, 2, 16)
    n = count_parameters(config)
    assert model_costs(config, 8) == Costs(n, n, flops_per_token(config, 8))


def test_it_is_trained_by_the_one_loop_and_comes_back_from_a_checkpoint(config, tmp_path):
    torch.manual_seed(0)
    model = Transformer(config)
    start = copy.deepcopy(model)
    rows = train(
        model, Batches(np.arange(2000) % 16, 16, 8), TrainingConfig(20, 1e-2), folder=tmp_path / "run", progress=False
    )
    assert rows[-1]["loss"] < rows[0]["loss"] / 2
    assert not torch.equal(model.blocks[0].feed_forward.up_EDF, start.blocks[0].feed_forward.up_EDF)
    settings = {"model": dataclasses.asdict(config)}
    path = save_checkpoint(tmp_path, 1, model, torch.optim.SGD(model.parameters(), lr=0.1), settings)
    assert load_checkpoint(path)["config"]["model"]["feed_forward"] == {"d_expert": 24}
