"""That a module computes with the parameters that it shows: they are set from outside, and it is asked again.

What a module of the other side shows is its own word. So when a check of one has passed, the judge gives the latest of
its modules, and a reference that is made with the same arguments, parameters of the judge's own choosing, and both get
what the check has asked last. Where the reference has other parameters, or draws random numbers, nothing is proved.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.course.remote.modules import RemoteModule

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}
"""Relative to the largest value; coarser types get `COARSE`."""
COARSE = 0.05


class NotProved(AssertionError):
    """A module computes with something else than the parameters that it shows."""

    is_the_judges = True
    """Its text holds nothing of the other side's."""


def prove(modules: Iterable[RemoteModule], reference: Any) -> None:
    """Ask modules again, with other parameters.

    Args:
        modules: Modules that a check has made.
        reference: Their class, in the library; of anything else nothing is asked.

    Raises:
        NotProved: One computes something else than a reference with the same parameters.
    """
    if not (isinstance(reference, type) and issubclass(reference, nn.Module)):
        return
    if any(_disagrees(module, reference) for module in list(modules)):
        raise NotProved("with other values in its parameters it computes something else than these say")


def _disagrees(module: RemoteModule, reference: type[nn.Module]) -> bool:
    asked = module.__dict__.get("_asked")
    if asked is None:
        return False
    args, kwargs = module.__dict__["_made_with"]
    twin = None
    with suppress(Exception):  # a check may have made a module that nobody should be able to make
        twin = reference(*args, **kwargs)
    shown = dict(module.named_parameters())
    if (
        twin is None
        or not shown
        or {n: p.shape for n, p in twin.named_parameters()} != {n: p.shape for n, p in shown.items()}
    ):
        return False
    module.eval()
    twin.to(next(iter(shown.values())).dtype).eval()
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            parameter.copy_(_other(shown[name]))
            shown[name].copy_(parameter)
        wants: list[Tensor | None] = [None, None]
        with suppress(Exception):  # what was asked last may be what no module should answer
            wants = [_answer(twin, asked) for _ in range(2)]
        return not (wants[0] is None or not _same(*wants)) and not _same(_answer(module, asked), wants[0])


def _other(values: Tensor) -> Tensor:
    """Other values, of about the same size."""
    if not values.is_floating_point():
        return values
    return values * (1 + 0.25 * torch.randn_like(values)) + 0.05 * torch.randn_like(values)


def _answer(module: nn.Module, asked: tuple[tuple[Any, ...], dict[str, Any]]) -> Tensor | None:
    args, kwargs = copy.deepcopy(asked)
    try:
        got = module(*args, **kwargs)
    except (TypeError, ValueError, RuntimeError, IndexError):
        return None
    return got if isinstance(got, Tensor) else None


def _same(got: Tensor | None, want: Tensor | None) -> bool:
    if got is None or want is None or got.shape != want.shape:
        return False
    largest = want.double().abs().nan_to_num(0.0, 0.0, 0.0).max().item() if want.numel() else 0.0
    share = TOLERANCE.get(want.dtype, COARSE)
    return torch.allclose(got.double(), want.double(), rtol=share, atol=share * largest, equal_nan=True)
