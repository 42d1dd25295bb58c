"""The map of the course, and the page that lights it up."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

from llmcourse.course import cli
from llmcourse.course.coursemap import anchor_of, read_map, read_notebook
from llmcourse.course.notebooks import exercises
from llmcourse.course.paths import MARKER
from llmcourse.course.progress import Progress
from llmcourse.course.status_page import STATES, state_of, write_status_page

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "01_tokenization"
COUNT, MERGE = "llmcourse.tokenization.bpe:count_pairs", "llmcourse.tokenization.bpe:merge_pair"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Chapter 1 begun: one exercise passed, one failed."""
    folder = tmp_path / "work"
    (folder / MARKER).mkdir(parents=True)
    monkeypatch.setenv("LLMCOURSE_WORKSPACE", str(folder))
    shutil.copytree(ROOT / "notebooks" / CHAPTER, folder / CHAPTER)
    Progress(folder).record(COUNT, passed=True)
    Progress(folder).record(MERGE, passed=False)
    return folder


def page(workspace: Path, **options: object) -> BeautifulSoup:
    path = write_status_page(ROOT, workspace, **options)
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_map_has_every_graded_item_with_its_points():
    for chapter in read_map(ROOT):
        paths = sorted((ROOT / "notebooks" / chapter.assignment).glob("*.ipynb"))
        items = [item for path in paths for item in exercises(path)]
        assert chapter.points == sum(item.points for item in items)
        assert [name for task in chapter.tasks for name in task.checks] == [item.check for item in items]
        numbers = [task.number for task in chapter.tasks if task.piece]
        assert numbers == [f"{chapter.number}.{i + 1}" for i in range(len(numbers))]
        assert len({task.anchor for task in chapter.tasks}) == len(chapter.tasks)


def test_map_calls_chapters_as_the_book_does_and_a_received_course_by_their_folders(tmp_path):
    assert [chapter.title for chapter in read_map(ROOT)][:3] == [
        "Tokenization", "Positional encoding", "Pretraining recipes"
    ]  # fmt: skip
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    assert [chapter.title for chapter in read_map(tmp_path)][1:3] == ["Positional encoding", "03_recipes"]


def test_map_refuses_a_stranger(tmp_path):
    (tmp_path / "x.ipynb").write_text("{}")
    with pytest.raises(ValueError, match="x.ipynb is not a notebook of this course"):
        read_notebook(tmp_path / "x.ipynb")


def test_pieces_light_up_as_they_are_earned(workspace):
    soup = page(workspace)
    of = {box.get_text(): box for box in soup.select(".pieces a")}
    assert of["✓1.3 count_pairs, passed"]["class"] == ["passed"]
    assert of["✗1.4 merge_pair, not passed yet"]["class"] == ["failed"]
    assert sum(box["class"] == ["passed"] for box in of.values()) == 1
    chapters = read_map(ROOT)
    assert len(of) == sum(len(chapter.tasks) for chapter in chapters)
    total = sum(task.points for chapter in chapters for task in chapter.tasks if task.piece)
    assert f"1 of {total:g} points by the visible checks" in soup.get_text()
    assert [bar["aria-label"] for bar in soup.select(".bar")][1] == "Tokenization: 1 of 27"


def test_a_changed_answer_is_no_longer_lit(workspace):
    Progress(workspace).record(COUNT, passed=True, judged="something else")
    assert page(workspace).select_one(f'a[href="#row-{anchor_of(CHAPTER, COUNT)}"]')["class"] == ["changed"]


def test_every_box_leads_to_its_row_which_says_the_same_in_words(workspace):
    soup = page(workspace)
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(set(ids)) == len(ids)
    for box in soup.select(".pieces a"):
        row = soup.find(id=box["href"].removeprefix("#"))
        assert row.name == "tr" and STATES[box["class"][0]][1] in row.get_text()
    for table in soup.select("table"):
        assert table.caption.get_text() and all(head.get_text() for head in table.select("thead th"))


def test_page_is_offline_small_and_the_same_for_the_same_progress(workspace):
    first = write_status_page(ROOT, workspace).read_bytes()
    assert write_status_page(ROOT, workspace).read_bytes() == first
    text = first.decode()
    assert len(first) < 150_000 and "<script" not in text
    assert not re.search(r"(src|href)=[\"']?(https?:)?//|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text and 'name="viewport"' in text and 'lang="en"' in text


def test_links_lead_into_the_book_where_it_has_been_built(tmp_path, workspace):
    course = tmp_path / "course"
    shutil.copytree(ROOT / "notebooks", course / "notebooks")
    assert not BeautifulSoup(write_status_page(course, workspace).read_text(), "html.parser").select("tbody a")
    (course / "_build" / "html").mkdir(parents=True)
    link = BeautifulSoup(write_status_page(course, workspace).read_text(), "html.parser").select_one("tbody a")
    anchor = anchor_of(CHAPTER, "llmcourse.tokenization.huffman:huffman_code_lengths")
    assert link["href"] == f"../course/_build/html/notebooks/{CHAPTER}/{CHAPTER}.html#{anchor}"


def test_what_one_reads_of_several_checks_is_the_furthest_from_passed():
    assert state_of(["passed", "changed", "failed"]) == "failed"
    assert state_of(["passed", "changed"]) == "changed" and state_of([]) == "passed"


def test_command_writes_the_page_and_says_where(workspace, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(cli.console, "width", 300)
    with cli.console.capture() as said:
        result = CliRunner().invoke(cli.app, ["status", "--html", "1"])
    assert result.exit_code == 0 and "status.html" in said.get()
    soup = BeautifulSoup((workspace / "status.html").read_text(encoding="utf-8"), "html.parser")
    assert [head.get_text() for head in soup.select("h2")] == ["1 Tokenization", "The same as a list"]
