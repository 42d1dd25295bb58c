"""What the formgrader shows: rendered as it renders it, a submission holds no markup of its student's."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert.filters import markdown2html_mistune
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from llmcourse.course.grading.intake.pictures import take_pictures
from llmcourse.course.grading.intake.received import Received
from llmcourse.course.grading.intake.repair import repair
from llmcourse.course.grading.nbgrader.harmless import Harmless, harmless_markdown, harmless_output
from llmcourse.course.grading.run import grade

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n123").decode()


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    found: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))  # type: ignore[method-assign]
    parser.feed(page)
    return found


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a\n\n<svg/onload=alert(1)>\n\nb",
        "<!-- --><iframe src=//x.org></iframe>",
        "![x](//x.org/track.png)",
        "![x][y]\n\n[y]: //x.org/track.png",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)>",
        "<\x00script>alert(1)</script>",
        "[x](unknown:1)",
        "[x](unknow&#110;:1)",
        "[x](un\\known&Tab;\\:1)",
        "[x]( <unknown:1>)",
        "[x](\n\n\n\n  unknown:1)",
        "[x](//x.org)",
        "[x](notes.html)",
        "[x][y]\n\n[y]: unknown:1",
        "[x][y]\n\n[y]:\n  <unknown:1> 'title'",
        "[y]\n\n[y]: &#117;nknown:1",
        "- [x](unknown:1)\n\n> [y][z]\n>\n> [z]: unknown:1",
        "| a |\n|---|\n| [x](unknown:1) |",
        "`` <script> `` <b onclick=alert(1)>b</b>",
    ],
)
def test_markdown_of_a_student_opens_no_tag_fetches_nothing_and_runs_nothing(hostile: str) -> None:
    for tag, attrs in tags(markdown2html_mistune(harmless_markdown(hostile))):
        assert tag in (
            "p",
            "a",
            "code",
            "pre",
            "em",
            "strong",
            "ul",
            "ol",
            "li",
            "h1",
            "h2",
            "h3",
            "br",
            "blockquote",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        )
        assert not any(name.startswith("on") or name in ("src", "style") for name in attrs)
        assert tag != "a" or (attrs.get("href") or "").lower().startswith(("http://", "https://", "mailto:", "#")), (
            attrs
        )


def test_markdown_reads_the_same() -> None:
    text = "# (a)\n\nIf a < b and *c*: `x[0] <= 1`. See [here](https://x.org) for data: fine! [1]"
    assert harmless_markdown(text).replace("\u200b", "") == text
    assert 'href="https://x.org"' in markdown2html_mistune(harmless_markdown(text))


@pytest.mark.parametrize(
    "link", ["[x](https://x.org/a_(b)?c=1#d)", "[x](HTTP://x.org)", "[x](mailto:a@x.org)", "[x](#a)"]
)
def test_ordinary_links_stay(link: str) -> None:
    assert harmless_markdown(link) == link and "<a " in markdown2html_mistune(link)


def test_a_formula_makes_no_link() -> None:
    for text in (
        r"$\href{unknown:1}{x}$",
        r"\\(\let\x\href \x{unknown:1}{x}\\)",
        r"$$\mmlToken{mi}[href='unknown:1']{x}$$",
    ):
        assert not re.search(r"\\(href|mmlToken|let)", harmless_markdown(text))
    assert harmless_markdown(r"$\frac{a}{b} \cdot \mathrm{data}$") == r"$\frac{a}{b} \cdot \mathrm{data}$"


def test_outputs_are_text_and_true_pictures() -> None:
    def show(**data):
        return new_output("display_data", data={name.replace("_", "/"): value for name, value in data.items()})

    assert harmless_output(show(text_html="<script>1</script>")) is None
    assert harmless_output(show(application_javascript="1")) is None
    assert harmless_output(new_output("display_data", data={"image/svg+xml": "<svg onload=1>"})) is None
    assert harmless_output(show(image_png='x" onerror="alert(1)')) is None
    assert harmless_output(show(image_png=base64.b64encode(b"<svg>").decode())) is None
    kept = harmless_output(
        new_output(
            "display_data",
            data={"image/png": PNG, "text/plain": "fig"},
            metadata={"image/png": {"width": '"><script>'}},
        )
    )
    assert kept.data == {"image/png": PNG, "text/plain": "fig"} and kept.metadata == {}
    assert (
        harmless_output(new_output("execute_result", data={"text/plain": "3"}, execution_count=1)).output_type
        == "display_data"
    )


def test_the_instructors_own_prose_stays_and_the_rest_is_reduced() -> None:
    prose = new_markdown_cell("<details>mine</details>", metadata={"llmcourse": {"kind": "box"}})
    own = new_markdown_cell("<b>", metadata={"llmcourse": {"kind": "student"}})
    code = new_code_cell(
        "1", outputs=[new_output("display_data", data={"text/html": "<b>"}), new_output("stream", text="<b>")]
    )
    notebook, _ = Harmless().preprocess(new_notebook(cells=[prose, own, code]), {})
    assert notebook.cells[0].source == "<details>mine</details>" and notebook.cells[1].source == "<\u200bb>"
    assert [out.output_type for out in notebook.cells[2].outputs] == ["stream"]


@pytest.mark.xdist_group("grading")
@pytest.mark.timeout(120)
def test_a_graded_submission_holds_none_for_the_formgrader(tmp_path, source, make, put) -> None:
    hostile = (
        "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<script>1</script>'), Javascript('1'))\n"
    )
    answers = {"double": hostile + "def double(x):\n    return 2 * x", "why": "because <script>alert(1)</script>"}
    put(tmp_path / "in", "eve", make(**answers))
    report = grade(tmp_path / "in", tmp_path / "out", source=source)
    assert report["eve"].exercises[0].points == 3
    shown = (tmp_path / "out" / "autograded" / "eve" / "01_sums" / "01_sums.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(shown, as_version=4)
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert not any({"text/html", "application/javascript"} & set(out.get("data", {})) for out in outputs)
    assert not any("<script" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")


JPEG = base64.b64encode(b"\xff\xd8\xff123").decode()


def formgrader_page(notebook: nbformat.NotebookNode) -> str:
    """A notebook as the formgrader's own template shows it."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers

    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
    asked = {"base_url": "", "mathjax_url": "", "student": "ada", "submission_id": "1", "assignment_id": "a"}
    asked |= {"notebook_id": "n", "index": 0, "total": 1, "my_name": "", "my_student": "", "my_pic": "", "role": ""}
    return exporter.from_notebook_node(notebook, {**asked, "resources": asked})[0]


@pytest.mark.xdist_group("grading")
@pytest.mark.timeout(120)
def test_whoever_marks_sees_the_pictures_that_were_pasted(tmp_path, source, make, put, at) -> None:
    """One where it was pasted, one that the text does not name at its end, and what is no picture is told."""
    notebook = make(why="See ![my plot](attachment:my%20plot.png), and ![x](attachment:gone.png).")
    notebook.cells[at(notebook, "why")]["attachments"] = {
        "my plot.png": {"image/png": PNG},
        "drawn.svg": {"image/svg+xml": base64.b64encode(b"<svg onload='alert(1)'/>").decode()},
        "said.png": {"image/png": base64.b64encode(b"<script>").decode()},
        "more.jpg": {"image/svg+xml": "PHN2Zz4=", "image/jpeg": JPEG},
    }
    put(tmp_path / "in", "ada", notebook)
    report = grade(tmp_path / "in", tmp_path / "out", source=source)
    assert report["ada"].problems == (
        "2 pictures pasted into 'why' were left out, drawn.svg, said.png: PNG and JPEG are kept, up to 20 and 6 MB in a cell",
    )
    shown = nbformat.read(tmp_path / "out" / "autograded" / "ada" / "01_sums" / "01_sums.ipynb", as_version=4)
    answer = shown.cells[at(shown, "why")]
    assert answer.attachments == {"picture-1": {"image/jpeg": JPEG}, "picture-2": {"image/png": PNG}}
    page = formgrader_page(shown)
    sources = [dict(attrs).get("src") for tag, attrs in tags(page) if tag == "img"]
    assert sources == [f"data:image/png;base64,{PNG}", f"data:image/jpeg;base64,{JPEG}"]
    feedback = (tmp_path / "out" / "feedback" / "ada" / "01_sums" / "01_sums.html").read_text(encoding="utf-8")
    assert "my plot" in feedback


def test_pictures_without_measure_are_left_out(released, at) -> None:
    notebook = released()
    cell = notebook.cells[at(notebook, "why")]
    for attachments, kept in (
        ({f"{n}.png": {"image/png": PNG} for n in range(30)}, 20),
        ({"big.png": {"image/png": PNG + "A" * 2**23}}, 0),
        ([1, 2], 0),
        ({"a.png": "text", "b.png": {"image/png": ["x"]}, "c.png": {"image/png": "no base64"}}, 0),
    ):
        cell["attachments"] = attachments
        repaired = repair(released(), Received(json.dumps(notebook).encode()))
        answer = repaired.notebook.cells[at(repaired.notebook, "why")]
        assert len(answer.get("attachments", {})) == kept
        assert len(repaired.problems) == (isinstance(attachments, dict) and kept < len(attachments))


@pytest.mark.parametrize(
    "data",
    [b'"attachments"', b'{"attachments": 1}', b'["attachments"]', b'{"cells": {"attachments": 1}}', b'{"attachments"'],
)
def test_no_picture_is_taken_from_what_is_no_notebook(released, data: bytes) -> None:
    notebook = released()
    assert take_pictures(notebook, data) == [] and notebook == released()
