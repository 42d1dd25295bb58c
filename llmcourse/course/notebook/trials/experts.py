"""The products that a function of experts computes, counted where it runs (chapter 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from llmcourse.distributed.group import Group

OTHERS = ("mm", "addmm", "bmm", "baddbmm", "mv", "dot")


class _Products(TorchDispatchMode):
    """Notes each product of matrices by PyTorch's own name for it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = function._schema.name.removeprefix("aten::")
        if name == "_grouped_mm" or name in OTHERS:
            self.names.append(name)
        return function(*args, **(kwargs or {}))


def products(piece: Callable[..., Tensor], *row: Any, group: Group) -> tuple[int, list[str]]:
    """How many grouped products a call computes, and the names of its other products of matrices."""
    with _Products() as seen:
        piece(*row)
    return seen.names.count("_grouped_mm"), sorted(set(seen.names) - {"_grouped_mm"})
