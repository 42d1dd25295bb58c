"""What every way of training one model on many processes has in common: what the training step asks of it.

Gradients are *summed* over the processes, never averaged: each process divides its loss by the number of targets of all
of them, so that the result does not depend on how many processes there are, or on how the targets are shared out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from torch import Tensor, nn

from llmcourse.distributed.group import Group


class Strategy(Protocol):
    """A model on many processes.

    Attributes:
        model: What is called in the forward pass.
        group: Who takes part.
    """

    model: nn.Module
    group: Group

    def parameters(self) -> Iterator[Tensor]:
        """What the optimizer steps: the model's parameters, or this process's shards of them."""
        ...

    def no_sync(self) -> AbstractContextManager[None]:
        """A context for backward passes whose gradients stay here until one outside of it sends all of them."""
        ...

    def finish(self) -> None:
        """Wait until the gradients of `parameters()` are the sums over all processes."""
        ...

    def clip(self, max_norm: float | None) -> float:
        """Scale the gradients so that the norm of all of them, over all processes, is at most `max_norm`.

        Returns:
            The norm before, the same on every process.
        """
        ...

    def full_weights(self) -> dict[str, Tensor]:
        """The whole model's weights by name, on every process: copies."""
        ...
