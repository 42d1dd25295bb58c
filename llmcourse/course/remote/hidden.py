"""What a student may read about a check that failed once hidden tests had run.

From then on the student's process knows what a hidden test passes in, and could say so: by an error's text or type, by
a result that a message holds, by what it claims its lines are. So nothing that came from there is told. What is told is
made of the check's own source: that the piece raised, one of Python's own types, a line of the student's cell that is
there, and the hint as the instructor wrote it, with dots where it holds a value.
"""

from __future__ import annotations

import ast
import builtins
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from llmcourse.course.check_source import hidden_lines, hint_of, in_words, is_call, mistakes_of, nodes_at
from llmcourse.course.pieces import IS_MISSING

_OWN_LINE = re.compile(r"\s*in (\w{1,80}), line (\d{1,6}) of its cell\b")
MAX_LINES = 200
"""Of a cell whose lines are told: which line it is must say little."""


@dataclass(frozen=True)
class Told:
    """What can be told of a failed check.

    Attributes:
        text: Without anything that came from the student's process.
        knows_hidden: Whether a hidden test may have run by then.
        is_final: It would fail so in any process: there is no answer.
    """

    text: str
    knows_hidden: bool
    is_final: bool = False


def told_of(
    error: BaseException, name: str, source: str, file: str, sources: Mapping[str, str], *, knows_hidden: bool
) -> Told:
    """What can be told of the error that stopped a check.

    Args:
        error: What the check raised.
        name: What is judged.
        source: The check, as it was compiled.
        file: The file name that it was compiled under.
        sources: The student's cells, without their first lines, by piece.
        knows_hidden: Whether the hidden part had begun.
    """
    lines = [f.lineno or 0 for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    hidden = hidden_lines(source)
    is_hidden = knows_hidden and (not lines or any(line in hidden for line in lines))
    test = "a hidden test" if is_hidden else "a test"
    is_final = isinstance(error, NotImplementedError)
    shown = "" if is_hidden or is_final or not lines else source.splitlines()[lines[-1] - 1].strip()
    where = f"\n    in the check: {shown}" if shown else ""
    return Told(f"{name}{_what(error, source, lines, test, sources)}{where}", knows_hidden, is_final)


def _what(error: BaseException, source: str, lines: list[int], test: str, sources: Mapping[str, str]) -> str:
    elsewhere = getattr(error, "told_lines", None)
    if isinstance(error, NotImplementedError):
        missing = "needs another piece here, which is not written yet" if IS_MISSING in str(error) else (
            "is not written yet: replace `raise NotImplementedError()` in its cell"
        )  # fmt: skip
        return f" {missing}"
    if elsewhere is not None:
        return f" raised {_known_type(error)} in {test}{_own_line(elsewhere, sources)}"
    hint = _hint(error, source, lines[-1] if lines else 0)
    if isinstance(error, AssertionError):
        return f": {hint} ({test})" if hint else f": {test} failed"
    return f" returned something that {test} cannot use"


def _known_type(error: BaseException) -> str:
    """The nearest of Python's own types: the name of another is its author's to choose."""
    return next(kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)


def known_type(name: str) -> str:
    """An error's type as its name says, if that is one of Python's own; else "an error".

    Example:
        >>> known_type("ValueError"), known_type("The41st"), known_type("print")
        ('ValueError', 'an error', 'an error')
    """
    kind = getattr(builtins, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else "an error"


def _own_line(told: list[str], sources: Mapping[str, str]) -> str:
    """The last of the lines of the student's cells that are told, if a cell has it in a function of that name."""
    for line in reversed(told):
        if (found := _OWN_LINE.match(line)) is None:
            continue
        name, number = found[1], int(found[2])
        if any((name, number - 1) in _lines_of_functions(source) for source in sources.values()):
            return f"\n    in {name}, line {number} of its cell"
    return ""


def _lines_of_functions(source: str) -> set[tuple[str, int]]:
    """The names of a cell's functions with the lines of each; of a long cell, whose lines would say much, none."""
    if source.count("\n") > MAX_LINES:
        return set()
    try:
        nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {(n.name, line) for n in nodes for line in range(n.lineno, (n.end_lineno or n.lineno) + 1)}


def _hint(error: BaseException, source: str, line: int) -> str:
    """What the instructor wrote for a failure on a line: an assert's message, a hint of `close`, what `raises`
    wants."""
    if getattr(error, "is_the_judges", False):
        return str(error)
    for node in reversed(nodes_at(source, line)):
        if isinstance(node, ast.Call) and is_call(node, "close"):
            keys = map(in_words, mistakes_of(node))
            return next((key for key in keys if key and str(error).endswith(key)), in_words(hint_of(node)))
        if isinstance(node, ast.Call) and is_call(node, "raises") and node.args:
            return f"it should raise {ast.unparse(node.args[0])}"
        if isinstance(node, ast.Assert) and node.msg is not None:
            return in_words(node.msg)
    return ""
