"""Autograd through a call into another process.

The side that was called keeps the graph of what it returned, and names the leaves of that graph. The side that called
makes the results the outputs of an autograd function whose inputs are its own counterparts of those leaves; on the way
back it sends the outputs' gradients over and receives the leaves'. An argument that needs a gradient is a leaf where it
arrives, so gradients go through calls that lie within calls, to parameters of either side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Gradients = list[Tensor | None]


def has_history(tensor: Tensor) -> bool:
    """Whether a tensor was computed from something that needs gradients."""
    return tensor.requires_grad and not tensor.is_leaf


def leaves_of(outputs: Sequence[Tensor]) -> list[Tensor]:
    """The tensors needing a gradient that outputs were computed from, each once."""
    leaves: list[Tensor] = []
    seen: set[Any] = set()
    waiting = [output.grad_fn for output in outputs]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        waiting += [parent for parent, _ in node.next_functions]
    return leaves


def gradients(outputs: Sequence[Tensor], leaves: Sequence[Tensor], of_outputs: Gradients) -> Gradients:
    """The leaves' gradients for given ones of the outputs; None where a leaf has no part in them."""
    pairs = [(output, grad) for output, grad in zip(outputs, of_outputs, strict=True) if grad is not None]
    if not pairs:
        return [None] * len(leaves)
    wanted, given = zip(*pairs)
    return list(torch.autograd.grad(wanted, leaves, given, retain_graph=True, allow_unused=True))


class _Call(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, outputs: list[Tensor], backward: Callable[[Gradients], Gradients], *leaves: Tensor) -> Any:
        ctx.call_backward = backward
        ctx.set_materialize_grads(False)
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *of_outputs: Tensor | None) -> Any:
        grads = ctx.call_backward(list(of_outputs))
        needed = ctx.needs_input_grad[2:]
        return (None, None, *(grad if needs else None for grad, needs in zip(grads, needed)))


def attach(outputs: list[Tensor], leaves: list[Tensor], backward: Callable[[Gradients], Gradients]) -> None:
    """Give tensors that came from another process a history: `leaves` on this side, and a way back.

    Args:
        outputs: Tensors without a history; they get one in place.
        leaves: This side's counterparts of the tensors that they were computed from.
        backward: Gives the leaves' gradients for the outputs' gradients.
    """
    with torch.enable_grad():
        made = _Call.apply([output.requires_grad_(False) for output in outputs], backward, *leaves)
    if any(new is not old for new, old in zip(made, outputs)):  # PyTorch sets the history of what `forward` returns
        raise RuntimeError("this version of PyTorch returns copies from an autograd function")
