"""A vector cut into equal parts, one a rank: cut, put together, measured (chapter 4).

Several tensors are written one behind the other, so that one message carries all of them, and every rank gets a part of
the same length whatever their shapes are. What is missing to a multiple of the number of ranks is filled up with zeros
at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from llmcourse.distributed.group import ALONE, Group


def shard_size(n_elements: int, n_ranks: int) -> int:
    """How many elements each rank keeps of a vector, padding included.

    Example:
        >>> shard_size(10, 4)
        3
    """
    return -(-n_elements // n_ranks)


def part_of(offset: int, n_elements: int, size: int, rank: int) -> tuple[int, int]:
    """Which elements of a tensor one rank keeps, when the tensor stands in a flat vector that is cut into shards.

    Args:
        offset: Where in the flat vector the tensor begins.
        n_elements: How many elements it has.
        size: The length of a shard.
        rank: Whose shard.

    Returns:
        The first element and the one behind the last, counted within the tensor; equal where the rank has none of it.

    Example:
        >>> [part_of(offset=4, n_elements=6, size=3, rank=rank) for rank in range(4)]
        [(0, 0), (0, 2), (2, 5), (5, 6)]
    """
    begin, end = rank * size - offset, (rank + 1) * size - offset
    first = min(max(begin, 0), n_elements)
    return first, max(first, min(end, n_elements))


class Place(NamedTuple):
    """Where a slice, what a rank keeps of a tensor, stands in it.

    Attributes:
        shape: Of the whole tensor.
        first, end: Its first element in the slice, counted row by row, and the one behind its last.
    """

    shape: tuple[int, ...]
    first: int
    end: int


def shard(tensors: Sequence[Tensor], rank: int, n_ranks: int) -> Tensor:
    """One rank's part of several tensors that are written one behind the other.

    The elements of the first tensor come first, row by row, then those of the second, and so on. Zeros at the end make
    their number a multiple of `n_ranks`, as few as it takes. The vector is then cut into `n_ranks` equal parts.

    Args:
        tensors: Of any shapes, all of one dtype, at least one; not changed. A tensor may be empty, or a single number.
        rank: Whose part, from 0 to n_ranks - 1.
        n_ranks: Into how many parts.

    Returns:
        The part, a tensor with one axis, of the tensors' dtype and cut off from their graph. It lies in memory of its
        own that holds nothing else: a window on all elements would keep all of them. Of 10 elements and 4 ranks each
        gets 3.

    Raises:
        ValueError: `rank` is not one of the `n_ranks`; the message names it.

    Example:
        >>> matrix, vector = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([5.0])
        >>> [shard([matrix, vector], rank, n_ranks=2).tolist() for rank in range(2)]
        [[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]]

    Source: Zhao et al., "PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel" (2023), section 3.2.1.
    """
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank!r}; it must be at least 0 and below n_ranks, {n_ranks!r}")
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    size = -(-len(flat) // n_ranks)
    part = flat.new_zeros(size)
    kept = flat[rank * size : (rank + 1) * size]
    part[: len(kept)] = kept
    return part


def unshard(part: Tensor, shapes: Sequence[Sequence[int]], group: Group) -> list[Tensor]:
    """Put together what `shard` has cut: every rank gives its part and gets all tensors.

    The parts are gathered in the order of the ranks, in one message; the zeros at the end, which belong to no tensor,
    are left out.

    Args:
        part: This rank's part, with one axis; of the same length on every rank. Not changed.
        shapes: The shapes of the tensors, in their order, the same on every rank.
        group: Who has the parts.

    Returns:
        The tensors, in order, of the part's dtype.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> parts = [(torch.tensor([1.0, 2.0, 3.0]), [(2, 2), (1,)]), (torch.tensor([4.0, 5.0, 0.0]), [(2, 2), (1,)])]
        >>> rehearse(unshard, parts).results[0]
        [tensor([[1., 2.],
                [3., 4.]]), tensor([5.])]

    Source: Zhao et al. (2023), section 3.2.1.
    """
    whole = group.all_gather(part).wait()
    counts = [math.prod(shape) for shape in shapes]
    pieces = whole[: sum(counts)].split(counts)
    return [piece.view(tuple(shape)) for piece, shape in zip(pieces, shapes)]


def sharded_norm(shards: Iterable[Tensor], replicated: Iterable[Tensor] = (), group: Group = ALONE) -> float:
    """The Euclidean norm of everything that the ranks hold together, the same number on each of them.

    The norm of one rank's shards is that rank's own. What can be added up over the ranks are the squares, and the root
    is taken once, of their sum; no shard leaves its rank. A tensor that every rank holds whole counts once, not once a
    rank.

    Squares are taken and summed in float32 at least, whatever the dtype of the shards. What is infinite or NaN on one
    rank makes the norm so on every rank.

    Args:
        shards: This rank's parts; the ranks may have different numbers of them, and of elements, also none. They may
            come from a generator, which can be read only once.
        replicated: Tensors that are the same on every rank; from a generator, perhaps.
        group: Who has the other parts.

    Returns:
        The norm.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> rehearse(sharded_norm, [([torch.tensor([3.0])],), ([torch.tensor([4.0]), torch.zeros(0)],)]).results
        [5.0, 5.0]
        >>> rehearse(sharded_norm, [([torch.tensor([3.0])],), ([],)]).results
        [3.0, 3.0]
    """
    total = group.sum(square_sum(shards)) + square_sum(replicated)
    return math.sqrt(total)


def square_sum(tensors: Iterable[Tensor]) -> float:
    """The sum of all squares, added up in double precision from one float32 norm a tensor."""
    wide = (tensor if tensor.dtype == torch.float64 else tensor.float() for tensor in tensors)
    return sum((float(torch.linalg.vector_norm(tensor)) ** 2 for tensor in wide), 0.0)
