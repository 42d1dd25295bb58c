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
    with torch.enable_grad():
        start = _Start.apply(given, *wanted)
    return list(torch.autograd.grad(start, leaves, retain_graph=True, allow_unused=True))


class _Start(torch.autograd.Function):
    """Where a way back starts that has its gradients already.

    Given to `torch.autograd.grad` itself, these would have it load 500 modules of symbolic mathematics, to compare
    their shapes.
    """

    @staticmethod
    def forward(ctx: Any, given: Sequence[Tensor], *outputs: Tensor) -> Any:
        ctx.given = given
        return torch.zeros(())

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> Any:
        return None, *ctx.given


class _Call(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, outputs: list[Tensor], backward: Callable[[Gradients], Gradients], *leaves: Tensor) -> Any:
        ctx.call_backward = backward
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(torch.empty(0))  # so that PyTorch frees it, and says so, as it does with any graph
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *of_outputs: Tensor | None) -> Any:
        assert ctx.saved_tensors
        grads = _for_each_of_a_batch(ctx.call_backward, list(of_outputs))
        needed = ctx.needs_input_grad[2:]
        return (None, None, *(grad if needs else None for grad, needs in zip(grads, needed)))


def _for_each_of_a_batch(backward: Callable[[Gradients], Gradients], of_outputs: Gradients) -> Gradients:
    """`backward`, once for each gradient of a batch of them (`is_grads_batched`), of which it knows nothing."""
    batched = [_is_batched(grad) for grad in of_outputs]
    if not any(batched):
        return backward(of_outputs)
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    whole = [
        torch._remove_batch_dim(grad, level, 1, 0) if is_batched else grad
        for grad, is_batched in zip(of_outputs, batched)
    ]
    size = next(grad.shape[0] for grad, is_batched in zip(whole, batched) if is_batched)
    rows = [backward([g[i] if is_batched else g for g, is_batched in zip(whole, batched)]) for i in range(size)]
    columns = [None if column[0] is None else torch.stack(column) for column in zip(*rows)]
    return [None if column is None else torch._add_batch_dim(column, 0, level) for column in columns]


def _is_batched(grad: Tensor | None) -> bool:
    """Whether autograd's own vmap is at work on a gradient; PyTorch has no public word for it."""
    return grad is not None and "Batched" in str(torch._C._dispatch_keys(grad))


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
