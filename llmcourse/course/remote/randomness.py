"""The global random generators of two processes: what one draws for the other is what the other would have drawn."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from llmcourse.course.generators import prints


class HostRandom:
    """The global random generators of the side whose word counts.

    Its states are told, so that a piece draws what it would draw here. That a piece drew some is heard, and answered by
    drawing one: a state that the other side chose never arrives here.
    """

    def __init__(self) -> None:
        self._last: list[Any] = [None, None, None]
        self._now: list[Any] = self._last

    def forget(self) -> None:
        """Tell everything with the next message."""
        self._last = [None, None, None]

    def tell(self) -> list[Any]:
        """The states that changed since they were told; `was_told` says that they have been."""
        self._now = prints()
        readers = (_torch_state, _numpy_state, _python_state)
        return [read() if a != b else None for read, a, b in zip(readers, self._now, self._last)]

    def was_told(self) -> None:
        """What `tell` gave has been sent."""
        self._last = self._now

    def hear(self, moved: Any) -> None:
        """Draw from each generator that the other side has drawn from."""
        torch_moved, numpy_moved, python_moved = moved
        if torch_moved:
            torch.rand(1)
        if numpy_moved:
            np.random.random()
        if python_moved:
            random.random()


class GuestRandom:
    """The global random generators of the other side."""

    def __init__(self) -> None:
        self._last: list[Any] = []
        self._now: list[Any] = []

    def forget(self) -> None:
        """Take what is now for what the other side knows."""
        self._last = prints()

    def tell(self) -> list[bool]:
        """Which generators moved; `was_told` says that this has been told."""
        self._now = prints()
        return [a != b for a, b in zip(self._now, self._last)]

    def was_told(self) -> None:
        """What `tell` gave has been sent."""
        self._last = self._now

    def hear(self, states: Any) -> None:
        """Set the generators that the other side told."""
        torch_state, numpy_state, python_state = states
        if torch_state is not None:
            torch.set_rng_state(torch.frombuffer(bytearray(torch_state), dtype=torch.uint8))
        if numpy_state is not None:
            keys, position, has_gauss, cached = numpy_state
            np.random.set_state(("MT19937", np.frombuffer(keys, np.uint32), position, has_gauss, cached))
        if python_state is not None:
            version, numbers, gauss = python_state
            random.setstate((version, tuple(numbers), gauss))
        if states != [None] * 3:
            self._last = prints()


def _torch_state() -> Any:
    return torch.get_rng_state().numpy().tobytes()


def _numpy_state() -> Any:
    _, keys, position, has_gauss, cached = np.random.get_state()
    return [keys.tobytes(), int(position), int(has_gauss), float(cached)]


def _python_state() -> Any:
    version, numbers, gauss = random.getstate()
    return [version, numbers, gauss]
