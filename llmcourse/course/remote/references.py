"""Which other pieces a piece's reference uses: those, and no others, may a student's version of it call by
reference. And what it takes to run a reference somewhere else."""

from __future__ import annotations

import ast
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import llmcourse
from llmcourse.course.environment import PIECES_VARIABLE
from llmcourse.course.pieces import Piece
from llmcourse.course.source import names_defined, names_reached

_Definitions = dict[str, set[str]]


def assignment_pieces() -> list[Piece]:
    """The assignment's pieces, as the grader told this process."""
    return [Piece.parse(name) for name in json.loads(os.environ.get(PIECES_VARIABLE, "[]"))]


def pieces_used(piece: Piece) -> list[Piece]:
    """The pieces of the assignment that the reference of one uses, by itself or through the library.

    Two definitions of one name are taken for one: that may name a piece too many, never one too few.

    Example:
        >>> os.environ[PIECES_VARIABLE] = '["llmcourse.tokenization.bpe:merge_pair", "llmcourse.tokenization.bpe:decode"]'
        >>> [used.name for used in pieces_used(Piece("llmcourse.tokenization.bpe", "train_bpe_naive"))]
        ['merge_pair']
        >>> del os.environ[PIECES_VARIABLE]
    """  # noqa: E501
    candidates = {other.name: other for other in assignment_pieces()}
    known = _library_names()
    seen: set[str] = set()
    waiting = {piece.name}
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting |= known.get(name, set())
    return [candidates[name] for name in sorted(seen & candidates.keys()) if candidates[name] != piece]


def body_of(piece: Piece) -> list[list[Any]]:
    """The statements of its module that a piece's reference stands on, in order, and at the end its own definition.

    Returns:
        For each the names that it defines, and its source. Other pieces of the assignment are not among them.

    Example:
        >>> [names for names, _ in body_of(Piece("llmcourse.tokenization.bpe", "pop_most_frequent"))]
        [['heapq'], ['pop_most_frequent']]
    """
    statements = _statements(piece.module)
    others = {other.name for other in assignment_pieces() if other.module == piece.module}
    needed, waiting = set[int](), {piece.name}
    while waiting:
        wanted = waiting.pop()
        for place, (names, reached, _) in enumerate(statements):
            if wanted in names and place not in needed:
                needed.add(place)
                waiting |= reached - others
    kept = [[names, source] for place, (names, _, source) in enumerate(statements) if place in needed]
    return sorted(kept, key=lambda statement: piece.name in statement[0])


@cache
def _statements(module: str) -> list[tuple[list[str], set[str], str]]:
    """Of each statement of a library module what it defines, what it reaches, and its source."""
    path = Path(llmcourse.__file__).parents[1].joinpath(*module.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = []
    for node in ast.parse(text).body:
        first = min(part.lineno for part in [node, *getattr(node, "decorator_list", [])])
        source = "\n".join(lines[first - 1 : node.end_lineno])
        found.append((names_defined(node, imports=True), names_reached(node), source))
    return found


def read_library() -> None:
    """Read the library's sources now, once for all processes that are forked from this one."""
    _library_names()


@cache
def _library_names() -> _Definitions:
    """What each function and class of the library reaches: an argument or a variable is no function of the library."""
    found: _Definitions = {}
    package = Path(llmcourse.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if "course" in path.relative_to(package).parts:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.setdefault(node.name, set()).update(names_reached(node, annotations=True))
    return found
