"""Which objects two processes can both hold, and how each kind of them is defined, told, and changed in place.

`containers`, `memory` and `modules` say it of one kind after the other; `shared` keeps the objects themselves.
"""

from __future__ import annotations

import collections
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from llmcourse.course.remote import wire
from llmcourse.course.remote.wire import BadMessage

Table = Any
"""The `shared.Table` that asks, which stands on this module."""

_CONTAINERS = (list, dict, set, bytearray, collections.Counter, collections.OrderedDict, collections.defaultdict)
ARRAY_KINDS = "biufcSU"
"""NumPy's kinds of numbers and of texts of fixed length."""


def kind_of(value: Any) -> str | None:
    """How an object is shared, or None when it goes by value."""
    kind = type(value)
    if kind in (bool, int, float, str, bytes, type(None), tuple, frozenset):
        return None
    if kind in _CONTAINERS:
        return {"list": "list", "set": "set", "bytearray": "bytes"}.get(kind.__name__, "dict")
    if kind in (Tensor, nn.Parameter):
        return "tensor"
    if kind is np.ndarray:
        return "array" if value.dtype.kind in ARRAY_KINDS else None
    if kind is torch.UntypedStorage:
        return "memory"
    if kind is types.SimpleNamespace or (wire.is_record(kind) and not issubclass(kind, tuple)):
        return "record"
    if kind is torch.Generator:
        return "generator"
    if isinstance(value, nn.Module):
        return "module"
    if isinstance(value, torch.optim.Optimizer):
        return "optimizer"
    if isinstance(value, Iterator):
        return "iterator"
    if callable(value) and not isinstance(value, torch.dtype):
        return "function"
    return None


class Kind:
    """How one kind of object is defined to the other side, told, made there, and changed in place."""

    @staticmethod
    def meta(table: Table, value: Any) -> Any:
        """What its definition says; it never changes."""
        return None

    @staticmethod
    def make(table: Table, meta: Any) -> Any:
        """An object for a definition, its content still to come. Functions and modules are told their number, too."""
        raise BadMessage("an object of a kind that is not made here")

    @staticmethod
    def content(table: Table, value: Any) -> Any:
        """What it holds now."""
        return None

    @staticmethod
    def fill(table: Table, value: Any, content: Any) -> None:
        """Make it hold what it holds on the other side."""


KINDS: dict[str, type[Kind]] = {}
"""By the names that `kind_of` gives; `containers`, `memory` and `modules` fill it."""
