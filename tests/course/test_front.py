"""The pages around the chapters, the book's addresses, and its forms beside HTML, from a small course of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZIP_STORED, ZipFile

import pytest
import yaml
from bs4 import BeautifulSoup
from IPython.core.interactiveshell import InteractiveShell
from sphinx.errors import ExtensionError

from llmcourse.course.author import addresses, book, browser, colab, epub, leaves, pdf
from llmcourse.course.author.front import legend_of
from tests.course.test_book import PAGE, write_course

ROOT = Path(__file__).resolve().parents[2]
BASE, CODE = "https://example.org/course/", "https://github.com/example/course"
FRONT = """# In front

```{start-here}
notebooks/01_demo/01_demo: Start
```

```{course-map}
1: doubling
```

```{exercise-index}
```

```{execution-times}
```

```{execution-machine}
```
"""
ANCHOR = "01_demo-toylib-numbers-double"
XHTML = "{http://www.w3.org/1999/xhtml}"


def build(root: Path, book_url: str, repository: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(addresses.BOOK_URL, book_url)
        patch.setenv(addresses.REPOSITORY_URL, repository)
        book.build_book(root, echo=lambda line: None)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A small course with a front page, built with both addresses."""
    root = tmp_path_factory.mktemp("front")
    write_course(root)
    (root / "book" / "front.md").write_text(FRONT, encoding="utf-8")
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    toc["parts"][-1]["chapters"].insert(0, {"file": "book/front"})
    (root / "_toc.yml").write_text(yaml.safe_dump(toc))
    build(root, BASE, CODE)
    return root


def page(root: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((root / "_build/html" / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def front(course):
    return page(course, "book/front")


@pytest.fixture
def chromium():
    """Left out where there is no Chromium; with CI=true it has to be there."""
    try:
        browser.find_browser()
    except browser.BrowserError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"not tried: {error}")


def test_map_links_every_piece_to_its_exercise(course, front):
    links = front.select(".course-map .map-pieces a")
    chapter = page(course, PAGE)
    assert [link.get_text() for link in links] == ["double", "why"]
    for link in links:
        place = link["href"].partition("#")[2]
        assert link["href"] == f"../{PAGE}.html#{place}" and chapter.find(id=place)
    assert "1 chapters, 1 pieces, 1 written questions, 7 points" in front.select_one(".map-total").get_text()
    assert front.select_one(".map-builds").get_text() == "doubling"


def test_map_with_a_line_for_another_chapter_is_refused(course, tmp_path):
    from llmcourse.course.author.front import CourseMap

    directive = SimpleNamespace(
        chapters=lambda: [SimpleNamespace(number=1)], lines=lambda: {"2": "x"}, error=ValueError
    )
    with pytest.raises(ValueError, match="one for each chapter"):
        CourseMap.run(directive)


def test_index_has_a_row_for_each_exercise(front):
    rows = [[cell.get_text() for cell in row.select("td")] for row in front.select("table.exercise-index tbody tr")]
    assert rows == [["–", "Twice a number", "double", "3", "5", "2 of 5"], ["–", "why", "by hand", "4", "0", "–"]]
    assert front.select_one("table.exercise-index a")["href"] == f"../{PAGE}.html#{ANCHOR}"


def test_execution_page_tells_seconds_versions_and_machine(front):
    (row,) = front.select("table.execution-times tbody tr")
    assert row.select_one("a").get_text() == "1 Demo chapter" and re.fullmatch(r"\d+", row.select("td")[1].get_text())
    told = {
        row.select("td")[0].get_text(): row.select("td")[1].get_text()
        for row in front.select(".execution-machine tr")[1:]
    }
    assert {"Python", "torch", "cores", "system", "sphinx"} <= set(told) and "node" not in told


def test_start_names_the_code(front):
    link, code = front.select(".start-actions a")
    assert link["href"] == f"../{PAGE}.html" and code["href"] == CODE
    assert f"git clone {CODE}" in front.get_text()


def test_addresses_are_whole_where_the_book_has_one(course):
    soup = page(course, PAGE)
    of = {tag["property"]: tag["content"] for tag in soup.select("meta[property]")}
    assert soup.select_one('link[rel="canonical"]')["href"] == of["og:url"] == f"{BASE}{PAGE}.html"
    card = course / "_build/html" / of["og:image"].removeprefix(BASE)
    assert card.read_bytes().startswith(b"\x89PNG") and of["og:image"].startswith(BASE)
    assert of["og:description"] == soup.select_one('meta[name="description"]')["content"]
    assert of["og:description"].startswith("Mathematics")
    tree = ElementTree.fromstring((course / "_build/html/sitemap.xml").read_text())
    assert f"{BASE}book/front.html" in [place.text for place in tree.iter() if place.tag.endswith("loc")]
    launch = [link["href"] for link in soup.select("a[href*='colab.research'], a[href*='mybinder']")]
    assert any(link.endswith(f"/example/course/blob/colab/{PAGE}.ipynb") for link in launch) and len(launch) == 2
    assert 'href="/course/book/intro.html"' in (course / "_build/html/404.html").read_text()


def test_without_addresses_none_is_written(course, tmp_path):
    import shutil

    root = tmp_path / "course"
    shutil.copytree(course, root)
    build(root, "", "")
    for path in (root / "_build/html").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search('og:url|og:image|rel="canonical"|example.org/course|colab.research', text), path
    assert not (root / "_build/html/sitemap.xml").exists()
    assert 'href="book/intro.html"' in (root / "_build/html/404.html").read_text()
    assert "README.md" in page(root, "book/front").select_one("p.start-code").get_text()


@pytest.mark.parametrize("address", ["example.org/book", "ftp://example.org", "https://example.org/?a=1"])
def test_half_an_address_is_refused(address):
    with pytest.raises(ExtensionError, match="it must be a whole address"):
        addresses.web_address("llmcourse_book_url", address)


def test_notebooks_lie_in_one_file_the_same_each_time(course, tmp_path):
    built = course / "_build/html/_static" / addresses.NOTEBOOKS_FILE
    with ZipFile(built) as archive:
        assert archive.read(f"{PAGE}.ipynb") == (course / f"{PAGE}.ipynb").read_bytes()
    addresses.write_notebooks(course, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == built.read_bytes()


def test_cards_are_the_same_for_the_same_words(tmp_path):
    from llmcourse.course.author.cards import write_card

    for name in ("a.png", "b.png"):
        write_card(tmp_path / name, "Book", "A $title$ that is long enough for two lines of it", "About " * 60)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_paper_shows_solutions_or_nothing_of_them(course):
    shown, hidden = (
        leaves.read_leaves(course, course / "_build/html", solutions=solutions) for solutions in (True, False)
    )
    assert [leaf.name for leaf in shown] == ["book/intro", PAGE, "book/front", "book/glossary", "book/references"]
    chapter, bare = shown[1].article, hidden[1].article
    assert "return 2 * n" in chapter.select_one(".opened.solution").get_text()
    assert "return 2 * n" not in bare.get_text() and "raise NotImplementedError" in bare.get_text()
    assert bare.select_one(".opened.hint").get_text().strip().startswith("Hint 1")
    assert not chapter.select("details, script, button, a.headerlink") and "passed toylib" in bare.get_text()


def test_only_a_word_too_long_for_paper_breaks_in_a_table():
    short = "a" * leaves.LONGEST_WORD
    cells = f"<td>{short} b</td><td class='text-left'><p>{'·'.join(short)}</p></td>"
    page = BeautifulSoup(f"<table><tr>{cells}</tr></table>", "html.parser")
    leaves.unfold(page, solutions=False)
    assert [cell.get("class") for cell in page.select("td")] == [None, ["text-left", "long"]]


def test_a_book_that_is_not_built_and_a_browser_that_is_not_there_are_told(course, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="build the book first"):
        leaves.read_leaves(course, tmp_path, solutions=True)
    monkeypatch.setenv(browser.BROWSER_VARIABLE, "no-such-browser")
    for write in (pdf.write_pdf, epub.write_epub):
        with pytest.raises(browser.BrowserError, match="no Chromium found .*no-such-browser.*LLMCOURSE_BROWSER"):
            write(course)


def test_pdf_of_a_book_in_another_folder_lies_there_and_has_page_numbers_in_its_contents(course, tmp_path, chromium):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "_build"))):
        pdf.write_pdf(course, tmp_path)
    shutil.copytree(course / "_build/html", tmp_path / "_build/html")
    path = pdf.write_pdf(course, tmp_path, solutions=False)
    assert path == tmp_path / "_build/llmcourse-without-solutions.pdf" and path.read_bytes().startswith(b"%PDF")
    rows = BeautifulSoup((tmp_path / "_build/print/book.html").read_text(), "html.parser").select(".contents li")
    numbers = [int(row.select("span")[-1].get_text()) for row in rows]
    assert len(numbers) == 5 and numbers == sorted(numbers) and numbers[0] == 3


def test_epub_is_whole_and_its_formulas_need_no_script(course, chromium):
    path = epub.write_epub(course, solutions=False)
    first = path.read_bytes()
    with ZipFile(path) as archive:
        kind = archive.infolist()[0]
        assert kind.filename == "mimetype" and kind.compress_type == ZIP_STORED
        assert archive.read("mimetype") == b"application/epub+zip"
        pages = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xhtml", ".opf"))}
        listed = re.findall(r'<item [^>]*href="([^"]+)"', pages["EPUB/content.opf"])
        assert sorted(f"EPUB/{name}" for name in [*listed, "content.opf"]) == sorted(archive.namelist()[2:])
    for text in pages.values():
        inside = {part.tag for paragraph in ElementTree.fromstring(text).iter(XHTML + "p") for part in paragraph[:]}
        assert not inside & {XHTML + name for name in ("p", "div", "ul", "ol", "dl", "table", "pre", "figure")}
    chapter = pages["EPUB/01_demo-01_demo.xhtml"]
    assert re.search(r'<math [^>]*alttext="a\^2', chapter) and chapter.count("a^2") == 1 and "<script" not in chapter
    assert "return 2 * n" not in chapter and 'src="images/' in chapter
    assert f'href="01_demo-01_demo.xhtml#{ANCHOR}"' in pages["EPUB/front.xhtml"]
    assert epub.write_epub(course, solutions=False).read_bytes() == first


def test_formulas_keep_what_markup_would_take_for_its_own(course, tmp_path, chromium):
    mathjax = course / "_build/html/_static/mathjax/tex-chtml.js"
    (made,) = epub.mathml([(r'a < b \& \text{"c"}', False)], mathjax, tmp_path)
    assert "".join(ElementTree.fromstring(made).itertext()).split() == ["a", "<", "b", "&", '"c"']


def test_a_formula_that_cannot_be_read_is_named(course, tmp_path, chromium):
    mathjax = course / "_build/html/_static/mathjax/tex-chtml.js"
    with pytest.raises(browser.BrowserError, match=r"nonsense"):
        epub.mathml([(r"\nonsense{", False)], mathjax, tmp_path)


def test_colab_installs_before_the_first_code(tmp_path):
    (path,) = [p for p in colab.write_all(CODE, ROOT / "notebooks", tmp_path) if p.stem == "1_gate"]
    ours, theirs = json.loads(path.read_text()), json.loads((ROOT / "notebooks/06_moe/1_gate.ipynb").read_text())
    assert len(ours["cells"]) == len(theirs["cells"]) + 1
    codes = ["".join(cell["source"]) for cell in ours["cells"] if cell["cell_type"] == "code"]
    assert f"git clone --quiet --depth 1 {CODE} " in codes[0] and codes[1].startswith("%load_ext llmcourse.course")


def test_colab_goes_to_the_course_with_an_option_that_ipython_has(tmp_path, monkeypatch):
    """`%cd --WORDS` looks for a folder that was visited before, and fails."""
    (line,) = [line for line in colab.SETUP.splitlines() if line.startswith("%cd")]
    monkeypatch.chdir("/")
    InteractiveShell().run_line_magic("cd", line.removeprefix("%cd ").replace("/content/llmcourse", str(tmp_path)))
    assert Path.cwd() == tmp_path.resolve()


def test_legends_of_modules_are_found():
    assert "E experts" in legend_of(ROOT / "llmcourse/moe/layer.py")
    assert legend_of(ROOT / "llmcourse/optim/rules.py") == ""


def test_workflows_name_the_versions_of_what_they_use():
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        flow = yaml.safe_load(path.read_text(encoding="utf-8"))
        steps = [step for job in flow["jobs"].values() for step in job["steps"]]
        assert steps and all(re.search(r"@v\d+\.\d+\.\d+$", step["uses"]) for step in steps if "uses" in step)
        assert all("timeout-minutes" in job for job in flow["jobs"].values()) and "permissions" in flow
