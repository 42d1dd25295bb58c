"""A small assignment and a class that hands it in, broken in every way that grading has to bear."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from llmcourse.course.grading import run

ASSIGNMENT = "01_sums"
RIGHT = {"double": "def double(x):\n    return 2 * x", "square": "def square(x):\n    return x * x"}
HIDDEN = {"double": "assert double(21) == 42, 'how much?'", "square": "assert square(-4) == 16, 'the sign?'"}


def _nbgrader(
    grade_id: str, *, points: int | None = None, solution: bool = False, grade: bool = False
) -> dict[str, Any]:
    meta = {"grade": grade, "solution": solution, "task": False, "grade_id": grade_id, "schema_version": 3}
    return {**meta, "locked": grade and not solution, **({} if points is None else {"points": points})}


def _cell(kind: str, id_: str, source: str, **grader: Any) -> NotebookNode:
    make = new_markdown_cell if kind in ("written", "prose") else new_code_cell
    course = {"kind": kind, "id": id_}
    if kind in ("exercise", "check"):
        course["piece"] = f"sums:{id_.removeprefix('check_')}"
    metadata: dict[str, Any] = {"llmcourse": course}
    if grader:
        metadata["nbgrader"] = _nbgrader(id_, **grader)
    return make(source, id=id_.replace("_", "-"), metadata=metadata)


def instructor_notebook() -> NotebookNode:
    """double (3 points), square (2 points), a written question (5 points), and an experiment that must never run."""
    cells = [_cell("prose", "intro", "# Sums"), _cell("setup", "imports", "import math, os, time, warnings")]
    for name, points in (("double", 3), ("square", 2)):
        head, body = RIGHT[name].split("\n")
        solution = f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
        cells.append(_cell("exercise", name, solution, solution=True))
        visible = f"assert {name}(3) in (6, 9), f'{name}(3) is {{{name}(3)}}'"
        hidden = f"### BEGIN HIDDEN TESTS\n{HIDDEN[name]}\n### END HIDDEN TESTS"
        cells.append(_cell("check", f"check_{name}", f"{visible}\n{hidden}", grade=True, points=points))
        cells.append(_cell("experiment", f"plot_{name}", "double = square = None\ntime.sleep(1000)"))
    answer = "### BEGIN SOLUTION\nThe mark scheme.\n### END SOLUTION"
    cells.append(_cell("written", "why", answer, grade=True, solution=True, points=5))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    course = {"assignment": ASSIGNMENT, "notebook": ASSIGNMENT}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "llmcourse": course})


def released_notebook() -> NotebookNode:
    """What a student starts from."""
    notebook = instructor_notebook()
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if grade_id in RIGHT:
            cell.source = RIGHT[grade_id].split("\n")[0] + "\n    # YOUR CODE HERE\n    raise NotImplementedError()"
        elif grade_id == "why":
            cell.source = "YOUR ANSWER HERE"
        else:
            cell.source = cell.source.split("\n### BEGIN HIDDEN TESTS")[0]
    return notebook


def index(notebook: NotebookNode, id_: str) -> int:
    """Where a cell stands, by its course id."""
    return next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("llmcourse", {}).get("id") == id_)


def solved(**sources: str) -> NotebookNode:
    """A student's notebook: right answers, except where another source is given for a cell."""
    notebook = released_notebook()
    for id_, source in {**RIGHT, **sources}.items():
        notebook.cells[index(notebook, id_)].source = source
    return notebook


def hand_in(folder: Path, student: str, notebook: NotebookNode | bytes, inside: str = "") -> Path:
    """Put a notebook, or whatever bytes stand in for one, into a student's folder."""
    path = folder / student / inside / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
    return path


@pytest.fixture(scope="session", autouse=True)
def _open_where_needed(open_where_needed: None) -> None:
    """Nothing here is about walls, but for the tests that are marked so."""


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instructor's folder."""
    folder = tmp_path_factory.mktemp("course") / "solutions"
    path = folder / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(instructor_notebook(), path)
    return folder


@pytest.fixture(scope="session")
def make() -> Callable[..., NotebookNode]:
    """`solved`, for test modules."""
    return solved


@pytest.fixture(scope="session")
def put() -> Callable[..., Path]:
    """`hand_in`, for test modules."""
    return hand_in


@pytest.fixture(scope="session")
def at() -> Callable[..., int]:
    """`index`, for test modules."""
    return index


@pytest.fixture(scope="session")
def released() -> Callable[[], NotebookNode]:
    """`released_notebook`, for test modules."""
    return released_notebook


@pytest.fixture(scope="module")
def pinned() -> Iterator[None]:
    """The library does not change, whatever else is done to it meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "library_digest", lambda: "pinned")
        yield
