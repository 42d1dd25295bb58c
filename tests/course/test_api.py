"""The book's pages of the library are complete, lead to the exercises, and give Sphinx nothing to complain about."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from nbformat import NotebookNode

from llmcourse.course.author import api, book

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "book" / "api"
ROOMS = [room for room in api.rooms() if room != api.OUTSIDE]


def test_each_room_has_its_page_and_the_book_has_each_page():
    assert {path.stem for path in PAGES.glob("*.md")} == {api.OUTSIDE, *ROOMS}
    for room in (api.OUTSIDE, *ROOMS):
        assert api.MARK.search((PAGES / f"{room}.md").read_text())[1] == room
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    [entry] = [c for part in toc["parts"] for c in part["chapters"] if c["file"] == "book/api/index"]
    assert [section["file"] for section in entry["sections"]] == [f"book/api/{room}" for room in ROOMS]


def test_each_public_name_of_each_module_is_there_once():
    text = "\n".join(api.room_page(room, {}) for room in api.rooms())
    entries = Counter(line.split(":: ")[1] for line in text.splitlines() if line.startswith(".. auto"))
    wanted = {
        f"{module}.{name}"
        for room in ROOMS
        for path in (ROOT / "llmcourse" / room).rglob("[!_]*.py")
        for module in [".".join(path.relative_to(ROOT).with_suffix("").parts)]
        for name, _ in api.public_names(module)
    }
    assert wanted <= set(entries) and set(entries.values()) == {1}
    assert "llmcourse.tokenization.bpe.count_pairs" in wanted and "llmcourse.pretrain.run.engine.pretrain" in wanted
    assert "llmcourse.files.write_atomically" in entries


def test_a_piece_leads_to_its_exercise_by_the_label_of_its_box():
    piece = "llmcourse.model.layers:RMSNorm"
    label = api.anchor_of("1_architecture", piece)
    page = api.room_page("model", {piece: label})
    assert f"   Built in :ref:`{label}`." in page
    facts = NotebookNode(piece=piece, title="A norm", points=1, difficulty=1, minutes=5)
    assert f":label: {label}\n" in book._exercise_box("Text.", facts, "1_architecture")


@pytest.mark.parametrize(
    ("docstring", "wanted"),
    [
        ("Of `x_BTD` and `a`s: 2 * n_, |x|.", r"Of ``x_BTD`` and ``a``\ s: 2 \* n\_, \|x\|."),
        ("See `shard`.", "See :py:obj:`shard <m.shard>`."),
        ("Rows `a\n    b` c.", "Rows ``a b`` c."),
        ("First:\n- one\n  more\n- two", "First:\n\n- one\n  more\n- two"),
        ("Example:\n    >>> f(2 * 3)\n    '`*`'\n\nAnd *", "Example:\n    >>> f(2 * 3)\n    '`*`'\n\nAnd \\*"),
        ("Args:\n    a_, b: Of `c`.", "Args:\n    a_, b: Of ``c``."),
        ("Args:\n    n: K.\n    m: N, a.", "Args:\n    n: \\K.\n    m: N, a."),
        ("Returns:\n    C. Or more.", "Returns:\n    \\C. Or more."),
        ("Attributes:\n    a, b: Of\n        `c`.", "Attributes:\n    - **a**, **b**: Of\n      ``c``."),
    ],
)
def test_docstrings_become_restructured_text(docstring, wanted):
    assert "\n".join(api.as_restructured(docstring.split("\n"), {"shard": "m.shard"})) == wanted


def test_the_pages_are_built_without_a_warning_and_show_examples_as_code(tmp_path):
    pytest.importorskip("myst_parser")
    source = tmp_path / "source"
    (source / "book").mkdir(parents=True)
    (source / "book" / "api").symlink_to(PAGES)
    (source / "index.md").write_text("# Book\n\n```{toctree}\n:glob:\nbook/api/*\n```\n")
    (source / "conf.py").write_text(
        'extensions = ["myst_parser", "llmcourse.course.author.api"]\nhtml_theme = "basic"\nsuppress_warnings = []\n'
    )
    words = ["-m", "sphinx", "-n", "-W", "--keep-going", "-q", str(source), str(tmp_path / "html")]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=ROOT, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "html" / "book" / "api" / "tokenization.html").read_text()
    assert 'id="llmcourse.tokenization.bpe.count_pairs"' in page
    assert page.count('class="doctest highlight-') > 20 and "&gt;&gt;&gt; " in page
    text = re.sub(r"<[^>]+>", "", page)
    assert "= BYTE_IDS" in text and "158, 159, 160" not in text, "a default of many numbers is called by its name"
    names = (tmp_path / "html" / "book" / "api" / "data.html").read_text()
    assert "<strong>n_hashes</strong> – K.</p>" in names and 'class="upperalpha' not in names, "a letter is no list"
    other = re.sub(r"<[^>]+>", "", (tmp_path / "html" / "book" / "api" / "distributed.html").read_text())
    assert "written once: histories, checkpoints, progress." in other, "a property's words before a colon are no type"
