"""Whoever has written nothing yet can still run a whole release notebook: every experiment works on the reference.

`solutions/` runs every experiment after exercises that hold the library's own code. An unwritten one leaves its piece's
reference where the written one puts that code (`tests/course/test_workspace.py`), so an experiment can only come out
differently by another name that an exercise or a check defines. Here it is shown of each notebook, without running it
again, that no experiment reads one, and that the experiments are those of `solutions/`. Two notebooks are run for good
measure, one in a process and one on several ranks.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode

from llmcourse.course.author.build import run_notebook
from llmcourse.course.notebooks import kind_of, piece_of
from llmcourse.course.source import names_defined, names_read

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
RUN = [ROOT / "notebooks" / "06_moe" / f"{name}.ipynb" for name in ("1_gate", "4_expert_parallel")]
GRADED = ("exercise", "check")


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def solved(release: Path) -> NotebookNode:
    """The same notebook with its exercises written."""
    return read(ROOT / "solutions" / release.parent.name / release.name)


def code(notebook: NotebookNode, *, graded: bool) -> list[NotebookNode]:
    """The code cells that are graded, or those that are not."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and (kind_of(cell) in GRADED) == graded]


def python(cell: NotebookNode) -> str:
    return "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))


@pytest.mark.parametrize("release", RUN, ids=lambda path: path.stem)
def test_every_experiment_runs_while_all_exercises_are_unwritten(release):
    notebook = read(release)
    notebook.cells = [cell for cell in notebook.cells if kind_of(cell) != "check"]
    run_notebook(notebook, ROOT)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_what_is_not_graded_is_the_same_as_where_all_exercises_are_written(release):
    assert [cell.id for cell in read(release).cells] == [cell.id for cell in solved(release).cells]
    ours, theirs = (
        [(cell.id, kind_of(cell), cell.source) for cell in code(notebook, graded=False)]
        for notebook in (read(release), solved(release))
    )
    assert ours == theirs


def of_the_reader(notebook: NotebookNode) -> set[str]:
    """The names that other cells read and that only exercises and checks define there: nobody has them who skips those
    cells. Of what an exercise defines besides its piece, every name that a cell reads without defining it."""
    pieces: set[str] = set()
    helpers = {name for cell in code(notebook, graded=True) for name in _defined(cell)} - _pieces(notebook)
    others: set[str] = set()
    missing: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if kind_of(cell) in GRADED:
            pieces |= _defined(cell) - helpers
        else:
            here = _defined(cell)
            others |= here
            missing |= names_read(python(cell)) & ((helpers - here) | (pieces - others))
    return missing


def _pieces(notebook: NotebookNode) -> set[str]:
    return {piece_of(cell).rpartition(":")[2] for cell in code(notebook, graded=True)}


def _defined(cell: NotebookNode) -> set[str]:
    """What a cell defines in the notebook: a check that begins with its magic runs apart."""
    return set() if cell.source.startswith("%%check ") else set(names_defined(python(cell), imports=True))


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_experiment_has_its_names_when_the_exercises_are_skipped(release):
    missing = of_the_reader(solved(release))
    assert not missing, f"only graded cells define {', '.join(sorted(missing))}"


def with_code(notebook: NotebookNode, kind: str, source: str) -> NotebookNode:
    """The notebook with another source in the last experiment, or more of it in the first graded cell of a kind."""
    if kind == "experiment":
        last = max(i for i, cell in enumerate(notebook.cells) if kind_of(cell) == kind)
        notebook.cells[last].source = source
    else:
        next(cell for cell in notebook.cells if kind_of(cell) == kind).source += f"\n{source}"
    return notebook


def test_a_name_that_only_an_exercise_defines_is_found():
    notebook = with_code(read(RELEASES[0]), "exercise", "MINE = 1\nours = 2")
    assert of_the_reader(notebook) == set()
    with_code(notebook, "experiment", "ours = 3\nprint(ours)\ndef f():\n    return MINE")
    assert of_the_reader(notebook) == {"MINE"}


def test_a_name_that_an_exercise_defines_anew_is_found():
    notebook = with_code(read(RELEASES[0]), "exercise", "SIZE = 2")
    next(cell for cell in notebook.cells if kind_of(cell) == "setup").source += "\nSIZE = 1"
    assert of_the_reader(with_code(notebook, "experiment", "print(SIZE)")) == {"SIZE"}


def test_a_piece_that_no_other_cell_imports_is_found():
    notebook = read(RELEASES[0])
    for cell in code(notebook, graded=False):
        cell.source = "print(count_pairs)" if kind_of(cell) == "experiment" else ""
    assert of_the_reader(notebook) == {"count_pairs"}


def test_a_name_that_a_check_without_its_magic_defines_is_found():
    notebook = read(RELEASES[0])
    check = next(cell for cell in notebook.cells if kind_of(cell) == "check")
    check.source = "told = 1"
    assert of_the_reader(with_code(notebook, "experiment", "print(told)")) == {"told"}
