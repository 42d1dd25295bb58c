"""The collectives at work, on one rank of a rehearsal (chapter 4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def written_over(piece: Callable[..., Tensor], tensor: Tensor, *args: object, **group: object) -> Tensor:
    """What a piece was given, after its result has been filled with -1: as before, unless they share memory.

    Example:
        >>> written_over(torch.clone, torch.ones(2)), written_over(torch.t, torch.ones(2))
        (tensor([1., 1.]), tensor([-1., -1.]))
    """
    with torch.no_grad():
        piece(tensor, *args, **group).fill_(-1)
    return tensor
