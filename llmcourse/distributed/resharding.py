"""Rows of a tensor that some ranks saved, read by another number of ranks (chapter 4).

FSDP cuts the first axis as `torch.chunk` does: n rows for R ranks are ceil(n / R) for each rank until none are left, so
that the last ranks may hold fewer rows, or none at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from llmcourse.distributed.group import Group
from llmcourse.files import write_atomically

Read = tuple[int, int, int, int]
"""Rows `start` up to (not including) `stop` of saved shard `shard` are the reader's rows from `to` on."""


def shard_sizes(n_rows: int, n_ranks: int) -> list[int]:
    """How many rows of a tensor each rank holds.

    Example:
        >>> shard_sizes(10, 4), shard_sizes(5, 4)
        ([3, 3, 3, 1], [2, 2, 1, 0])
    """
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks!r}; it must be at least 1")
    each = -(-n_rows // n_ranks)
    return [max(0, min(each, n_rows - rank * each)) for rank in range(n_ranks)]


def rows_to_read(saved: Sequence[int], n_ranks: int) -> list[list[tuple[int, int, int, int]]]:
    """Which rows of which saved shards each rank reads, when a checkpoint is read by another number of ranks.

    The tensor's rows, in order, lie in the saved shards: shard 0 holds the first `saved[0]` of them, shard 1 the next
    `saved[1]`, and so on. A shard may be of any size, also empty. Of n rows in all, each of the `n_ranks` ranks that
    read now gets ceil(n / n_ranks), in order, until none are left: the last ranks may get fewer, or none.

    A read `(shard, start, stop, to)` says: rows `start` up to, but not including, `stop` of saved shard `shard`,
    counted within that shard, become the reading rank's own rows from `to` on, counted within its own part.

    Args:
        saved: Rows in each saved shard, in the order of the ranks that saved them.
        n_ranks: How many ranks read, at least 1.

    Returns:
        For each rank that reads, its reads in the order of its rows: one for each shard that holds some of them, and
        no other.

    Raises:
        ValueError: `n_ranks` is below 1, or a size is negative; the message names it.

    Example:
        >>> rows_to_read([3, 3], 3)  # 6 rows: rank 1 gets the last of shard 0 and the first of shard 1
        [[(0, 0, 2, 0)], [(0, 2, 3, 0), (1, 0, 1, 1)], [(1, 1, 3, 0)]]
        >>> rows_to_read([2, 0, 1], 2)  # 3 rows: two for rank 0, one for rank 1
        [[(0, 0, 2, 0)], [(2, 0, 1, 0)]]

    Source: Rajbhandari et al., "ZeRO" (2020), shards the states; PyTorch's distributed checkpoint reads them like this.
    """
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks!r}; it must be at least 1")
    if wrong := [size for size in saved if size < 0]:
        raise ValueError(f"a saved shard has {wrong[0]!r} rows; it must be at least 0")
    each = -(-sum(saved) // n_ranks)
    plan: list[list[Read]] = [[] for _ in range(n_ranks)]
    first = 0  # the row of the whole tensor with which the shard begins
    for shard, size in enumerate(saved):
        row = first
        while row < first + size:
            rank = row // each
            end = min(first + size, (rank + 1) * each)
            plan[rank].append((shard, row - first, end - first, row - rank * each))
            row = end
        first += size
    return plan


def save_rows(folder: str | Path, rows: Tensor, group: Group) -> None:
    """Save a tensor of which every rank holds some rows: each rank writes its own to a file, whole or not there.

    Args:
        folder: The same for every rank.
        rows: This rank's rows; the other axes are the same everywhere.
        group: Who takes part.
    """
    write_atomically(Path(folder) / f"rows-{group.rank:05d}-of-{group.size:05d}.pt", lambda f: torch.save(rows, f))
    group.barrier()


def load_rows(folder: str | Path, group: Group) -> Tensor:
    """This rank's rows of a tensor that `save_rows` has saved, on any number of ranks.

    A rank opens the files that hold its rows, and reads no others than these rows from them.

    Args:
        folder: Where the rows were saved, once.
        group: Who reads.

    Raises:
        ValueError: A file is missing, or the folder holds none; the message says which.
    """
    files = sorted(Path(folder).glob("rows-*.pt"))
    expected = int(files[0].stem.rpartition("-")[2]) if files else 0
    if not files or len(files) != expected:
        raise ValueError(f"{folder} has {len(files)} files of rows; it must have {expected or 'at least 1'}")
    # The file is only looked into: a row is read when it is used.
    shards = [torch.load(file, mmap=True, weights_only=True) for file in files]
    mine = rows_to_read([len(shard) for shard in shards], group.size)[group.rank]
    parts = [shards[shard][start:stop] for shard, start, stop, _ in mine]
    return torch.cat(parts) if parts else shards[0][:0].clone()
