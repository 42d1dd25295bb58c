"""Stand-ins for what stays in its process: functions, modules and optimizers of the other side.

A layer of `torch.nn` is made again on the other side, over the same shared parameters. Any other module gets a
stand-in: an `nn.Module` with the same parameters, buffers and children, whose `forward` is a call to the original.
"""

from __future__ import annotations

import copy
import itertools
import keyword
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.course.remote import kinds, wire
from llmcourse.course.remote.kinds import Kind
from llmcourse.course.remote.shared import Table
from llmcourse.course.remote.wire import BadMessage, CannotCross
from llmcourse.course.steps import not_counted

LAYERS = {
    kind.__name__: kind
    for kind in (
        nn.Linear, nn.Embedding, nn.LayerNorm, nn.RMSNorm, nn.ModuleDict, nn.ModuleList, nn.Sequential, nn.Identity,
        nn.Dropout, nn.GELU, nn.ReLU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softmax,
    )
}  # fmt: skip
"""The layers of `torch.nn` that are made again rather than called back."""


class RemoteFunction:
    """A function of the other side.

    Args:
        table: The shared objects of this side.
        number: The function's number.
        name: What it is called there.

    Attributes:
        is_pure: It looks at no shared object but those that it gets; see `Peer.call`.
    """

    def __init__(self, table: Table, number: int, name: str):
        self._table, self._number = table, number
        self.is_pure = False
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there."""
        with not_counted():
            result = self._table.call("call", self._number, args, kwargs, is_pure=self.is_pure)
        if self._table.is_host and isinstance(result, RemoteModule):
            result.__dict__["_made_with"] = (args, kwargs)
            self._table.modules.append(result)
        return result

    def each(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        """Call it there with each row of arguments, all in one crossing; what it changes in them, it changes
        here, too."""
        lengths = tuple(len(row) for row in rows)
        return self._table.call("each", self._number, (lengths, *itertools.chain.from_iterable(rows)), {})

    def on_ranks(self, rows: list[tuple[Any, ...]], timeout_s: float) -> list[Any]:
        """Call it on several ranks there."""
        return self._table.call("ranks", self._number, (rows, timeout_s), {})

    def rehearsed(self, rows: list[tuple[Any, ...]], through: str) -> Any:
        """Call it on the ranks of a rehearsal there; what was sent is that side's own word."""
        return self._table.call("rehearse", self._number, (rows, through), {})

    def count_steps(self, *args: Any) -> int:
        """Call it there and have the other side count its steps: that side's own word."""
        return self._table.call("count", self._number, args, {})

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"

    def __getattr__(self, name: str) -> Any:
        own = vars(self).get("__name__", "this")
        raise AttributeError(
            f"{own} can be called, and has no `{name}` that can be seen from here: "
            "that is so only of an nn.Module, an optimizer and the library's own dataclasses"
        )


RemoteFunction.__name__ = "function"  # what Python's own messages call it


class RemoteModule(nn.Module):
    """A module of the other side, whose parameters, buffers and children are shared."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The original's forward pass, there.

        Raises:
            ParametersChanged: It has changed what the judge may have set, to make it fit what it computes.
        """
        table, number = self.__dict__["_original"]
        if not table.is_host:
            return table.call("call", number, args, kwargs)
        if any(module is self for module in table.modules):  # the others are not asked again
            self.__dict__["_asked"] = _kept((args, kwargs))
        before = [(parameter, parameter.detach().clone()) for parameter in self.parameters()]
        result = table.call("call", number, args, kwargs)
        if not all(_is_as_before(*pair) for pair in before):
            raise ParametersChanged("a call has changed the module's parameters: only a training step does that")
        return result


class ParametersChanged(AssertionError):
    """A module of the other side has changed its parameters while it was called."""

    is_the_judges = True
    """Its text holds nothing of the other side's."""


def _is_as_before(parameter: Tensor, before: Tensor) -> bool:
    now = parameter.detach()
    if now.shape != before.shape or now.dtype != before.dtype:
        return False
    return torch.equal(now, before) or torch.allclose(now, before, rtol=0.0, atol=0.0, equal_nan=True)


def _kept(value: Any) -> Any:
    """Arguments as they are now, for asking again; None where they cannot be copied."""
    try:
        return _copied(value)
    except (TypeError, RuntimeError):
        return None


def _copied(value: Any) -> Any:
    """A copy without a history; of a tensor what it shows, not all of the memory that it looks at."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if type(value) in (tuple, list):
        return type(value)(map(_copied, value))
    return {name: _copied(item) for name, item in value.items()} if type(value) is dict else copy.deepcopy(value)


class RemoteOptimizer(torch.optim.Optimizer):
    """An optimizer of the other side over shared parameters."""

    def step(self, *args: Any) -> Any:  # type: ignore[override]
        """The original's step, there."""
        return self.__dict__["_step"](*args)


class _Function(Kind):
    @staticmethod
    def meta(table: Table, value: Any) -> Any:
        return str(getattr(value, "__name__", type(value).__name__))[:80]

    @staticmethod
    def make(table: Table, meta: Any, number: int = -1) -> RemoteFunction:
        return RemoteFunction(table, number, name_from(meta))


class _Module(Kind):
    @staticmethod
    def meta(table: Table, value: nn.Module) -> Any:
        is_layer = LAYERS.get(type(value).__name__) is type(value) and not (
            value._forward_hooks or value._forward_pre_hooks or value._backward_hooks
        )
        parts = [
            [[name, None if part is None else table.number_of(part)] for name, part in named.items()]
            for named in (value._parameters, value._buffers, value._modules)
        ]
        return [is_layer, type(value).__name__, *parts]

    @staticmethod
    def make(table: Table, meta: Any, number: int = -1) -> nn.Module:
        is_layer, name, *parts = meta
        kind = LAYERS[name] if is_layer else type(name_from(name), (RemoteModule,), {})
        made = object.__new__(kind)
        nn.Module.__init__(made)
        for named, wanted, items in zip(
            (made._parameters, made._buffers, made._modules), (nn.Parameter, Tensor, nn.Module), parts, strict=True
        ):
            for key, part_number in items:
                part = None if part_number is None else table.get(part_number)
                if type(key) is not str or hasattr(nn.Module, key) or not isinstance(part, wanted | None):
                    raise BadMessage("a part of a module that is none")
                named[key] = part
        made.__dict__["_is_copy"] = True
        if not is_layer:
            made.__dict__["_original"] = (table, number)
        return made

    @staticmethod
    def content(table: Table, value: nn.Module) -> Any:
        plain = {}
        for name, attribute in (*vars(value).items(), *_properties(value)):
            if name.startswith("_") or name == "training" or isinstance(attribute, list | dict):
                continue
            try:
                plain[name] = wire.encode(attribute, lambda _: None)
            except CannotCross:
                continue
        return [value.training, list(plain), list(plain.values())]

    @staticmethod
    def fill(table: Table, value: nn.Module, content: Any) -> None:
        training, names, attributes = content
        value.training = bool(training)
        if table.is_host and "_is_copy" not in value.__dict__:
            return  # what the judge's own module notes about its calls is not the other side's to write
        for name, attribute in zip(names, attributes, strict=True):
            if name_from(name) != name or name.startswith("_") or hasattr(nn.Module, name):
                raise BadMessage("an attribute of a module with a name that is none")
            if name in (*value._parameters, *value._buffers, *value._modules):
                raise BadMessage("an attribute that would stand before a part of its module")
            value.__dict__[name] = wire.decode(attribute, _nothing_shared)


def _nothing_shared(number: int) -> Any:
    raise BadMessage("an attribute of a module that is more than a value")


def _properties(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """What a module's own class computes as if it were an attribute; not what a layer of PyTorch or a stand-in does."""
    if isinstance(module, RemoteModule) or type(module).__module__.startswith("torch."):
        return
    for kind in type(module).__mro__[: -len(nn.Module.__mro__)]:
        for name, attribute in vars(kind).items():
            if isinstance(attribute, property):
                with suppress(Exception):  # a property that cannot be computed now is not there
                    yield name, getattr(module, name)


class _Optimizer(Kind):
    @staticmethod
    def meta(table: Table, value: torch.optim.Optimizer) -> Any:
        groups = [[table.number_of(p) for p in group["params"]] for group in value.param_groups]
        return [type(value).__name__, groups, table.number_of(value.step)]

    @staticmethod
    def make(table: Table, meta: Any) -> RemoteOptimizer:
        if table.is_host:
            raise BadMessage("an optimizer")
        name, groups, step = meta
        made = type(name_from(name), (RemoteOptimizer,), {})(
            [{"params": [table.get(p) for p in g]} for g in groups], {}
        )
        made.__dict__["_step"] = table.get(step)
        return made

    @staticmethod
    def content(table: Table, value: torch.optim.Optimizer) -> Any:
        plain = (int, float, bool, str, tuple, type(None))
        options = [
            {k: v for k, v in group.items() if k != "params" and isinstance(v, plain)} for group in value.param_groups
        ]
        return wire.encode(options, lambda _: None)

    @staticmethod
    def fill(table: Table, value: torch.optim.Optimizer, content: Any) -> None:
        for group, options in zip(value.param_groups, table.decode(content), strict=True):
            group.update(options)


def name_from(text: Any) -> str:
    """A name from the other side, if it is one."""
    return text if type(text) is str and text.isidentifier() and not keyword.iskeyword(text) else "function"


kinds.KINDS |= {"function": _Function, "module": _Module, "optimizer": _Optimizer}
