"""4-bit weights of which each process keeps a part (chapter 4).

The frozen weights are most of the memory, and nobody has to send gradients for them. So each process keeps 1/N of their
bytes, and a layer gathers what the others have only while it is used: what travels is four bits a weight, not wide
numbers. The LoRA matrices are small: every process has all of them, and their gradients are summed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.finetuning.nf4 import NF4Linear, linear_with, widen


class ShardedNF4Linear(nn.Module):
    """An `NF4Linear` of whose bytes each process keeps a part.

    Args:
        layer: The same on every process; it can be dropped afterwards.
        group: Who keeps a part.

    Attributes:
        shard: This process's bytes: codes and scales of the whole layer, one behind the other, cut into equal parts.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> layer = NF4Linear.of(nn.Linear(64, 32, bias=False))
        >>> x = torch.randn(2, 64)
        >>> def run(group):
        ...     sharded = ShardedNF4Linear(layer, group)
        ...     return torch.equal(sharded(x), layer(x)), sharded.shard.numel()
        >>> rehearse(run, [()] * 4).results[0], layer.n_bytes()
        ((True, 266), 1064)
    """

    def __init__(self, layer: NF4Linear, group: Group) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.block_size, self.bias, self.group = layer.block_size, layer.bias, group
        buffers = dict(layer.named_buffers())
        self.kinds = {name: (buffer.dtype, buffer.shape) for name, buffer in buffers.items()}
        whole = torch.cat([buffer.reshape(-1).view(torch.uint8) for buffer in buffers.values()])
        whole = F.pad(whole, (0, -len(whole) % group.size))
        self.register_buffer("shard", whole.chunk(group.size)[group.rank].clone())

    def wide_weight(self) -> Tensor:
        """The weight in float32, of shape (out_features, in_features), put together from everybody's bytes."""
        whole, kept, start = self.group.all_gather(self.shard).wait(), {}, 0
        for name, (dtype, shape) in self.kinds.items():
            end = start + shape.numel() * dtype.itemsize
            kept[name] = whole[start:end].clone().view(dtype).reshape(shape)  # a copy begins where its dtype may
            start = end
        return widen(kept, (self.out_features, self.in_features), self.block_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map x of shape (..., in_features) to (..., out_features), in the dtype of x; all processes call it."""
        return linear_with(self, x)


def shard_nf4(model: nn.Module, group: Group) -> nn.Module:
    """Put a `ShardedNF4Linear` in the place of each `NF4Linear` of a model.

    Args:
        model: Changed in place.
        group: Who keeps a part.

    Returns:
        The model.
    """
    for name, module in list(model.named_modules()):
        if isinstance(module, NF4Linear):
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, ShardedNF4Linear(module, group))
    return model
