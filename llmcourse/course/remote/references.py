"""Which other pieces a piece's reference uses: those, and no others, may a student's version of it call by
reference."""

from __future__ import annotations

import ast
import json
import os
from functools import cache
from pathlib import Path

import llmcourse
from llmcourse.course.environment import PIECES_VARIABLE
from llmcourse.course.pieces import Piece
from llmcourse.course.source import names_reached

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
