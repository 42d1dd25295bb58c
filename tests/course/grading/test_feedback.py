"""The feedback page: what failed and the hint, the student's own answer, and nothing that is not theirs to see."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from llmcourse.course.grading.results.feedback import HideTests, feedback_page, message
from llmcourse.course.grading.results.pages import plain, python

CHECK = (
    "%%check m:f\nassert f(1) == 1, 'x'\n### BEGIN HIDDEN TESTS\nassert f(41) == 41, 'too large'\n### END HIDDEN TESTS"
)
HOSTILE = "</pre><script>alert(1)</script><img src=//x.org/a.png>\x1b[31m\u202egnp\x00"


def check_cell(told: str, points: float = 2, score: float = 0) -> NotebookNode:
    error = [new_output("error", ename="CheckFailed", evalue=told, traceback=[])] if told else []
    marks = {"grade": True, "solution": False, "locked": True, "grade_id": "check_f", "points": points, "score": score}
    facts = {"kind": "check", "piece": "m:f", "told": told}
    return new_code_cell(
        CHECK, outputs=error, metadata={"nbgrader": {**marks, "schema_version": 3}, "llmcourse": facts}
    )


def graded(
    told: str, answer: str = "def f(x):\n    return 0", written: str = "because", **marks: float
) -> NotebookNode:
    box = "### Exercise\n\n<details><summary>Hint: think</summary>\n\nUse **x**.\n\n</details>"
    box_facts = {"kind": "box", "piece": "m:f", "number": "1.1", "title": "The f"}
    why = {
        "grade": True,
        "solution": True,
        "locked": False,
        "grade_id": "why",
        "points": 5,
        "score": 0,
        "comment": "good = <b>",
    }
    cells = [
        new_markdown_cell("# A & B"),
        new_markdown_cell(box, metadata={"llmcourse": box_facts}),
        new_code_cell(f"%%build m:f\n{answer}", metadata={"llmcourse": {"kind": "exercise", "piece": "m:f"}}),
        check_cell(told, **marks),
        new_markdown_cell(written, metadata={"nbgrader": why, "llmcourse": {"kind": "written", "title": "Why?"}}),
    ]
    return new_notebook(cells=cells)


def shown(notebook: NotebookNode, **resources: object) -> str:
    notebook, _ = HideTests().preprocess(notebook, {})
    marks = {"score": 0.0, "max_score": 7.0, "notebook": "01", "student": "ada", "assignment": "01", **resources}
    return feedback_page(notebook, {"nbgrader": marks, "unmarked": resources.get("unmarked", [])})


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_overview_names_each_exercise_with_points_and_one_line_and_leads_to_it() -> None:
    page = Tags(shown(graded("f: too large\n    in the check, line 4: assert f(41) == 41"), unmarked=["why"]))
    links = [attrs["href"][1:] for tag, attrs in page.tags if tag == "a" and attrs["href"] != "#main"]
    sections = [attrs.get("id") for tag, attrs in page.tags if tag == "section"]
    assert links == sections and len(links) == 2
    assert "1.1 The f" in page.text and "0 of 2" in page.text and "✗ f: too large" in page.text
    assert "Why?" in page.text and "not marked yet" in page.text and "Hint: think" in page.text
    assert "return 0" in page.text and "because" in page.text and "good = <b>" in page.text


@pytest.mark.parametrize("told", ["", "f: too large\n    in the check, line 4: assert f(41) == 41", "f raised E: 41"])
def test_no_hidden_test_is_on_the_page(told: str) -> None:
    page = shown(graded(told))
    assert "f(41)" not in page and "HIDDEN" not in page and "line 4" not in page


def test_what_an_error_says_is_shown_only_where_running_the_cell_has_noted_it() -> None:
    cell = check_cell("f raised ValueError in a hidden test\n    in f, line 3 of its cell")
    cell.outputs[0].evalue = "f raised The41st: x is 41"
    assert message(cell) == "f raised ValueError in a hidden test\n    in f, line 3 of its cell"
    del cell.metadata["llmcourse"]["told"]
    assert message(cell) == "a hidden test failed"


def test_nothing_of_a_students_becomes_markup_or_a_request() -> None:
    page = Tags(shown(graded(f"f: {HOSTILE}", f"def f(x):\n    '''{HOSTILE}'''", HOSTILE), student=HOSTILE))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "link", "object", "form", "base"})
    attributes = [name for _, attrs in page.tags for name in attrs]
    assert not any(name in ("src", "onload", "style", "action", "srcset") for name in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page.text)
    assert page.text.count("alert(1)") >= 3


def test_a_page_is_bounded_whatever_was_handed_in() -> None:
    flood = "x" * 1_000_000
    assert len(shown(graded(f"f: {flood}", f"def f(x):\n    return '{flood}'", flood))) < 100_000


def test_the_late_penalty_is_told() -> None:
    assert "(late: 2 taken off)" in shown(graded(""), late_penalty=2.0)


def test_plain_text_keeps_what_people_write_and_shows_what_hides() -> None:
    assert plain("ไทย naïve é 👩‍💻 ✓\tx\r\ny") == "ไทย naïve é 👩‍💻 ✓\tx\ny"
    assert plain("a\u202eb\u2066\ufeff\u200b\U000e0041") == "a\\u202eb\\u2066\\ufeff\\u200b\\U000e0041"
    assert len(plain("a" + "\u0301" * 500)) == 4
    assert plain("a\x1b]0;title\x07b\x9b31mc\x08") in ("ab31mc", "abc", "a]0;titleb31mc")
    assert plain("\ud800") == "\\ud800"


def test_coloured_code_says_the_same_as_the_code() -> None:
    source = "def f(x: int = 1) -> str:\n    '''doc'''\n    return f'{x}' if x < 2 else \"&amp;\"  # no\n"
    assert Tags(python(source)).text.strip() == source.strip()
