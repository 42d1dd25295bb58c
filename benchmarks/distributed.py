"""Data parallelism from scratch beside PyTorch's own: the time of a training step on two gloo ranks of this machine.

All ways train one Transformer of chapter 3, in the same two processes, one step each in turn, so that whatever else the
machine does hits all of them; whose turn is first changes from round to round. A step is forward pass, loss, backward
pass, the sums, and AdamW. The time is that of the slower rank, from a barrier on. The ratio is taken round by round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

from llmcourse.distributed import Group
from llmcourse.distributed.data_parallel import DataParallel
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.model import ModelConfig, Transformer

N_RANKS, ROUNDS, BATCH_SIZE, SEQ_LEN = 2, 40, 2, 64
MODEL = ModelConfig(vocab_size=2048, d_model=256, n_layers=6, n_heads=4, max_seq_len=SEQ_LEN)
BUCKET_MB = 4.0
OURS, THEIRS = "buckets, during backward", "PyTorch's DDP"
WAYS = {
    "one message a gradient": {"bucket_mb": 0, "overlap": False},
    "buckets": {"bucket_mb": BUCKET_MB, "overlap": False},
    "one message, during backward": {"bucket_mb": 0},
    OURS: {"bucket_mb": BUCKET_MB},
}


class Side(NamedTuple):
    """One way of training.

    Attributes:
        step: Trains one step.
        n_messages: How many sums a step starts; None where that cannot be asked.
    """

    step: Callable[[], None]
    n_messages: int | None


def side(name: str, group: Group) -> Side:
    """One way with a model and an optimizer of its own."""
    torch.manual_seed(0)
    model = Transformer(MODEL)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    generator = torch.Generator().manual_seed(group.rank)
    ids = torch.randint(MODEL.vocab_size, (BATCH_SIZE, SEQ_LEN + 1), generator=generator)
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].flatten()
    ours = DataParallel(model, group, **WAYS[name]) if name in WAYS else None
    called = model if ours else torch.nn.parallel.DistributedDataParallel(model, bucket_cap_mb=BUCKET_MB)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(called(inputs).flatten(0, 1), targets).backward()
        if ours:
            ours.finish()
        optimizer.step()

    return Side(step, len(ours.buckets) if ours else None)


def measure(group: Group) -> tuple[dict[str, list[float]], dict[str, int | None]]:
    """Seconds of each step on this rank, by way, and how many messages it sends."""
    sides = {name: side(name, group) for name in (*WAYS, THEIRS)}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(ROUNDS + 3):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            group.barrier()
            began = time.perf_counter()
            sides[name].step()
            if number >= 3:  # PyTorch's sorts its buckets anew after the first step
                seconds[name].append(time.perf_counter() - began)
    return seconds, {name: found.n_messages for name, found in sides.items()}


def data_parallel() -> bool:
    """Print the table of data parallelism; return whether its target was met."""
    n_bytes = 4 * sum(p.numel() for p in Transformer(MODEL).parameters())
    print(f"data parallelism: {N_RANKS} gloo ranks, {n_bytes / 2**20:.0f} MiB of gradients, {BUCKET_MB:g} MiB a bucket")
    print(f"milliseconds of a step, median of {ROUNDS} (smallest to largest)")
    ranks = run_on_ranks(measure, [()] * N_RANKS, timeout_s=500)
    seconds = {name: [max(pair) for pair in zip(*(found[name] for found, _ in ranks))] for name in ranks[0][0]}
    print(f"{'':<32}{'messages':<10}{'step':<24}step / PyTorch's")
    for name, column in seconds.items():
        ratios = [ours / theirs for ours, theirs in zip(column, seconds[THEIRS])]
        told = f"{1e3 * statistics.median(column):.0f} ({1e3 * min(column):.0f} to {1e3 * max(column):.0f})"
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        verdict = ""
        if name == OURS:
            met = statistics.median(ratios) <= 1
            verdict = f"   at most 1.0: {'met' if met else 'MISSED'}"
        print(f"{name:<32}{ranks[0][1][name] or '':<10}{told:<24}{spread}{verdict}")
    return met


def main() -> bool:
    """Print every table; return whether all targets were met."""
    return data_parallel()


if __name__ == "__main__":
    main()
