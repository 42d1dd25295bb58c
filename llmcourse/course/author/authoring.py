"""Turn a chapter's cells into the instructor's notebook.

Exercises are filled from the library's own source, checks and written questions get nbgrader's metadata, citations
become links, links within the book words, and every cell gets an id that depends on its own content alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from llmcourse.course.author.chapters import AuthoringError, Cell, Source, read_cells, validate
from llmcourse.course.author.references import as_words
from llmcourse.course.notebooks import facts_of, marks_of
from llmcourse.course.pieces import Piece, exercise_source, names_in_scope

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def instructor_notebook(
    source: Source, root: Path, cite: Callable[[str, str], str] | None = None, n_before: int = 0
) -> NotebookNode:
    """The instructor's notebook of one source: exercises filled, hidden tests and mark schemes in place.

    Args:
        source: The chapter's file.
        root: The course's checkout.
        cite: Makes the link for a citation from its role ("t" or "p") and its key; None leaves citations as they are.
        n_before: How many exercises the chapter's earlier notebooks hold; numbers run through a chapter.

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
    built = list(_build_cells(cells, points, int(source.assignment[:2]), n_before, root))
    _announce_work(built, cells, points)
    for node in built:
        if node.cell_type == "markdown":
            node.source = _resolve_references(node.source, cite, file)
    _give_ids(built)
    course = {"assignment": source.assignment, "notebook": source.notebook, "title": title}
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "llmcourse": course}
    notebook = nbformat.v4.new_notebook(cells=built, metadata=metadata)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def _build_cells(
    cells: list[Cell], points: dict[Piece, float], chapter: int, number: int, root: Path
) -> Iterator[NotebookNode]:
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
    module = exercise.piece.module
    foot = f"Your code runs inside `{module}`, where these names are ready: {scope}." if scope else ""
    text = "\n\n".join(part for part in (head, line, cell.source, foot) if part)
    return nbformat.v4.new_markdown_cell(text, metadata={"llmcourse": facts})


def _announce_work(built: list[NotebookNode], cells: list[Cell], points: dict[Piece, float]) -> None:
    """Say below the notebook's title how much work it holds: exercises, points, minutes."""
    graded = [cell for cell in cells if cell.kind in ("exercise", "written")]
    title, newline, rest = built[0].source.partition("\n") if built else ("", "", "")
    if not graded or not title.startswith("# "):
        return
    hours = sum(float(cell.options.get("minutes", 0)) for cell in graded) / 60
    written = sum(cell.kind == "written" for cell in graded)
    worth = sum(points.values()) + sum(cell.options["points"] for cell in graded if cell.kind == "written")
    by_hand = f" and {written} written question{'s' * (written != 1)}" if written else ""
    exercises = len(graded) - written
    counted = f"{exercises} exercise{'s' * (exercises != 1)}{by_hand}"
    work = f"*{counted}, {worth:g} points, about {hours:.1f} hours besides reading.*"
    built[0].source = f"{title}\n\n{work}\n{rest}" if newline else f"{title}\n\n{work}"


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
            facts |= {flag: True for flag in ("self_reported", "changes_arguments") if cell.options.get(flag) is True}
    if "alt" in cell.options:
        figure = {"caption": cell.options["caption"], "name": cell.options["name"]}
        metadata["mystnb"] = {"image": {"alt": cell.options["alt"]}, "figure": figure}
    if "tags" in cell.options:
        metadata["tags"] = list(cell.options["tags"])
    return nbformat.v4.new_code_cell(text, metadata=metadata)


def _markdown_cell(cell: Cell) -> NotebookNode:
    if cell.kind != "written":
        return nbformat.v4.new_markdown_cell(cell.source)
    facts = {key: cell.options[key] for key in ("id", "points", "title", "minutes") if key in cell.options}
    metadata = {
        "llmcourse": {"kind": "written", **facts},
        "nbgrader": _nbgrader(str(cell.id), grade=True, solution=True, points=cell.options["points"]),
    }
    return nbformat.v4.new_markdown_cell(f"{_written_line(facts)}\n\n{cell.source}", metadata=metadata)


def _written_line(facts: dict[str, Any]) -> str:
    """What stands above a written answer: the question's title and what it is worth, as above an exercise."""
    points, minutes = facts["points"], facts.get("minutes")
    worth = f"{points:g} point{'s' * (points != 1)}, graded by hand"
    return f"**{facts.get('title', 'Written question')}** · {worth}" + (
        f" · about {minutes} minutes" if minutes else ""
    )


def _resolve_references(text: str, cite: Callable[[str, str], str] | None, file: str) -> str:
    """Citations become links, links within the book words."""

    def link(match: re.Match[str]) -> str:
        return ", ".join(cite(match["role"], key.strip()) for key in match["keys"].split(",")) if cite else match[0]

    try:
        return as_words(re.sub(r"\{cite:(?P<role>[tp])\}`(?P<keys>[^`]+)`", link, text))
    except ValueError as error:
        raise AuthoringError(f"{file}: {error}") from error


def _give_ids(cells: list[NotebookNode]) -> None:
    used: set[str] = set()
    for cell in cells:
        name = marks_of(cell).get("grade_id") or facts_of(cell).get("id")
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        wanted = re.sub(r"[^A-Za-z0-9-]", "-", name)[:60] if name else f"{cell.cell_type[:4]}-{digest}"
        unique, count = wanted, 1
        while unique in used:
            count += 1
            unique = f"{wanted}-{count}"
        used.add(unique)
        cell.id = unique
