"""How well a model predicts at each position, also beyond the length it was trained at (chapter 2).

Shapes: N windows, S tokens of a window, T = S - 1 predictions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@torch.no_grad()
def loss_by_position(model: nn.Module, windows_NS: Tensor, batch_size: int = 32) -> Tensor:
    """The mean loss of a model's next-token predictions at each position of a window.

    Args:
        model: gives logits (B, T, V) for ids (B, T); in evaluation mode here, and put back afterwards.
        windows_NS: int64 token ids; the last column is predicted only.
        batch_size: windows at a time.

    Returns:
        (T,), nats per token: entry t is the loss of predicting token t + 1 from the tokens 0 ... t.

    >>> uniform = lambda ids: torch.zeros(*ids.shape, 8)  # ln 8 everywhere
    >>> loss_by_position(uniform, torch.zeros(2, 4, dtype=torch.int64))
    tensor([2.0794, 2.0794, 2.0794])
    """
    was_training = getattr(model, "training", False)
    if was_training:
        model.eval()
    total_T = torch.zeros(windows_NS.shape[1] - 1, device=windows_NS.device)
    for rows_BS in windows_NS.split(batch_size):
        logits_BVT = model(rows_BS[:, :-1]).float().transpose(1, 2)
        total_T += F.cross_entropy(logits_BVT, rows_BS[:, 1:], reduction="none").sum(0)
    if was_training:
        model.train()
    return total_T / len(windows_NS)
