"""What a student gets back: no hidden test, no traceback through one, no output that could carry one.

No output is shown, for a student's own code could have printed the inputs of a hidden test, or markup; and of what
stopped a cell, only what running it has noted for the student (`remote.hidden` says what that is once hidden tests have
run). The page loads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from nbconvert.exporters.exporter import Exporter
from nbconvert.filters import markdown2html_mistune, strip_ansi
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import ClearHiddenTests, GetGrades
from traitlets import default

from llmcourse.course.check_source import hidden_lines
from llmcourse.course.grading.results.pages import escaped, folded, number, page, plain, preformatted, python, table
from llmcourse.course.grading.trial.orders import TOLD
from llmcourse.course.notebooks import facts_of, kind_of, marks_of

MAX_MESSAGE = 2000
MAX_LINES = 30
_CHECK_LINE = re.compile(r"\s*in the check, line (\d+):")


def message(cell: NotebookNode) -> str:
    """What stopped a cell, for its student: what running it has noted for that, without colours and without any hidden
    line."""
    if not any(out.output_type == "error" for out in cell.get("outputs", [])):
        return ""
    hidden = hidden_lines(cell.source)
    lines = strip_ansi(str(facts_of(cell).get(TOLD, ""))).splitlines()
    shown = [line for line in lines if not _shows(line, hidden)][:MAX_LINES]
    otherwise = "a hidden test failed" if kind_of(cell) == "check" else "this cell stopped with an error"
    return plain("\n".join(shown), MAX_MESSAGE) or otherwise


def _shows(line: str, hidden: dict[int, str]) -> bool:
    """Whether a line of a message quotes a hidden test, word for word or as the statement on a hidden line."""
    quoted = _CHECK_LINE.match(line)
    return bool(quoted and int(quoted[1]) in hidden) or any(text in line for text in hidden.values() if len(text) > 3)


class Marks(GetGrades):
    """nbgrader's step that puts the marks into the notebook; it also says which answers nobody has marked yet."""

    def _get_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._get_score(cell, resources)
        grade_id = marks_of(cell)["grade_id"]
        grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
        if grade.needs_manual_grade:
            resources.setdefault("unmarked", []).append(grade_id)


class HideTests(ClearHiddenTests):
    """Part of nbgrader's feedback export: see the module."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        """Reduce one cell to what its student may see."""
        if cell.cell_type != "code":
            return cell, resources
        text = message(cell)
        if kind_of(cell) == "check":
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
        cell.outputs = [new_output("error", ename="", evalue=text, traceback=text.splitlines())] if text else []
        return cell, resources


class FeedbackExporter(Exporter):
    """nbgrader's feedback as one page: an overview, then each exercise with its message and the student's answer."""

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kwargs: Any) -> tuple[str, Any]:
        """Export one notebook."""
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        return feedback_page(nb, resources), resources


def feedback_page(nb: NotebookNode, resources: Any) -> str:
    """The page of a notebook that `Marks` and `HideTests` have been through."""
    items = list(_items(nb, resources.get("unmarked", [])))
    marks = resources.get("nbgrader", {})
    title = _title(nb, marks.get("notebook", "Feedback"))
    penalty = marks.get("late_penalty") or 0
    late = f' <span class="soft">(late: {number(penalty)} taken off)</span>' if penalty else ""
    waiting = sum(item["waiting"] for item in items)
    open_ = (
        f'<p class="soft">{waiting} of your answers {"is" if waiting == 1 else "are"} not marked yet.</p>'
        if waiting
        else ""
    )
    total = f"{number(marks.get('score', 0))} of {number(marks.get('max_score', 0))} points"
    rows = [[f'<a href="#{item["id"]}">{item["title"]}</a>', item["points"], item["line"]] for item in items]
    overview = table(["exercise", "points", "what happened"], rows, (1,), "stack overview")
    who = f"{marks.get('student', '')} · {marks.get('assignment', '')}".strip(" ·")
    sections = "\n".join(item["section"] for item in items) + _own_cells(nb)
    body = f"""<header><p class="soft">Feedback · {escaped(who)}</p><h1>{escaped(title)}</h1>
<p class="total">{total}{late}</p>{open_}</header>
<nav aria-label="Exercises">{overview}</nav>
{sections}"""
    return page(f"{title}: feedback", body)


def _items(nb: NotebookNode, unmarked: list[str]) -> Iterator[dict[str, Any]]:
    """Each graded cell: its line of the overview and its section."""
    cells = [(cell, facts_of(cell), marks_of(cell)) for cell in nb.cells]
    boxes = {
        facts.get("piece"): cell
        for cell, facts, _ in cells
        if facts.get("kind") == "box" and cell.cell_type == "markdown"
    }
    answers = {facts.get("piece"): cell for cell, facts, _ in cells if kind_of(cell) == "exercise"}
    for position, (cell, facts, marks) in enumerate(cells):
        if not marks.get("grade"):
            continue
        piece = facts.get("piece", "")
        is_written = kind_of(cell) != "check"
        answer = cell if is_written else answers.get(piece)
        yield _item(cell, f"x{position}", boxes.get(piece), answer, marks["grade_id"] in unmarked)


def _item(
    cell: NotebookNode, anchor: str, box: NotebookNode | None, answer: NotebookNode | None, waiting: bool
) -> dict[str, Any]:
    marks, title = marks_of(cell), _item_title(cell, box)
    got, of = marks.get("score") or 0.0, marks.get("points") or 0.0
    full, told = got >= of, message_of(cell) or facts_of(cell).get("fault", "")
    points = f"– of {number(of)}" if waiting else f"{number(got)} of {number(of)}"
    state = "not marked yet" if waiting else f"{points} points"
    colour = "" if waiting else ' class="good"' if full else ' class="bad"'
    comment = _comment(answer, cell)
    parts = [
        f'<section id="{anchor}" aria-labelledby="{anchor}-t"><h2 id="{anchor}-t">{title}</h2><p{colour}>{state}</p>',
        *_what_was_said("" if full else told, comment),
        *([] if full else _what_helps(cell, box)),
        *_what_was_answered(answer, is_open=not full or waiting),
        '<p><a href="#main">Back to the overview</a></p></section>',
    ]
    return {
        "id": anchor,
        "title": title,
        "points": f"<span{colour}>{points}</span>",
        "line": _one_line(told, full, waiting, comment),
        "section": "\n".join(parts),
        "waiting": waiting,
    }


def _item_title(cell: NotebookNode, box: NotebookNode | None) -> str:
    """The exercise's number and title, else the title of the question, else its id."""
    of_box = facts_of(box) if box else {}
    named = f"{of_box['number']} {of_box['title']}" if of_box.get("title") else facts_of(cell).get("title")
    return escaped(named or marks_of(cell)["grade_id"].removeprefix("check_"), 200)


def _comment(answer: NotebookNode | None, cell: NotebookNode) -> str:
    """What the instructor wrote to the answer, else to the cell that was graded."""
    comments = [c for one in (answer, cell) if one is not None and (c := marks_of(one).get("comment"))]
    return comments[0] if comments else ""


def _what_was_said(told: str, comment: str) -> Iterator[str]:
    """The check's message and the instructor's comment, where there are such."""
    if told:
        yield preformatted(told, "told", MAX_MESSAGE)
    if comment:
        yield f'<p class="soft">From your instructor:</p><div class="comment">{escaped(comment, 5000)}</div>'


def _what_helps(cell: NotebookNode, box: NotebookNode | None) -> Iterator[str]:
    """Folded: the exercise's hints, and the check without its hidden tests."""
    if box:
        yield from (folded(summary, body) for summary, body in _hints(box.source))
    if kind_of(cell) == "check":
        yield folded("What the check looks at (other tests are not shown)", python(cell.source))


def _what_was_answered(answer: NotebookNode | None, *, is_open: bool) -> Iterator[str]:
    """The student's own answer, folded unless there is something to look at."""
    if answer is not None:
        shown = python(answer.source) if answer.cell_type == "code" else preformatted(answer.source)
        yield folded("Your answer", shown, is_open=is_open)


def message_of(cell: NotebookNode) -> str:
    """The message that `HideTests` left in a cell."""
    return next((out.evalue for out in cell.get("outputs", []) if out.output_type == "error"), "")


def _one_line(told: str, full: bool, waiting: bool, comment: str) -> str:
    if waiting:
        return "not marked yet"
    if full:
        return "✓ right"
    first = (told or comment).strip().splitlines()
    text = first[0] if first else "no answer"
    return "✗ " + escaped(text if len(text) <= 140 else f"{text[:139]}…")


@lru_cache(maxsize=256)
def _hints(source: str) -> list[tuple[str, str]]:
    """The hints that fold open in an exercise's box, which is the instructor's own text."""
    found = re.findall(r"<details><summary>(.*?)</summary>(.*?)</details>", source, re.DOTALL)
    return [(summary.strip(), markdown2html_mistune(body.strip())) for summary, body in found]


def _own_cells(nb: NotebookNode) -> str:
    """The cells of the student's own that stopped with an error."""
    failed = [cell for cell in nb.cells if kind_of(cell) == "student" and cell.cell_type == "code" and message_of(cell)]
    shown = "".join(
        python(cell.source, 5000) + preformatted(message_of(cell), "told", MAX_MESSAGE) for cell in failed[:20]
    )
    return f"<section><h2>Cells that you added and that stopped with an error</h2>{shown}</section>" if failed else ""


def _title(nb: NotebookNode, otherwise: str) -> str:
    """The notebook's heading."""
    for cell in nb.cells:
        if cell.cell_type == "markdown" and kind_of(cell) != "student" and cell.source.startswith("# "):
            return cell.source.splitlines()[0].removeprefix("# ").strip()
    return otherwise
