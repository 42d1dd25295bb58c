"""Read a chapter's source and turn it into the instructor's notebook.

A chapter is a MyST text notebook, `book/chapters/NN_name.md`, or a folder of several, `book/chapters/NN_name/*.md`. Every
code cell says what it is with a `:kind:` option:

- `setup`: runs in every use of the notebook;
- `exercise`: names a `:piece:`; the cell is filled from the library's own source;
- `check`: names the piece it judges and its `:points:`;
- `experiment`: shown and run in the book and by learners, skipped by grading. A figure needs `:alt:`, `:caption:`, `:name:`.

A Markdown cell that starts with `+++ {"kind": "box"}` is the box of the exercise below it; one that starts with
`+++ {"kind": "written", "id": ..., "points": ...}` is a question graded by hand, its model answer and mark scheme in a
solution region. Whatever is wrong with a chapter is reported at once, each fault with its file, line and piece.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupytext.myst import MystMetadataParsingError, myst_to_notebook
from nbformat.notebooknode import NotebookNode

from llmcourse.course.pieces import Piece, exercise_source, names_in_scope

CODE_KINDS = ("setup", "exercise", "check", "experiment")
MARKDOWN_KINDS = ("box", "written")
FIELDS = {
    "setup": {"id"},
    "exercise": {"id", "piece", "title", "difficulty", "minutes"},
    "check": {"id", "piece", "points"},
    "experiment": {"id", "alt", "caption", "name", "tags"},
    "box": set(),
    "written": {"id", "points", "title", "minutes"},
}
REGIONS = ("SOLUTION", "HIDDEN TESTS")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


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
        AuthoringError: The text is not UTF-8 or not a MyST notebook.
    """
    shown = source.path.relative_to(root).as_posix()
    try:
        notebook = myst_to_notebook(source.path.read_text(encoding="utf-8"), add_source_map=True)
    except (UnicodeDecodeError, MystMetadataParsingError) as error:
        raise AuthoringError(f"{shown}: {error}") from error
    lines = notebook.metadata.pop("source_map")
    cells = []
    for cell, line in zip(notebook.cells, lines):
        options = dict(cell.metadata)
        is_code = cell.cell_type == "code"
        kind = str(options.pop("kind", "" if is_code else "prose"))
        cells.append(Cell(kind, cell.source, options, line, is_code))
    return dict(notebook.metadata), cells


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


def _validate_check(cell: Cell, faults: Faults) -> None:
    if "### BEGIN HIDDEN TESTS" not in cell.source:
        faults.add(cell, "has no '### BEGIN HIDDEN TESTS' region")
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        faults.add(cell, f"line {error.lineno} of the cell: {error.msg}")
        return
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


def instructor_notebook(source: Source, root: Path, cite: Callable[[str, str], str] | None = None) -> NotebookNode:
    """The instructor's notebook of one source: exercises filled, hidden tests and mark schemes in place.

    Args:
        source: The chapter's file.
        root: The course's checkout.
        cite: Makes the link for a citation from its role ("t" or "p") and its key; None leaves citations as they are.

    Returns:
        A notebook without outputs whose bytes depend on the sources alone.

    Raises:
        AuthoringError: The chapter breaks a rule.
    """
    file = source.path.relative_to(root).as_posix()
    front, cells = read_cells(source, root)
    validate(cells, file, root)
    title = front.get("title") or next((c.source.splitlines()[0].lstrip("# ") for c in cells if not c.is_code), "")
    points: dict[Piece, float] = {}
    for cell in cells:
        if cell.kind == "check" and cell.piece:
            points[cell.piece] = points.get(cell.piece, 0) + cell.options["points"]
    built = list(_build_cells(cells, points, int(source.assignment[:2]), root))
    for node in built:
        if cite and node.cell_type == "markdown":
            node.source = _resolve_citations(node.source, cite, file)
    _give_ids(built)
    course = {"assignment": source.assignment, "notebook": source.notebook, "title": title}
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "llmcourse": course}
    notebook = nbformat.v4.new_notebook(cells=built, metadata=metadata)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def _build_cells(cells: list[Cell], points: dict[Piece, float], chapter: int, root: Path) -> Iterator[NotebookNode]:
    number = 0
    for position, cell in enumerate(cells):
        if cell.kind == "box":
            number += 1
            yield _box(cell, cells[position + 1], points, f"{chapter}.{number}", root)
        elif cell.is_code:
            yield _code_cell(cell, root)
        else:
            yield _markdown_cell(cell)


def _box(cell: Cell, exercise: Cell, points: dict[Piece, float], number: str, root: Path) -> NotebookNode:
    assert exercise.piece is not None  # `validate` has seen to it
    options, worth = exercise.options, points[exercise.piece]
    facts = {
        "kind": "box",
        "piece": str(exercise.piece),
        "number": number,
        "title": options["title"],
        "points": worth,
        "difficulty": options["difficulty"],
        "minutes": options["minutes"],
    }
    dots = "●" * options["difficulty"] + "○" * (5 - options["difficulty"])
    head = f"### Exercise {number}: {options['title']}"
    line = f"**{worth:g} point{'s' * (worth != 1)}** · difficulty {dots} · about {options['minutes']} minutes"
    scope = ", ".join(f"`{name}`" for name in names_in_scope(exercise.piece, root))
    foot = f"Your code runs inside `{exercise.piece.module}`, where these names are ready: {scope}." if scope else ""
    text = "\n\n".join(part for part in (head, line, cell.source, foot) if part)
    return nbformat.v4.new_markdown_cell(text, metadata={"llmcourse": facts})


def _nbgrader(cell_id: str, *, grade: bool, solution: bool, points: float | None = None) -> dict[str, Any]:
    facts = {"grade": grade, "grade_id": cell_id, "locked": grade and not solution, "schema_version": 3}
    return {**facts, "solution": solution, "task": False} | ({"points": points} if points is not None else {})


def _code_cell(cell: Cell, root: Path) -> NotebookNode:
    facts: dict[str, Any] = {"kind": cell.kind} | ({"id": cell.id} if cell.id else {})
    metadata: dict[str, Any] = {"llmcourse": facts}
    text = cell.source
    if cell.piece:
        facts["piece"] = str(cell.piece)
        if cell.kind == "exercise":
            text = f"%%build {cell.piece}\n{exercise_source(cell.piece, root)}"
            metadata["nbgrader"] = _nbgrader(str(cell.id), grade=False, solution=True)
        else:
            which = f" {cell.id}" if cell.options.get("id") else ""
            text = f"%%check {cell.piece}{which}\n{cell.source}"
            metadata["nbgrader"] = _nbgrader(str(cell.id), grade=True, solution=False, points=cell.options["points"])
    if "alt" in cell.options:
        figure = {"caption": cell.options["caption"], "name": cell.options["name"]}
        metadata["mystnb"] = {"image": {"alt": cell.options["alt"]}, "figure": figure}
    if "tags" in cell.options:
        metadata["tags"] = list(cell.options["tags"])
    return nbformat.v4.new_code_cell(text, metadata=metadata)


def _markdown_cell(cell: Cell) -> NotebookNode:
    metadata: dict[str, Any] = {}
    if cell.kind == "written":
        facts = {key: cell.options[key] for key in ("id", "points", "title", "minutes") if key in cell.options}
        metadata["llmcourse"] = {"kind": "written", **facts}
        metadata["nbgrader"] = _nbgrader(str(cell.id), grade=True, solution=True, points=cell.options["points"])
    return nbformat.v4.new_markdown_cell(cell.source, metadata=metadata)


def _resolve_citations(text: str, cite: Callable[[str, str], str], file: str) -> str:
    def link(match: re.Match[str]) -> str:
        try:
            return ", ".join(cite(match["role"], key.strip()) for key in match["keys"].split(","))
        except ValueError as error:
            raise AuthoringError(f"{file}: {error}") from error

    return re.sub(r"\{cite:(?P<role>[tp])\}`(?P<keys>[^`]+)`", link, text)


def _give_ids(cells: list[NotebookNode]) -> None:
    used: set[str] = set()
    for cell in cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.metadata.get("llmcourse", {}).get("id")
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        wanted = re.sub(r"[^A-Za-z0-9-]", "-", name)[:60] if name else f"{cell.cell_type[:4]}-{digest}"
        unique, count = wanted, 1
        while unique in used:
            count += 1
            unique = f"{wanted}-{count}"
        used.add(unique)
        cell.id = unique
