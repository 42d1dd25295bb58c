"""Who am I among the processes of a run? One frozen answer, handed down to whatever asks; nothing looks it up by
itself.

A function that can work with others takes a `Group` and is the same code for one process and for many: alone, a sum is
the number itself and a barrier is passed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Group:
    """The processes of a run, as one of them sees them.

    Attributes:
        rank: The number of this process, from 0.
        size: How many processes there are; above 1 they talk through `torch.distributed`.
        device: Where this process computes, and where what it sends lies.
        process_group: Whom `sum`, `gather` and `barrier` reach; None for everybody that `torch.distributed` knows.

    Raises:
        ValueError: The rank is not one of the group's.

    Example:
        >>> ALONE.sum(2.5), ALONE.gather("me"), ALONE.is_first
        (2.5, ['me'], True)
        >>> Group(rank=2, size=2)
        Traceback (most recent call last):
        ...
        ValueError: rank is 2; it must be at least 0 and below size, 2
    """

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")
    process_group: Any = None

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ValueError(f"rank is {self.rank!r}; it must be at least 0 and below size, {self.size!r}")

    @classmethod
    def of_everybody(cls, device: torch.device | str = "cpu") -> Group:
        """All processes that `torch.distributed` has been started with; ALONE's answer where it has not.

        Args:
            device: Where this process computes.
        """
        if not (dist.is_available() and dist.is_initialized()):
            return cls(device=torch.device(device))
        return cls(dist.get_rank(), dist.get_world_size(), torch.device(device))

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes what is written once: histories, checkpoints, progress."""
        return self.rank == 0

    def sum(self, value: float) -> float:
        """The sum of every process's number, the same on each, bit for bit.

        Args:
            value: A number; it travels in double precision.
        """
        if self.size == 1:
            return value
        # MPS has no float64, and gloo reduces on the CPU: only NCCL wants the number on its own device.
        device = self.device if self.device.type == "cuda" else "cpu"
        total = torch.tensor(value, dtype=torch.float64, device=device)
        dist.all_reduce(total, group=self.process_group)
        return total.item()

    def sum_in_place(self, tensor: torch.Tensor) -> None:
        """Make a tensor the sum of every process's; all have the same shape and dtype."""
        if self.size > 1:
            dist.all_reduce(tensor, group=self.process_group)

    def gather(self, value: Any) -> list[Any]:
        """Every process's value, in the order of the ranks, on each of them; anything that can be pickled."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value, group=self.process_group)
        return values

    def barrier(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            dist.barrier(group=self.process_group)


ALONE = Group()
"""One process that works for itself, on the CPU."""
