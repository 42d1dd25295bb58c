"""Tensors, arrays and random generators as shared objects, and the memory that tensors look at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from llmcourse.course.remote import kinds, wire
from llmcourse.course.remote.kinds import Kind
from llmcourse.course.remote.shared import Table
from llmcourse.course.remote.wire import USABLE, BadMessage, CannotCross

OTHER_SIZE = "a tensor that reaches beyond its memory: was it given another size in place (resize_)? make a new tensor"


class _Memory(Kind):
    """The bytes under one or several tensors."""

    @staticmethod
    def _bytes(value: torch.UntypedStorage) -> Tensor:
        return torch.empty(0, dtype=torch.uint8).set_(value, 0, (value.nbytes(),), (1,))

    @staticmethod
    def meta(table: Table, value: torch.UntypedStorage) -> Any:
        if value.nbytes() > wire.MAX_FRAME:
            raise CannotCross(f"a tensor over {value.nbytes() / 2**20:.0f} MB of memory")
        return value.nbytes()

    @staticmethod
    def make(table: Table, meta: Any) -> torch.UntypedStorage:
        if type(meta) is not int or not 0 <= meta <= wire.MAX_FRAME:
            raise BadMessage("a memory of impossible size")
        return torch.UntypedStorage(meta)

    @staticmethod
    def content(table: Table, value: torch.UntypedStorage) -> Any:
        return _Memory._bytes(value).numpy().tobytes()

    @staticmethod
    def fill(table: Table, value: torch.UntypedStorage, content: Any) -> None:
        if len(content) != value.nbytes():
            raise BadMessage(OTHER_SIZE)
        if content:
            _Memory._bytes(value).numpy()[:] = np.frombuffer(content, np.uint8)


class _Tensor(Kind):
    """A view of a memory, with a gradient of its own."""

    @staticmethod
    def meta(table: Table, value: Tensor) -> Any:
        return [type(value) is nn.Parameter, value.device.type == "meta"]

    @staticmethod
    def make(table: Table, meta: Any) -> Tensor:
        is_parameter, is_meta = meta
        made = torch.empty(0, device="meta" if is_meta else "cpu")
        return nn.Parameter(made, requires_grad=False) if is_parameter else made

    @staticmethod
    def content(table: Table, value: Tensor) -> Any:
        if value.layout is not torch.strided or value.device.type not in ("cpu", "meta"):
            raise CannotCross(f"{USABLE}, but no {value.layout} tensor on {value.device}")
        if value.is_conj() or value.is_neg():
            raise CannotCross("a check can use no lazily conjugated tensor: call resolve_conj() on it")
        dtype = str(value.dtype).removeprefix("torch.")
        if value.device.type == "meta":
            return [dtype, None, 0, list(value.shape), list(value.stride()), value.requires_grad, None]
        memory = table.number_of(value.untyped_storage())
        # A gradient is told apart from no gradient, and by its own identity.
        grad = value.grad if value.is_leaf else None
        grad_number = None if grad is None else table.number_of(grad)
        view = [value.storage_offset(), list(value.shape), list(value.stride())]
        return [dtype, memory, *view, value.requires_grad, grad_number]

    @staticmethod
    def fill(table: Table, value: Tensor, content: Any) -> None:
        dtype_name, memory, offset, shape, stride, requires_grad, grad = content
        dtype = wire.TORCH_DTYPES[dtype_name]
        if memory is None:
            new = torch.empty_strided(shape, stride, dtype=dtype, device="meta")
        else:
            storage = table.get(memory)
            if type(storage) is not torch.UntypedStorage:
                raise BadMessage("a tensor over something that is no memory")
            if not wire.is_finite_shape(shape, stride, offset, storage.nbytes() // dtype.itemsize):
                raise BadMessage(OTHER_SIZE)
            new = torch.empty(0, dtype=dtype).set_(storage, offset, shape, stride)
        if not _same_view(value, new):
            value.data = new
        if value.requires_grad != bool(requires_grad) and value.is_leaf:
            value.requires_grad_(bool(requires_grad))
        if value.is_leaf:
            gradient = None if grad is None else table.get(grad)
            if gradient is not value.grad:
                value.grad = gradient


def _same_view(a: Tensor, b: Tensor) -> bool:
    return (
        a.device == b.device and a.dtype == b.dtype and a.shape == b.shape and a.stride() == b.stride()
        and (a.device.type == "meta" or a.untyped_storage()._cdata == b.untyped_storage()._cdata)
        and a.storage_offset() == b.storage_offset()
    )  # fmt: skip


class _Array(Kind):
    """An array, with memory of its own on each side: which arrays share memory is known only where they were made."""

    @staticmethod
    def meta(table: Table, value: np.ndarray) -> Any:
        if value.nbytes > wire.MAX_FRAME:
            raise CannotCross(f"an array of {value.nbytes / 2**20:.0f} MB")
        return [value.dtype.str, list(value.shape), value.flags.writeable]

    @staticmethod
    def make(table: Table, meta: Any) -> np.ndarray:
        name, shape, _ = meta
        dtype = np.dtype(name)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in kinds.ARRAY_KINDS or dtype.names or any(type(n) is not int or n < 0 for n in shape):
            raise BadMessage("not an array of numbers")
        if size > wire.MAX_FRAME:
            raise BadMessage("an array of impossible size")
        return np.zeros(shape, dtype)

    @staticmethod
    def content(table: Table, value: np.ndarray) -> Any:
        return [value.tobytes(), value.flags.writeable]

    @staticmethod
    def fill(table: Table, value: np.ndarray, content: Any) -> None:
        data, writeable = content
        if len(data) != value.nbytes:
            raise BadMessage("an array of another size")
        _set_writeable(value, True)
        value[...] = np.frombuffer(data, value.dtype).reshape(value.shape)
        _set_writeable(value, bool(writeable))


def _set_writeable(value: np.ndarray, wanted: bool) -> None:
    if value.flags.writeable != wanted:  # over a tensor's memory not even what is so may be set
        value.flags.writeable = wanted


class _Generator(Kind):
    """Random numbers. The one whose word counts is told that the other drew some, and draws one itself: no state that
    the other side chose reaches it."""

    @staticmethod
    def make(table: Table, meta: Any) -> torch.Generator:
        return torch.Generator()

    @staticmethod
    def content(table: Table, value: torch.Generator) -> Any:
        return value.get_state().numpy().tobytes()

    @staticmethod
    def fill(table: Table, value: torch.Generator, content: Any) -> None:
        if table.is_host:
            torch.rand(1, generator=value)
        else:
            value.set_state(torch.frombuffer(bytearray(content), dtype=torch.uint8))


kinds.KINDS |= {"memory": _Memory, "tensor": _Tensor, "array": _Array, "generator": _Generator}
