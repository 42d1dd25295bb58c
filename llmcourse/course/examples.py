"""A piece's own example: the lines behind `>>>` in its docstring, run with the learner's version by its check."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from llmcourse.course.checks import rehearsed
from llmcourse.course.comparison import difference
from llmcourse.course.pieces import Piece, docstring, is_in_library
from llmcourse.course.watched import one_line

ROOT = Path(__file__).resolve().parents[2]
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")


def run_example(piece: Piece, mine: Callable[..., Any]) -> None:
    """Run the example in a piece's docstring as the library has it; a piece of another package has none.

    Args:
        piece: The piece.
        mine: What stands for it.

    Raises:
        AssertionError: A line gives something else than the docstring says.

    Example:
        >>> run_example(Piece.parse("llmcourse.tokenization.bpe:merge_pair"), lambda *_: 7)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        AssertionError: its own example: merge_pair((5, 6, 6, 7, 9, 1), (6, 7), 99) gives 7 where ...
    """
    if not is_in_library(piece, ROOT):
        return
    namespace = {**vars(importlib.import_module(piece.module)), piece.name: mine}
    for example in _examples(docstring(piece, ROOT)):
        if "rehearse" in namespace:
            namespace["rehearse"] = rehearsed  # which also finds a piece that runs in another process
        fault = _fault(example, namespace)
        if fault:
            raise AssertionError(f"its own example: {one_line(example.shown.source)} {fault}")


def read_example(piece: Piece) -> None:
    """Compile the example in a piece's docstring now, once for all processes that are forked from this one."""
    if is_in_library(piece, ROOT):
        _examples(docstring(piece, ROOT))


@dataclass(frozen=True)
class _Example:
    """A line of an example, compiled.

    Attributes:
        shown: What the docstring says.
        before: The statements before the last one.
        last: The last one, as an expression if it is one.
    """

    shown: doctest.Example
    before: CodeType
    last: CodeType


@lru_cache(maxsize=512)
def _examples(text: str) -> list[_Example]:
    return [_compiled(example) for example in doctest.DocTestParser().get_examples(text)]


def _compiled(example: doctest.Example) -> _Example:
    *before, last = ast.parse(example.source).body
    code = (
        compile(ast.Expression(last.value), "<example>", "eval")
        if isinstance(last, ast.Expr)
        else compile(ast.Module([last], []), "<example>", "exec")
    )
    return _Example(example, compile(ast.Module([*before], []), "<example>", "exec"), code)


def refusals(piece: Piece) -> str:
    """What a piece's docstring says under "Raises", in one line; empty where it says nothing.

    Example:
        >>> refusals(Piece.parse("llmcourse.positional.alibi:alibi_slopes"))
        'ValueError: n_heads is below 1; the message names it.'
    """
    text = docstring(piece, ROOT) if is_in_library(piece, ROOT) else ""
    found = re.search(r"^Raises:\n((?:[ \t]+\S.*\n?)+)", text, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def _fault(example: _Example, namespace: dict[str, Any]) -> str:
    """What is wrong with what a line gives; empty where nothing is."""
    shown, printed = example.shown, io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(example.before, namespace)  # noqa: S102
            value = eval(example.last, namespace)  # noqa: S307 (of a statement it gives None)
    except NotImplementedError:
        raise
    except Exception as error:
        if getattr(error, "is_of_the_line", False):
            raise
        if shown.exc_msg is not None and shown.exc_msg.partition(":")[0].strip() == type(error).__name__:
            return ""
        return f"raises {type(error).__name__}: {error}"
    if shown.exc_msg is not None:
        return f"raises nothing; {shown.exc_msg.strip()} is right"
    got = printed.getvalue() + ("" if value is None else f"{value!r}\n")
    return (
        "" if _says_the_same(got, shown, value, namespace) else f"gives {_line(got)} where {_line(shown.want)} is right"
    )


def _says_the_same(got: str, example: doctest.Example, value: Any, namespace: dict[str, Any]) -> bool:
    """Whether an output is the one that a docstring shows, but for the last digits, a history, or an order of keys."""
    if doctest.OutputChecker().check_output(example.want, got, doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS):
        return True
    with contextlib.suppress(Exception):
        want = eval(example.want.strip(), dict(namespace))  # noqa: S307
        if not difference(value, want, 1e-3):
            return True
    texts = [_line(re.sub(r", grad_fn=<[^>]*>", "", text)) for text in (got, example.want)]
    frames = [_NUMBER.sub("#", text).replace(" ", "") for text in texts]
    numbers = [[float(number) for number in _NUMBER.findall(text)] for text in texts]
    return frames[0] == frames[1] and not difference(*numbers, 1e-3)


def _line(text: str) -> str:
    return one_line(text.replace("<BLANKLINE>", ""))
