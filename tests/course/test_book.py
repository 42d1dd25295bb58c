"""The book, built for real from a small course of its own: what a page shows, hides, executes and loads."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from llmcourse.course.author import book, book_audit, search
from llmcourse.course.author.bibliography import citation_link, load_bibliography, restore_citations
from llmcourse.course.author.references import as_words, restore_references

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = "notebooks/01_demo/01_demo"

MAGICS = '''
"""Stand-ins for the course's magics, so that these tests judge the book alone."""
import os
from pathlib import Path


def load_ipython_extension(shell):
    def build(line, cell):
        shell.run_cell(cell).raise_error()
        Path(os.environ["LLMCOURSE_WORKSPACE"], "built").write_text(line)

    def check(line, cell):
        shell.run_cell(cell).raise_error()
        print("passed", line)

    shell.register_magic_function(build, "cell")
    shell.register_magic_function(check, "cell")
'''
FIGURE = """import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([0, 1, 2], [base(n) for n in range(3)])
plt.show()"""
HIDDEN = "assert double(123_456) == 246_912, 'large numbers'"
SCHEME = "Full marks for naming the vocabulary size."
EXERCISE = '%%build toylib.numbers:double\ndef double(n):\n    """Twice `n`.\n\n    >>> double(2)\n    4\n    """\n'
CHECK = "%%check toylib.numbers:double\nassert double(4) == 8, 'is it n * 2?'"
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
BOX = """### Exercise 1.1: Twice a number

**3 points** · difficulty ●●○○○ · about 5 minutes

Multiply, as [Gage (1994)](https://example.org/gage "cite:t gage1994") would.

<details><summary>Hint 1</summary>

Think of `2 * n`.

</details>"""


def _cell(kind: str, source: str, cell_id: str = "", **metadata: object) -> nbformat.NotebookNode:
    """A cell as the course's build writes it; a box and a written question are Markdown."""
    make = nbformat.v4.new_markdown_cell if kind in ("box", "written", "") else nbformat.v4.new_code_cell
    facts = {"llmcourse": {"kind": kind} | ({"id": cell_id} if cell_id else {})} if kind else {}
    for key, value in metadata.items():
        facts.setdefault(key, {}).update(value)  # type: ignore[attr-defined]
    name = cell_id or f"{kind or 'prose'}-{zlib.crc32(source.encode())}"
    return make(source, id=name.replace("_", "-"), metadata=facts)


def _notebook(exercise_body: str, hidden: str, scheme: str) -> nbformat.NotebookNode:
    grading = {"schema_version": 3, "task": False}
    numbers = {"piece": "toylib.numbers:double"}
    cells = [
        _cell("", '# Demo chapter\n\nMathematics $a^2 + b^2$ as in [Gage](https://example.org "cite:p gage1994").'),
        _cell("setup", "%load_ext toy_magics\nfrom toylib.numbers import base", "setup"),
        _cell("box", BOX, llmcourse={**numbers, "points": 3, "difficulty": 2, "minutes": 5, "title": "Twice a number"}),
        _cell("exercise", EXERCISE + exercise_body, "double", llmcourse=numbers,
              nbgrader={**grading, "grade": False, "grade_id": "double", "locked": False, "solution": True}),
        _cell("check", CHECK + hidden, "check_double", llmcourse=numbers,
              nbgrader={**grading, "grade": True, "grade_id": "check_double", "locked": True, "points": 3,
                        "solution": False}),
        _cell("experiment", FIGURE, "curve", mystnb={
            "image": {"alt": "A line that rises by one."},
            "figure": {"caption": "The base of each number.", "name": "curve"}}),
        _cell("", as_words("Near {numref}`the figure <curve>`, {term}`ranks <rank>`; {doc}`one <01_demo/01_demo>`.")),
        _cell("experiment", "print('base of ten:', base(10))", "base"),
        _cell("written", f"## Why?\n\nSay why doubling is cheap.\n\n{scheme}", "why", llmcourse={"points": 4},
              nbgrader={**grading, "grade": True, "grade_id": "why", "locked": False, "points": 4, "solution": True}),
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    course = {"assignment": "01_demo", "notebook": "01_demo", "title": "Demo chapter"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "llmcourse": course}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def write_course(root: Path, body: str = "    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION") -> None:
    """A complete small course under `root`, with this repository's configuration and style."""
    secret = f"\n### BEGIN HIDDEN TESTS\n{HIDDEN}\n### END HIDDEN TESTS"
    marks = f"### BEGIN SOLUTION\n**Mark scheme.**\n\n{SCHEME}\n### END SOLUTION"
    texts = {
        "toy_magics.py": MAGICS,
        "toylib/__init__.py": "",
        "toylib/numbers.py": "def base(n):\n    return n + 1\n",
        f"{PAGE}.ipynb": nbformat.writes(_notebook(STUB, "", "YOUR ANSWER HERE")),
        "solutions/01_demo/01_demo.ipynb": nbformat.writes(_notebook(body, secret, marks)),
        "book/intro.md": f"# The front page\n\nSee [](../{PAGE}.ipynb).\n",
        "book/references.md": "# References\n\n```{bibliography}\n:all:\n```\n",
        "book/glossary.md": "# Glossary\n\n```{glossary}\nrank\n  The number of a merge.\n```\n",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    shutil.copytree(REPOSITORY / "book" / "_static", root / "book" / "_static", dirs_exist_ok=True)
    shutil.copy(REPOSITORY / "book" / "references.bib", root / "book")
    config = yaml.safe_load((REPOSITORY / "_config.yml").read_text(encoding="utf-8"))
    config["sphinx"]["config"]["nb_custom_formats"][".ipynb"][1] = {"library": "toylib"}
    (root / "_config.yml").write_text(yaml.safe_dump(config))
    chapters = {"caption": "Chapters", "numbered": True, "chapters": [{"file": PAGE}]}
    last = {"chapters": [{"file": "book/glossary"}, {"file": "book/references"}]}
    toc = {"format": "jb-book", "root": "book/intro", "parts": [chapters, last]}
    (root / "_toc.yml").write_text(yaml.safe_dump(toc))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small course, built once."""
    root = tmp_path_factory.mktemp("book")
    write_course(root)
    book.build_book(root, echo=lambda line: None)
    return root


@pytest.fixture(scope="module")
def page(built: Path) -> BeautifulSoup:
    """The chapter's page."""
    return BeautifulSoup((built / "_build/html" / f"{PAGE}.html").read_text(encoding="utf-8"), "html.parser")


def test_exercise_is_a_numbered_box_with_its_points_and_hints(page: BeautifulSoup) -> None:
    box = page.select_one("div.exercise")
    assert "Exercise 1.1" in box.select_one(".admonition-title").get_text()
    assert "Twice a number" in box.select_one(".admonition-title").get_text()
    assert box.select_one(".points").get_text() == "3 points"
    assert box.select_one("details summary").get_text() == "Hint 1"
    assert "### Exercise" not in box.get_text() and "**3 points**" not in box.get_text()


def test_stub_is_shown_and_solution_is_folded_and_executed(page: BeautifulSoup, built: Path) -> None:
    assert "raise NotImplementedError()" in page.select_one("div.stub").get_text()
    solution = page.select_one("div.tag_solution details")
    assert not solution.has_attr("open")
    assert "Show solution" in solution.select_one("summary").get_text()
    assert "return 2 * n" in solution.get_text() and "%%build toylib.numbers:double" in solution.get_text()
    assert "Twice `n`" in page.select_one("div.stub").get_text()
    assert "Twice `n`" not in solution.get_text(), "the stub above has the docstring"
    assert [name.get_text() for name in solution.select("span.nf")] == ["double"], "coloured as Python below the magic"
    assert "BEGIN SOLUTION" not in page.get_text()
    assert "passed toylib.numbers:double" in page.select_one("div.tag_check").get_text()


def test_what_sets_up_or_draws_is_folded_and_what_teaches_is_open(page: BeautifulSoup) -> None:
    setup, figure, experiment = (page.find(string=re.compile(text)) for text in ("load_ext", "subplots", "base of ten"))
    prompts = [
        fold.get_text(strip=True) for fold in page.select("div.cell:not(.tag_solution, .tag_check) > details > summary")
    ]
    assert [prompt.partition("Hide")[0] for prompt in prompts] == ["Show the set-up", "Show the code of this figure"]
    assert setup.find_parent("details") and figure.find_parent("details") and not experiment.find_parent("details")


def test_an_exercise_is_a_heading_that_can_be_linked_to(page: BeautifulSoup) -> None:
    title = page.select_one("div.exercise > h3")
    assert title.get_text() == "Exercise 1.1 Twice a number#"
    assert page.find(id=title.a["href"].removeprefix("#")) is title.parent
    assert len({tag["id"] for tag in page.select("[id]")}) == len(page.select("[id]"))


def test_search_has_exercises_and_no_solution_check_or_result(built: Path) -> None:
    script = (built / "_build/html/search_text.js").read_text(encoding="utf-8")
    found = dict(json.loads(script.removeprefix("window.courseText = ").removesuffix(";\n")))
    parts = {heading: text for _, heading, text in found[f"{PAGE}.html"]}
    assert "Multiply, as Gage (1994) would." in parts["Exercise 1.1 Twice a number"]
    assert "raise NotImplementedError()" in parts["Exercise 1.1 Twice a number"]
    assert not re.search(r"return 2 \* n|is it n \* 2|base of ten: ", script)


def test_pages_load_no_more_than_they_show(built: Path, page: BeautifulSoup) -> None:
    scripts = " ".join(str(script.get("src")) for script in page.select("script"))
    assert not re.search("fontawesome|searchindex|searchtools", scripts) and "mathjax" in scripts
    front = (built / "_build/html/book/intro.html").read_text(encoding="utf-8")
    assert "mathjax/" not in front, "it has no formula"
    icons = (built / "_build/html/_static/icons.css").read_text(encoding="utf-8")
    assert ".fa-magnifying-glass {" in icons and len(icons) < 20_000
    assert not list((built / "_build/html").rglob("fontawesome.js*"))


def test_a_book_can_be_built_into_another_folder(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "_build/.jupyter_cache", tmp_path / "other/_build/.jupyter_cache")
    before = {path: path.stat().st_mtime_ns for path in (built / "_build").rglob("*")}
    assert book.build_book(built, into=tmp_path / "other", echo=lambda line: None).is_relative_to(tmp_path)
    assert (tmp_path / "other/_build/html" / f"{PAGE}.html").is_file()
    assert before == {path: path.stat().st_mtime_ns for path in (built / "_build").rglob("*")}


def test_checks_and_written_questions_show_their_points(page: BeautifulSoup) -> None:
    assert page.select_one("p.check-points span").get_text() == "3 points"
    written = page.select_one("div.written")
    assert "4 points" in written.select_one(".admonition-title").get_text()
    assert "Say why doubling is cheap." in written.get_text()
    assert "YOUR ANSWER HERE" not in page.get_text()


def test_citation_links_become_citations_again(page: BeautifulSoup) -> None:
    links = page.select('article a[href*="references.html#"]')
    assert [link.get_text() for link in links] == ["Gage, 1994", "1994"]
    assert "as Gage (1994) would" in page.select_one("div.exercise").get_text()
    assert "example.org" not in str(page.select_one("article"))


def test_words_become_links_within_the_book(page: BeautifulSoup) -> None:
    term = page.select_one('article a[href$="glossary.html#term-rank"]')
    figure = page.select_one('article p a.reference[href="#curve"]')
    chapter = page.select_one('article p a.reference.internal[href="#"]')
    assert (term.get_text(), figure.get_text(), chapter.get_text()) == ("ranks", "Fig. 1.1", "one")
    assert "data-term" not in str(page.select_one("article"))


def test_no_hidden_test_or_mark_scheme_reaches_any_file(built: Path) -> None:
    assert set(book_audit.secret_lines(built).values()) == {HIDDEN, SCHEME, "**Mark scheme.**"}
    assert book_audit.leaked_secrets(built, built / "_build/html") == []


@pytest.mark.parametrize("name", ["leak.html", "_sources/leak.md", "searchindex.js"])
def test_audit_finds_a_hidden_line_even_inside_highlighting(built: Path, tmp_path: Path, name: str) -> None:
    leak = tmp_path / name
    leak.parent.mkdir(parents=True, exist_ok=True)
    text = HIDDEN.replace(" ", "</span> <span>") if name.endswith("html") else HIDDEN
    leak.write_text(f"<pre><span>{text}</span></pre>")
    assert any("hidden line" in fault for fault in book_audit.leaked_secrets(built, tmp_path))


def test_audit_looks_again_only_at_what_has_changed(built: Path, tmp_path: Path, monkeypatch) -> None:
    html = shutil.copytree(built / "_build/html", tmp_path / "html")
    assert book_audit.audit_book(built, html) == []
    monkeypatch.setattr(book_audit, "undescribed_figures", lambda soup: ["looked at again"])
    assert book_audit.audit_book(built, html) == []
    page = html / f"{PAGE}.html"
    clean = page.read_text(encoding="utf-8")
    for _ in range(2):
        page.write_text(f"{clean}<p>{HIDDEN}</p>", encoding="utf-8")
        assert book_audit.audit_book(built, html) == [
            f"{PAGE}.html: looked at again",
            f"{PAGE}.html: shows the hidden line {HIDDEN!r}",
        ]
    page.write_text(clean, encoding="utf-8")
    monkeypatch.undo()
    assert book_audit.audit_book(built, html) == []


def test_search_reads_a_page_again_only_when_it_has_changed(tmp_path: Path, monkeypatch) -> None:
    kept, pages = tmp_path / "search", [("a.html", "<article><h1>One</h1>First.</article>"), ("b.html", "")]
    first = search.search_script(pages, kept)
    read: list[str] = []
    monkeypatch.setattr(search, "parts_of", lambda page: read.append(page) or [])
    assert search.search_script(pages, kept) == first and read == []
    search.search_script([("a.html", "<article>Two</article>")], kept)
    assert read == ["<article>Two</article>"] and len(list(kept.iterdir())) == 1


def test_download_is_the_release_notebook_byte_for_byte(built: Path, page: BeautifulSoup) -> None:
    link = page.select_one("a.btn-download-source-button")
    target = (built / "_build/html" / f"{PAGE}.html").parent / link["href"]
    assert target.read_bytes() == (built / f"{PAGE}.ipynb").read_bytes()
    assert book_audit.changed_downloads(built, built / "_build/html") == []
    assert "Exercise notebook" in link.get_text()


def test_figures_have_alternative_text_and_caption(page: BeautifulSoup) -> None:
    figure = page.select_one("figure#curve")
    assert figure.select_one("img")["alt"] == "A line that rises by one."
    assert "The base of each number." in figure.select_one("figcaption").get_text()
    assert list(book_audit.undescribed_figures(page)) == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<img src="a.png">', "alternative text"),
        ('<img src="../_images/a.png" alt="../_images/a.png">', "alternative text"),
        ('<div class="cell_output"><img src="a.png" alt="A curve."></div>', "no figure"),
        ('<figure><img src="a.png" alt="A curve."></figure>', "no caption"),
    ],
)
def test_audit_finds_an_undescribed_figure(html: str, fault: str) -> None:
    soup = BeautifulSoup(f"<article>{html}</article>", "html.parser")
    assert any(fault in line for line in book_audit.undescribed_figures(soup))


def test_no_page_loads_anything_from_another_host(built: Path, page: BeautifulSoup) -> None:
    pages = sorted((built / "_build/html").rglob("*.html"))
    assert len(pages) >= 5
    for path in pages:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        assert list(book_audit.foreign_references(soup)) == []
    assert any("mathjax/tex-chtml.js" in str(script.get("src")) for script in page.select("script"))
    assert (built / "_build/html/_static/mathjax/tex-chtml.js").is_file()
    assert "THEBE_JS_URL" not in str(page)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example.org/css">',
        '<link rel="shortcut icon" href="http://example.org/favicon.ico">',
        '<link rel="preconnect" href="https://example.org">',
        '<img alt="x" srcset="a.png 1x, https://example.org/b.png 2x">',
        '<iframe src="https://www.example.org/embed"></iframe>',
        '<p style="background: url(https://example.org/a.png)">x</p>',
        '<style>@import "https://example.org/a.css";</style>',
        '<script>import("https://example.org/a.js")</script>',
        '<meta http-equiv="Refresh" content="0; url=https://example.org/">',
    ],
)
def test_audit_finds_a_request_to_another_host(html: str) -> None:
    assert list(book_audit.foreign_references(BeautifulSoup(html, "html.parser")))


def test_audit_allows_links_that_a_reader_may_follow() -> None:
    html = '<a href="https://arxiv.org/abs/1508.07909">x</a><link rel="canonical" href="https://example.org/">'
    assert list(book_audit.foreign_references(BeautifulSoup(html, "html.parser"))) == []


def test_library_and_solution_edits_run_the_page_again_and_an_edit_of_prose_does_not(
    built: Path, tmp_path: Path
) -> None:
    root = tmp_path / "course"
    shutil.copytree(built, root)
    _edit(root / f"{PAGE}.ipynb", "Mathematics $a^2", "More mathematics $a^2")
    html = root / "_build/html" / f"{PAGE}.html"
    lines: list[str] = []
    book.build_book(root, echo=lines.append)
    assert "More mathematics" in html.read_text(encoding="utf-8")
    assert lines == [], "an edit of prose executes nothing"
    _edit(root / "toylib" / "numbers.py", "n + 1", "n + 1000")
    book.build_book(root, echo=lines.append)
    assert "base of ten: 1010" in html.read_text(encoding="utf-8")
    _edit(root / "solutions/01_demo/01_demo.ipynb", "return 2 * n", "return n + n")
    book.build_book(root, echo=lines.append)
    text = BeautifulSoup(html.read_text(encoding="utf-8"), "html.parser").get_text()
    assert "return n + n" in text and "return 2 * n" not in text
    assert [line.partition(" in ")[0] for line in lines if "Executed" in line] == [f"Executed {PAGE}.ipynb"] * 2


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_sphinx_itself_executes_nothing(built: Path) -> None:
    log = (built / "_build" / "book.log").read_text(encoding="utf-8")
    assert f"Executed {PAGE}.ipynb in" in log and "Using cached notebook" in log
    assert "Executing notebook using" not in log, "what runs beforehand must have the key that myst-nb looks for"


def test_failing_cell_stops_the_build_and_is_named(built: Path, tmp_path: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(built, root)
    broken = "def base(n):\n    if n == 10:\n        raise ValueError('ten!')\n    return n\n"
    (root / "toylib" / "numbers.py").write_text(broken)
    with pytest.raises(book.BookError, match=r"01_demo\.ipynb: cell 'base' failed: ValueError: ten!"):
        book.build_book(root, echo=lambda line: None)
    assert not (root / "_build" / ".doctrees").exists(), "kept, they would let the next build forget the failure"


def test_pages_of_removed_sources_go(tmp_path: Path) -> None:
    for name in ("html/_sources/book/gone.md", "html/book/gone.html", ".doctrees/x", ".jupyter_cache/x"):
        (tmp_path / "_build" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_build" / name).write_text("")
    book._forget_removed_pages(tmp_path, tmp_path / "_build")
    assert sorted(path.name for path in (tmp_path / "_build").iterdir()) == [".jupyter_cache"]


def test_small_setting_and_library_key_the_cache_but_course_machinery_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib" / "course").mkdir(parents=True)
    (tmp_path / "lib" / "a.py").write_text("x = 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMCOURSE_SMALL", "0")
    full = book.page_state(Path("lib"))
    (tmp_path / "lib" / "course" / "book.py").write_text("y = 1")
    assert book.page_state(Path("lib")) == full
    (tmp_path / "lib" / "course" / "notebook" / "static").mkdir(parents=True)
    for name in ("plots.py", "static/figure.js"):
        before = book.page_state(Path("lib"))
        (tmp_path / "lib" / "course" / "notebook" / name).write_text("colour = 1")
        assert book.page_state(Path("lib")) != before
    full = book.page_state(Path("lib"))
    monkeypatch.setenv("LLMCOURSE_SMALL", "1")
    assert book.page_state(Path("lib")) != full
    monkeypatch.setenv("LLMCOURSE_SMALL", "0")
    (tmp_path / "lib" / "a.py").write_text("x = 2")
    assert book.page_state(Path("lib")) != full


def test_reader_names_a_missing_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_course(tmp_path)
    monkeypatch.chdir(tmp_path)
    text = (tmp_path / f"{PAGE}.ipynb").read_text()
    with pytest.raises(book.BookError, match="no such instructor's notebook"):
        book.read_page(text, solutions="elsewhere")
    with pytest.raises(book.BookError, match="the exercise 'triple' has no solution"):
        book.read_page(text.replace('"grade_id": "double"', '"grade_id": "triple"'))


def test_reader_takes_only_exercise_bodies_from_the_solutions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_course(tmp_path)
    monkeypatch.chdir(tmp_path)
    shown = json.dumps(book.read_page((tmp_path / f"{PAGE}.ipynb").read_text()))
    assert "return 2 * n" in shown
    assert HIDDEN not in shown and SCHEME not in shown


@pytest.fixture(scope="module")
def bibliography() -> object:
    """The course's own bibliography."""
    return load_bibliography(REPOSITORY / "book" / "references.bib")


def test_citation_link_shows_author_and_year(bibliography) -> None:
    assert citation_link("t", "sennrich2016", bibliography) == (
        '[Sennrich et al. (2016)](https://arxiv.org/abs/1508.07909 "cite:t sennrich2016")'
    )
    assert citation_link("p", "land2024", bibliography).startswith("[(Land and Bartolo, 2024)](")
    assert citation_link("cite:t", "gage1994", bibliography).startswith("[Gage (1994)](")


def test_every_entry_makes_a_link_that_the_reader_turns_back(bibliography) -> None:
    for key in bibliography.entries:
        for role in ("t", "p"):
            sentence = f'See {citation_link(role, key, bibliography)}; [plain](https://example.org "a title").'
            assert restore_citations(sentence) == (
                f'See {{cite:{role}}}`{key}`; [plain](https://example.org "a title").'
            )


def test_unknown_citations_are_refused(bibliography) -> None:
    with pytest.raises(ValueError, match="unknown citation key 'nobody1900'; known: .*gage1994"):
        citation_link("t", "nobody1900", bibliography)
    with pytest.raises(ValueError, match="unknown citation role 'alp'"):
        citation_link("cite:alp", "gage1994", bibliography)


def test_a_notebook_has_words_in_the_place_of_roles_and_the_reader_turns_them_back() -> None:
    written = "{term}`merge`, {term}`a\nrank <rank (of a process)>`, {doc}`chapter 3 <03_recipes/3_data>`, `{term}`"
    shown = as_words(written)
    assert shown.startswith(
        '<span data-term="merge">merge</span>, <span data-term="rank (of a process)">a\nrank</span>'
    )
    assert restore_references(shown) == (
        "{term}`merge <merge>`, {term}`a\nrank <rank (of a process)>`, "
        "{doc}`chapter 3 </notebooks/03_recipes/3_data>`, `{term}`"
    )
    assert restore_references(as_words("{numref}`the curve <fig-a>`")) == "{numref}`fig-a`"
    with pytest.raises(ValueError, match="{numref}`fig-a` has no words for a notebook; it must be"):
        as_words("{numref}`fig-a`")


def test_what_the_chapters_refer_to_is_there() -> None:
    glossary = (REPOSITORY / "book/glossary.md").read_text(encoding="utf-8")
    chapters = [path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "book/chapters").rglob("*.md"))]
    words = "".join(as_words(text) for text in chapters)
    figures = {name for text in chapters for name in re.findall(r"^:name: (\S+)$", text, re.MULTILINE)}
    terms = set(re.findall(r'data-term="([^"]+)"', words))
    assert {term for term in terms if f"\n{term.lower()}\n" not in glossary.lower()} == set()
    assert set(re.findall(r'data-numref="([^"]+)"', words)) <= figures
    for page in re.findall(r'data-doc="([^"]+)"', words):
        assert (REPOSITORY / "notebooks" / f"{page}.ipynb").is_file(), page


ENDED = """
import os, signal, sys
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever started these tests may have it ignored
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in what a shell has put into the background
from llmcourse.course.author import book
book.JUPYTER_BOOK = "import os, time; print('Executing', os.getpid(), flush=True); time.sleep(100)"
book._run_jupyter_book(Path(sys.argv[1]), small=True, echo=lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("request_to_end", [signal.SIGTERM, signal.SIGHUP])
def test_a_book_that_is_ended_ends_what_it_has_started(tmp_path, request_to_end):
    build = subprocess.Popen(
        [sys.executable, "-c", ENDED, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    child = int(build.stdout.readline().split()[1])
    build.send_signal(request_to_end)
    build.communicate(timeout=30)
    assert build.returncode != 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
