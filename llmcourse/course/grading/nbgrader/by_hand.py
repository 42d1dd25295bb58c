"""Marks given by hand that outlive a new grading.

nbgrader keeps such a mark when a submission is graded again, and asks for another look at each, whatever has changed.
Here a look is asked for again only where what was marked is no longer what it was.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader.api import MissingEntry

from llmcourse.course.grading.nbgrader.gradebooks import open_gradebook
from llmcourse.course.grading.nbgrader.stages import Course
from llmcourse.course.notebooks import marks_of, piece_of
from llmcourse.files import write_atomically


def remember(course: Course, assignment: str, student: str) -> None:
    """Before a submission is graded again: keep what was marked, for `settle`."""
    found = _marked(course, assignment, student)
    marked = {name: digest for name, (look_again, digest) in found.items() if not look_again}
    if marked:
        path = _file(course, assignment, student)
        write_atomically(path, json.dumps(_read(path) | marked, indent=1) + "\n")


def settle(course: Course, assignment: str, student: str) -> None:
    """After it was graded again: what has not changed since it was marked needs no second look."""
    known = _read(_file(course, assignment, student))
    if not known:
        return
    found = _marked(course, assignment, student)
    same = [name for name, (_, digest) in found.items() if known.get(name) == digest]
    with open_gradebook(course.db_url) as gradebook:
        for name in same:
            notebook, _, grade_id = name.partition("/")
            gradebook.find_grade(grade_id, notebook, assignment, student).needs_manual_grade = False
        gradebook.db.commit()


def _marked(course: Course, assignment: str, student: str) -> dict[str, tuple[bool, str]]:
    """The cells that were marked by hand: whether another look is asked for, and a digest of what there is to mark."""
    notebooks = course.graded_notebooks(assignment, student)
    if not notebooks or not course.database.exists():
        return {}
    with open_gradebook(course.db_url) as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return {}
        return {
            f"{nb.name}/{grade.name}": (grade.needs_manual_grade, _digest_of(notebooks[nb.name], grade))
            for nb in submission.notebooks
            for grade in nb.grades
            if grade.manual_score is not None and nb.name in notebooks
        }


def _digest_of(notebook: NotebookNode, grade: Any) -> str:
    """A digest of what somebody marks: the cell, the cells of its piece, and the points that grading gave."""
    marked = next((cell for cell in notebook.cells if marks_of(cell).get("grade_id") == grade.name), None)
    piece = piece_of(marked) if marked else ""
    seen = [cell.source for cell in notebook.cells if cell is marked or (piece and piece_of(cell) == piece)]
    return hashlib.sha256(json.dumps([seen, grade.auto_score]).encode()).hexdigest()


def _file(course: Course, assignment: str, student: str) -> Path:
    return course.root / "state" / assignment / "marked" / f"{student}.json"


def _read(path: Path) -> dict[str, str]:
    """What is kept; nothing where nothing is, or it cannot be read: another look is asked for then."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
