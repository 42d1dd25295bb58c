"""Parameters that are put together, used, and taken apart again as one: the unit of sharding (chapter 4).

A unit's weights live as one flat vector of which each rank keeps its shard. Before they are used, the shards are
gathered into `whole`, and the module's parameters are windows on it; afterwards its memory is given back. Autograd
remembers these windows from the forward pass. That is why memory is given back by shrinking the *storage* that they
share, and why the same storage must be filled again before the backward pass: a new tensor would leave autograd with
an empty one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from llmcourse.distributed.flat import part_of
from llmcourse.distributed.group import Group, Pending


class Unit:
    """Parameters that are gathered and freed together; all are trained, or none.

    Args:
        named: The parameters by name. While the unit is not whole, they are NaN everywhere and need no memory.
        part: This rank's shard of them, as `flat.shard` cuts it; what the optimizer changes.
        rank, n_ranks: Whose shard it is, of how many.
        dtype: Of the parameters while they are whole; that of the shard if None.
        whole: Where the parameters lie together, if that is never freed.

    Attributes:
        parameters, offsets: The parameters, and where in the flat vector each begins.
        part: This rank's shard, with one axis.
        slices: For each parameter what this rank keeps of it, by name: `nn.Parameter`s that are windows on `part`.
        whole: The flat vector of n_ranks * len(part) elements; its storage has no bytes while the unit is not whole.
        pending: What gathers, while it does; else None.
        is_whole: Whether the parameters can be used.
        gradient: The flat vector of this rank's gradients that have not been sent; None if there are none.

    Example:
        >>> weight = nn.Parameter(torch.tensor([[1.0, 2.0]]))
        >>> unit = Unit({"weight": weight}, torch.tensor([1.0, 2.0]), rank=0, n_ranks=1)
        >>> weight, unit.whole.untyped_storage().nbytes()
        (Parameter containing:
        tensor([[nan, nan]], requires_grad=True), 0)
        >>> gather_unit(unit, Group()); unit.use(); weight
        Parameter containing:
        tensor([[1., 2.]], requires_grad=True)
    """

    def __init__(
        self,
        named: Mapping[str, nn.Parameter],
        part: Tensor,
        rank: int,
        n_ranks: int,
        dtype: torch.dtype | None = None,
        whole: Tensor | None = None,
    ) -> None:
        self.names, self.parameters = list(named), list(named.values())
        self.shapes = [parameter.shape for parameter in self.parameters]
        counts = [math.prod(shape) for shape in self.shapes]
        self.offsets = [sum(counts[:i]) for i in range(len(counts))]
        self.rank, self.n_ranks, self.part = rank, n_ranks, part
        self.is_trained = self.parameters[0].requires_grad
        self.slices: dict[str, nn.Parameter] = {}
        rest = part
        for name, offset, count in zip(self.names, self.offsets, counts):
            first, end = part_of(offset, count, len(part), rank)
            window, rest = rest[: end - first], rest[end - first :]
            self.slices[name] = nn.Parameter(window, requires_grad=self.is_trained)
        self.whole = part.new_empty(n_ranks * len(part), dtype=dtype) if whole is None else whole
        self.pending: Pending | None = None
        self.gradient: Tensor | None = None
        self.arrived: set[int] = set()
        self.sending: Pending | None = None
        self.is_whole = whole is not None
        if self.is_whole:
            self.point()
        else:
            self.whole.untyped_storage().resize_(0)
            self.blank()

    @property
    def n_elements(self) -> int:
        """How many elements the parameters have, padding left out."""
        return self.offsets[-1] + math.prod(self.shapes[-1])

    def windows(self, flat: Tensor) -> list[Tensor]:
        """The parts of a flat vector that belong to each parameter, in its shape."""
        return [flat[o : o + math.prod(s)].view(s) for o, s in zip(self.offsets, self.shapes)]

    def point(self) -> None:
        """Make the parameters windows on `whole`."""
        for parameter, window in zip(self.parameters, self.windows(self.whole)):
            parameter.data = window

    def blank(self) -> None:
        """Make the parameters NaN everywhere: one element, expanded to each one's shape."""
        nothing = self.whole.new_full((), math.nan if self.whole.is_floating_point() else 0)
        for parameter in self.parameters:
            parameter.data = nothing.expand(parameter.shape)

    def use(self) -> None:
        """Wait until what was gathered is there; from now on the parameters can be used."""
        if self.pending is not None:
            self.pending.wait()
            self.pending, self.is_whole = None, True
            self.point()


def gather_unit(unit: Unit, group: Group) -> None:
    """Start to put a unit's parameters together from all ranks' shards.

    1. If the unit is whole, or is being gathered already, there is nothing to do: no message is sent.
    2. The storage of `unit.whole`, which has no bytes, gets back what its elements need. It must stay the same storage:
       autograd knows it from the forward pass.
    3. The shard, in the dtype of `unit.whole`, is gathered into `unit.whole`.
    4. What has been started is kept in `unit.pending`. It is not waited for: the caller does that, with `unit.use()`,
       which also makes the parameters windows on `unit.whole`.

    Args:
        unit: Its attributes `part` (1-D), `whole` (1-D), `is_whole` and `pending` are read, the last two of these
            written as said.
        group: Who has the other shards.

    Example:
        Two ranks have the shards [1, 2, 3] and [4, 5, 0] of parameters with the shapes (2, 2) and (1,). After
        `gather_unit(unit, group)` on both, `unit.pending` is what was started and `unit.is_whole` is still False; after
        `unit.use()` the parameters are [[1, 2], [3, 4]] and [5]. A second `gather_unit` then sends nothing.

    Source: Zhao et al., "PyTorch FSDP" (2023), section 3.2; Rajbhandari et al., "ZeRO" (2020), section 5.3.
    """
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)


def free_unit(unit: Unit) -> None:
    """Give back the memory of a unit's parameters; what is left is this rank's shard.

    The storage of `unit.whole` is left without bytes, and stays the one that autograd knows: it shrinks, and no new one
    takes its place. Before that, `unit.blank()` takes the parameters off that memory and makes them NaN: whoever
    forgets to gather sees NaN, instead of an old weight or a read of memory that is gone.

    A unit that is being gathered is waited for first, with `unit.use()`: its memory is being written to. A unit that is
    not whole, and is not being gathered either, stays as it is.

    Args:
        unit: Its attributes `whole`, `pending` and `is_whole` are read; `is_whole` is False afterwards.

    Example:
        A unit with one parameter, [3.0], is whole. After `free_unit(unit)` the parameter is [nan],
        `unit.whole.untyped_storage().nbytes()` is 0, `unit.is_whole` is False and `unit.part` is as before.

    Source: Zhao et al. (2023), section 3.
    """
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


def take_gradient(unit: Unit, number: int, dtype: torch.dtype) -> None:
    """Move a parameter's gradient into the unit's flat vector of gradients, and add it to what is there.

    Args:
        unit: To which the parameter belongs.
        number: Which of its parameters; its `.grad` is None afterwards.
        dtype: Of the flat vector.
    """
    parameter = unit.parameters[number]
    if unit.gradient is None:
        unit.gradient = unit.whole.new_empty(unit.n_ranks * len(unit.part), dtype=dtype)
    offset = unit.offsets[number]
    window = unit.gradient[offset : offset + parameter.numel()].view(unit.shapes[number])
    window.add_(parameter.grad) if number in unit.arrived else window.copy_(parameter.grad)
    unit.arrived.add(number)
    parameter.grad = None


def send_gradient(unit: Unit, group: Group, dtype: torch.dtype) -> None:
    """Start to add up a unit's gradients over all ranks, of which each keeps its shard.

    A parameter that has none on this rank counts as zeros: the other ranks may have one.
    """
    if unit.gradient is None:
        unit.gradient = unit.whole.new_empty(unit.n_ranks * len(unit.part), dtype=dtype)
    for number, window in enumerate(unit.windows(unit.gradient)):
        if number not in unit.arrived:
            window.zero_()
    unit.gradient[unit.n_elements :] = 0
    keep_gradient(unit)
    unit.sending = group.reduce_scatter(unit.gradient)
    unit.gradient, unit.arrived = None, set()


def keep_gradient(unit: Unit) -> None:
    """Wait for the sum that was started, and add it to the gradients of `unit.slices`."""
    if unit.sending is None:
        return
    rest = unit.sending.wait().to(unit.part.dtype)
    unit.sending = None
    for piece in unit.slices.values():
        grad, rest = rest[: len(piece)], rest[len(piece) :]
        piece.grad = grad if piece.grad is None else piece.grad.add_(grad)


def drop_gradient(unit: Unit) -> None:
    """Forget all gradients: those summed, those under way, and those that have not been sent."""
    keep_gradient(unit)
    unit.gradient, unit.arrived = None, set()
    for piece in unit.slices.values():
        piece.grad = None


def split_parameters(named: Mapping[str, nn.Parameter]) -> Sequence[dict[str, nn.Parameter]]:
    """Parameters in groups that can be one unit each: trained or not, of one dtype, on one device.

    Example:
        >>> frozen = nn.Parameter(torch.zeros(2), requires_grad=False)
        >>> [list(group) for group in split_parameters({"a": nn.Parameter(torch.zeros(1)), "b": frozen})]
        [['a'], ['b']]
    """
    groups: dict[tuple, dict[str, nn.Parameter]] = {}
    for name, parameter in named.items():
        groups.setdefault((not parameter.requires_grad, str(parameter.dtype)), {})[name] = parameter
    return [groups[key] for key in sorted(groups)]
