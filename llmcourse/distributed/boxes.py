"""A run of a tensor's elements as boxes, which is what a distributed checkpoint can hold (chapter 4).

`Zero` and `FullySharded` cut flat vectors, so that a rank has a run of elements of each weight: the end of a row, some
whole rows, the beginning of another. PyTorch's distributed checkpoint (DCP) knows boxes only: from which row to which,
from which column to which. Here a run is told to it as the boxes that it is made of. What flat shards have saved can
then be read whole, in rows as FSDP2 has them, or in the flat shards of another number of ranks, and the other way
round: DCP finds what overlaps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from torch import Size, Tensor
from torch.distributed.checkpoint import DefaultLoadPlanner, DefaultSavePlanner, LoadPlan, SavePlan
from torch.distributed.checkpoint.default_planner import create_default_local_load_plan, create_default_local_save_plan
from torch.distributed.checkpoint.metadata import ChunkStorageMetadata, MetadataIndex, TensorProperties
from torch.distributed.checkpoint.planner import TensorWriteData, WriteItem, WriteItemType
from torch.distributed.checkpoint.planner_helpers import create_read_items_for_chunk_list

from llmcourse.distributed.flat import Place


class Box(NamedTuple):
    """A block of a tensor: where it begins, and how long it is, along each axis."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]


def boxes(shape: Sequence[int], first: int, end: int) -> list[Box]:
    """The boxes that make up a run of a tensor's elements, which are counted row by row.

    Of a matrix these are at most three: the rest of a row, whole rows, the beginning of a row. A tensor without any
    elements is one box without any, so that it has its place in a checkpoint, too.

    Args:
        shape: Of the tensor.
        first, end: The run: its first element, and the one behind its last.

    Returns:
        The boxes in the order of their elements.

    Example:
        >>> boxes((3, 4), 2, 9)
        [Box(offsets=(0, 2), sizes=(1, 2)), Box(offsets=(1, 0), sizes=(1, 4)), Box(offsets=(2, 0), sizes=(1, 1))]
        >>> boxes((3, 4), 4, 12), boxes((3, 4), 5, 5)
        ([Box(offsets=(1, 0), sizes=(2, 4))], [])
    """
    shape = tuple(shape)
    if not math.prod(shape):
        return [Box((0,) * len(shape), shape)]
    return list(_boxes(shape, first, end))


def _boxes(shape: tuple[int, ...], first: int, end: int) -> Iterator[Box]:
    if first == end:
        return
    if not shape:
        yield Box((), ())
        return
    length = math.prod(shape[1:])
    (row, begin), (last, rest) = divmod(first, length), divmod(end, length)
    if row == last:
        yield from _in_row(shape, row, begin, rest)
        return
    if begin:
        yield from _in_row(shape, row, begin, length)
        row += 1
    if row < last:
        yield Box((row, *(0,) * (len(shape) - 1)), (last - row, *shape[1:]))
    yield from _in_row(shape, last, 0, rest)


def _in_row(shape: tuple[int, ...], row: int, first: int, end: int) -> Iterator[Box]:
    """The boxes of a run within one row of a tensor."""
    for offsets, sizes in _boxes(shape[1:], first, end):
        yield Box((row, *offsets), (1, *sizes))


def windows(piece: Tensor, place: Place) -> dict[Box, Tensor]:
    """The part of a slice that stands for each of its boxes, in the box's shape: no copies.

    Example:
        >>> import torch
        >>> list(windows(torch.arange(3), Place((2, 2), 1, 4)).values())
        [tensor([[0]]), tensor([[1, 2]])]
    """
    found, rest = {}, piece.detach()
    for box in boxes(*place):
        size = math.prod(box.sizes)
        found[box], rest = rest[:size].view(box.sizes), rest[size:]
    return found


class SlicesSaved(DefaultSavePlanner):
    """DCP's plan of what is written, for tensors of which some are slices.

    Args:
        places: Where each slice stands in its tensor, by name. Any other tensor is saved as DCP does it.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        super().__init__()
        self.places = places

    def create_local_plan(self) -> SavePlan:
        """What this rank has: an item for each box of each slice."""
        others = {name: tensor for name, tensor in self.state_dict.items() if name not in self.places}
        plan = create_default_local_save_plan(others, self.is_coordinator)
        items = [item for name in self.places for item in self._items(name)]
        self.plan = replace(plan, items=[*plan.items, *items], planner_data=self.mappings)
        return self.plan

    def _items(self, name: str) -> Iterator[WriteItem]:
        piece, place = self.state_dict[name], self.places[name]
        for box in boxes(*place):
            chunk = ChunkStorageMetadata(Size(box.offsets), Size(box.sizes))
            told = TensorWriteData(chunk, TensorProperties.create_from_tensor(piece), Size(place.shape))
            yield WriteItem(MetadataIndex(name, chunk.offsets), WriteItemType.SHARD, tensor_data=told)

    def lookup_object(self, index: MetadataIndex) -> Tensor:
        """What is written for an item."""
        return _found(self.state_dict, self.places, index) if index.fqn in self.places else super().lookup_object(index)


class SlicesLoaded(DefaultLoadPlanner):
    """DCP's plan of what is read, into tensors of which some are slices.

    Args:
        places: As for `SlicesSaved`.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        super().__init__()
        self.places = places

    def create_local_plan(self) -> LoadPlan:
        """What this rank needs: whatever has been saved of each box of each slice."""
        assert self.metadata is not None
        others = {name: tensor for name, tensor in self.state_dict.items() if name not in self.places}
        plan = create_default_local_load_plan(others, self.metadata)
        items = list(plan.items)
        for name, place in self.places.items():
            chunks = [ChunkStorageMetadata(Size(box.offsets), Size(box.sizes)) for box in boxes(*place)]
            items += create_read_items_for_chunk_list(name, self.metadata.state_dict_metadata[name], chunks)
        return LoadPlan(items)

    def lookup_tensor(self, index: MetadataIndex) -> Tensor:
        """Where what is read for an item goes."""
        return _found(self.state_dict, self.places, index) if index.fqn in self.places else super().lookup_tensor(index)


def _found(pieces: Mapping[str, Tensor], places: Mapping[str, Place], index: MetadataIndex) -> Tensor:
    """The window of a slice that begins where an item says."""
    inside = windows(pieces[index.fqn], places[index.fqn])
    return next(window for box, window in inside.items() if box.offsets == tuple(index.offset or ()))
