"""What a message costs, and what follows for operations of many: the alpha-beta model.

A message of S bytes takes alpha + beta S seconds: alpha for the start, whatever its size, and beta for each byte, the
inverse of the bandwidth. A process can send one message and receive another at the same time, but not two of either.
(Hockney, "The communication challenge for MPP: Intel Paragon and Meiko CS-2", 1994.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llmcourse.distributed.traffic import Event, Traffic


def collective_seconds(name: str, n_bytes: float, n_ranks: int, alpha_s: float, beta_s: float) -> float:
    """Seconds that an operation of several processes takes if a message of S bytes takes alpha + beta S.

    What is computed on the way, such as sums, takes no time, and parts may have a fraction of a byte.

    Args:
        name: The operation, as `llmcourse.distributed.collectives` names its functions: "plain_broadcast",
            "tree_broadcast", "plain_all_gather", "ring_all_gather", "ring_reduce_scatter", "plain_all_reduce",
            "ring_all_reduce", "tree_all_reduce" or "pairwise_all_to_all".
        n_bytes: Bytes of the whole tensor: what each process has at the end of a broadcast or an all-gather, and at the
            beginning of the others.
        n_ranks: How many processes take part.
        alpha_s: Seconds that a message takes whatever its size.
        beta_s: Seconds that each byte of a message takes.

    Returns:
        The seconds from when all begin until the last one is done; 0.0 for one process.

    Raises:
        ValueError: There is no such operation, or no process; the message names it, or their number.

    Example:
        >>> collective_seconds("ring_all_reduce", n_bytes=1e9, n_ranks=4, alpha_s=0.0, beta_s=1e-9)
        1.5
        >>> collective_seconds("tree_all_reduce", n_bytes=0, n_ranks=5, alpha_s=1.0, beta_s=1e-9)
        6.0

    Source:
        Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH" (2005), sections
        3 and 4.
    """
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks!r}; it must be at least 1")
    others, rounds = n_ranks - 1, (n_ranks - 1).bit_length()
    messages_and_share = {
        "plain_broadcast": (others, 1),
        "tree_broadcast": (rounds, 1),
        "plain_all_gather": (others, n_ranks),
        "ring_all_gather": (others, n_ranks),
        "ring_reduce_scatter": (others, n_ranks),
        "plain_all_reduce": (others, 1),
        "ring_all_reduce": (2 * others, n_ranks),
        "tree_all_reduce": (2 * rounds, 1),
        "pairwise_all_to_all": (others, n_ranks),
    }
    if name not in messages_and_share:
        raise ValueError(f"name is {name!r}; it must be one of {', '.join(messages_and_share)}")
    n_messages, share = messages_and_share[name]
    return n_messages * (alpha_s + beta_s * n_bytes / share)


def fit_costs(n_bytes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """The alpha and beta that fit measured times of messages best, each time by its relative error.

    Plain least squares would care for the largest messages alone, whose errors are thousands of times those of small
    ones.

    Args:
        n_bytes: The sizes of messages, at least two different ones.
        seconds: What each took; above 0.

    Returns:
        alpha in seconds and beta in seconds for each byte, neither below 0.

    Raises:
        ValueError: There are too few sizes, or a time is not above 0.

    Example:
        >>> alpha, beta = fit_costs([0, 1e6, 2e6], [1e-4, 1.1e-3, 2.1e-3])
        >>> round(alpha, 9), round(beta, 15)
        (0.0001, 1e-09)
    """
    sizes, times = np.asarray(n_bytes, float), np.asarray(seconds, float)
    if len(set(sizes.tolist())) < 2:
        raise ValueError(f"n_bytes is {list(n_bytes)!r}; it must have at least two different sizes")
    if not (times > 0).all():
        raise ValueError(f"seconds is {list(seconds)!r}; each must be above 0")
    # alpha / t + beta S / t = 1 as nearly as possible; bytes are counted in the largest size, for like magnitudes.
    unit = sizes.max()
    columns = np.stack([1 / times, sizes / unit / times], axis=1)
    alpha, beta = np.linalg.lstsq(columns, np.ones(len(times)), rcond=None)[0]
    if alpha < 0:
        alpha, beta = 0.0, _alone(columns[:, 1])
    elif beta < 0:
        alpha, beta = _alone(columns[:, 0]), 0.0
    return float(alpha), float(beta / unit)


def _alone(column: np.ndarray) -> float:
    return float(column.sum() / (column**2).sum())


def crossover_bytes(n_ranks: int, alpha_s: float, beta_s: float) -> float:
    """The size of a tensor above which the ring's all-reduce is done sooner than the tree's.

    Args:
        n_ranks: How many processes take part, at least 2.
        alpha_s: Seconds that a message takes whatever its size.
        beta_s: Seconds that each byte of a message takes, above 0.

    Returns:
        Bytes; 0.0 where the ring is never slower, as with two processes.

    Raises:
        ValueError: There are fewer than 2 processes, or bytes cost nothing.

    Example:
        >>> crossover_bytes(2, 1e-5, 1e-10), round(crossover_bytes(64, 1e-5, 1e-10))
        (0.0, 1136449)
    """
    if n_ranks < 2:
        raise ValueError(f"n_ranks is {n_ranks!r}; it must be at least 2")
    if not beta_s > 0:
        raise ValueError(f"beta_s is {beta_s!r}; it must be above 0")
    rounds = (n_ranks - 1).bit_length()
    # 2 (N-1) (alpha + beta S / N) = 2 rounds (alpha + beta S), solved for S.
    more_starts, fewer_bytes = (n_ranks - 1) - rounds, rounds - (n_ranks - 1) / n_ranks
    return max(0.0, more_starts * alpha_s / (fewer_bytes * beta_s))


def replay(traffic: Sequence[Traffic], alpha_s: float, beta_s: float) -> list[Traffic]:
    """When every message of a rehearsal would have been under way by the alpha-beta model, if all began at 0.

    A process sends what it has to send in order, each message when everything it has received before is there, the
    last one it sent is through, and the other process is free to receive.

    Args:
        traffic: What each rank of a rehearsal sent and received, with nothing that all did together.
        alpha_s: Seconds that a message takes whatever its size.
        beta_s: Seconds that each byte of a message takes.

    Returns:
        The same messages with times. A receive is waited for from when its process has nothing else to do.

    Raises:
        ValueError: There is something else than messages, or a message that nobody sends or receives.

    Example:
        >>> from llmcourse.distributed.collectives import ring_all_reduce
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> import torch
        >>> traffic = rehearse(ring_all_reduce, [(torch.zeros(4000),)] * 4).traffic
        >>> round(seconds(replay(traffic, alpha_s=1.0, beta_s=0.001)), 6)
        30.0
    """
    timed = [Traffic([replace(event) for event in told]) for told in traffic]
    for told in timed:
        for event in told:
            if event.kind not in ("send", "receive"):
                raise ValueError(f"there is an event of kind {event.kind!r}; each must be a send or a receive")
    _Replay(timed, alpha_s, beta_s).play()
    return timed


def seconds(traffic: Sequence[Traffic]) -> float:
    """How long a replay took: from 0 until its last message had come.

    Example:
        >>> seconds([Traffic([Event("send", 1, 1, ended_s=2.5)]), Traffic()])
        2.5
    """
    return max((event.ended_s or 0.0 for told in traffic for event in told), default=0.0)


class _Replay:
    """Ranks that go through their events until each has come to its end."""

    def __init__(self, timed: Sequence[Traffic], alpha_s: float, beta_s: float):
        self.timed, self.alpha_s, self.beta_s = timed, alpha_s, beta_s
        self.places = [0] * len(timed)
        self.knows = [0.0] * len(timed)  # when the last message had come
        self.unsent: list[list[Event]] = [[] for _ in timed]  # what waits for its turn, in order
        self.sending_is_free = [0.0] * len(timed)
        self.under_way: dict[tuple[int, int], list[Event]] = defaultdict(list)

    def play(self) -> None:
        while any(place < len(told) for place, told in zip(self.places, self.timed)):
            if not any([self._goes_on(rank) for rank in range(len(self.timed))]):
                raise ValueError("the traffic has a message that is not received, or not sent, in its turn")
        if any(self.unsent):
            raise ValueError("the traffic has a message that is sent and not received")

    def _goes_on(self, rank: int) -> bool:
        """Take one rank as far as it comes without another; whether that is any way at all."""
        began, told = self.places[rank], self.timed[rank].events
        while self.places[rank] < len(told) and self._happens(rank, told[self.places[rank]]):
            self.places[rank] += 1
        return self.places[rank] > began

    def _happens(self, rank: int, event: Event) -> bool:
        peer = event.peer
        assert peer is not None
        if event.kind == "send":
            event.began_s = self.knows[rank]
            self.unsent[rank].append(event)
            self.under_way[rank, peer].append(event)
            return True
        waiting = self.under_way[peer, rank]
        if not waiting or self.unsent[peer][0] is not waiting[0]:
            return False  # it is not sent yet, or another message of the same sender goes first
        sent = waiting.pop(0)
        self.unsent[peer].pop(0)
        sent.began_s = max(sent.began_s, self.sending_is_free[peer], self.knows[rank])
        sent.waited_s = sent.ended_s = sent.began_s + self.alpha_s + self.beta_s * sent.n_bytes
        event.began_s, event.waited_s, event.ended_s = sent.began_s, self.knows[rank], sent.ended_s
        self.sending_is_free[peer] = self.knows[rank] = sent.ended_s
        return True
