"""Pieces: the public functions and classes of the library that learners write themselves.

A piece is named `module:name`, for example `llmcourse.tokenization.bpe:count_pairs`. Its source is found with `ast`, so
that building a notebook never imports what it shows.
"""

from __future__ import annotations

import ast
import difflib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from llmcourse.course.source import Definition, Function, names_defined, names_read_at_import, parsed

BEGIN_SOLUTION = "### BEGIN SOLUTION"
END_SOLUTION = "### END SOLUTION"
REMOVED = "removed.json"
"""The file beside this one that lists what a student edition comes without."""
IS_MISSING = "is not written yet"
"""What a piece without a body says when it is called: its name before, the exercise that asks for it behind."""

_FOR_SIGNATURES = ("__future__", "typing", "collections.abc", "dataclasses")
"""Modules that signatures import from: there are no tools for a solution in them."""


@dataclass(frozen=True, order=True)
class Piece:
    """A public function or class of the library: where it lives and what it is called."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Piece:
        """Read `module:name`.

        Raises:
            ValueError: The text is not of that form.

        Example:
            >>> Piece.parse("llmcourse.tokenization.bpe:count_pairs").name
            'count_pairs'
        """
        module, colon, name = str(text).strip().partition(":")
        if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
            raise ValueError(
                f"{text!r} is not a piece: write module:name, as in llmcourse.tokenization.bpe:count_pairs"
            )
        return cls(module, name)


@lru_cache(maxsize=64)
def _parse(path: Path, mtime_ns: int) -> tuple[ast.Module, list[str]]:
    text = path.read_text(encoding="utf-8")
    return ast.parse(text), text.splitlines()


def _module(module: str, root: Path) -> tuple[ast.Module, list[str]]:
    stem = root.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.exists():
            return _parse(path, path.stat().st_mtime_ns)
    raise ValueError(f"unknown module {module!r}: there is no {stem.relative_to(root)}.py")


def _definition(piece: Piece, root: Path) -> Definition:
    tree, _ = _module(piece.module, root)
    public = {n.name: n for n in tree.body if isinstance(n, Definition) and not n.name.startswith("_")}
    if piece.name not in public:
        close = difflib.get_close_matches(piece.name, public, n=1)
        hint = (
            f"did you mean {close[0]!r}?" if close else f"{piece.module} has {', '.join(public) or 'no public names'}"
        )
        raise ValueError(f"unknown piece {str(piece)!r}: {hint}")
    return public[piece.name]


def is_in_library(piece: Piece, root: Path) -> bool:
    """Whether the package below `root` has a piece's module."""
    stem = root.joinpath(*piece.module.split("."))
    return stem.with_suffix(".py").exists() or (stem / "__init__.py").exists()


def docstring(piece: Piece, root: Path) -> str:
    """What a piece's docstring says, as the library has it.

    Args:
        piece: The piece.
        root: The folder that holds the package `llmcourse`.

    Raises:
        ValueError: There is no such module or piece.
    """
    return ast.get_docstring(_definition(piece, root)) or ""


def names_in_scope(piece: Piece, root: Path) -> list[str]:
    """Names that code inside the piece's module can use: its imports, its constants, what it defines before
    the piece."""
    tree, _ = _module(piece.module, root)
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, Definition) and node.name == piece.name:
            break
        if not (isinstance(node, ast.ImportFrom) and node.module in _FOR_SIGNATURES):
            names += names_defined(node, imports=True)
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


def import_time_uses(piece: Piece, root: Path) -> list[int]:
    """Lines on which the piece's own module uses it while it is being imported: as a base class, a default, in a table.

    A learner's version comes after that and would not reach them.
    """
    tree, _ = _module(piece.module, root)
    return sorted({line for name, line in names_read_at_import(tree) if name == piece.name})


def _has_docstring(node: ast.AST) -> bool:
    return bool(ast.get_docstring(node))  # type: ignore[arg-type]


def _bodies(node: Definition) -> list[Function]:
    """The functions whose bodies a learner writes: the piece itself, or every method of a class."""
    if isinstance(node, ast.ClassDef):
        return [child for child in node.body if isinstance(child, Function)]
    return [node]


def exercise_source(piece: Piece, root: Path) -> str:
    """The piece as an instructor's exercise: signature and docstring, and each body between solution markers.

    Args:
        piece: The piece.
        root: The folder that holds the package `llmcourse`.

    Raises:
        ValueError: There is no such module or piece, or the piece has no docstring to serve as its specification.
    """
    node = _definition(piece, root)
    if not _has_docstring(node):
        raise ValueError(f"piece {str(piece)!r} has no docstring: the docstring is the exercise's specification")
    _, lines = _module(piece.module, root)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    last = node.end_lineno or 0
    marked: dict[int, list[str]] = {}
    for body in solution_regions(piece, root):
        indent = " " * body.indent
        marked.setdefault(body.first, []).append(indent + BEGIN_SOLUTION)
        marked.setdefault(body.last + 1, []).append(indent + END_SOLUTION)
        last = max(last, body.last)
    source: list[str] = []
    for number in range(first, last + 2):
        source += marked.get(number, [])
        if number <= last:
            source.append(lines[number - 1])
    return "\n".join(source)


@dataclass(frozen=True)
class Region:
    """The lines of a module that hold one body of a piece: everything below its signature and docstring."""

    first: int
    last: int
    indent: int


def solution_regions(piece: Piece, root: Path) -> list[Region]:
    """Where the bodies of a piece lie in its module: of a function one, of a class one for every method that has code.

    A region begins below the docstring, or below the signature where there is none, and takes in the comments above
    the first statement and below the last one: all that a solution says.

    Args:
        piece: The piece.
        root: The folder that holds the package `llmcourse`.

    Raises:
        ValueError: There is no such module or piece, or a body begins on a line that holds something else.
    """
    _, lines = _module(piece.module, root)
    regions = []
    for function in _bodies(_definition(piece, root)):
        body = function.body[1:] if _has_docstring(function) else function.body
        if not body:
            continue
        if lines[body[0].lineno - 1].encode()[: body[0].col_offset].strip():
            raise ValueError(
                f"piece {str(piece)!r}, line {body[0].lineno}: put the body of {function.name} on its own line"
            )
        if _has_docstring(function):
            start = (function.body[0].end_lineno or 0) + 1
        else:
            start = _below_signature(body[0], lines)
        regions.append(Region(start, _with_comments_below(function, lines), function.col_offset + 4))
    return regions


def _below_signature(statement: ast.stmt, lines: list[str]) -> int:
    """The first line of a body without a docstring, comments above its first statement included."""
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
    while not lines[first - 2].strip() or lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return first


def _with_comments_below(function: Function, lines: list[str]) -> int:
    """The last line of a body, comments below its last statement included."""
    last = number = function.end_lineno or 0
    while number < len(lines):
        text = lines[number].strip()
        number += 1
        if text.startswith("#") and len(lines[number - 1]) - len(lines[number - 1].lstrip()) > function.col_offset:
            last = number
        elif text:
            break
    return last


def removed_pieces() -> dict[Piece, str]:
    """The pieces whose bodies this copy of the library comes without -> the exercise that asks for each.

    Empty in a full checkout. A student edition lists them beside this file, where they were taken out.

    Example:
        >>> all(isinstance(piece, Piece) for piece in removed_pieces())
        True
    """
    path = Path(__file__).with_name(REMOVED)
    return _read_removed(path, path.stat().st_mtime_ns) if path.exists() else {}


@lru_cache(maxsize=4)
def _read_removed(path: Path, mtime_ns: int) -> dict[Piece, str]:
    return {Piece.parse(name): where for name, where in json.loads(path.read_text(encoding="utf-8")).items()}


def _is_stub_body(function: Function) -> bool:
    body = function.body[1:] if _has_docstring(function) else function.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def is_stub(source: str, name: str) -> bool:
    """Whether a cell's source still holds the untouched exercise: every body is `raise NotImplementedError()`.

    Example:
        >>> is_stub("def f(x):\\n    # YOUR CODE HERE\\n    raise NotImplementedError()", "f")
        True
    """
    for node in parsed(source).body:
        if isinstance(node, Definition) and node.name == name:
            bodies = _bodies(node)
            return bool(bodies) and all(_is_stub_body(function) for function in bodies)
    return False
