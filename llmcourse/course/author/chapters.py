"""Read a chapter's source and hold it against the rules of authoring.

A chapter is a MyST text notebook, `book/chapters/NN_name.md`, or a folder of several, `book/chapters/NN_name/*.md`.
Every code cell says what it is with a `:kind:` option:

- `setup`: runs in every use of the notebook;
- `exercise`: names a `:piece:`; the cell is filled from the library's own source;
- `check`: names the piece it judges and its `:points:`; `:self_reported: true` where it rests on a number that the
  process with the student's code gives of itself (`count_steps`), which graders trust less; `:changes_arguments: true`
  where the piece is meant to change in place what it is given: graders let no other piece do so. Above its hidden tests
  it runs `battery` (see `llmcourse.course.battery`), and no message is asked for that the docstring does not promise;
- `experiment`: shown and run in the book and by learners, skipped by grading. A figure needs `:alt:`, `:caption:`,
  `:name:`.

A Markdown cell that starts with `+++ {"kind": "box"}` is the box of the exercise below it; one that starts with
`+++ {"kind": "written", "id": ..., "points": ...}` is a question graded by hand, its model answer and mark scheme in a
solution region. Prose cites and points to terms, figures and notebooks by roles: see `bibliography` and `references`
beside this module. Whatever is wrong with a chapter is reported at once, each fault with its file, line and piece.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupytext.myst import MystMetadataParsingError, myst_to_notebook

from llmcourse.course.check_source import BEGIN_HIDDEN
from llmcourse.course.pieces import Piece, exercise_source, import_time_uses
from llmcourse.course.source import names_reached

CODE_KINDS = ("setup", "exercise", "check", "experiment")
MARKDOWN_KINDS = ("box", "written")
FIELDS = {
    "setup": {"id"},
    "exercise": {"id", "piece", "title", "difficulty", "minutes"},
    "check": {"id", "piece", "points", "self_reported", "changes_arguments"},
    "experiment": {"id", "alt", "caption", "name", "tags"},
    "box": set(),
    "written": {"id", "points", "title", "minutes"},
}
REGIONS = ("SOLUTION", "HIDDEN TESTS")


class AuthoringError(ValueError):
    """A chapter's source is wrong; the message has one line a fault."""


@dataclass(frozen=True)
class Source:
    """One notebook's source: the file, and the assignment it belongs to."""

    path: Path
    assignment: str

    @property
    def notebook(self) -> str:
        """The notebook's name, without ending."""
        return self.path.stem


@dataclass
class Cell:
    """A cell as its author wrote it, with the line it starts on."""

    kind: str
    source: str
    options: dict[str, Any]
    line: int
    is_code: bool
    piece: Piece | None = None

    @property
    def id(self) -> str | None:
        """The cell's own id, or the one that follows from its piece."""
        if self.options.get("id"):
            return str(self.options["id"])
        if self.piece and self.kind in ("exercise", "check"):
            return self.piece.name if self.kind == "exercise" else f"check_{self.piece.name}"
        return None


@dataclass
class Faults:
    """Collects what is wrong with a chapter, so that an author sees everything at once."""

    file: str
    lines: list[str] = field(default_factory=list)

    def add(self, cell: Cell, message: str) -> None:
        """Record one fault of one cell."""
        name = f" `{cell.piece or cell.id}`" if cell.piece or cell.id else ""
        self.lines.append(f"{self.file}:{cell.line}: {cell.kind or 'cell'}{name}: {message}")

    def raise_if_any(self) -> None:
        """Raise an AuthoringError when something was recorded."""
        if self.lines:
            raise AuthoringError("\n".join(self.lines))


def chapter_sources(root: Path) -> list[Source]:
    """Every notebook source of the course, in chapter order."""
    chapters = root / "book" / "chapters"
    singles = [Source(path, path.stem) for path in chapters.glob("[0-9][0-9]_*.md")]
    folders = [Source(path, path.parent.name) for path in chapters.glob("[0-9][0-9]_*/*.md")]
    return sorted(singles + folders, key=lambda source: (source.assignment, source.notebook))


def read_cells(source: Source, root: Path) -> tuple[dict[str, Any], list[Cell]]:
    """Parse a chapter: its front matter and its cells with their lines.

    Raises:
        AuthoringError: The text is not UTF-8 or not a MyST notebook, or part of it would be lost in silence.
    """
    shown = source.path.relative_to(root).as_posix()
    try:
        text = source.path.read_text(encoding="utf-8-sig")
        notebook = myst_to_notebook(text, add_source_map=True)
    except (UnicodeDecodeError, MystMetadataParsingError) as error:
        raise AuthoringError(f"{shown}: {error}") from error
    lines = notebook.metadata.pop("source_map")
    code_cells = {line for cell, line in zip(notebook.cells, lines) if cell.cell_type == "code"}
    if lost := sorted(_lost_in_silence(text, code_cells)):
        raise AuthoringError("\n".join(f"{shown}:{line}: {message}" for line, message in lost))
    cells = []
    for cell, line in zip(notebook.cells, lines):
        options = dict(cell.metadata)
        is_code = cell.cell_type == "code"
        kind = str(options.pop("kind", "" if is_code else "prose"))
        cells.append(Cell(kind, cell.source, options, line, is_code))
    return dict(notebook.metadata), cells


_OTHER_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_CELL = re.compile(r".*?(`{3,}|~{3,}|:{3,})[ \t]*\{[ \t]*code-cell\b")
_OPTION = re.compile(r":[\w-]+:[ \t]+[^\s\"'].*[ \t]#")
_FENCE = re.compile(r"(?P<before> {0,3}|[ \t]*(?:[>*+-]|\d+[.)])[ \t>]+)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")


def _lost_in_silence(text: str, cells: Collection[int]) -> Iterator[tuple[int, str]]:
    """What the reader took for something else than its author meant: the line, and what is wrong with it.

    Args:
        text: A chapter's source.
        cells: The lines on which the reader found code cells.
    """
    fence, began, is_options = re.compile(""), 0, False
    blocks: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        for match in _OTHER_LINE_ENDS.finditer(line):
            code = f"U+{ord(match[0]):04X}"
            yield number, f"the character {code} ends a line for some readers: take a space, or write it as an escape"
        is_options = is_options and line.startswith(":")
        if is_options and _OPTION.match(line):
            yield number, "` #` begins a comment in an option's value: put the value into quotes"
        if _CELL.match(line) and number not in cells and began:
            yield (
                number,
                f"a code cell inside what begins on line {began} is read as its text: is the fence there closed?",
            )
        elif _CELL.match(line) and number not in cells:
            yield number, "this is read as prose: a line with ```{code-cell} must begin with it, outside all else"
        elif number in cells and blocks:
            yield number, f"a code cell cuts the block that begins on line {blocks[-1]} in two: end that above it"
        if not began and re.match(r":{3,}[ \t]*\S", line):
            blocks.append(number)
        elif not began and re.match(r":{3,}[ \t]*$", line):
            del blocks[-1:]
        bars = _FENCE.match(line)
        if bars and not began:
            indent = r"[ \t>]*" if bars["before"].strip() else " {0,3}"
            fence, began = re.compile(rf"{indent}{bars['fence']}{bars['fence'][0]}*[ \t]*$"), number
            is_options = number in cells
        elif began and fence.match(line):
            began = 0
    if began:
        yield began, "the fence that begins here is never closed: all below it is taken into it"


def validate(cells: list[Cell], file: str, root: Path) -> None:
    """Check a chapter's cells against the rules of this module and resolve their pieces.

    Raises:
        AuthoringError: With one line for every fault, naming file, line and piece.
    """
    faults = Faults(file)
    for cell in cells:
        _validate_kind(cell, faults)
        _validate_piece(cell, faults, root)
        _validate_points(cell, faults)
        _validate_regions(cell, faults)
        if cell.kind == "check":
            _validate_check(cell, faults)
        if cell.kind == "experiment" and {"alt", "caption", "name"} & set(cell.options):
            for option in {"alt", "caption", "name"} - set(cell.options):
                faults.add(cell, f"a figure needs :{option}: too")
            if re.search(r"^\s*table\(", cell.source, re.MULTILINE):
                faults.add(cell, "a figure is one picture: a table in its cell would bear its caption too")
    _validate_order(cells, faults)
    faults.raise_if_any()


def _validate_kind(cell: Cell, faults: Faults) -> None:
    allowed = CODE_KINDS if cell.is_code else (*MARKDOWN_KINDS, "prose")
    if cell.kind not in allowed:
        faults.add(cell, f"kind must be one of {', '.join(allowed)}, got {cell.kind!r}")
        return
    unknown = set(cell.options) - FIELDS.get(cell.kind, set())
    if unknown:
        known = ", ".join(sorted(FIELDS.get(cell.kind, set()))) or "none"
        faults.add(cell, f"unknown option {', '.join(sorted(unknown))}; allowed: {known}")


def _validate_piece(cell: Cell, faults: Faults, root: Path) -> None:
    if cell.kind not in ("exercise", "check"):
        return
    if "piece" not in cell.options:
        faults.add(cell, "has no :piece:")
        return
    try:
        cell.piece = Piece.parse(cell.options["piece"])
        exercise_source(cell.piece, root)
        if lines := import_time_uses(cell.piece, root):
            where = ", ".join(map(str, lines))
            faults.add(
                cell, f"its module uses the piece while it is imported (line {where}): a learner's would not reach that"
            )
    except ValueError as error:
        faults.add(cell, str(error))
    if cell.kind == "exercise":
        if cell.source.strip():
            faults.add(cell, "the cell must be empty: it is filled from the library")
        if cell.options.get("difficulty") not in (1, 2, 3, 4, 5):
            faults.add(cell, f":difficulty: must be 1 to 5, got {cell.options.get('difficulty')!r}")
        for option in ("title", "minutes"):
            if option not in cell.options:
                faults.add(cell, f"has no :{option}:")


def _validate_points(cell: Cell, faults: Faults) -> None:
    if cell.kind not in ("check", "written"):
        return
    points = cell.options.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < float("inf"):
        faults.add(cell, f"points must be a positive number, got {points!r}")


def _validate_regions(cell: Cell, faults: Faults) -> None:
    for region in REGIONS:
        begins, ends = (cell.source.count(f"### {word} {region}") for word in ("BEGIN", "END"))
        if begins != ends:
            faults.add(cell, f"{begins} x '### BEGIN {region}' but {ends} x '### END {region}'")
    if cell.kind == "written":
        for part in ("### BEGIN SOLUTION", "Mark scheme"):
            if part not in cell.source:
                faults.add(cell, f"a written question needs a model answer and its marks: {part!r} is missing")
        if not cell.source.rstrip().endswith("### END SOLUTION"):
            faults.add(
                cell, "text stands below '### END SOLUTION', inside the student's answer: put a line `+++` above it"
            )


def _validate_check(cell: Cell, faults: Faults) -> None:
    if BEGIN_HIDDEN not in cell.source:
        faults.add(cell, f"has no {BEGIN_HIDDEN!r} region")
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        faults.add(cell, f"line {error.lineno} of the cell: {error.msg}")
        return
    if ("count_steps" in names_reached(tree)) != (cell.options.get("self_reported") is True):
        faults.add(cell, "`:self_reported: true` belongs to the checks that use count_steps, and to no others")
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.msg is None:
            faults.add(cell, f"line {node.lineno} of the cell: the assert has no message that names the likely mistake")


def _validate_order(cells: list[Cell], faults: Faults) -> None:
    seen: dict[str, Cell] = {}
    exercises: dict[Piece, Cell] = {}
    checked: set[Piece] = set()
    for position, cell in enumerate(cells):
        if cell.id in seen:
            faults.add(cell, f"duplicate id {cell.id!r}, first used on line {seen[cell.id].line}")
        elif cell.id:
            seen[cell.id] = cell
        if cell.kind == "exercise" and cell.piece:
            exercises[cell.piece] = cell
            if position == 0 or cells[position - 1].kind != "box":
                faults.add(cell, 'has no `+++ {"kind": "box"}` cell right above it')
        elif cell.kind == "check" and cell.piece:
            checked.add(cell.piece)
            if cell.piece not in exercises:
                faults.add(cell, "no exercise for this piece stands above the check")
        elif cell.kind == "written" and not cell.id:
            faults.add(cell, "has no id")
    for piece, cell in exercises.items():
        if piece not in checked:
            faults.add(cell, "no check for this piece: its work would earn nothing")
