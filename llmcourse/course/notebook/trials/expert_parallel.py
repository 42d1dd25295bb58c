"""Rows exchanged on one rank of a rehearsal, tried there and back (chapter 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from llmcourse.distributed.group import Group


def told_or_error(piece: Callable[..., Any], *row: Any, group: Group) -> tuple[Any, int]:
    """What a piece returns, or its ValueError as text; and how many messages there were by then."""
    try:
        told = piece(*row, group)
    except ValueError as error:
        told = f"ValueError: {error}"
    told = tuple(told) if isinstance(told, tuple) else told
    return told, 0 if group.traffic is None else len(group.traffic)


def there_and_back(
    piece: Callable[..., Tensor], x_RD: Tensor, send: Sequence[int], receive: Sequence[int], grad_RD: Tensor,
    group: Group,
) -> tuple[Tensor, Tensor | None, int] | str:  # fmt: skip
    """Exchange rows on this rank, then call the backward pass.

    Args:
        piece: Called as `piece(x_RD, send, receive, group)`.
        x_RD, send, receive: Its arguments.
        grad_RD: The gradient of what comes; a result of another shape has no backward pass.
        group: Who takes part.

    Returns:
        What came; the gradient of x; how many messages the forward pass had. Something else than a tensor as text.
    """
    x_RD = x_RD.detach().clone().requires_grad_()
    y_RD = piece(x_RD, send, receive, group)
    if not isinstance(y_RD, Tensor):
        return f"{y_RD!r} in place of a tensor"
    n_forward = 0 if group.traffic is None else len(group.traffic)
    if y_RD.requires_grad and y_RD.shape == grad_RD.shape:
        y_RD.backward(grad_RD)
    return y_RD.detach(), x_RD.grad, n_forward
