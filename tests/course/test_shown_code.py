"""Exercises' code as the pages show it: every docstring fits, and nothing but the line breaks is another."""

import ast
from pathlib import Path

import nbformat
import pytest

from llmcourse.course.author.book import solution_bodies
from llmcourse.course.author.finish import contents_with_exercises, finish_page, icons
from llmcourse.course.author.shown_code import COLUMNS, reflow, without_docstrings
from llmcourse.course.notebooks import kind_of, marks_of

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


def stubs(path: Path) -> dict[str, str]:
    cells = nbformat.read(path, as_version=4).cells
    return {marks_of(cell)["grade_id"]: cell.source for cell in cells if kind_of(cell) == "exercise"}


def prose(source: str) -> list[str]:
    """The lines of docstrings that are no example, table or formula."""
    lines = reflow(source).split("\n")
    return [line for line in lines if line.startswith("    ") and line.strip()[:1].isupper() and ">>>" not in line]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_docstrings_of_all_exercises_fit_and_keep_their_words(path):
    for source in stubs(path).values():
        shown = reflow(source)
        assert "".join(shown.split()) == "".join(source.split())
        assert [line for line in prose(source) if len(line) > COLUMNS and "  " not in line.strip()] == []
        assert reflow(shown) == shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_lose_only_docstrings(path):
    bodies = solution_bodies(ROOT / "solutions" / path.parent.name / path.name)
    for grade_id, stub in stubs(path).items():
        shown = without_docstrings(bodies[grade_id], reflow(stub))
        assert shown.partition("\n")[0] == bodies[grade_id].partition("\n")[0]
        assert len(shown) < len(bodies[grade_id])
        assert _code(shown) == _code(bodies[grade_id])


def _code(source: str) -> str:
    """Its syntax tree without docstrings."""
    tree = ast.parse("\n".join("" if line.startswith("%") else line for line in source.split("\n")))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) and len(node.body) > 1:
            node.body.pop(0)
    return ast.dump(tree)


def test_a_docstring_that_the_stub_does_not_have_stays():
    solution = 'def f(x):\n    "Half."\n    def g():\n        "Inside."\n        return x / 2\n    return g()'
    assert "Inside." in without_docstrings(solution, 'def f(x):\n    "Half."\n    ...')
    assert "Half." not in without_docstrings(solution, 'def f(x):\n    "Half."\n    ...')


def test_examples_lists_and_entries_keep_their_shape():
    entry = "x: " + "a word " * 20
    source = f'def f(x):\n    """Half.\n\n    Args:\n        {entry.strip()}\n        y: 2\n\n    >>> f({"1 + " * 30}1)\n    """'
    shown = reflow(source).split("\n")
    assert shown[3] == "    Args:" and shown[5].startswith("            a") and "        y: 2" in shown
    assert any(len(line) > COLUMNS and ">>>" in line for line in shown)


def test_finishing_twice_changes_nothing_more():
    page = '<section id="exercise-content"><table><th class="head"><p></p></th></table><summary aria-label="Toggle hidden content">'
    assert finish_page(finish_page(page)) == finish_page(page)
    assert "<td" in finish_page(page) and "id=" not in finish_page(page) and "Toggle" not in finish_page(page)


def test_exercises_come_before_the_sections_inside_theirs():
    contents = '<ul>\n<li><a class="reference internal" href="#a">A</a><ul>\n<li>B</li>\n</ul>\n</li>\n</ul>'
    shown = contents_with_exercises(contents, {"a": [("x", "Exercise 1: <b>")]})
    assert shown.index("#x") < shown.index("<li>B") and "&lt;b&gt;" in shown and shown.count("<ul>") == 2


def test_an_icon_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="fa-nothing-such"):
        icons(['<i class="fa-solid fa-nothing-such"></i>'], "{}")


@pytest.mark.parametrize("name", ["reference internal", "current reference internal"])
def test_every_fold_of_the_sidebar_says_what_it_opens(name):
    fold = '<details><summary><span class="toctree-toggle" role="presentation">'
    assert ">Parts of 3. Recipes</span>" in finish_page(f'<a class="{name}" href="x">3. Recipes</a>{fold}')
