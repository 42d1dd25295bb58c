"""FSDP from scratch (chapter 4) beside PyTorch's FSDP2: the time of a step, its memory, and what prefetching buys.

Two gloo ranks on this machine, one thread each, train one model in both ways, step by step in turn: forward pass, loss,
backward pass and a step of AdamW (PyTorch's, fused, for both), float32, blocks and the rest as units. A second is one
of the clock, since waiting is part of the matter; the ratio is the median of the ratios of neighbouring steps. Memory
is what PyTorch's allocator gave at the worst moment of a step, over the ledger's prediction.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from llmcourse.distributed.fsdp import FullySharded
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.measured import held, peak_bytes, slowed
from llmcourse.distributed.memory import Run, step_memory
from llmcourse.model import ModelConfig, Transformer, next_token_loss

CONFIG = ModelConfig(vocab_size=1024, d_model=384, n_layers=6, n_heads=6, max_seq_len=128)
BATCH_SIZE, ROUNDS, N_RANKS = 4, 21, 2
SPEEDS = (None, 400e6, 100e6)
MOST_TIME, MOST_OFF = 1.1, 0.1

Step = Callable[[], None]


def make_model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(CONFIG)


def batch_of(rank: int) -> tuple[Tensor, Tensor]:
    ids = torch.randint(
        CONFIG.vocab_size, (BATCH_SIZE, CONFIG.max_seq_len + 1), generator=torch.Generator().manual_seed(rank)
    )
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def our_step(group: Group, **options: Any) -> tuple[FullySharded, torch.optim.Optimizer, Step]:
    sharded = FullySharded(make_model(), group, **options)
    optimizer = torch.optim.AdamW(sharded.parameters(), lr=1e-3, fused=True)
    inputs, targets = batch_of(group.rank)

    def step() -> None:
        next_token_loss(sharded.model(inputs), targets).backward()
        sharded.finish()
        optimizer.step()
        sharded.zero_grad()

    return sharded, optimizer, step


def their_step(group: Group) -> tuple[nn.Module, Step]:
    model = make_model()
    mesh = init_device_mesh("cpu", (group.size,))
    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    inputs, targets = batch_of(group.rank)

    def step() -> None:
        next_token_loss(model(inputs), targets).backward()
        optimizer.step()
        optimizer.zero_grad()

    return model, step


def seconds(group: Group, steps: list[Step], rounds: int) -> list[list[float]]:
    """The seconds of each, in turn; the first round is not counted."""
    found: list[list[float]] = [[] for _ in steps]
    for number in range(rounds + 1):
        for column, step in zip(found, steps):
            group.barrier()
            start = time.perf_counter()
            step()
            if number:
                column.append(time.perf_counter() - start)
    return found


def on_a_rank(group: Group) -> dict[str, Any]:
    """Everything that one rank measures."""
    sharded, optimizer, ours = our_step(group)
    _, theirs = their_step(group)
    times = seconds(group, [ours, theirs], ROUNDS)
    peak = sum(held(sharded.shards, optimizer)) + peak_bytes(ours).n_bytes
    prefetching = {}
    for speed in SPEEDS:
        link = group if speed is None else slowed(group, speed)
        steps = [our_step(link, prefetch=prefetch)[2] for prefetch in (0, 1, 2)]
        prefetching[speed] = [min(column) for column in seconds(group, steps, ROUNDS // 3)]
    return {"times": times, "peak": peak, "prefetching": prefetching}


def main() -> bool:
    """Print the tables; return whether both targets were met."""
    found = run_on_ranks(on_a_rank, [()] * N_RANKS, timeout_s=500.0)[0]
    ours, theirs = found["times"]
    ratios = [a / b for a, b in zip(ours, theirs)]
    ratio = statistics.median(ratios)
    n = sum(parameter.numel() for parameter in make_model().parameters())
    print(
        f"FSDP, {N_RANKS} gloo ranks, {n / 1e6:.1f} million parameters, {BATCH_SIZE} x {CONFIG.max_seq_len} tokens "
        f"a rank, float32; median of {ROUNDS} steps in turn (smallest to largest)"
    )
    for name, times in (("ours", ours), ("FSDP2", theirs)):
        print(
            f"  {name:<8}{1e3 * statistics.median(times):7.1f} ms  ({1e3 * min(times):.1f} to {1e3 * max(times):.1f})"
        )
    met = ratio <= MOST_TIME
    print(
        f"  ours / FSDP2 {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})   "
        f"at most {MOST_TIME}: {'met' if met else 'MISSED'}"
    )
    run = Run(N_RANKS, 3, "fp32", BATCH_SIZE, CONFIG.max_seq_len)
    predicted = step_memory(CONFIG, run).total
    fits = abs(predicted / found["peak"] - 1) <= MOST_OFF
    print(
        f"  peak memory {found['peak'] / 1e6:.1f} MB, ledger {predicted / 1e6:.1f} MB, ratio "
        f"{predicted / found['peak']:.3f}   within {MOST_OFF:.0%}: {'met' if fits else 'MISSED'}"
    )
    print("what prefetching buys: milliseconds of the fastest step, by the speed of the link")
    print(f"  {'link':<12}{'none':>8}{'1 ahead':>10}{'2 ahead':>10}{'none / 1':>10}")
    for speed, columns in found["prefetching"].items():
        link = "as it is" if speed is None else f"{speed / 1e6:.0f} MB/s"
        told = "".join(f"{1e3 * value:>{width}.1f}" for value, width in zip(columns, (8, 10, 10)))
        print(f"  {link:<12}{told}{columns[0] / columns[1]:>10.2f}")
    return met and fits


if __name__ == "__main__":
    main()
