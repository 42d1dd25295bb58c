"""What a wrong answer has in common with the right one: it often names the mistake that no check has thought of.

Each function looks for one simple change that turns the right answer into the one that came, and gives an empty text
where there is none: what is said is true of all numbers, never a guess from some.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

Fits = Callable[[Any, Any], bool]
"""Whether two tensors are the same within what a check allows."""


def pattern_of_numbers(got: Any, want: Any, fits: Fits) -> str:
    """Say in what all numbers of a wrong tensor differ from the right ones, in the same way.

    Args:
        got: A tensor of float64 that is not right.
        want: The right one, of the same shape.
        fits: What counts as the same.

    Example:
        >>> import torch
        >>> pattern_of_numbers(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]), torch.allclose)
        'each number is 0.5 times the right one'
        >>> pattern_of_numbers(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([2.0, 3.0, 7.0]), torch.allclose)
        'each number is 1 too small'
        >>> pattern_of_numbers(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 4.0, 9.0]), torch.allclose)
        'each number is the square root of the right one'
    """
    if got.is_complex():
        return ""
    if got.numel() == 1:
        is_plain = (840 * want).item().is_integer()  # what toy numbers are makes a multiple of them by chance
        pattern = "" if is_plain else _pattern_of_number(got.item(), want.item())
        return f"right is {pattern}" if pattern[:1].isdigit() or pattern.startswith("one") else pattern
    if got.isnan().all():
        return "each number is NaN"
    if not (got.isfinite().all() and want.isfinite().all()):
        return ""
    return next(filter(None, _patterns(got, want, fits)), "")


def _patterns(got: Any, want: Any, fits: Fits) -> Iterator[str]:
    yield "each number has the wrong sign" if fits(got, -want) else ""
    yield _in_another_order(got, want, fits)
    yield _shifted(got, want, fits)
    yield _scaled(got, want, fits)
    yield _moved(got, want, fits)
    yield _transformed(got, want, fits)
    yield _scaled_by_row(got, want, fits)


def pattern_of_shapes(got: Any, want: Any, fits: Fits) -> str:
    """Say how a tensor of the wrong shape comes from the right one.

    Example:
        >>> import torch
        >>> pattern_of_shapes(torch.tensor([[1.0, 2.0]]), torch.tensor([1.0, 2.0]), torch.allclose)
        'the numbers are right: an axis of length 1 is too many'
    """
    if got.numel() != want.numel():
        return ""
    if got.ndim == want.ndim == 2 and got.mT.shape == want.shape and fits(got.mT, want):
        return "rows and columns are exchanged"
    if not fits(got.reshape(want.shape), want):
        return ""
    if got.squeeze().shape == want.squeeze().shape:
        lost = "is too many" if got.ndim > want.ndim else "is missing" if got.ndim < want.ndim else "is another one"
        return f"the numbers are right: an axis of length 1 {lost}"
    return "the numbers are right, and in the right order"


def pattern_of_values(got: Any, want: Any) -> str:
    """Say how a list, a tuple or a number that is not right comes from the right one.

    Example:
        >>> pattern_of_values([1, 2], [1, 2, 3]), pattern_of_values((3, 1), [1, 3]), pattern_of_values((1, 3), [1, 3])
        ('the last one is missing', 'the right ones, in reverse order', 'a list and a tuple are not equal')
        >>> pattern_of_values(5, 20), pattern_of_values(6, 2.0), pattern_of_values(5, 6)
        ('4 times as much', 'one part in 3 of it', '1 more')
        >>> pattern_of_values([1, 2, 0, 3], [2, 0, 1, 3])
        'what came undoes this order: it is the inverse'
    """
    if isinstance(got, list | tuple) and isinstance(want, list | tuple):
        return _pattern_of_items(_as_lists(got), _as_lists(want))
    numbers = [value for value in (got, want) if isinstance(value, int | float) and not isinstance(value, bool)]
    return _pattern_of_number(got, want) if len(numbers) == 2 else ""


def _pattern_of_items(got: list[Any], want: list[Any]) -> str:
    if got == want:
        return "a list and a tuple are not equal"
    if not got or not want:
        return ""
    if len(got) < len(want):
        return f"the {_ends(got, want)} missing" if _ends(got, want) else ""
    if len(got) > len(want):
        return f"the {_ends(want, got)} too many" if _ends(want, got) else ""
    if got == want[::-1]:
        return "the right ones, in reverse order"
    if _is_inverse(got, want):
        return "what came undoes this order: it is the inverse"
    return "the right ones, in another order" if sorted(map(repr, got)) == sorted(map(repr, want)) else ""


def _pattern_of_number(got: float, want: float) -> str:
    """What the right number is beside the one that came: a whole multiple or part of it, one more or less."""
    if not (math.isfinite(got) and math.isfinite(want)) or not got or not want:
        return ""
    if got == -want:
        return "the sign is wrong"
    if isinstance(got, int) and isinstance(want, int) and abs(got - want) == 1:
        return "1 more" if want > got else "1 less"
    for ratio, words in ((want / got, "{} times as much"), (got / want, "one part in {} of it")):
        whole = round(ratio)
        if whole > 1 and math.isclose(ratio, whole, rel_tol=1e-9):
            return words.format(f"{whole:,}")
    return ""


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _ends(part: list[Any], whole: list[Any]) -> str:
    """What of a list is left without a beginning or an end of it, in words."""
    n = len(whole) - len(part)
    which = "last" if whole[: len(part)] == part else "first" if whole[n:] == part else ""
    return which and f"{which} {'one is' if n == 1 else f'{n} are'}"


def _in_another_order(got: Any, want: Any, fits: Fits) -> str:
    import torch

    for axis, size in enumerate(want.shape):
        if size > 1 and fits(got, want.flip(axis)):
            return f"the right numbers in reverse order{_along(axis, want)}"
    square = want.ndim > 1 and want.shape[-1] == want.shape[-2]
    if square and fits(got, want.mT):
        return "rows and columns are exchanged"
    a, b = (torch.sort(values.flatten()).values for values in (got, want))
    return "the right numbers in another order" if fits(a, b) else ""


def _scaled(got: Any, want: Any, fits: Fits) -> str:
    largest = want.abs().argmax()
    if want.unique().numel() < 2 or want.flatten()[largest] == 0:
        return ""
    factor = (got.flatten()[largest] / want.flatten()[largest]).item()
    told = factor != 0 and fits(got, want * factor) and not fits(want.abs() * 0, want)
    shown = next((text for n in (4, 7, 10, 16) if float(text := f"{factor:.{n}g}") != 1), "1")
    return f"each number is {shown} times the right one" if told else ""


def _moved(got: Any, want: Any, fits: Fits) -> str:
    by = (got - want).flatten()[0].item()
    if want.unique().numel() < 2 or not fits(got, want + by):
        return ""
    return f"each number is {abs(by):.4g} too {'large' if by > 0 else 'small'}"


def _transformed(got: Any, want: Any, fits: Fits) -> str:
    """By one function of every number: a root, a square or an absolute value too many or too few."""
    import torch

    functions: dict[str, Callable[[Any], Any]] = {
        "each number is one over the right one": torch.reciprocal,
        "each number is the square of the right one": torch.square,
        "each number is the square root of the right one": torch.sqrt,
        "each number is the exponential of the right one": torch.exp,
        "each number is the logarithm of the right one": torch.log,
        "each number is the absolute value of the right one": torch.abs,
        "each number is the right one without what is behind the point": torch.trunc,
        "the negative numbers have become 0": torch.relu,
    }
    if want.unique().numel() < 3:
        return ""  # two numbers may be so by chance
    return next((words for words, function in functions.items() if _is_told(got, function(want), fits)), "")


def _is_told(got: Any, changed: Any, fits: Fits) -> bool:
    """Whether what came is what a change of the right numbers gives, and neither is all but zero."""
    return bool(changed.isfinite().all()) and fits(got, changed) and not fits(changed * 0, changed)


def _scaled_by_row(got: Any, want: Any, fits: Fits) -> str:
    """Each row by a number of its own, as where it is not divided by its sum, or by another row's."""
    if want.ndim < 2 or want.shape[-1] < 3 or want.shape[:-1].numel() < 2:
        return ""
    rows = want.flatten(0, -2)
    largest = want.abs().argmax(-1, keepdim=True)
    factors = got.gather(-1, largest) / want.gather(-1, largest)
    if any(row.unique().numel() < 3 for row in rows) or not _is_told(got, want * factors, fits):
        return ""
    first, second = factors.flatten()[:2].tolist()
    return f"each row is the right one times a number of its own: the first {first:.4g} times, the next {second:.4g}"


def _is_inverse(got: list[Any], want: list[Any]) -> bool:
    """Whether two orders of 0, 1, 2, ... undo each other."""
    if len(want) < 3 or not all(type(place) is int for place in (*got, *want)):
        return False
    return sorted(want) == list(range(len(want))) and [got[place] for place in want] == list(range(len(want)))


def _shifted(got: Any, want: Any, fits: Fits) -> str:
    """By one place: what stands next to the right place."""
    for axis, size in enumerate(want.shape):
        if size < 3 or want.unique().numel() < 3:
            continue
        a, b = (values.narrow(axis, 1, size - 1) for values in (got, want))
        first, second = (values.narrow(axis, 0, size - 1) for values in (got, want))
        if fits(a, second):
            return f"the right numbers one place too late{_along(axis, want)}"
        if fits(first, b):
            return f"the right numbers one place too early{_along(axis, want)}"
    return ""


def only_wrong(got: Any, want: Any, fits: Fits) -> str:
    """Say where all that is wrong in a tensor has one place along an axis.

    Example:
        >>> import torch
        >>> only_wrong(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.allclose)
        'the others are right: only the last along axis 0 is wrong'
    """
    for axis, size in enumerate(want.shape):
        if size < 2:
            continue
        wrong = [i for i in range(size) if not fits(got.select(axis, i), want.select(axis, i))]
        if len(wrong) == 1 < size:
            place = {0: "the first", size - 1: "the last"}.get(wrong[0], f"number {wrong[0]}, counted from 0,")
            return f"the others are right: only {place}{_along(axis, want)} is wrong"
    return ""


def _along(axis: int, tensor: Any) -> str:
    return f" along axis {axis}" if tensor.ndim > 1 else ""
