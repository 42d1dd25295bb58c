"""How a model lies on devices: what each of them holds, and how fast they can be at best (chapter 5).

Memory and time are those of chapter 4: the ledger of `memory`, the two queues of `planning`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

from llmcourse.distributed.memory import PRECISIONS, STAGES, Run, StepMemory, step_memory
from llmcourse.distributed.planning import Hardware, gather_seconds, overlapped_step
from llmcourse.model.accounting import model_costs
from llmcourse.model.config import ModelConfig
from llmcourse.scaling_laws.candidates import WIDTHS, Candidate, ExpertsOnPaper, shape

EFFICIENCY = 0.6
"""Share of the peak that matrix products reach while they run, as in chapter 4."""
MICRO_BATCH_TOKENS = 16384
"""Tokens with which a device is busy: a larger micro-batch needs more memory and is no faster."""


class Layout(NamedTuple):
    """How a model lies on the devices.

    Attributes:
        stage: Of sharding.
        recompute: Whether blocks keep their inputs alone.
        micro_batch: Sequences of a device at a time.
        n_micro: Micro-batches of a step.
        memory: Of one device at the worst moment.
    """

    stage: int
    recompute: bool
    micro_batch: int
    n_micro: int
    memory: StepMemory


def rank_memory(config: ModelConfig, run: Run) -> StepMemory:
    """Chapter 4's ledger; where there are experts, with the copies of a token that go to each of them and come back.

    Example:
        >>> run = Run(8, 3, seq_len=2048)
        >>> dense, experts = (rank_memory(shape(1024, 32000, 2048, moe), run) for moe in (False, True))
        >>> experts.optimizer > 3 * dense.optimizer
        True
    """
    memory = step_memory(config, run)
    if not isinstance(config.feed_forward, ExpertsOnPaper):
        return memory
    width = int(PRECISIONS[run.precision].weights)
    a_layer = 2 * config.feed_forward.top_k * config.d_model * width * run.batch_size * run.seq_len
    n_kept = 1 if run.recompute else config.n_layers
    return memory._replace(activations=memory.activations + n_kept * a_layer)


def _stages(gpus: int) -> tuple[int, ...]:
    return STAGES if gpus > 1 else (0,)


@functools.lru_cache(maxsize=8)
def family(gpus: int, moe: bool, vocab_size: int, seq_len: int) -> tuple[tuple[ModelConfig, Candidate], ...]:
    """All configurations that a plan looks at, each with its counts; the memory is that of the thriftiest layout.

    Args:
        gpus: How many devices share the state.
        moe: Whether the feed-forward networks are mixtures of experts.
        vocab_size, seq_len: Of the tokenizer and of training.
    """
    found = []
    for width in WIDTHS:
        config = shape(width, vocab_size, seq_len, moe)
        costs = model_costs(config, seq_len)
        runs = [Run(gpus, stage, "mixed", 1, seq_len, recompute=True, accumulates=True) for stage in _stages(gpus)]
        thriftiest = min(rank_memory(config, run).total for run in runs)
        found.append((config, Candidate(costs.active_parameters, costs.flops_per_token, thriftiest)))
    return tuple(found)


def choose_layout(config: ModelConfig, device: Hardware, gpus: int, per_rank: int, room: float) -> Layout:
    """The fastest layout that fits; of those that are as fast within a hundredth, the first with the fewest shards.

    Args:
        config: The model.
        device: On which it is trained.
        gpus: How many of them share the state.
        per_rank: Sequences of a device in a step.
        room: Bytes of a device that may be used.

    Raises:
        ValueError: Nothing fits; the message names `room`.

    Example:
        >>> from llmcourse.distributed.planning import HARDWARE
        >>> config = shape(2048, 32000, 2048)  # 1.1 billion parameters, 16 bytes each
        >>> for room in (70e9, 7e9, 4e9):
        ...     layout = choose_layout(config, HARDWARE["h100"], gpus=8, per_rank=32, room=room)
        ...     print(layout.stage, layout.recompute, layout.memory.total <= room)
        0 False True
        1 True True
        3 True True
    """
    layouts = [layout for layout in _layouts(config, gpus, per_rank) if layout.memory.total <= room]
    if not layouts:
        raise ValueError(f"room is {room!r}; it must be enough for one sequence of the model, in shards")
    speeds = [attainable_mfu(config, layout, device, gpus) for layout in layouts]
    return next(layout for layout, speed in zip(layouts, speeds) if speed >= 0.99 * max(speeds))


def _layouts(config: ModelConfig, gpus: int, per_rank: int) -> Iterator[Layout]:
    """All that are looked at, from the simplest on; the largest micro-batches first."""
    most = max(1, MICRO_BATCH_TOKENS // config.max_seq_len)
    sizes = [size for size in range(min(per_rank, most), 0, -1) if per_rank % size == 0]
    for recompute in (False, True):
        for stage in _stages(gpus):
            for size in sizes:
                n_micro = per_rank // size
                run = Run(gpus, stage, "mixed", size, config.max_seq_len, recompute, accumulates=n_micro > 1)
                yield Layout(stage, recompute, size, n_micro, rank_memory(config, run))


def attainable_mfu(config: ModelConfig, layout: Layout, device: Hardware, gpus: int) -> float:
    """The share of the peak that arithmetic and messages allow, by chapter 4's model of a step's time.

    In stage 3 the weights of each layer are gathered twice in each micro-batch, and its gradients scattered. In other
    stages the gradients are added up once a step, behind the last backward pass as far as that reaches.
    """
    costs, n_layers = model_costs(config, config.max_seq_len), config.n_layers
    n_tokens = layout.micro_batch * config.max_seq_len
    forward = costs.flops_per_token * n_tokens / (device.flops * EFFICIENCY) / n_layers
    backward = (3 if layout.recompute else 2) * forward
    if layout.stage == 3:
        weights = costs.parameters / n_layers
        gather, scatter = (gather_seconds(size * weights, gpus, device) for size in (2, 4))
        seconds = layout.n_micro * overlapped_step(n_layers, gather, forward, backward, scatter)
    else:
        sums = 2 * gather_seconds(2 * costs.parameters, gpus, device)
        seconds = layout.n_micro * n_layers * (forward + backward) + max(0.0, sums - n_layers * backward)
    needed = layout.n_micro * 3 * costs.flops_per_token * n_tokens
    return needed / (seconds * device.flops)
