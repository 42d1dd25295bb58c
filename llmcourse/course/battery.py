"""What must hold for every piece, whatever it computes: one battery that each check runs next to its own asserts.

Nothing here knows the right answer. A call is made again in another way that must not matter (other memory order, a
tuple for a list, another dtype, one row at a time, after other calls), and the two answers are held against each other;
gradients are held against differences of the function itself. So a learner can run all of it and read all of it.

    battery(alibi_bias, (slopes, queries, keys), (other_slopes, queries, keys), axes="H, T, S -> H T S", dtypes=(0,))

What does not apply to a piece is said where the battery is asked for: `but={"memory order": "it takes NumPy arrays in
one order only"}`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from llmcourse.course.comparison import (
    as_dtype,
    difference,
    looked_at,
    opaque_in,
    reordered,
    spoil,
    tensors_in,
    unwritten_is_nan,
    widened,
)
from llmcourse.course.subject import Subject, made_anew, require, written

Call = Sequence[Any] | Callable[[], Sequence[Any]]
"""The arguments of a call, or a function that makes them anew for each call."""
LAWS = ("arguments", "state", "again", "memory order", "sequences", "dtypes", "axes", "gradients")


def battery(
    piece: Callable[..., Any],
    *calls: Call,
    axes: str = "",
    empty: bool = False,
    dtypes: Sequence[int] = (),
    narrow: Sequence[str] = (),
    sequences: Sequence[int] = (),
    gradients: Sequence[int] = (),
    changes: Sequence[int] = (),
    but: Mapping[str, str] | None = None,
) -> None:
    """Hold a piece against what must hold for every piece.

    Args:
        piece: What is judged: called with the arguments of each call.
        calls: At least two calls; those behind the first one are like it in shapes, and must give something else.
            Where each changes one argument, an argument that is not used is found.
        axes: Which axes of arguments are rows that do not know of each other: one term for each argument, then one for
            the result, as in "B T ., T . -> B T ."; a dot is an axis of another kind, an empty term no array. Rows
            picked out of the arguments must give these rows of the result, also a single row.
        empty: Whether no row at all is such a choice, too.
        dtypes: Positions of the tensors whose dtype, float32 or float64, the result follows.
        narrow: More dtypes that the result follows, "bfloat16" or "float16".
        sequences: Positions of the arguments that may be any sequence: a tuple as well as a list.
        gradients: Positions of the tensors that gradients must reach.
        changes: Positions of the arguments that the piece is there to change.
        but: Laws of `LAWS` that do not apply -> why.

    Raises:
        AssertionError: A law does not hold; the message says which, with the call.

    Example:
        >>> battery(sorted, ([3, 1, 2],), ([1, 5, 4],), sequences=(0,))
        >>> kept = []
        >>> battery(lambda x: kept.append(x) or len(kept), (1,), (2,))
        Traceback (most recent call last):
        ...
        AssertionError: asked again, (1,) gives 3 where 1 is right: is something kept from call to call?
    """
    but = dict(but or {})
    if unknown := [law for law in but if law not in LAWS]:
        raise ValueError(f"but names {unknown[0]!r}; a law must be one of {', '.join(LAWS)}")
    if len(calls) < 2:
        raise ValueError(f"calls has {len(calls)} elements; it must have two or more")
    subject = Subject(piece, [call if callable(call) else made_anew(call) for call in calls], tuple(changes))
    laws: dict[str, Callable[[], None]] = {
        "again": lambda: _again(subject),
        "memory order": lambda: _memory_order(subject),
        "sequences": lambda: _sequences(subject, sequences),
        "dtypes": lambda: _dtypes(subject, dtypes, narrow),
        "axes": lambda: _axes(subject, axes, empty),
        "gradients": lambda: _gradients(subject, gradients),
    }
    subject.skipped = frozenset(but)
    for name, law in laws.items():
        if name not in but:
            law()


# Laws.


def _again(subject: Subject) -> None:
    """Neither other calls nor what callers do with results can be seen in a later answer."""
    first, *others = subject.calls
    outcome = subject.ask(first())
    hidden = opaque_in(outcome[0])
    require(
        not any(isinstance(value, Iterator) for value in hidden),
        lambda: f"{written(first())} gives an iterator or a generator, which can be read only once: return a list",
    )
    kept = copy.deepcopy(looked_at(outcome))
    for other in others:
        if not (difference(looked_at(subject.ask(other())), kept, 0.0) or hidden):
            unlike = subject.changed(other(), first())
            raise AssertionError(
                f"{written(other())} gives the same as {written(first())}, and must not: is {unlike} not used, or an "
                "earlier answer kept?"
            )
    require(
        not difference(looked_at(outcome), kept, 0.0),
        lambda: f"what {written(first())} returned has changed with the next call: is one object handed out twice?",
    )
    later = subject.ask(first())
    found = difference(looked_at(later), kept, 1e-9)
    require(not found, lambda: f"asked again, {written(first())} {found}: is something kept from call to call?")
    _in_unwritten_memory(subject, kept)
    if spoil(later[0]):
        last = subject.ask(first())
        require(
            not difference(looked_at(last), kept, 1e-9),
            lambda: (
                f"{written(first())} gives what a caller has changed in its own result: is one object handed out twice?"
            ),
        )
    subject.known = kept


def _in_unwritten_memory(subject: Subject, kept: Any) -> None:
    """Memory that a piece makes and does not fill is no zero, though it often looks like one: here it is NaN."""
    if not tensors_in(kept):
        return
    args = subject.calls[0]()
    with unwritten_is_nan():
        outcome = subject.ask(args)
    # PyTorch may add up in another order meanwhile, so only what is far off was never written.
    found = difference(looked_at(outcome), kept, 0.01)
    require(
        not found,
        lambda: (
            f"{written(subject.calls[0]())} {found} when new memory is full of NaN: is something left unwritten that "
            "torch.empty, new_empty or empty_like has made? It holds whatever was there: write all of it, or use zeros"
        ),
    )


def _memory_order(subject: Subject) -> None:
    """A tensor that lies in memory in another order, with gaps, is the same tensor."""
    made = subject.calls[0]
    other = [reordered(value) for value in made()]
    if all(new is None for new in other):
        return
    told = "a tensor that is not contiguous (transposed, or every second element of another) has the same values"
    args = [new if new is not None else old for old, new in zip(made(), other, strict=True)]
    _same(subject.ask(args, told), subject.plainly(), told, 1e-5)


def _sequences(subject: Subject, positions: Sequence[int]) -> None:
    """What may be any sequence may be a tuple."""
    for position in positions:
        args = list(subject.calls[0]())
        given = args[position]
        args[position] = tuple(given) if isinstance(given, list) else list(given)
        told = f"{subject.name(position)} as a {type(args[position]).__name__}, for it may be any sequence"
        _same(subject.ask(args, told), subject.plainly(), told, 0.0)


def _dtypes(subject: Subject, positions: Sequence[int], narrow: Sequence[str]) -> None:
    """The result has the dtype of the input, and its precision."""
    import torch

    if not positions:
        return
    bounds = {torch.float64: 1e-9, torch.float32: 2e-5}
    bounds |= {getattr(torch, name): {"bfloat16": 0.02, "float16": 0.003}[name] for name in narrow}
    exact: Any = None
    for dtype, bound in bounds.items():
        args, wide = list(subject.calls[0]()), list(subject.calls[0]())
        for position in positions:
            args[position] = as_dtype(args[position], dtype)
            wide[position] = as_dtype(as_dtype(wide[position], dtype), torch.float64)
        told = f"with {str(dtype).removeprefix('torch.')} for {' and '.join(map(subject.name, positions))}"
        got = subject.ask(args, told)
        for tensor in tensors_in(looked_at(got)):
            require(not tensor.is_floating_point() or tensor.dtype == dtype, f"{told}, the result is {tensor.dtype}")
        if dtype == torch.float64:
            exact = copy.deepcopy(looked_at(got))  # what the others would be held against is this call once more
        else:
            _same(widened(looked_at(got)), widened(looked_at(subject.ask(wide, told))), told, bound)
    _ninth_digit(subject, positions, exact)


def _ninth_digit(subject: Subject, positions: Sequence[int], plain: Any) -> None:
    """What float64 tells apart and float32 does not is told apart by the result."""
    import torch

    def nudged(by: float) -> Any:
        args = list(subject.calls[0]())
        for position in positions:
            wide = as_dtype(args[position], torch.float64)
            pattern = torch.arange(wide.numel(), dtype=torch.float64).cos().reshape(wide.shape)
            with torch.no_grad():
                args[position] = as_dtype(wide * (1 + by * pattern), torch.float64)
        return copy.deepcopy(looked_at(subject.ask(args)))

    names = " and ".join(map(subject.name, positions))
    if difference(nudged(1e-3), plain, 0.0):  # there is something to tell apart
        require(
            difference(nudged(1e-9), plain, 0.0),
            f"with float64 for {names}, inputs that differ in the ninth digit give the same: "
            "is something narrower on the way?",
        )


def _axes(subject: Subject, axes: str, with_empty: bool) -> None:
    """Rows that do not know of each other give the same whether they come together, alone, or not at all."""
    if not axes:
        return
    terms, result_term = _read_axes(axes)
    made = subject.calls[0]
    whole, _ = subject.plainly()
    for letter in dict.fromkeys(name for name in result_term if name != "."):
        size = _size_along(letter, terms, made())
        picks: dict[str, list[int]] = {"the last one alone": [size - 1]}
        if size > 1:
            picks["in another order"] = list(range(1, size)) + [0]
        if with_empty:
            picks["none at all"] = []
        for name, rows in picks.items():
            args = list(made())
            for i, term in enumerate(terms):
                args[i] = _picked(args[i], term, letter, rows)
            told = f"of the axis {letter}, {name}"
            got, _ = subject.ask(args, told)
            _same(got, _picked(whole, result_term, letter, rows), told, 1e-5)


def _gradients(subject: Subject, positions: Sequence[int]) -> None:
    """The gradient is the slope of the function: what the result does when the input is moved a little."""
    import torch

    for position in positions:
        args = [as_dtype(value, torch.float64) for value in subject.calls[0]()]
        x = args[position].detach().clone().requires_grad_()
        shift = torch.linspace(-1.0, 1.0, x.numel(), dtype=torch.float64).reshape(x.shape).cos() * 1e-6

        def total(value: Any, position: int = position, args: list[Any] = args) -> Any:
            moved = [copy.deepcopy(a) if i != position else value for i, a in enumerate(args)]
            outcome = subject.ask(moved)
            parts = [t for t in tensors_in(outcome) if t.is_floating_point()]
            weights = [torch.linspace(0.5, 1.5, p.numel(), dtype=torch.float64).reshape(p.shape) for p in parts]
            return sum((p.double() * w).sum() for p, w in zip(parts, weights, strict=True))

        told = f"the gradient of {subject.name(position)}"
        scalar = total(x)
        require(
            isinstance(scalar, torch.Tensor) and scalar.requires_grad,
            f"{told} is cut off: does a detach, .data, .item(), no_grad or a new tensor stand on the way?",
        )
        (grad,) = torch.autograd.grad(scalar, [x], allow_unused=True)
        require(grad is not None, f"{told} is cut off: the result does not depend on it")
        slope = (total(x.detach() + shift) - total(x.detach() - shift)).item() / 2
        along = (grad * shift).sum().item()
        bound = 1e-4 * max(abs(slope), abs(along)) + 1e-12
        require(
            abs(slope - along) <= bound,
            f"{told} says that the result changes by {along:.4g} where it changes by {slope:.4g}: "
            "is a part of the computation cut off from it?",
        )


def _read_axes(text: str) -> tuple[list[list[str]], list[str]]:
    arguments, arrow, result = text.partition("->")
    terms = [term.split() for term in arguments.split(",")]
    names = [name for term in (*terms, result.split()) for name in term]
    if not arrow or not all(re.fullmatch(r"[A-Za-z]|\.", name) for name in names):
        raise ValueError(f"axes is {text!r}; it must be of the form 'B T ., T . -> B T .'")
    return terms, result.split()


def _size_along(letter: str, terms: Sequence[Sequence[str]], args: Sequence[Any]) -> int:
    for term, value in zip(terms, args, strict=False):
        if letter in term:
            return len(value) if isinstance(value, list | tuple) else int(value.shape[term.index(letter) - len(term)])
    raise ValueError(f"axes has {letter!r} in the result; it must be in an argument, too")


def _picked(value: Any, term: Sequence[str], letter: str, rows: list[int]) -> Any:
    """The rows of a value along an axis, which is counted from the end."""
    import numpy as np
    import torch

    if letter not in term:
        return value
    axis = term.index(letter) - len(term)
    if isinstance(value, torch.Tensor):
        return value.detach().index_select(axis, torch.tensor(rows, dtype=torch.long))
    if isinstance(value, np.ndarray):
        return np.take(value, np.array(rows, dtype=np.int64), axis=axis)
    return type(value)(value[row] for row in rows)


def _same(got: Any, want: Any, told: str, bound: float) -> None:
    found = difference(looked_at(got), looked_at(want), bound)
    require(not found, f"{told}: {found}")
