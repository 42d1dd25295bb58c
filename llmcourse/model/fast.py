"""Layers with a backward pass of their own: fewer passes over memory (chapter 3).

On a processor a product of matrices is bound by arithmetic, and all between products by memory: each operation reads
and writes every activation once more. Autograd undoes a formula operation by operation, so that its backward pass has
twice as many of them as the formula. Written out by hand, the gradient needs fewer.

Shape suffixes: D the width of a vector.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from llmcourse._overlay import is_the_librarys


def normalise(norm: nn.Module, x: Tensor) -> Tensor:
    """What a norm makes of x, of shape (..., D): `norm(x)`, by way of `fast_rms_norm` where that is the same.

    It is where a library's own RMSNorm, to which nobody has tied a hook, trains in float32 on a CPU. There the backward
    pass takes a quarter of the time.

    Example:
        >>> normalise(nn.LayerNorm(2, eps=0.0), torch.tensor([[3.0, -4.0]])).tolist()
        [[1.0, -1.0]]
    """
    is_fast = (
        not torch.compiler.is_compiling()
        and type(norm).__name__ == "RMSNorm"
        and is_the_librarys(vars(type(norm)).get("forward"), "llmcourse.model.layers")
        and not has_hooks(norm)
        and torch.is_grad_enabled()
        and x.device.type == "cpu"
        and x.dtype == norm.weight.dtype == torch.float32
    )
    return fast_rms_norm(x, norm.weight, norm.eps) if is_fast else norm(x)


def has_hooks(layer: nn.Module) -> bool:
    """Whether calling a layer is more than its `forward`.

    Example:
        >>> has_hooks(nn.Linear(1, 1))
        False
    """
    hooks = (layer._forward_pre_hooks, layer._forward_hooks, layer._backward_pre_hooks, layer._backward_hooks)
    return any(hooks)


def fast_rms_norm(x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    """`RMSNorm` as a function, in float32.

    Args:
        x: Vectors of D components, shape (..., D).
        weight_D: What each component is multiplied by.
        eps: Added to the mean square, inside the root.

    Example:
        >>> fast_rms_norm(torch.tensor([[3.0, -4.0]]), torch.ones(2), eps=0.0)
        tensor([[ 0.8485, -1.1314]])
    """
    return _RMSNorm.apply(x, weight_D, eps)[0]


class _RMSNorm(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, weight_D: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        mean_square = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square() / x.shape[-1]
        inverse_root = torch.rsqrt(mean_square + eps)
        return x * inverse_root * weight_D, inverse_root

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: tuple[Tensor, Tensor]) -> None:
        x, weight_D, _ = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(x, weight_D, output[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_y: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight_D, inverse_root = ctx.saved_tensors
        # LayerNorm's gradient in one pass, for a mean that is 0. But it also knows that the mean follows x, and takes
        # the mean of each gradient away: that is given back.
        d_x, d_weight_D, _ = torch.ops.aten.native_layer_norm_backward(
            d_y, x, weight_D.shape, torch.zeros_like(inverse_root), inverse_root, weight_D, None, [True, True, False]
        )
        means = (d_y @ weight_D).div_(len(weight_D)).unsqueeze(-1)
        return d_x.addcmul_(means, inverse_root), d_weight_D, None
