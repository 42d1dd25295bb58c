"""What a student gets back: no hidden test, no traceback through one, no output that could carry one.

The feedback page shows a check as it was released. Of the outputs only the error's message is shown: a student's own
code could have printed a hidden test that ran in the same kernel, or markup. The page loads nothing from anywhere.
"""

from __future__ import annotations

import re
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_ansi
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import ClearHiddenTests

from llmcourse.course.grading.execute import GRADER_ERRORS
from llmcourse.course.grading.repair import kind_of

MAX_MESSAGE = 2000


def hidden_lines(source: str) -> list[str]:
    """The lines of a check cell that stand in its hidden regions.

    Example:
        >>> hidden_lines("assert f(1) == 1\\n### BEGIN HIDDEN TESTS\\nassert f(41) == 41\\n### END HIDDEN TESTS")
        ['assert f(41) == 41']
    """
    found, inside = [], False
    for line in source.splitlines():
        if "END HIDDEN TESTS" in line or "BEGIN HIDDEN TESTS" in line:
            inside = "BEGIN" in line
        elif inside and line.strip():
            found.append(line.strip())
    return found


def message(cell: NotebookNode, hidden: list[str]) -> str:
    """What stopped a cell, for its student: the error's message without colours and without any hidden line."""
    errors = [out for out in cell.get("outputs", []) if out.output_type == "error"]
    if not errors:
        return ""
    last = errors[-1]
    plain = last.ename in (*GRADER_ERRORS, "CheckFailed", "BuildError") and last.evalue
    text = strip_ansi(last.evalue if plain else f"{last.ename}: {last.evalue}".rstrip(": "))
    lines = [line for line in text[:MAX_MESSAGE].splitlines() if not any(h in line for h in hidden if len(h) > 3)]
    return "\n".join(lines) or "a hidden test failed"


class HideTests(ClearHiddenTests):
    """Part of nbgrader's feedback export: see the module."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        """Reduce one cell to what its student may see."""
        if cell.cell_type != "code":
            if kind_of(cell) in ("student", "written"):
                cell.source = _without_markup(cell.source)
            return cell, resources
        text = message(cell, hidden_lines(cell.source))
        if kind_of(cell) == "check":
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
        cell.outputs = [new_output("error", ename="", evalue=text, traceback=text.splitlines())] if text else []
        return cell, resources


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page without the scripts that its template loads from other hosts."""

    def from_notebook_node(self, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        """Export one notebook."""
        page, resources = super().from_notebook_node(*args, **kwargs)
        return re.sub(r"<script[^>]*\ssrc=[^>]*>\s*</script>", "", page), resources


def _without_markup(source: str) -> str:
    """A student's Markdown in which no HTML tag opens; it still reads the same."""
    return re.sub(r"<(?=[a-zA-Z/!?])", "<\u200b", source)
