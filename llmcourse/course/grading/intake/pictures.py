"""The pictures that a student's notebook may bring along: what they are is read from their bytes, not their names."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from llmcourse.course.notebooks import kind_of, marks_of

PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""The pictures that are kept, with the bytes that they begin with."""
MAX_PICTURES = 20
MAX_PICTURE_CHARACTERS = 8 * 2**20
"""How long the base64 text of all the pictures of one cell may be."""
KEPT = f"PNG and JPEG are kept, up to {MAX_PICTURES} and {MAX_PICTURE_CHARACTERS * 3 // 4 // 2**20} MB in a cell"


def is_picture(data: Any, start: bytes) -> bool:
    """Whether something is the base64 text of bytes that begin so."""
    if not isinstance(data, str):
        return False
    try:
        return base64.b64decode("".join(data.split()), validate=True).startswith(start)
    except (binascii.Error, ValueError):
        return False


def pasted_pictures(attachments: Any) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The pictures pasted into a Markdown cell.

    Args:
        attachments: A cell's `attachments`, as its student's notebook has them: name -> type -> base64 text.

    Returns:
        Those that are kept, each with its one type, and the names of those that are not.
    """
    kept: dict[str, dict[str, str]] = {}
    dropped = []
    left = MAX_PICTURE_CHARACTERS
    for name, data in attachments.items() if isinstance(attachments, Mapping) else ():
        kind = _kind(data, left) if isinstance(name, str) and len(kept) < MAX_PICTURES else ""
        if kind:
            kept[name] = {kind: "".join(data[kind].split())}
            left -= len(data[kind])
        else:
            dropped.append(str(name)[:100])
    return kept, dropped


def _kind(data: Any, limit: int) -> str:
    """The type under which an attachment is a picture; empty where it is none, or too large."""
    for kind, start in PICTURES.items() if isinstance(data, Mapping) else ():
        text = data.get(kind)
        if isinstance(text, str) and len(text) <= limit and is_picture(text, start):
            return kind
    return ""


def take_pictures(notebook: NotebookNode, data: bytes) -> list[str]:
    """Let the pictures that were pasted into texts of a student's notebook go with them into the repaired one.

    Args:
        notebook: The repaired notebook, which gets the pictures.
        data: The student's, as it was read. A text is known by what it says: where it stood is the repair's affair.

    Returns:
        What was left out, a line each.
    """
    if b'"attachments"' not in data:
        return []
    try:
        cells = json.loads(data)["cells"]
    except (ValueError, RecursionError, LookupError, TypeError):  # no notebook: there is nothing in it to take
        return []
    pasted: dict[str, list[Any]] = {}
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict) and cell.get("attachments"):
            pasted.setdefault(_words(cell.get("source")), []).append(cell["attachments"])
    problems = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or kind_of(cell) not in ("written", "student"):
            continue
        if not (found := pasted.get(_words(cell.source))):
            continue
        kept, dropped = pasted_pictures(found.pop(0))
        if kept:
            cell.attachments = nbformat.from_dict({_written(name): picture for name, picture in kept.items()})
        if dropped:
            where = f"'{marks_of(cell)['grade_id']}'" if marks_of(cell) else "a cell of the student's own"
            shown = ", ".join(map(_written, dropped[:3]))
            problems.append(f"{len(dropped)} pictures pasted into {where} were left out, {shown}: {KEPT}")
    return problems


def _words(source: Any) -> str:
    """What a text says, however its lines end."""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return " ".join(_written(source).split()) if isinstance(source, str) else ""


def _written(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
