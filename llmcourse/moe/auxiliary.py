"""Losses that join the backward pass, and counts that are taken there (chapter 6).

What keeps experts busy is a loss that a layer knows deep inside of a model, while the loss of the next token is made at
its end. It could be carried there. It need not be: a loss acts by its gradient alone, and that can join in where the
backward pass comes by. Nobody who trains the model has to know of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def attach(tensor: Tensor, loss: Tensor, share: float = 1.0, on_backward: Callable[[], None] | None = None) -> Tensor:
    """The tensor as it is; but when its gradient is computed, `share * loss` takes part in the backward pass.

    The backward pass runs once for each forward pass that trains, also where activation checkpointing runs the forward
    pass twice: what is counted in `on_backward` is counted once. An evaluation has no backward pass and counts nothing.

    The gradient is that of `total + share * loss`, where `total` is what `backward` is called on. A factor that is
    given to `total` later, such as that of loss scaling, does not reach `loss`.

    Args:
        tensor: Something that the final loss depends on.
        loss: One number.
        share: What the loss is multiplied by.
        on_backward: Called once when the backward pass comes by.

    Returns:
        The values of `tensor`.

    Raises:
        ValueError: `loss` is not one number; the message names its shape.

    Example:
        >>> x = torch.ones(2, requires_grad=True)
        >>> y = attach(3 * x, x.square().sum(), share=0.5, on_backward=lambda: print("the backward pass came by"))
        >>> y.tolist()
        [3.0, 3.0]
        >>> y.sum().backward()
        the backward pass came by
        >>> x.grad  # 3, and half of 2 x
        tensor([4., 4.])
    """
    if loss.ndim:
        raise ValueError(f"loss is of the shape {tuple(loss.shape)}; it must be one number")
    return _Attach.apply(tensor, loss, share, on_backward)


class _Attach(torch.autograd.Function):
    """The identity of its first argument, in whose backward pass the second one gets a gradient, too."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, loss: Tensor, share: float, on_backward: Callable[[], None] | None) -> Tensor:
        ctx.d_loss, ctx.on_backward = torch.full_like(loss, share), on_backward
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, d_tensor: Tensor) -> tuple[Tensor, Tensor, None, None]:
        if ctx.on_backward is not None:
            ctx.on_backward()
        return d_tensor, ctx.d_loss, None, None
