"""A program's ranks, as `torchrun` starts them: who this process is, and what is wrong if it cannot join (chapter 4).

    from llmcourse.distributed.torchrun import joined

    with joined(device="cuda") as group:
        train(model, batches, config, group=group, checkpoints=...)

The same program without `torchrun` is one process that is alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from llmcourse.distributed.group import Group

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What a launcher such as `torchrun` tells each process in its environment."""


class CannotJoin(RuntimeError):
    """This process could not become one of a group; the message says why."""


@contextmanager
def joined(device: str = "cpu", timeout_s: float = 1800.0) -> Iterator[Group]:
    """Be one of the processes that a launcher has started, until the end of the block.

    Args:
        device: "cpu" (gloo) or "cuda" (NCCL; each process takes the GPU with its local rank's number).
        timeout_s: Seconds after which an operation, and the meeting at the start, is given up.

    Yields:
        The group of everybody; a process that no launcher has started is alone.

    Raises:
        CannotJoin: Not everybody came in time, or the launcher has told only a part of what is needed.
        ValueError: "cuda" was asked for where PyTorch finds no GPU, or too few.

    Example:
        >>> with joined() as group:
        ...     group.rank, group.size
        (0, 1)
    """
    where = own_device(device, os.environ)
    if missing := [name for name in VARIABLES if name not in os.environ]:
        if len(missing) < len(VARIABLES) and "RANK" in os.environ:
            raise CannotJoin(f"RANK is set and {', '.join(missing)} is not; start the program with torchrun")
        yield Group(device=where)
        return
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if not 0 <= rank < size:
        raise CannotJoin(f"RANK is {rank}; it must be at least 0 and below WORLD_SIZE, {size}")
    try:
        patience = timedelta(seconds=timeout_s)
        store, _, _ = next(rendezvous("env://", timeout=patience))
        # After a restart torchrun's store still has the addresses of the processes that are gone, and a rank that is
        # early takes one of them: each attempt gets names of its own.
        store = dist.PrefixStore(f"attempt-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
        backend = "nccl" if where.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=patience)
    except (dist.DistError, RuntimeError, ValueError) as error:
        raise CannotJoin(
            f"rank {rank} waited {timeout_s:g} s for {size} ranks, and not all came: "
            f"{str(error).partition(chr(10))[0]}. Was one not started, or does another program use the port?"
        ) from error
    try:
        yield Group.of_everybody(where)
    finally:
        dist.destroy_process_group()


def own_device(device: str, environment: Mapping[str, str]) -> torch.device:
    """The device of this process: of several GPUs the one with the number of its local rank.

    Raises:
        ValueError: There is no such device here.

    Example:
        >>> own_device("cpu", {"LOCAL_RANK": "1"})
        device(type='cpu')
    """
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device is {device!r}; it must be 'cpu' or 'cuda'")
    if device == "cpu":
        return torch.device("cpu")
    n_gpus, local_rank = torch.cuda.device_count(), int(environment.get("LOCAL_RANK", 0))
    if not n_gpus:
        raise ValueError("device is 'cuda'; it must be 'cpu' here, where PyTorch finds no GPU")
    if local_rank >= n_gpus:
        raise ValueError(f"LOCAL_RANK is {local_rank}; it must be below {n_gpus}, the number of GPUs of this machine")
    where = torch.device("cuda", local_rank)
    torch.cuda.set_device(where)
    return where
