"""What a student gets back: no hidden test, no traceback through one, no output that could carry one.

The feedback page shows a check as it was released. Of the outputs only the error's message is shown: a student's own
code could have printed a hidden test that ran in the same kernel, or markup. The page loads nothing from anywhere.
"""

from __future__ import annotations

import html
import re
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_ansi
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

from llmcourse.course.grading.execute import GRADER_ERRORS
from llmcourse.course.grading.repair import kind_of

MAX_MESSAGE = 2000


def hidden_lines(source: str) -> dict[int, str]:
    r"""The lines of a check cell that stand in its hidden regions, by their number in the cell.

    Example:
        >>> hidden_lines("%%check m:f\nassert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(41) == 41\n### END HIDDEN TESTS")
        {4: 'assert f(41) == 41'}
    """
    found, inside = {}, False
    for number, line in enumerate(source.splitlines(), 1):
        if "END HIDDEN TESTS" in line or "BEGIN HIDDEN TESTS" in line:
            inside = "BEGIN" in line
        elif inside and line.strip():
            found[number] = line.strip()
    return found


def message(cell: NotebookNode) -> str:
    """What stopped a cell, for its student: the error's message without colours and without any hidden line."""
    errors = [out for out in cell.get("outputs", []) if out.output_type == "error"]
    if not errors:
        return ""
    last = errors[-1]
    plain = last.ename in (*GRADER_ERRORS, "CheckFailed", "BuildError") and last.evalue
    text = strip_ansi(last.evalue if plain else f"{last.ename}: {last.evalue}".rstrip(": "))
    hidden = hidden_lines(cell.source)
    lines = [line for line in text[:MAX_MESSAGE].splitlines() if not _shows(line, hidden)]
    return "\n".join(lines) or "a hidden test failed"


def _shows(line: str, hidden: dict[int, str]) -> bool:
    """Whether a line of a message quotes a hidden test, word for word or as the statement on a hidden line."""
    quoted = re.match(r"\s*in the check, line (\d+):", line)
    return bool(quoted and int(quoted[1]) in hidden) or any(text in line for text in hidden.values() if len(text) > 3)


class Marks(GetGrades):
    """nbgrader's step that puts the marks into the notebook; it also says which answers nobody has marked yet."""

    def _get_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._get_score(cell, resources)
        grade_id = cell.metadata.nbgrader["grade_id"]
        grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
        if grade.needs_manual_grade:
            resources.setdefault("unmarked", []).append(grade_id)


class HideTests(ClearHiddenTests):
    """Part of nbgrader's feedback export: see the module."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        """Reduce one cell to what its student may see."""
        if cell.cell_type != "code":
            if kind_of(cell) in ("student", "written"):
                cell.source = _without_markup(cell.source)
            return cell, resources
        text = message(cell)
        if kind_of(cell) == "check":
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
        cell.outputs = [new_output("error", ename="", evalue=text, traceback=text.splitlines())] if text else []
        return cell, resources


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page, with the exercises named, without the scripts that its template loads from other hosts."""

    def from_notebook_node(self, nb: NotebookNode, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        """Export one notebook."""
        page, resources = super().from_notebook_node(nb, *args, **kwargs)
        page = re.sub(r"<script[^>]*\ssrc=[^>]*>\s*</script>", "", page)
        for grade_id, title in _titles(nb).items():
            link, listed = f'<a href="#{grade_id}">', "(Test cell|Written response)</a>"
            page = re.sub(re.escape(link) + listed, lambda _, i=link, t=title: f"{i}{html.escape(t)}</a>", page)
        for grade_id in resources.get("unmarked", []):
            score = rf'(<a href="#{re.escape(grade_id)}">[^<]*</a>) \(Score: [^)]*\)'
            page = re.sub(score, r"\1 (not marked yet)", page)
        style = "<style>pre { white-space: pre-wrap; overflow-wrap: anywhere; } table { display: block; overflow-x: auto; }</style></head>"
        return page.replace("</head>", style, 1), resources


def _titles(nb: NotebookNode) -> dict[str, str]:
    """What the list at the top calls each graded cell: its exercise's number and title, else the piece's name."""
    boxes = [cell.metadata.get("llmcourse", {}) for cell in nb.cells if cell.cell_type == "markdown"]
    by_piece = {box["piece"]: f"{box['number']} {box['title']}" for box in boxes if box.get("kind") == "box"}
    titles = {}
    for cell in nb.cells:
        facts, graded = cell.metadata.get("llmcourse", {}), cell.metadata.get("nbgrader", {})
        if graded.get("grade"):
            piece = facts.get("piece", "")
            titles[graded["grade_id"]] = by_piece.get(piece) or facts.get("title") or graded["grade_id"]
    return titles


def _without_markup(source: str) -> str:
    """A student's Markdown in which no HTML tag opens; it still reads the same."""
    return re.sub(r"<(?=[a-zA-Z/!?])", "<\u200b", source)
