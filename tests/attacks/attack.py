"""What an attack is: data. How submissions are made of it is here too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from llmcourse.course.author.build import notebook_text
from tests import classroom

TOKENIZATION, POSITIONS, RECIPES = "01_tokenization", "02_positional_encoding", "03_recipes"
HONEST = {TOKENIZATION: ("count_pairs", "merge_pair"), POSITIONS: ("alibi_bias",), RECIPES: ("kv_cache_bytes",)}
"""What every attacker has right besides: cheap checks, whose points show that an attack costs its own exercise only."""

Notebooks = dict[str, NotebookNode]


@dataclass(frozen=True)
class Place:
    """Where a class is graded: what an attacker could have guessed or been told."""

    submissions: Path
    output: Path
    source: Path
    marker: str

    def fill(self, text: str) -> str:
        """Put paths and marker in the place of their names in a cell."""
        for name, value in vars(self).items():
            text = text.replace(f"@{name.upper()}@", str(value))
        return text


@dataclass(frozen=True)
class Attack:
    """One submission of somebody who wants more than it deserves, or somebody else's harm.

    Attributes:
        name: Also the student's id.
        family: verdict, reading, writing, neighbours, resources, archive, notebook, names or leftovers.
        about: What is tried.
        answers: Piece -> what stands below the `%%build` line of its exercise.
        points: Piece -> what it deserves. What is not named deserves what it is: `HONEST` full marks, the rest nothing.
        edit: Changes the notebooks, which hold the answers.
        write: Writes the submission itself: called with the class's folder and the notebooks' bytes by path in it.
        student: The id that grading should find, where it is not `name`.
        hangs: It does not end by itself: graded with a short time for each cell.
        says: Piece -> what the reason must hold.
        written: The answer to every written question.
    """

    name: str
    family: str
    about: str
    answers: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=dict)
    assignment: str = TOKENIZATION
    edit: Callable[[Notebooks], None] | None = None
    write: Callable[[Path, dict[str, bytes]], None] | None = None
    student: str = ""
    hangs: bool = False
    says: Mapping[str, str] = field(default_factory=dict)
    written: str = ""

    @property
    def graded_as(self) -> str:
        """The student's id."""
        return self.student or self.name

    def deserved(self) -> dict[str, float]:
        """Piece -> points, of every piece of the assignment."""
        honest = {piece: full_points(self.assignment)[piece] for piece in HONEST[self.assignment]}
        return dict.fromkeys(full_points(self.assignment), 0.0) | honest | dict(self.points)

    def hand_in(self, place: Place) -> None:
        """Write the submission."""
        notebooks = deepcopy(_honest(self.assignment))
        for piece, source in self.answers.items():
            cell = cell_of(notebooks, "exercise", piece)
            cell.source = f"{cell.source.partition(chr(10))[0]}\n{place.fill(dedent(source).strip(chr(10)))}"
        for notebook in notebooks.values():
            for cell in classroom.cells(notebook, "written").values():
                cell.source = self.written or cell.source
        if self.edit:
            self.edit(notebooks)
            for notebook in notebooks.values():
                for cell in notebook.cells:
                    cell.source = place.fill(cell.source)
        if self.write:
            self.write(
                place.submissions,
                {f"{n}.ipynb": notebook_text(nb).encode("utf-8", "surrogatepass") for n, nb in notebooks.items()},
            )
        else:
            classroom.hand_in(place.submissions, self.name, notebooks)


@cache
def full_points(assignment: str) -> dict[str, float]:
    """Piece -> the points of its checks."""
    found: dict[str, float] = {}
    for notebook in classroom.notebooks(assignment).values():
        for piece, cell in classroom.cells(notebook, "check").items():
            found[piece] = found.get(piece, 0.0) + cell.metadata.nbgrader.points
    return found


@cache
def _reference(assignment: str) -> dict[str, str]:
    return classroom.reference(assignment)


@cache
def _honest(assignment: str) -> Notebooks:
    """What an attacker has right besides, and nothing else."""
    answers = {piece: right(piece, assignment) for piece in HONEST[assignment]}
    return dict(classroom.keep_graded(classroom.submission(assignment, answers)))


def right(piece: str, assignment: str = TOKENIZATION) -> str:
    """The right answer to an exercise, as a cell."""
    return _reference(assignment)[piece]


def full(*pieces: str, assignment: str = TOKENIZATION) -> dict[str, float]:
    """Full marks for some pieces."""
    return {piece: full_points(assignment)[piece] for piece in pieces}


def cell_of(notebooks: Notebooks, kind: str, piece: str) -> NotebookNode:
    """The cell of a piece, in whichever notebook it is."""
    return next(cells[piece] for nb in notebooks.values() if piece in (cells := classroom.cells(nb, kind)))


def own_cell(source: str, *, first: bool = True, markdown: bool = False) -> Callable[[Notebooks], None]:
    """An edit that adds a cell of the student's own: after the setup, or at the end."""

    def edit(notebooks: Notebooks) -> None:
        for notebook in notebooks.values():
            kinds = [cell.metadata.get("llmcourse", {}).get("kind") for cell in notebook.cells]
            position = kinds.index("setup") + 1 if first else len(kinds)
            make = new_markdown_cell if markdown else new_code_cell
            notebook.cells.insert(position, make(dedent(source).strip("\n")))

    return edit
