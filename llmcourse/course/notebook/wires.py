"""A slow wire between real processes, made by sleeping: what a network does to a program, seen on one machine.

Between the processes of one machine a message is a copy in memory, and whoever copies needs the processor that others
would compute with. On a network it is the wire that is busy. Here a message takes alpha + beta S seconds in which the
processor is free, so that a laptop shows what a cluster with that wire would.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor

from llmcourse.distributed.group import Group
from llmcourse.distributed.links import Link, Wait


def slow_wire(group: Group, alpha_s: float, beta_s: float) -> Group:
    """The same group, whose messages from one process to another take at least alpha + beta S seconds for S bytes.

    What all do together (`all_reduce` and its like) goes over the real wire as before: build it from messages.

    Args:
        group: Of real processes.
        alpha_s: Seconds that a message takes whatever its size.
        beta_s: Seconds that each byte takes.
    """
    return replace(group, link=_Slow(group.link, lambda n_bytes: alpha_s + beta_s * n_bytes))


class _Slow:
    """A link whose messages are late; all else is that of the link below."""

    def __init__(self, link: Link | None, seconds: Callable[[int], float]):
        self.link, self.seconds = link, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self.link, name)

    def send(self, tensor: Tensor, to: int) -> Wait:
        assert self.link is not None
        through = time.perf_counter() + self.seconds(tensor.nbytes)
        sent = self.link.send(tensor, to)

        def wait() -> Tensor:
            result = sent()
            time.sleep(max(0.0, through - time.perf_counter()))
            return result

        return wait

    def receive(self, out: Tensor, source: int) -> Wait:
        assert self.link is not None
        received = self.link.receive(out, source)

        def wait() -> Tensor:
            result = received()
            time.sleep(self.seconds(out.nbytes))
            return result

        return wait
