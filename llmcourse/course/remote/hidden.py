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

from llmcourse.course.pieces import IS_MISSING

_OWN_LINE = re.compile(r"\s*in (\w{1,80}), line (\d{1,6}) of its cell\b")
VALUE = "…"
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


def hidden_lines(source: str) -> dict[int, str]:
    r"""The lines of a check cell that stand in its hidden regions, by their number in the source.

    Example:
        >>> hidden_lines("%%check m:f\nassert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(41) == 41\n### END HIDDEN TESTS")
        {4: 'assert f(41) == 41'}
    """  # noqa: E501
    found, inside = {}, False
    for number, line in enumerate(source.splitlines(), 1):
        if "END HIDDEN TESTS" in line or "BEGIN HIDDEN TESTS" in line:
            inside = "BEGIN" in line
        elif inside and line.strip():
            found[number] = line.strip()
    return found


def parts(source: str) -> tuple[str, str]:
    """The part of a check that learners read, and what begins with the hidden one, with their lines where they were.

    Where the hidden part begins inside a statement, all of it counts as hidden.
    """
    first = min(hidden_lines(source), default=0)
    if not first:
        return source, ""
    lines = source.splitlines(keepends=True)
    seen, rest = "".join(lines[: first - 1]), "\n" * (first - 1) + "".join(lines[first - 1 :])
    try:
        ast.parse(seen), ast.parse(rest)
    except SyntaxError:
        return "", source
    return seen, rest


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
    nodes = [n for n in ast.walk(ast.parse(source)) if getattr(n, "lineno", 0) <= line <= getattr(n, "end_lineno", -1)]
    for node in reversed(nodes):
        if isinstance(node, ast.Assert) and node.msg is not None:
            return _as_written(node.msg)
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if name == "close" and isinstance(node, ast.Call):
            return _hint_of_close(node, str(error))
        if name == "raises" and isinstance(node, ast.Call) and node.args:
            return f"it should raise {ast.unparse(node.args[0])}"
    return ""


def _hint_of_close(call: ast.Call, text: str) -> str:
    """The mistake that fitted, where there is one, or the call's own hint."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    mistakes = named.get("mistakes")
    keys = [_as_written(key) for key in mistakes.keys if key] if isinstance(mistakes, ast.Dict) else []
    hint = call.args[2] if len(call.args) > 2 else named.get("hint")
    return next((key for key in keys if key and text.endswith(key)), _as_written(hint) if hint else "")


def _as_written(message: ast.expr) -> str:
    r"""A message's text, with dots for every value in it.

    Example:
        >>> _as_written(ast.parse("f'got {got}, ' 'not 7'", mode="eval").body)
        'got …, not 7'
    """
    if isinstance(message, ast.Constant):
        return str(message.value)
    if isinstance(message, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else VALUE for p in message.values)
    if isinstance(message, ast.BinOp) and isinstance(message.op, ast.Add):
        return _as_written(message.left) + _as_written(message.right)
    return VALUE
