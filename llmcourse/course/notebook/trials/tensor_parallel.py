"""A network that is cut over ranks, tried there and back."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from llmcourse.distributed.group import Group


def there_and_back(
    piece: Callable[..., Tensor], x_BTD: Tensor, *more: Tensor, group: Group
) -> tuple[Tensor, tuple[Tensor | None, ...], int] | str:
    """Call a feed-forward network on this rank, then its backward pass.

    Args:
        piece: Called as `piece(x_BTD, gate_FD, up_FD, down_DF, group)`.
        x_BTD: The input.
        more: The three weights, and last the gradient of the output, the same on every rank.
        group: Who takes part.

    Returns:
        The output; the gradients of the input and the weights; how many messages the forward pass had. A ValueError as
        text.
    """
    *weights, grad_BTD = more
    inputs = [tensor.detach().clone().requires_grad_() for tensor in (x_BTD, *weights)]
    try:
        y_BTD = piece(*inputs, group)
    except ValueError as error:
        return f"ValueError: {error}"
    if not isinstance(y_BTD, Tensor):
        return f"{y_BTD!r} in place of a tensor"
    n_forward = 0 if group.traffic is None else len(group.traffic)
    if y_BTD.requires_grad:
        y_BTD.backward(grad_BTD)
    return y_BTD.detach(), tuple(tensor.grad for tensor in inputs), n_forward
