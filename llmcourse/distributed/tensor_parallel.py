"""Tensor parallelism: each matrix cut over the ranks, so that one layer is computed by all of them (chapter 4).

Both branches of a block are two matrix products with something between that works on each column by itself: on each
hidden unit of a feed-forward network, on each head of attention. So the first matrix is cut by rows of its weight (its
outputs), the second by columns (its inputs), and a rank's part of the branch is a narrower branch of the same kind. The
parts' outputs add up to the whole: one sum over the ranks in the forward pass, and one in the backward pass.

Shape suffixes: B batch, T time, D model width, F feed-forward width.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.model.attention import Attention
from llmcourse.model.layers import FeedForward, SwiGLU
from llmcourse.model.transformer import Transformer


class _Enter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        ctx.group = group
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return ctx.group.all_reduce(grad.clone()).wait(), None


class _Leave(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        return group.all_reduce(x.clone()).wait()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


def enter_parallel(x: Tensor, group: Group) -> Tensor:
    """Where the ranks' ways part: the same tensor on all goes into computations that differ.

    Forward nothing happens. Backward, each rank's gradient is only that of its own part, and they are summed: `f` in
    the paper.

    Source: Shoeybi et al., "Megatron-LM" (2019), section 3.
    """
    return _Enter.apply(x, group)


def leave_parallel(x: Tensor, group: Group) -> Tensor:
    """Where the ranks' ways meet: their parts are summed, and all have the same tensor again.

    Backward nothing happens, for the gradient of a sum is that of each of its terms: `g` in the paper.

    Source: Shoeybi et al., "Megatron-LM" (2019), section 3.
    """
    return _Leave.apply(x, group)


def parallel_feed_forward(x_BTD: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor, group: Group) -> Tensor:
    """A SwiGLU feed-forward network that the ranks of a group compute together.

    The network is y = down(silu(gate(x)) * up(x)). Each rank computes with F / n of the F hidden units, the r-th part
    of them on rank r: it uses those rows of `gate_FD` and `up_FD`, and those columns of `down_DF`.

    The ranks send one all-reduce of the size of x in the forward pass and one in the backward pass, and nothing else.
    Backward, x gets the gradient of the whole network on every rank, if the gradient of the output is the same on
    every rank; each weight gets its gradient in the part that the rank uses, and 0 elsewhere.

    Args:
        x_BTD: Shape (B, T, D), the same on every rank.
        gate_FD, up_FD: The whole weights of the first two layers, shape (F, D).
        down_DF: That of the third layer, shape (D, F).
        group: Who takes part.

    Returns:
        The output of the whole network, (B, T, D), the same on every rank, in the dtype of the inputs.

    Raises:
        ValueError: F is no multiple of the number of ranks; the message names both.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> x, gate = torch.ones(1, 1, 2), torch.tensor([[1.0, 0.0], [0.0, 2.0]])
        >>> row = (x, gate, torch.eye(2), torch.eye(2))
        >>> results, traffic = rehearse(parallel_feed_forward, [row, row])
        >>> results[1], F.silu(torch.tensor([1.0, 2.0]))
        (tensor([[[0.7311, 1.7616]]]), tensor([0.7311, 1.7616]))
        >>> [event.kind for event in traffic[0]]
        ['all_reduce']

    Source: Shoeybi et al., "Megatron-LM" (2019), section 3.
    """
    d_ff = gate_FD.shape[0]
    if d_ff % group.size:
        raise ValueError(f"F is {d_ff}; it must be a multiple of the number of ranks, {group.size}")
    width = d_ff // group.size
    mine = slice(group.rank * width, (group.rank + 1) * width)
    x_BTD = enter_parallel(x_BTD, group)
    hidden_BTF = F.silu(F.linear(x_BTD, gate_FD[mine])) * F.linear(x_BTD, up_FD[mine])
    return leave_parallel(F.linear(hidden_BTF, down_DF[:, mine]), group)


class ParallelBranch(nn.Module):
    """A branch of a block of which each rank has a narrower part: the parts' outputs are summed.

    Args:
        part: This rank's part, a module whose first argument is the stream and whose output is added to it.
        group: Who takes part.
    """

    def __init__(self, part: nn.Module, group: Group):
        super().__init__()
        self.part, self.group = part, group

    def forward(self, x_BTD: Tensor, *args: Any) -> Tensor:
        """As the whole branch."""
        return leave_parallel(self.part(enter_parallel(x_BTD, self.group), *args), self.group)


def tensor_parallel(model: Transformer, group: Group) -> Transformer:
    """Cut every branch of a Transformer over the ranks of a group, in place; the rest stays whole on every rank.

    Every rank reads the same batch. What stays whole gets the same gradient on every rank, what is cut that of its
    part: a norm of all gradients must count the former once and the latter once a rank.

    Args:
        model: The same on every rank, its feed-forward networks those of `ModelConfig` itself, without dropout (the
            ranks would drop different parts of the stream).
        group: Who takes part.

    Raises:
        ValueError: The ranks do not divide the heads, the key/value heads or the hidden units, there is dropout, or a
            norm is over all heads.
    """
    config = model.config
    if config.dropout:
        raise ValueError(f"dropout is {config.dropout!r}; it must be 0 under tensor parallelism")
    for name in ("n_heads", "n_kv_heads", "d_ff"):
        if getattr(config, name) % group.size:
            raise ValueError(f"{name} is {getattr(config, name)}; the {group.size} ranks must divide it")
    if config.qk_norm and config.qk_norm_over == "all":  # a rank has some heads, and would norm those alone
        raise ValueError("qk_norm_over is 'all'; it must be 'head' under tensor parallelism")
    for block in model.blocks:
        block.attention = ParallelBranch(_part_of_attention(block.attention, group), group)
        block.feed_forward = ParallelBranch(_part_of_feed_forward(block.feed_forward, group), group)
    return model


def column_parallel(layer: nn.Linear, group: Group) -> nn.Linear:
    """This rank's part of a layer of which each rank computes some outputs: rows of the weight, and of the bias.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> layer = nn.Linear(4, 6)
        >>> [part.weight.shape for part in rehearse(column_parallel, [(layer,), (layer,)]).results]
        [torch.Size([3, 4]), torch.Size([3, 4])]
    """
    bias = None if layer.bias is None else layer.bias.chunk(group.size)[group.rank]
    return _linear(layer.weight.chunk(group.size)[group.rank], bias)


def row_parallel(layer: nn.Linear, group: Group) -> nn.Linear:
    """This rank's part of a layer of which each rank has some inputs: columns of the weight.

    The parts' outputs are summed, so only rank 0 has the bias: on every rank, it would be added once for each.
    """
    bias = layer.bias if group.rank == 0 else None
    return _linear(layer.weight.chunk(group.size, dim=1)[group.rank], bias)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.detach().clone(memory_format=torch.contiguous_format))
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone())
    return layer


def _part_of_attention(attention: Attention, group: Group) -> Attention:
    """Attention with this rank's heads alone."""
    for name in ("query", "key", "value"):
        setattr(attention, name, column_parallel(getattr(attention, name), group))
    attention.out = row_parallel(attention.out, group)
    attention.n_heads //= group.size
    attention.n_kv_heads //= group.size
    return attention


def _part_of_feed_forward(network: SwiGLU | FeedForward, group: Group) -> nn.Module:
    """A feed-forward network with this rank's hidden units alone."""
    for name in ("gate", "up"):
        if hasattr(network, name):
            setattr(network, name, column_parallel(getattr(network, name), group))
    network.down = row_parallel(network.down, group)
    return network
