"""A whole mixture with a backward pass of its own: fewer copies, less memory (chapter 6).

Sorting, products and weighting as separate steps each write a tensor as long as all choices, and autograd keeps most of
them. Here one expert after another takes its tokens from the batch, and its weighted answers are added to the result at
once. What is kept for the backward pass are the batch and two products of each expert; all else is computed again, in
pieces that a processor's cache holds.

Shape suffixes: S tokens of a batch in one row, R choices sorted by expert, N those of one expert, D model width,
F width of an expert, E experts.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def fast_mixture(
    x_SD: Tensor, tokens_R: Tensor, weights_R: Tensor, counts_E: Tensor,
    gate_EFD: Tensor, up_EFD: Tensor, down_EDF: Tensor,
) -> Tensor:  # fmt: skip
    """The weighted sum of what its experts answer to each token: `combine` of `loop_experts` of the sorted rows.

    Gradients flow to the tokens, to the weights of the choices, and to those of the experts.

    Args:
        x_SD: All tokens.
        tokens_R: The token of each choice, int64: those of expert 0, then those of expert 1, and so on.
        weights_R: What each answer counts.
        counts_E: How many choices each expert has, whole numbers that sum to R; it may be none.
        gate_EFD, up_EFD, down_EDF: The weights of all experts, of the dtype of the tokens.

    Returns:
        A tensor of shape (S, D) in the wider dtype of tokens and weights: zeros for a token of no expert.

    Example:
        >>> one, tokens_R, weights_R = torch.ones(2, 1, 1), torch.tensor([1, 0, 1]), torch.tensor([0.5, 1.0, 0.5])
        >>> fast_mixture(torch.tensor([[1.0], [2.0]]), tokens_R, weights_R, torch.tensor([1, 2]), one, one, one)
        tensor([[0.7311],
                [3.5232]])
    """
    return _Mixture.apply(x_SD, tokens_R, weights_R, counts_E.tolist(), gate_EFD, up_EFD, down_EDF)


def fast_experts(x_RD: Tensor, counts_E: Tensor, gate_EFD: Tensor, up_EFD: Tensor, down_EDF: Tensor) -> Tensor:
    """What `loop_experts` answers, as a mixture where each row is a token of one expert.

    Args and result are those of `loop_experts`.

    Example:
        >>> one = torch.ones(2, 1, 1)
        >>> fast_experts(torch.tensor([[1.0], [2.0]]), torch.tensor([2, 0]), one, one, one)  # silu(x) * x
        tensor([[0.7311],
                [3.5232]])
    """
    rows_R = torch.arange(len(x_RD), device=x_RD.device)
    return fast_mixture(x_RD, rows_R, x_RD.new_ones(len(x_RD)), counts_E, gate_EFD, up_EFD, down_EDF)


class _Mixture(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x_SD: Tensor, tokens_R: Tensor, weights_R: Tensor, counts: list[int],
        gate_EFD: Tensor, up_EFD: Tensor, down_EDF: Tensor,
    ) -> Tensor:  # fmt: skip
        y_SD = x_SD.new_zeros(x_SD.shape, dtype=torch.promote_types(x_SD.dtype, weights_R.dtype))
        products = []
        choices = zip(tokens_R.split(counts), weights_R.split(counts), gate_EFD, up_EFD, down_EDF)
        for tokens_N, weights_N, gate_FD, up_FD, down_DF in choices:
            x_ND = x_SD.index_select(0, tokens_N)
            gate_NF, up_NF = x_ND @ gate_FD.t(), x_ND @ up_FD.t()
            answers_ND = F.silu(gate_NF).mul_(up_NF) @ down_DF.t()
            y_SD.index_add_(0, tokens_N, answers_ND * weights_N[:, None])  # one token is not twice an expert's
            products += [gate_NF, up_NF]
        ctx.counts = counts
        ctx.save_for_backward(x_SD, tokens_R, weights_R, gate_EFD, up_EFD, down_EDF, *products)
        return y_SD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_y_SD: Tensor) -> tuple[Tensor | None, ...]:
        x_SD, tokens_R, weights_R, *saved = ctx.saved_tensors  # asked for once: activation checkpointing wants it so
        experts, products = saved[:3], saved[3:]
        d_x_SD = x_SD.new_zeros(x_SD.shape, dtype=d_y_SD.dtype)  # summed in the wider dtype, as the answers are
        d_weights_R, d_experts = torch.empty_like(weights_R), [torch.empty_like(weight) for weight in experts]
        d_y_SD, weights_R = d_y_SD.to(x_SD.dtype), weights_R.to(x_SD.dtype)
        choices = zip(*(each.split(ctx.counts) for each in (tokens_R, weights_R, d_weights_R)))
        matrices = zip(products[::2], products[1::2], *experts, *d_experts)
        with torch.autocast(x_SD.device.type, enabled=False):
            for (tokens_N, weights_N, d_weights_N), own in zip(choices, matrices):
                x_ND, d_y_ND = x_SD.index_select(0, tokens_N), d_y_SD.index_select(0, tokens_N)
                d_x_ND = _expert_backward(x_ND, d_y_ND, weights_N, d_weights_N, *own)
                d_x_SD.index_add_(0, tokens_N, d_x_ND.to(d_x_SD.dtype))
        return d_x_SD.to(x_SD.dtype), None, d_weights_R, None, *d_experts


def _expert_backward(
    x_ND: Tensor, d_y_ND: Tensor, weights_N: Tensor, d_weights_N: Tensor, gate_NF: Tensor, up_NF: Tensor,
    gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor, d_gate_FD: Tensor, d_up_FD: Tensor, d_down_DF: Tensor,
) -> Tensor:  # fmt: skip
    """The gradient by an expert's rows; those by its weights and by those of its answers are written into their places.

    An answer's weight multiplies the answer. Its gradient is `d_y . answer = d_y . (down @ hidden) = (d_y @ down) .
    hidden`: the answers need not be kept.
    """
    silu_NF, d_hidden_NF = F.silu(gate_NF), d_y_ND @ down_DF
    hidden_NF = silu_NF * up_NF
    torch.sum(d_hidden_NF * hidden_NF, 1, dtype=d_weights_N.dtype, out=d_weights_N)
    torch.mm(d_y_ND.t(), hidden_NF.mul_(weights_N[:, None]), out=d_down_DF)
    d_hidden_NF.mul_(weights_N[:, None])
    d_up_NF = silu_NF.mul_(d_hidden_NF)
    d_gate_NF = torch.ops.aten.silu_backward(d_hidden_NF.mul_(up_NF), gate_NF)
    torch.mm(d_gate_NF.t(), x_ND, out=d_gate_FD)
    torch.mm(d_up_NF.t(), x_ND, out=d_up_FD)
    return (d_gate_NF @ gate_FD).addmm_(d_up_NF, up_FD)
