"""What graded cells are written with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from llmcourse.course.patterns import only_wrong, pattern_of_numbers, pattern_of_shapes
from llmcourse.course.source import names_reached
from llmcourse.course.steps import count_steps
from llmcourse.course.watched import Watched, as_given, short

if TYPE_CHECKING:
    from llmcourse.distributed.rehearsal import Rehearsed

__all__ = ["close", "count_steps", "each", "names_used", "on_ranks", "raises", "rehearsed"]


def raises(
    error: type[BaseException], function: Callable[..., Any], *args: Any, says: str = "", hint: str = ""
) -> None:
    """Assert that a call raises an error whose message holds a given text.

    Args:
        error: The exception type wanted.
        function: What to call, with `args`.
        says: A text that the message must contain, for example the offending value.
        hint: What a piece that does not raise it has likely overlooked.

    Raises:
        AssertionError: Nothing was raised, another type was, or the message does not hold the text.

    Example:
        >>> raises(ValueError, int, "seven", says="seven")
    """
    given = list(map(as_given, args))  # told only when something is wrong: telling a large tensor takes its time
    why = f": {hint}" if hint else ""
    try:
        result = function(*args)
    except error as raised:
        if getattr(raised, "is_of_the_line", False):
            raise
        assert _names(str(raised), says), (
            f"{_call(function, given)} raised {error.__name__}, but its message {str(raised)!r} does not name {says!r}"
        )
        return
    except NotImplementedError:
        raise
    except Exception as other:
        raise AssertionError(
            f"{_call(function, given)} should raise {error.__name__}, but raised {type(other).__name__}: {other}{why}"
        ) from None
    returned = short(result)
    raise AssertionError(f"{_call(function, given)} should raise {error.__name__}, but returned {returned}{why}")


def _call(function: Callable[..., Any], args: Iterable[Any]) -> str:
    return f"{getattr(function, '__name__', function)}({', '.join(map(short, args))})"


def _names(text: str, value: str) -> bool:
    """Whether a message names a value, in whatever quotes, a number in whatever form."""
    bare, plain = re.sub(r"[\"'`]", "", text), re.sub(r"[\"'`]", "", value)
    if plain in bare:
        return True
    with suppress(ValueError):
        number = float(plain)
        return any(float(found) == number for found in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", bare))
    return False


def close(
    got: Any,
    want: Any,
    hint: str,
    *,
    atol: float = 0.0,
    rtol: float = 0.0,
    mistakes: Mapping[str, Any] | None = None,
    allow_nan: bool = False,
) -> None:
    """Assert that numbers are what they should be; a failure names the shape, the type or the largest difference.

    Args:
        got: What the piece gave: a tensor, an array, or a number.
        want: What it should have given, from somewhere else than the library.
        hint: The likely mistake, when nothing in `mistakes` fits.
        atol: The largest absolute difference allowed.
        rtol: The largest difference allowed, relative to `want`; the two are added, as in `torch.isclose`.
        mistakes: What known mistakes give: the mistake's name -> its value. The first that fits is named.
        allow_nan: Whether NaN may be right.

    Raises:
        AssertionError: The numbers differ.

    Example:
        >>> close(1.0 + 1e-9, 1.0, "off by one?", atol=1e-8)
        >>> close([1.0, 2.5], [1.0, 2.0], "is it rounded?", atol=0.1)
        Traceback (most recent call last):
        ...
        AssertionError: got 2.5 where 2 is right (at index 1; largest difference 0.5): is it rounded?
    """
    if got is None:
        raise AssertionError(f"got None: {hint}")
    got_values, wanted = _tensor(got), _tensor(want)
    if got_values.is_complex() and not wanted.is_complex():
        raise AssertionError(f"got complex numbers, real ones are right: {hint}")
    if wanted.isnan().any() and not allow_nan:
        raise ValueError("the check wants NaN without saying `allow_nan=True`")
    if got_values.shape != wanted.shape:
        raise _wrong_shape(got_values, wanted, hint, mistakes or {}, atol, rtol)
    if types := _unlike_types(got, want):
        raise AssertionError(
            f"got {types[0]}, {types[1]} is right: the result has another type of numbers than it must have, whatever "
            f"they are; was {types[0]} mixed in on the way, or is the last step back to {types[1]} missing?"
        )
    if not _fits(got_values, wanted, atol, rtol):
        likely = _fitting_mistake(got_values, wanted, mistakes or {}, atol, rtol)
        failed = AssertionError(_largest_difference(got_values, wanted, hint if likely is None else likely))
        failed.both = _unexplained(got_values, wanted, atol, rtol) if likely is None else []  # type: ignore[attr-defined]
        failed.n_numbers = len(wanted) if wanted.ndim == 1 else 0  # type: ignore[attr-defined]
        raise failed


def _wrong_shape(
    got: Any, want: Any, hint: str, mistakes: Mapping[str, Any], atol: float, rtol: float
) -> AssertionError:
    """What to say of another shape: a known mistake that gives it, else the hint and how the shape comes about."""
    fits = partial(_fits, atol=atol, rtol=rtol)
    made = ((mistake, _tensor(value)) for mistake, value in mistakes.items())
    likely = next((mistake for mistake, wrong in made if wrong.shape == got.shape and fits(got, wrong)), hint)
    failed = AssertionError(f"got the shape {tuple(got.shape)}, {tuple(want.shape)} is right: {likely}")
    pattern = pattern_of_shapes(got, want, fits)
    failed.both = [pattern] if pattern else []  # type: ignore[attr-defined]
    return failed


def _unexplained(got: Any, want: Any, atol: float, rtol: float) -> list[str]:
    """What may explain numbers that no known mistake does: all of them, if they are few, and what they have alike."""
    fits, are_few = partial(_fits, atol=atol, rtol=rtol), 1 < got.numel() <= 16
    pattern = pattern_of_numbers(got, want, fits) or ("" if are_few else only_wrong(got, want, fits))
    shown, right = (_in_brackets(values) if are_few else "" for values in (got, want))
    return [f"got   {shown}", f"right {right}"] * (shown != right) + [pattern] * bool(pattern)


def _in_brackets(values: Any) -> str:
    if values.ndim == 0:
        return f"{values.item():.4g}"
    return f"[{', '.join(map(_in_brackets, values))}]"


def _unlike_types(got: Any, want: Any) -> tuple[Any, Any] | None:
    """The types of two tensors' numbers if they differ; a list or an array has none that would have to be right."""
    import torch  # a chapter without tensors does not wait for it

    are_tensors = isinstance(got, torch.Tensor) and isinstance(want, torch.Tensor)
    return (got.dtype, want.dtype) if are_tensors and got.dtype != want.dtype else None


def _fitting_mistake(got: Any, want: Any, mistakes: Mapping[str, Any], atol: float, rtol: float) -> str | None:
    """The first known mistake that gives these numbers, among those that can be told from what is right."""
    for mistake, value in mistakes.items():
        wrong = _tensor(value)
        if wrong.shape == want.shape and not _fits(wrong, want, atol, rtol) and _fits(got, wrong, atol, rtol):
            return mistake
    return None


def _largest_difference(got: Any, want: Any, hint: str) -> str:
    """Where numbers differ most and by how much, with as many digits as it takes to see it."""
    import numpy as np
    import torch

    difference = torch.where(got == want, 0.0, (got - want).abs()).nan_to_num(nan=float("inf"))
    place = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    where = f"at index {place[0] if len(place) == 1 else place}; " if place else ""
    shown, right = (f"{values[place].item():.6g}" for values in (got, want))
    if shown == right:
        shown, right = (f"{values[place].item():.12g}" for values in (got, want))
        hint = f"nearly right; was something computed in float32 on the way? {hint}"
    return f"got {shown} where {right} is right ({where}largest difference {difference.max().item():.2g}): {hint}"


def _tensor(value: Any) -> Any:
    import numpy as np
    import torch

    if isinstance(value, torch.Tensor) and value.is_complex():
        return value.detach().to(torch.complex128)
    if isinstance(value, list | tuple) and value and all(isinstance(part, np.ndarray) for part in value):
        value = np.stack(value)  # torch warns of a list of arrays, and a page would show it
    return torch.as_tensor(value, dtype=torch.float64).detach()  # a list must not pass through float32


def _fits(got: Any, want: Any, atol: float, rtol: float) -> bool:
    import torch

    return torch.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True)


def each(function: Callable[..., Any], rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    """A function's result for each row of arguments, in one go where the function runs in another process.

    Example:
        >>> each(max, [(1, 2), (5, 3)])
        [2, 5]
    """
    remote = getattr(function, "each", None)
    return remote(list(rows)) if remote else [function(*row) for row in rows]


def on_ranks(function: Callable[..., Any], rows: Iterable[tuple[Any, ...]], timeout_s: float = 60.0) -> list[Any]:
    """A function's result on each rank of a gloo group, one rank for each row of arguments; see `launch.run_on_ranks`.

    Raises:
        RankFailed: A rank raised an error, died, or gave no answer in time; the message names it.
    """
    from llmcourse.distributed.launch import run_on_ranks

    remote = getattr(function, "on_ranks", None)
    function = function.__wrapped__ if isinstance(function, Watched) else function
    return remote(list(rows), timeout_s) if remote else run_on_ranks(function, list(rows), timeout_s)


def rehearsed(function: Callable[..., Any], rows: Iterable[tuple[Any, ...]], through: str = "") -> Rehearsed:
    """A function's result on each rank of a rehearsal, one rank for each row of arguments, and what the ranks sent.

    The ranks are threads of the process in which the function lives, and get the arguments themselves: what one changes
    in them can be seen.

    Args:
        function: A piece, called as `piece(*row, group=group)`.
        rows: Rank r gets the arguments rows[r].
        through: A function of the library, as "module:name", that is called instead, as `name(piece, *row,
            group=group)`: for a piece that works on what does not cross from process to process, as a model's hooks.

    Raises:
        RankFailed: A rank raised an error, or the ranks wait for one another; the message says for what.

    Example:
        >>> results, traffic = rehearsed(lambda x, group: group.sum(x), [(1.0,), (2.0,)])
        >>> results, len(traffic[0])
        ([3.0, 3.0], 1)
    """
    from llmcourse.distributed.rehearsal import Rehearsed
    from llmcourse.distributed.traffic import Event, Traffic

    remote = getattr(function, "rehearsed", None)
    function = function.__wrapped__ if isinstance(function, Watched) else function
    results, events = remote(list(rows), through) if remote else rehearse_here(function, list(rows), through)
    traffic = [Traffic([Event(kind, n_bytes, peer) for kind, n_bytes, peer in told]) for told in events]
    return Rehearsed(results, traffic)


def rehearse_here(
    function: Callable[..., Any], rows: list[tuple[Any, ...]], through: str = ""
) -> tuple[list[Any], list[list[tuple[str, int, int | None]]]]:
    """`rehearsed` in this process, with what each rank sent as plain values: kind, bytes, to or from whom."""
    import importlib
    from functools import partial

    from llmcourse.distributed.rehearsal import RankFailed, rehearse

    if through:
        module, _, name = through.partition(":")
        function = partial(getattr(importlib.import_module(module), name), function)
    try:
        results, traffic = rehearse(function, rows, in_place=True)
    except RankFailed as error:
        if isinstance(error.__cause__, NotImplementedError):
            raise error.__cause__ from None  # a piece that is not written yet
        raise
    return results, [[(event.kind, event.n_bytes, event.peer) for event in told] for told in traffic]


def names_used(function: Any) -> set[str]:
    """The names that a piece reaches beyond its own variables: to ask whether it leaves its work to another piece.

    Example:
        >>> sorted(names_used(lambda x: sorted(abs(x))))
        ['abs', 'sorted']
    """
    function = function.__wrapped__ if isinstance(function, Watched) else function
    source = getattr(function, "source", None)
    if source is not None:  # a piece that is judged from another process
        return names_reached(source)
    code = getattr(function, "__code__", None)
    return names_reached(code) if code else set()
