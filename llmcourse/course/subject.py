"""A piece with calls of it: asked, and held to leave everything else as it was."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from llmcourse.course.comparison import copied, difference, is_opaque, looked_at
from llmcourse.course.watched import short

Outcome = tuple[Any, list[Any]]
"""What a call returned, and what it made of the arguments that it is there to change."""


@dataclasses.dataclass
class Subject:
    """A piece with calls of it."""

    piece: Callable[..., Any]
    calls: list[Callable[[], Sequence[Any]]]
    changes: tuple[int, ...]
    skipped: frozenset[str] = frozenset()
    known: Outcome | None = None
    """What the first call gives, as `looked_at` has it, once it is known that it always does."""

    def name(self, position: int) -> str:
        """What an argument is called."""
        try:
            return list(inspect.signature(self.piece).parameters)[position]
        except (TypeError, ValueError, IndexError):
            return f"argument {position + 1}"

    def changed(self, args: Sequence[Any], others: Sequence[Any]) -> str:
        """The name of the one argument in which two calls differ; of several ones, none."""
        pairs = enumerate(zip(args, others, strict=False))
        unlike = [i for i, (a, b) in pairs if is_opaque(a) or difference(looked_at(a), looked_at(b), 0.0)]
        return self.name(unlike[0]) if len(args) == len(others) and len(unlike) == 1 else "an argument"

    def plainly(self) -> Outcome:
        """What the first call gives."""
        return self.known or self.ask(self.calls[0]())

    def ask(self, args: Sequence[Any], told: str = "") -> Outcome:
        """Call the piece; what it was given and what it did not come for must be as before.

        Args:
            args: The arguments, which may be changed only where the piece is there to do so.
            told: What is unusual about this call, for a message.
        """
        # A call is told as it was made, from the copies: to write a tensor down takes longer than to call most pieces.
        shown = [_Text(short(value)) if i in self.changes else None for i, value in enumerate(args)]
        copies = copied([None if i in self.changes else value for i, value in enumerate(args)])
        before = [a if b is None else b for a, b in zip(copies, shown, strict=True)]
        states = _states()
        try:
            result = self.piece(*args)
        except (NotImplementedError, AssertionError):
            raise
        except Exception as error:
            if not told or getattr(error, "is_of_the_line", False):
                raise
            raise AssertionError(f"{told}: raises {type(error).__name__}: {error}") from error
        if "state" not in self.skipped:
            for name, state in _states().items():
                if state != states[name]:
                    raise AssertionError(f"{written(before)} changes {name}: leave it as it was")
        if "arguments" not in self.skipped:
            for i, (old, new) in enumerate(zip(before, args, strict=True)):
                if i not in self.changes and not is_opaque(new) and difference(new, old, 0.0):
                    raise AssertionError(f"{written(before)} changes {self.name(i)}: make new objects")
        return result, [args[i] for i in self.changes]


class _Text(str):
    """What stands for a value in a message."""

    __repr__ = str.__str__


def made_anew(args: Sequence[Any]) -> Callable[[], Sequence[Any]]:
    """What makes the arguments of a call each time they are needed: nothing that a call does to them stays."""
    return lambda: copied(args)


def written(args: Sequence[Any]) -> str:
    """A call as a message shows it."""
    return f"({', '.join(short(value) for value in args)}{',' if len(args) == 1 else ''})"


def _states() -> dict[str, Any]:
    """What belongs to nobody's piece, by name."""
    import torch

    from llmcourse.course import generators

    modes = torch.is_grad_enabled(), torch.get_default_dtype()
    return dict(zip(generators.NAMES, generators.prints(), strict=True)) | {"PyTorch's modes": modes}


def require(holds: object, message: str | Callable[[], str]) -> None:
    """What `assert` does, also where asserts are turned off or rewritten; a message that takes long is made if need
    be."""
    if not holds:
        raise AssertionError(message if isinstance(message, str) else message())
