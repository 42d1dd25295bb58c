"""The loss by position: the mean over windows, place by place, without touching the model's mode."""

import torch
import torch.nn.functional as F
from torch import nn

from llmcourse.data.evaluation import loss_by_position


class Bigram(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 7)
        self.dropout = nn.Dropout(0.5)

    def forward(self, ids_BT: torch.Tensor) -> torch.Tensor:
        return self.dropout(self.table(ids_BT))


def test_each_place_is_the_mean_over_windows_however_they_are_batched():
    torch.manual_seed(0)
    model = Bigram().train()
    windows = torch.randint(0, 7, (10, 6))
    expected = [F.cross_entropy(model.table(windows[:, t]), windows[:, t + 1]).item() for t in range(5)]
    for batch_size in (1, 3, 32):
        assert torch.allclose(loss_by_position(model, windows, batch_size), torch.tensor(expected), atol=1e-6)
    assert model.training
