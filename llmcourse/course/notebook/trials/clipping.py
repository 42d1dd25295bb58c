"""Gradients clipped on one rank of a rehearsal, and what became of them (chapter 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from llmcourse.distributed.group import Group


def clipped(
    piece: Callable[..., Any], gradients: Sequence[Tensor], copies: Sequence[int], max_norm: float, group: Group
) -> tuple[Any, list[Tensor], list[tuple[str, int]]]:
    """Clip copies of the gradients on this rank.

    Args:
        piece: Called as `piece(gradients, copies, max_norm, group)`.
        gradients, copies, max_norm: Its arguments.
        group: Who takes part.

    Returns:
        What the piece returned, or its ValueError as text; the gradients afterwards; kind and bytes of each message.
    """
    parts = [gradient.clone() for gradient in gradients]
    try:
        told = piece(parts, copies, max_norm, group)
    except ValueError as error:
        told = f"ValueError: {error}"
    sent = [] if group.traffic is None else [(event.kind, event.n_bytes) for event in group.traffic]
    return told, parts, sent
