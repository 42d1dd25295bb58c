"""Buckets that travel while the backward pass still runs: a figure of chapter 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.distributed.buckets import assign_buckets
from llmcourse.distributed.costs import collective_seconds
from llmcourse.model import ModelConfig, Transformer

MIB = 2**20
BACKWARD_MS = 100.0
VOCABULARIES = (1024, 50257, 128256)
RANKS = (2, 8, 64, 512)
LIMITS_MIB = (
    0, 0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 25, 32, 45, 64, 90, 128, 180, 256, 360, 512, 720, 1024
)  # fmt: skip
"""The steps of the slider; 0 is each gradient by itself, the last one all of them together."""
LATENCIES_US, BANDWIDTHS_GB = (1.0, 1000.0), (1.0, 100.0)
START = {"vocabulary": 50257, "ranks": 8, "limit": 14, "latency": 20.0, "bandwidth": 10.0, "during": True}
WIDTH, TABLE_LIMITS = 560, (0, 5, 9, 14, 17, 25)


class Message(NamedTuple):
    """A bucket on its way; times in ms from the start of the backward pass.

    Attributes:
        positions: Whose gradients are in it, by their places in `model.parameters()`.
        ready: When the last of them is complete.
        begins, ends: When it is on the wire.
    """

    positions: list[int]
    ready: float
    begins: float
    ends: float


def sizes(vocab_size: int) -> list[int]:
    """The numbers of each parameter of twelve layers of width 768, in the order of `model.parameters()`.

    Example:
        >>> n = sizes(1024)
        >>> len(n), n[0] == 1024 * 768
        (110, True)
    """
    config = ModelConfig(vocab_size, d_model=768, n_layers=12, n_heads=12, max_seq_len=1024)
    with torch.device("meta"):
        return [parameter.numel() for parameter in Transformer(config).parameters()]


def arrivals(n_numbers: Sequence[int]) -> list[float]:
    """When each parameter's gradient is complete, in ms, if a matrix takes as long as it has numbers.

    The first is the table of embeddings, which is the output layer, too: its product comes first in the backward pass,
    and its gradient is complete only with the part from the other end of the model.

    Example:
        >>> arrivals([2, 1, 1])  # half of the time is the output layer's
        [100.0, 100.0, 75.0]
    """
    done, found = n_numbers[0], [0.0] * len(n_numbers)
    for place in range(len(n_numbers) - 1, 0, -1):
        done += n_numbers[place]
        found[place] = BACKWARD_MS * done / sum(n_numbers)
    return [BACKWARD_MS, *found[1:]]


def timeline(
    n_numbers: Sequence[int], limit_mib: float, n_ranks: int, latency_us: float, bandwidth_gb: float, during: bool
) -> list[Message]:
    """The messages of one step, one after another on the wire, each a ring all-reduce of a bucket of float32 numbers.

    Args:
        n_numbers: Of each parameter, in the order of `model.parameters()`.
        limit_mib: What a bucket of several parameters holds at most.
        n_ranks: The size of the ring.
        latency_us: What a message between neighbours takes, however short it is.
        bandwidth_gb: Bytes between neighbours, in GB/s.
        during: Whether a bucket leaves when it is full, or when the backward pass is over.

    Example:
        >>> [round(message.ends) for message in timeline([2, 1, 1], 0, 2, 1000, 1e-6, True)]
        [81, 106, 116]
        >>> [round(message.ends) for message in timeline([2, 1, 1], 1, 2, 1000, 1e-6, False)]
        [118]
    """
    complete, free, found = arrivals(n_numbers), 0.0, []
    shapes = [torch.empty(n, device="meta", requires_grad=True) for n in n_numbers]
    for positions in assign_buckets(shapes, int(limit_mib * MIB)):
        ready = max(complete[place] for place in positions)
        free = begins = max(free, ready if during else BACKWARD_MS)
        n_bytes = 4 * sum(n_numbers[place] for place in positions)
        free += 1e3 * collective_seconds("ring_all_reduce", n_bytes, n_ranks, latency_us / 1e6, 1e-9 / bandwidth_gb)
        found.append(Message(positions, ready, begins, free))
    return found


def bucket_timeline() -> HTML:
    """A figure of a backward pass and its messages on the wire, and of what each size of bucket makes of them.

    The reader chooses the bucket's limit, latency and bandwidth of the wire, the number of ranks and the vocabulary,
    and sees which messages hide behind the backward pass, and where the best limit goes. Buckets are those of
    `assign_buckets`, their times those of `collective_seconds`.
    """
    return embed(
        "bucket-timeline",
        scripts=("overlap_core.js", "bucket_timeline.js"),
        styles=("bucket_timeline.css",),
        config={
            "models": [(vocab_size, sizes(vocab_size)) for vocab_size in VOCABULARIES],
            "backward": BACKWARD_MS,
            "ranks": RANKS,
            "limits": LIMITS_MIB,
            "latencies": LATENCIES_US,
            "bandwidths": BANDWIDTHS_GB,
            "start": START,
        },
        fallback=_picture() + _table(),
        label="Buckets that travel while the backward pass still runs",
    )


def _begun(limit: int, during: bool) -> list[Message]:
    """The messages with which the figure begins, but for these two choices."""
    options = (START["ranks"], START["latency"], START["bandwidth"], during)
    return timeline(sizes(START["vocabulary"]), LIMITS_MIB[limit], *options)


def _picture() -> str:
    """The first state as a still picture: above, the backward pass; below, the messages."""
    messages = _begun(START["limit"], True)
    scale = WIDTH / max(message.ends for message in messages)
    parts = [f'<rect x="0" y="20" width="{BACKWARD_MS * scale:.1f}" height="26" fill="#4a4f57"/>']
    for number, message in enumerate(messages):
        place = f'x="{message.begins * scale:.1f}" width="{(message.ends - message.begins) * scale:.1f}"'
        shade = ("#0072b2", "#b86e00")[number % 2]
        parts.append(f'<rect {place} y="72" height="26" fill="{shade}" stroke="#fcfcfd"/>')
    words = [(14, f"the backward pass, {BACKWARD_MS:.0f} ms"), (66, f"{len(messages)} messages on the wire")]
    parts += [f'<text x="0" y="{y}" font-size="13" fill="#1f2630">{told}</text>' for y, told in words]
    return (
        f'<svg viewBox="0 0 {WIDTH} 104" role="img" aria-label="A backward pass, and messages below it that begin '
        f'while it runs; the last one begins at its end" style="max-width: 100%; background: #fcfcfd">'
        f"{''.join(parts)}</svg>"
    )


def _table() -> str:
    rows = []
    for limit in TABLE_LIMITS:
        during, after = (_begun(limit, way) for way in (True, False))
        told = f"{LIMITS_MIB[limit]:g} MiB" if limit else "each gradient by itself"
        cells = [told, str(len(during)), f"{during[-1].ends:.0f}", f"{after[-1].ends:.0f}"]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["limit of a bucket", "messages", "sent during the backward pass (ms)", "sent after it (ms)"]
    return (
        f"<p>When the optimizer may step, for {START['ranks']} ranks, {START['latency']:g} µs a message and "
        f"{START['bandwidth']:g} GB/s. With JavaScript this is an interactive figure.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
