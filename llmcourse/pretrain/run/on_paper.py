"""A configuration on ranks that are not there: does it fit, and what does a rank hold (chapter 7).

The program itself puts the model on the ranks, with shapes and no memory, and with nobody at the other end of the wire.
What it finds is held against chapter 4's ledger, which only knows formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from llmcourse.distributed.memory import GB, Run, step_memory
from llmcourse.distributed.paper import fake_ranks
from llmcourse.distributed.planning import HARDWARE
from llmcourse.model.transformer import Transformer
from llmcourse.moe.config import active_parameters
from llmcourse.pretrain.run.engine import spread
from llmcourse.pretrain.settings.config import ConfigError, RunConfig
from llmcourse.values import whole


@dataclass(frozen=True)
class PaperRank:
    """What one rank of a run would hold, in bytes.

    Attributes:
        parameters, active: Of the whole model: numbers, not bytes.
        shard: Numbers of this rank's shards; `experts` of them are of experts.
        experts: See `shard`.
        state: Weights, gradients and AdamW's moments of the shards, float32.
        gathered: The largest layer, whole, and what is never freed: the embeddings. In the precision of the run.
        kept: Gradients between the micro-batches of a step, float32. They are sent by the last one alone, and are whole
            until then: of spread experts those of this rank. Nothing for one micro-batch, or for a rank without others.
        activations: Of one micro-batch, by chapter 4's ledger, with the copies of tokens that travel to experts.
        rows: Sequences of one micro-batch.
        host: What a rank needs in the machine's own memory at the start, when it draws its weights.
    """

    parameters: int
    active: int
    shard: int
    experts: int
    state: int
    gathered: int
    kept: int
    activations: int
    rows: int
    host: int

    @property
    def total(self) -> int:
        """Bytes of the device, at the worst moment."""
        return self.state + self.gathered + self.kept + self.activations


def paper_rank(config: RunConfig, n_ranks: int, rank: int = 0) -> PaperRank:
    """Put the model of a run on ranks that are not there, and count what one of them has.

    Raises:
        ConfigError: The settings do not fit the number of ranks.
    """
    config.require_ranks(n_ranks)
    with torch.device("meta"):
        model = Transformer(config.model)
    whole = sum(parameter.numel() for parameter in model.parameters())
    largest_layer = max((sum(p.numel() for p in block.parameters()) for block in model.blocks), default=0)
    largest = max((_numbers(block, config) for block in model.blocks), default=0)
    with fake_ranks(n_ranks, rank) as group:
        spread(model, config, group)
        shards = {name: _local(parameter).numel() for name, parameter in model.named_parameters()}
    outer = sum(p.numel() for name, p in model.named_parameters() if not name.startswith("blocks."))
    width = 2 if config.training.precision == "bf16" else 4
    shard = sum(shards.values())
    several = config.training.grad_accum_steps > 1 and n_ranks > 1
    return PaperRank(
        parameters=whole, active=active_parameters(config.model)[1] if config.experts else whole, shard=shard,
        experts=sum(n for name, n in shards.items() if ".experts." in name), state=16 * shard,
        gathered=width * (largest + outer), kept=4 * _numbers(model, config) if several else 0,
        activations=_activations(config, n_ranks),
        rows=config.data.batch_size // n_ranks // config.training.grad_accum_steps,
        host=4 * max(largest_layer, outer),
    )  # fmt: skip


def micro_batches_that_fit(n_rows: int, row_bytes: float, fixed_bytes: float, room: float) -> int:
    """Into how few micro-batches a rank can cut its rows, so that it has room for one of them.

    A rank needs `fixed_bytes` whatever it reads, and `row_bytes` more for each row of the micro-batch that it works on.
    Micro-batches have equally many rows. Fewer of them are faster: products are larger, and weights are gathered less
    often.

    Args:
        n_rows: Rows that a rank reads in a step.
        row_bytes: What one row needs while it is worked on.
        fixed_bytes: What the rank needs besides.
        room: Bytes that it has; exactly as many as are needed are enough.

    Returns:
        The smallest divisor n of `n_rows` for which `fixed_bytes` + `n_rows` / n * `row_bytes` is at most `room`, a
        Python int.

    Raises:
        ValueError: `n_rows` is no whole number of at least 1, a number of bytes is negative or not finite, or not even
            one row at a time has room. The message names the value; in the last case what is needed, and `room`.

    Example:
        >>> micro_batches_that_fit(12, row_bytes=3e9, fixed_bytes=20e9, room=36e9)  # 3 of 4 rows: 32e9
        3
        >>> micro_batches_that_fit(10, row_bytes=3e9, fixed_bytes=20e9, room=36e9)  # 2 of 5 rows: 35e9
        2
    """
    n_rows = whole("n_rows", n_rows)
    if n_rows < 1:
        raise ValueError(f"n_rows is {n_rows!r}; it must be at least 1")
    for name, value in (("row_bytes", row_bytes), ("fixed_bytes", fixed_bytes), ("room", room)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value!r}; it must be at least 0, and finite")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"room is {room!r}; it must be at least {fixed_bytes + row_bytes!r}, for one row at a time")


def require_room(config: RunConfig, rank: PaperRank, memory: float, reserved: float = 0.1) -> None:
    """Refuse a run of which a rank does not fit into its device.

    Args:
        config: Of the run.
        rank: What it would hold.
        memory: Bytes of the device.
        reserved: The share of it that is left free for what nobody counts.

    Raises:
        ConfigError: The message names what it needs, what there is, the largest part, and what would help.
    """
    room = memory * (1 - reserved)
    if rank.total > room:
        parts = {"state": rank.state, "gathered": rank.gathered, "kept": rank.kept, "activations": rank.activations}
        largest = max(parts, key=lambda name: parts[name])
        raise ConfigError(
            f"a rank needs {rank.total / GB:.1f} GB; it must be at most {room / GB:.1f} GB, {1 - reserved:.0%} of the "
            f"device. Most of it, {parts[largest] / GB:.1f} GB, is {largest}{_remedy(config, rank, room)}"
        )


def _remedy(config: RunConfig, rank: PaperRank, room: float) -> str:
    """What would make a rank fit, if a smaller micro-batch does."""
    n_rows, fixed = rank.rows * config.training.grad_accum_steps, rank.total - rank.activations
    try:
        n = micro_batches_that_fit(n_rows, rank.activations / rank.rows, fixed, room)
    except ValueError:
        return "; no micro-batch is small enough: take more ranks, fewer replicas, or a smaller model"
    return f"; with training.grad_accum_steps={n} it fits"


def on_paper(config: RunConfig, n_ranks: int, gpu: str | None = None) -> str:
    """What a rank of a run would hold, in lines for the console; with a device, refused if it does not fit.

    Raises:
        ConfigError: The settings do not fit the number of ranks, the device is unknown, or a rank has no room in it.
    """
    if gpu is not None and gpu not in HARDWARE:
        raise ConfigError(f"gpu is {gpu!r}; it must be one of {', '.join(map(repr, HARDWARE))}")
    rank = paper_rank(config, n_ranks)
    if gpu is not None:
        require_room(config, rank, HARDWARE[gpu].memory)
    per_step = config.data.batch_size * config.data.seq_len
    at_a_time = per_step // n_ranks // config.training.grad_accum_steps
    of_device = f", of {HARDWARE[gpu].memory / GB:.0f} GB" if gpu else ""
    rows = [
        ("model", f"{_count(rank.parameters)} parameters, of which a token meets {_count(rank.active)}"),
        ("a step", f"{per_step:,} tokens, {at_a_time:,} a rank at a time"),
        ("shard", f"{_count(rank.shard)} numbers a rank, {_count(rank.experts)} of experts"),
        ("state", f"{_size(rank.state)}: weights, gradients, AdamW, float32"),
        ("gathered", f"{_size(rank.gathered)}: the largest layer whole, and the embeddings"),
        ("kept", f"{_size(rank.kept)}: gradients between micro-batches, whole"),
        ("activations", f"{_size(rank.activations)} of one micro-batch"),
        ("in all", f"{_size(rank.total)} a rank{of_device}"),
        ("at the start", f"{_size(rank.host)} of the machine's memory a rank, to draw a layer's weights"),
    ]
    return "\n".join(f"{name:12} {what}" for name, what in rows)


def _count(number: float) -> str:
    """A number of parameters in thousands, millions or billions."""
    for unit, name in ((1e9, "B"), (1e6, "M")):
        if number >= unit:
            return f"{number / unit:,.2f}{name}"
    return f"{number / 1e3:,.1f}K"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / GB:,.2f} GB" if n_bytes >= GB / 10 else f"{n_bytes / 1e6:,.1f} MB"


def _activations(config: RunConfig, n_ranks: int) -> int:
    """Chapter 4's ledger of activations, and the copies of a token that go to its experts and come back."""
    rows = config.data.batch_size // n_ranks // config.training.grad_accum_steps
    mixed = config.training.precision == "bf16"
    run = Run(n_ranks, 3, batch_size=rows, seq_len=config.data.seq_len, precision="mixed" if mixed else "fp32",
              recompute=config.parallel.recompute)  # fmt: skip
    kept = step_memory(config.model, run).activations
    if config.experts is None:
        return kept
    a_layer = 2 * config.experts.top_k * config.model.d_model * (2 if mixed else 4) * rows * config.data.seq_len
    return kept + a_layer * (1 if config.parallel.recompute else config.model.n_layers)


def _numbers(module: nn.Module, config: RunConfig) -> int:
    """Numbers of a module that are whole on a rank while it computes: of spread experts its part of them."""
    spread_over = config.parallel.expert_ranks
    return sum(
        math.ceil(p.numel() / spread_over) if "experts" in name.split(".") else p.numel()
        for name, p in module.named_parameters()
    )


def _local(parameter: Tensor) -> Tensor:
    return parameter.to_local() if isinstance(parameter, DTensor) else parameter
