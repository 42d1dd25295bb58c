"""Whoever has written nothing yet can still run a whole release notebook: every experiment works on the reference."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from llmcourse.course.author.build import run_notebook

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_experiment_runs_while_all_exercises_are_unwritten(release):
    notebook = nbformat.read(release, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("llmcourse", {}).get("kind") != "check"]
    run_notebook(notebook, ROOT)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_experiment_runs_when_the_exercises_are_skipped(release):
    notebook = nbformat.read(release, as_version=4)
    kinds = (None, "setup", "experiment")
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("llmcourse", {}).get("kind") in kinds]
    run_notebook(notebook, ROOT)
