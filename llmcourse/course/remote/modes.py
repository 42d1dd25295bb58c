"""PyTorch's modes on both sides of the line: a call runs in those of whoever makes it, and leaves none behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from llmcourse.course.remote import wire


def current() -> list[Any]:
    """Under which of PyTorch's modes the caller runs."""
    autocast = torch.is_autocast_enabled("cpu")
    dtypes = (torch.get_autocast_dtype("cpu"), torch.get_default_dtype())
    names = [str(dtype).removeprefix("torch.") for dtype in dtypes]
    return [torch.is_grad_enabled(), autocast, *names, torch.get_deterministic_debug_mode()]


def call_in(modes: Any, call: Callable[[], Any], *, with_default: bool) -> tuple[Any, bool]:
    """Make a call in the modes that the caller is in; those of the whole process only where it is trusted with
    them. Returns the result, and whether other modes were left, which are then as before again."""
    if modes != current():
        with _taken_on(modes, with_default=with_default):
            before = current()
            return call(), current() != before
    try:
        result = call()
    finally:
        if has_left := current() != modes:
            _put_back(modes, with_default=with_default)
    return result, has_left


@contextmanager
def _taken_on(modes: Any, *, with_default: bool) -> Iterator[None]:
    grad, autocast, dtype, default, determinism = modes
    with ExitStack() as stack:
        stack.enter_context(torch.set_grad_enabled(bool(grad)))
        if autocast:
            stack.enter_context(torch.autocast("cpu", wire.TORCH_DTYPES[dtype]))
        if with_default:
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(wire.TORCH_DTYPES[default])
            stack.callback(torch.set_deterministic_debug_mode, torch.get_deterministic_debug_mode())
            torch.set_deterministic_debug_mode(determinism)
        yield


def _put_back(modes: Any, *, with_default: bool) -> None:
    """Bring back modes that this process was in."""
    grad, autocast, dtype, default, determinism = modes
    torch.set_grad_enabled(grad)
    torch.set_autocast_enabled("cpu", autocast)
    torch.set_autocast_dtype("cpu", wire.TORCH_DTYPES[dtype])
    if with_default:
        torch.set_default_dtype(wire.TORCH_DTYPES[default])
        torch.set_deterministic_debug_mode(determinism)
