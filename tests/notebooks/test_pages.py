"""What a notebook and its page say about checks and written questions."""

import re
from pathlib import Path

import nbformat
import pytest

from llmcourse.course.author.book import read_page
from llmcourse.course.notebooks import kind_of

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_written_question_shows_its_points_once_in_the_notebook_and_once_on_the_page(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    written = [
        c for c in nbformat.reads(text, as_version=4).cells if c.metadata.get("llmcourse", {}).get("kind") == "written"
    ]
    boxes = [cell.source for cell in read_page(text).cells if ":class: written" in cell.source]
    assert len(boxes) == len(written)
    for cell, box in zip(written, boxes):
        facts = cell.metadata.llmcourse
        line = f"**{facts.title}** · {facts.points} points, graded by hand · about {facts.minutes} minutes\n\n"
        assert cell.source.startswith(line)
        assert box.count(f"{facts.points} points") == 1 and box.count(facts.title) == 1 and "graded by hand" not in box


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_folds_the_source_of_every_check_and_no_result(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    cells = read_page(path.read_text(encoding="utf-8")).cells
    checks = [cell for cell in cells if cell.cell_type == "code" and cell.source.startswith("%%check")]
    graded = [cell for cell in nbformat.read(path, as_version=4).cells if kind_of(cell) == "check"]
    assert len(checks) == len(graded)
    for cell in checks:
        assert {"check", "hide-input"} <= set(cell.metadata.tags) and not {"hide-cell", "hide-output"} & set(
            cell.metadata.tags
        )
        assert cell.metadata.mystnb.code_prompt_show == "Show the check"


def test_every_figure_has_a_name_of_its_own_and_its_cell_shows_nothing_else():
    """Each output of the cell that is no text would get the name."""
    named = []
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
            if name:
                named.append(name)
                assert not re.search(r"(?m)^( *table|.*\brecorded)\(", cell.source), f"{path.stem}: {name} shows more"
    assert len(named) > 50
    assert len(set(named)) == len(named), sorted(name for name in named if named.count(name) > 1)
