"""Values of any kind that a piece takes or gives: whether two are the same, and the same one made otherwise."""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from llmcourse.course.watched import short

_PLAIN = frozenset((bool, int, float, str, bytes, type(None)))


def difference(got: Any, want: Any, bound: float = 1e-6) -> str:
    """In what two values differ, in words; empty where they do not.

    Args:
        got: Numbers, texts, tensors, arrays, and containers and dataclasses of these.
        want: The same.
        bound: How far numbers may be apart, relative to the largest one of their tensor, and absolutely below 1.

    Example:
        >>> difference([1, 2.5], [1, 2.0])
        'gives 2.5 where 2.0 is right'
        >>> difference({"a": 1}, {"a": 1})
        ''
    """
    import numpy as np
    import torch

    if isinstance(got, torch.Tensor | np.ndarray) or isinstance(want, torch.Tensor | np.ndarray):
        return _tensor_difference(got, want, bound)
    if dataclasses.is_dataclass(want) and not isinstance(want, type):
        names = [field.name for field in dataclasses.fields(want)]
        return difference([getattr(got, n, None) for n in names], [getattr(want, n) for n in names], bound)
    if type(got) is type(want) and type(want) in (list, tuple, dict) and _are_equal(got, want):
        return ""  # the usual answer, found without a look at each item
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping) or got.keys() != want.keys():
            return f"gives {short(got)} where {short(want)} is right"
        return next(filter(None, (difference(got[key], want[key], bound) for key in want)), "")
    if isinstance(want, list | tuple):
        if not isinstance(got, list | tuple) or len(got) != len(want):
            return f"gives {short(got)} where {short(want)} is right"
        return next(filter(None, (difference(a, b, bound) for a, b in zip(got, want, strict=True))), "")
    if isinstance(want, float) and isinstance(got, int | float):
        if got == want or (got != got and want != want):
            return ""
        near = abs(got - want) <= bound * max(1.0, abs(want))
        return "" if near else f"gives {got!r} where {want!r} is right"
    if is_opaque(want):
        return ""
    return "" if got == want else f"gives {short(got)} where {short(want)} is right"


def _are_equal(a: Any, b: Any) -> bool:
    """Whether two containers hold equal numbers and texts, and nothing else."""
    items = (a.values(), b.values()) if type(a) is dict else (a, b)
    return all(map(_are_plain, items)) and bool(a == b)


def _are_plain(items: Iterable[Any]) -> bool:
    """Whether all items are numbers or texts, or lists and tuples of these."""
    kinds = set(map(type, items))
    if kinds <= _PLAIN:
        return True
    nested = (item for item in items if type(item) in (list, tuple))
    return kinds <= _PLAIN | {list, tuple} and all(map(_are_plain, nested))


def _tensor_difference(got: Any, want: Any, bound: float) -> str:
    import numpy as np
    import torch

    if type(got) is type(want) is torch.Tensor and got.dtype == want.dtype and torch.equal(got, want):
        return ""  # the usual answer, a hundred times as fast
    if not isinstance(got, torch.Tensor | np.ndarray) or type(got).__module__ != type(want).__module__:
        return f"gives a {type(got).__name__} where a {type(want).__name__} is right"
    if tuple(got.shape) != tuple(want.shape):
        return f"gives the shape {tuple(got.shape)} where {tuple(want.shape)} is right"
    if got.dtype != want.dtype:
        return f"gives {got.dtype} where {want.dtype} is right"
    if isinstance(got, np.ndarray) and got.dtype.kind not in "biuf":
        return "" if np.array_equal(got, want) else f"gives {short(got)} where {short(want)} is right"
    a, b = (torch.as_tensor(x).detach().resolve_conj() for x in (got, want))
    if a.is_complex():
        a, b = torch.view_as_real(a), torch.view_as_real(b)
    if not a.is_floating_point():
        return "" if torch.equal(a, b) else f"gives {short(got)} where {short(want)} is right"
    a, b = a.double(), b.double()
    finite = b[b.isfinite()].abs()
    scale = max(1.0, finite.max().item()) if finite.numel() else 1.0
    if torch.allclose(a, b, rtol=0.0, atol=bound * scale, equal_nan=True):
        return ""
    at = int((a - b).abs().nan_to_num(nan=float("inf"), posinf=float("inf")).argmax())
    place = tuple(int(i) for i in np.unravel_index(at, tuple(got.shape))) if a.shape == got.shape else ()
    where = f" at index {place[0] if len(place) == 1 else place}" if place else ""
    numbers = [x.flatten()[at].item() for x in (a, b)]
    shown, right = (f"{number:.6g}" for number in numbers)
    if shown == right:
        shown, right = (f"{number:.12g}" for number in numbers)
    return f"gives {shown} where {right} is right{where}"


def is_opaque(value: Any) -> bool:
    """Whether a value can only be looked at from outside: a function, a module, a generator, an iterator."""
    import torch

    kinds = (torch.nn.Module, torch.optim.Optimizer, torch.Generator, Iterator)
    return isinstance(value, kinds) or (callable(value) and not isinstance(value, torch.Tensor))


def opaque_in(value: Any) -> list[Any]:
    """What of a value can only be looked at from outside."""
    if is_opaque(value):
        return [value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [found for item in items for found in opaque_in(item)]


def looked_at(value: Any) -> Any:
    """A value with tensors free of their history, dataclasses as dicts, and nothing that cannot be looked at."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach()
    if is_opaque(value):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: looked_at(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if type(value) in (list, tuple) and _are_plain(value):
        return value
    if type(value) in (list, tuple):
        return type(value)(looked_at(item) for item in value)
    if type(value) is dict:
        return {key: looked_at(item) for key, item in value.items()}
    return value


def copied(values: Sequence[Any]) -> tuple[Any, ...]:
    """Deep copies. A tensor that nothing else looks at is copied by PyTorch alone, which takes a fraction of the time.

    Example:
        >>> xs = [1, 2]
        >>> a, b = copied([xs, xs])
        >>> a == xs, a is xs, a is b
        (True, False, True)
    """
    import torch

    plain = [value for value in values if type(value) is torch.Tensor and _fills_its_memory(value)]
    memo = {}
    if plain and not any(is_opaque(value) for value in values):
        memories = Counter(_memory(tensor) for tensor in tensors_in(list(values)))
        memo = {id(value): value.clone() for value in plain if memories[_memory(value)] == 1}
    return copy.deepcopy(tuple(values), memo)


def _memory(tensor: Any) -> int:
    """What tells the memories of tensors apart."""
    import torch

    return tensor.untyped_storage()._cdata if tensor.layout is torch.strided else 0


def _fills_its_memory(tensor: Any) -> bool:
    """Whether a tensor is plain numbers in their order, and all that its memory holds."""
    is_plain = _memory(tensor) and not tensor.requires_grad and tensor.grad is None and not tensor.is_conj()
    return bool(is_plain) and tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes


def tensors_in(value: Any) -> list[Any]:
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_in(item)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [tensor for field in dataclasses.fields(value) for tensor in tensors_in(getattr(value, field.name))]
    return []


def widened(value: Any) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        return value.double() if value.is_floating_point() else value
    if type(value) in (list, tuple):
        return type(value)(widened(item) for item in value)
    return value


def as_dtype(value: Any, dtype: Any) -> Any:
    import torch

    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        return value
    made = value.detach().to(dtype, copy=True)
    return torch.nn.Parameter(made) if isinstance(value, torch.nn.Parameter) else made


def reordered(value: Any) -> Any:
    """The same values in another order in memory; None for what has no order of its own, in lists and tuples too."""
    import numpy as np
    import torch

    if type(value) in (list, tuple):
        items = [reordered(item) for item in value]
        if all(item is None for item in items):
            return None
        return type(value)(old if new is None else new for old, new in zip(value, items, strict=True))
    if isinstance(value, np.ndarray) and value.dtype != object and value.size > 1:
        return np.asfortranarray(value) if value.ndim > 1 else np.stack([value, value], axis=-1)[..., 0]
    if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.ndim == 0 or value.numel() < 2:
        return None
    data = value.detach()
    backwards = tuple(reversed(range(data.ndim)))
    is_row = data.ndim == 1
    other = (
        torch.stack([data, data], dim=-1)[..., 0] if is_row else data.permute(backwards).contiguous().permute(backwards)
    )
    made = torch.nn.Parameter(other, value.requires_grad) if isinstance(value, torch.nn.Parameter) else other
    if value.grad is not None:
        made.grad = reordered(value.grad)
    return made


def spoil(result: Any) -> bool:
    """Change a result as its caller may; whether there was anything to change."""
    import numpy as np
    import torch

    if isinstance(result, torch.Tensor) and result.numel() and not (result.requires_grad or result.is_inference()):
        with torch.no_grad():
            result.fill_(1 if result.dtype == torch.bool else 7)
        return True
    if isinstance(result, np.ndarray) and result.size and result.flags.writeable and result.dtype.kind in "iuf":
        result.fill(7)
        return True
    if isinstance(result, list | dict | set | bytearray) and result:
        result.clear()
        return True
    return isinstance(result, tuple) and any([spoil(item) for item in result])


@contextmanager
def unwritten_is_nan() -> Iterator[None]:
    """Within it, memory that PyTorch makes without filling it, as `torch.empty` does, is full of NaN.

    Example:
        >>> import torch
        >>> with unwritten_is_nan():
        ...     torch.empty(2)
        tensor([nan, nan])
    """
    import torch

    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("warn")  # what fills new memory; it does no harm besides
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
