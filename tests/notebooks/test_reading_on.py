"""Whoever has written nothing yet can still run a whole release notebook: every experiment works on the reference."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode

from llmcourse.course.author.build import run_notebook
from llmcourse.course.notebooks import kind_of
from llmcourse.course.source import names_defined, names_read

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_experiment_runs_while_all_exercises_are_unwritten(release):
    notebook = nbformat.read(release, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("llmcourse", {}).get("kind") != "check"]
    run_notebook(notebook, ROOT)


def of_the_reader(notebook: NotebookNode) -> set[str]:
    """The names that only exercise cells define where they are read: nobody has them who skips those cells."""
    exercises: set[str] = set()
    others: set[str] = set()
    missing: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type != "code" or kind_of(cell) == "check":
            continue
        source = "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))
        if kind_of(cell) == "exercise":
            exercises.update(names_defined(source, imports=True))
        else:
            others.update(names_defined(source, imports=True))
            missing |= (names_read(source) & exercises) - others
    return missing


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_experiment_has_its_names_when_the_exercises_are_skipped(release):
    missing = of_the_reader(nbformat.read(release, as_version=4))
    assert not missing, f"only exercise cells define {', '.join(sorted(missing))}"


def test_a_name_that_only_an_exercise_defines_is_found():
    notebook = nbformat.read(RELEASES[0], as_version=4)
    exercise = next(cell for cell in notebook.cells if kind_of(cell) == "exercise")
    exercise.source += "\nMINE = 1\nours = 2"
    last = max(i for i, cell in enumerate(notebook.cells) if kind_of(cell) == "experiment")
    notebook.cells[last].source = "ours = 3\nprint(ours)\ndef f():\n    return MINE"
    assert of_the_reader(notebook) == {"MINE"}
