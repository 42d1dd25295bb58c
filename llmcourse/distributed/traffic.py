"""What a process sent and waited for: counted, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch


@dataclass
class Event:
    """One message, or one operation of all processes together.

    Attributes:
        kind: "send", "receive", or what all did together: "all_reduce", "all_gather", "reduce_scatter", ...
        n_bytes: The size of the tensor that was sent, received, summed or put together (the whole, not a part).
        peer: To whom or from whom; None for what all did together.
        began_s: When it was started, in seconds of this process's clock.
        waited_s: When this process began to wait for it; None while it has not.
        ended_s: When the wait was over; None until then. What was ready before anybody waited ended no later.
    """

    kind: str
    n_bytes: int
    peer: int | None = None
    began_s: float = 0.0
    waited_s: float | None = None
    ended_s: float | None = None


@dataclass
class Span:
    """A stretch of time in which a process did something that has a name.

    Attributes:
        label: Its name, such as "forward".
        began_s: When it began, in seconds of the clock of `Event`.
        ended_s: When it ended.
    """

    label: str
    began_s: float
    ended_s: float


@dataclass
class Traffic:
    """Everything that one process sent, received and did together with the others, in the order of the starts.

    Attributes:
        events: What was sent, received and done together.
        spans: What else the process did, where it was asked to note it.

    Example:
        >>> traffic = Traffic()
        >>> _ = traffic.start("send", torch.zeros(10), 1), traffic.start("all_reduce", torch.zeros(3))
        >>> traffic.n_messages, traffic.bytes_sent, [event.kind for event in traffic]
        (1, 40, ['send', 'all_reduce'])
    """

    events: list[Event] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def start(self, kind: str, tensor: torch.Tensor, peer: int | None = None) -> Event:
        """Note what begins now."""
        event = Event(kind, tensor.numel() * tensor.element_size(), peer, time.perf_counter())
        self.events.append(event)
        return event

    def of(self, *kinds: str) -> list[Event]:
        """The events of some kinds."""
        return [event for event in self.events if event.kind in kinds]

    @contextmanager
    def span(self, label: str) -> Iterator[None]:
        """Note how long something took, under a name.

        Example:
            >>> traffic = Traffic()
            >>> with traffic.span("forward"):
            ...     _ = sum(range(1000))
            >>> traffic.spans[0].label, traffic.spans[0].began_s < traffic.spans[0].ended_s
            ('forward', True)
        """
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spans.append(Span(label, began, time.perf_counter()))

    @property
    def n_messages(self) -> int:
        """How many messages went to one other process."""
        return len(self.of("send"))

    @property
    def bytes_sent(self) -> int:
        """How many bytes these messages had."""
        return sum(event.n_bytes for event in self.of("send"))
