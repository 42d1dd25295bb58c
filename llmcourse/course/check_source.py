"""What a check's own source says: which of its lines are hidden, and what it tells of a failure on one of them.

Nothing is run here. A check is a graded cell, with its first line or without; a line is its number in the text given.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
"""Around the parts of a check that a release comes without."""
VALUE = "…"
"""What stands in a message for a value that is not told."""


def hidden_lines(source: str) -> dict[int, str]:
    """The lines that stand in a check's hidden regions, by their number.

    Example:
        >>> lines = ["assert f(1) == 1", BEGIN_HIDDEN, "assert f(41) == 41", END_HIDDEN, "assert f(2) == 2"]
        >>> hidden_lines("\\n".join(lines))
        {3: 'assert f(41) == 41'}
    """
    found, inside = {}, False
    for number, line in enumerate(source.splitlines(), 1):
        if "END HIDDEN TESTS" in line or "BEGIN HIDDEN TESTS" in line:
            inside = "BEGIN" in line
        elif inside and line.strip():
            found[number] = line.strip()
    return found


@lru_cache(maxsize=512)
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


@lru_cache(maxsize=512)
def tree_of(source: str) -> ast.Module:
    """A check's syntax tree, to be read and not changed: it is made once for all of a class."""
    return ast.parse(source)


def nodes_at(source: str, line: int) -> list[ast.AST]:
    """The parts of a check's syntax tree that a line belongs to, the outermost first."""
    nodes = ast.walk(tree_of(source))
    return [node for node in nodes if getattr(node, "lineno", 0) <= line <= getattr(node, "end_lineno", -1)]


def assertion_at(source: str, line: int) -> str:
    """What a line asserts, without its message; empty where it asserts nothing.

    Example:
        >>> assertion_at("got = f(1)\\nassert got == 2, f'got {got}'", 2)
        'assert got == 2'
    """
    asserts = [node for node in nodes_at(source, line) if isinstance(node, ast.Assert)]
    return f"assert {ast.unparse(asserts[0].test)}" if asserts else ""


def hint_of(node: ast.AST | None) -> ast.expr | None:
    """What the instructor wrote for a failure of one statement or call: an assert's message, the hint of a `close`."""
    if isinstance(node, ast.Assert):
        return node.msg
    call = node.value if isinstance(node, ast.Expr) else node
    if not isinstance(call, ast.Call) or not is_call(call, "close"):
        return None
    return call.args[2] if len(call.args) > 2 else _by_name(call, "hint")


def mistakes_of(call: ast.Call) -> list[ast.expr]:
    """The mistakes that a `close` names."""
    mistakes = _by_name(call, "mistakes")
    return [key for key in mistakes.keys if key] if isinstance(mistakes, ast.Dict) else []


def _by_name(call: ast.Call, argument: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == argument), None)


def is_call(node: ast.AST | None, name: str) -> bool:
    """Whether a part of a syntax tree calls the function of that name.

    Example:
        >>> is_call(ast.parse("close(1, 1, '?')", mode="eval").body, "close")
        True
    """
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == name


def in_words(message: ast.expr | None, value: Callable[[ast.FormattedValue], str] = lambda part: VALUE) -> str:
    """A message's text, with dots for what only running it would tell.

    Args:
        message: The message, as the check has it.
        value: What to say of a value in it.

    Example:
        >>> in_words(ast.parse("f'got {got}, ' 'not 7'", mode="eval").body)
        'got …, not 7'
    """
    if message is None:
        return ""
    if isinstance(message, ast.Constant):
        return str(message.value)
    if isinstance(message, ast.FormattedValue):
        return value(message)
    if isinstance(message, ast.JoinedStr):
        return "".join(in_words(part, value) for part in message.values)
    if isinstance(message, ast.BinOp) and isinstance(message.op, ast.Add):
        return in_words(message.left, value) + in_words(message.right, value)
    return VALUE
