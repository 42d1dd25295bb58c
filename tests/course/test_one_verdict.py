"""What a learner is told is what is graded: notebooks as people hand them in, through `check`, `status`, `submit` and
`grade`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmcourse.course import checking, starting, submission
from llmcourse.course.answers import Repaired
from llmcourse.course.grading.nbgrader.stages import Course
from llmcourse.course.grading.results.report import ClassReport
from llmcourse.course.grading.run import grade
from llmcourse.course.notebooks import facts_of
from llmcourse.course.standing import standing
from tests import classroom

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "01_tokenization"
SOLVED = {"merge_pair", "count_pairs", "huffman_code_lengths"}
LINE = "%%build llmcourse.tokenization.bpe:merge_pair\n"

Notebook = dict[str, Any]


def cell(notebook: Notebook, name: str) -> dict[str, Any]:
    return next(c for c in notebook["cells"] if facts_of(c).get("id") == name)


def source(**changes: Callable[[str], str]) -> Callable[[Notebook], None]:
    """Change the sources of cells, given by their ids."""

    def change(notebook: Notebook) -> None:
        for name, of in changes.items():
            cell(notebook, name)["source"] = of(cell(notebook, name)["source"])

    return change


def as_type(kind: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        one = cell(notebook, "merge_pair")
        one["cell_type"] = kind
        for code_only in ("outputs", "execution_count"):
            del one[code_only]

    return change


def copied(change_it: Callable[[dict[str, Any]], None] = lambda copy: None) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        copy = json.loads(json.dumps(cell(notebook, "check_merge_pair")))
        change_it(copy)
        notebook["cells"].append(copy)

    return change


def deleted(name: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"].remove(cell(notebook, name))


def added(text: str) -> Callable[[Notebook], None]:
    """A cell of the learner's own, below the first."""
    new = {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    return lambda notebook: notebook["cells"].insert(2, new)


def every(of: Callable[[dict[str, Any]], Any]) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        for one in notebook["cells"]:
            of(one)

    return change


def bare(one: dict[str, Any]) -> None:
    """As a tool leaves a cell that knows no ids and keeps no metadata."""
    one["metadata"] = {}
    one.pop("id", None)


def text(notebook: Notebook) -> bytes:
    return json.dumps(notebook, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Row:
    """What was done to a notebook in which `SOLVED` is solved, and what everybody says of it.

    Attributes:
        passed: The pieces that get their points.
        told: Part of a note that `check` and `submit` give, and of a problem that `grade` reports.
        saved: How the file was written.
        is_graded: Whether this row goes through grading too, which takes longer.
    """

    change: Callable[[Notebook], Any]
    passed: frozenset[str] = frozenset(SOLVED)
    told: str = ""
    saved: Callable[[Notebook], bytes] = text
    is_graded: bool = False


NOTHING: frozenset[str] = frozenset()
OTHERS = frozenset(SOLVED - {"merge_pair"})
WRONG = "def merge_pair(ids, pair, new_id):\n    return ids\n"
ROWS = {
    "as it should be": Row(lambda notebook: None),
    "time above": Row(source(merge_pair=lambda s: f"%%time\n{s}"), is_graded=True),
    "capture above": Row(source(merge_pair=lambda s: f"\n%%capture shown\n{s}")),
    "line twice": Row(source(merge_pair=lambda s: LINE + s)),
    "blank lines above": Row(source(merge_pair=lambda s: "\n\n" + s)),
    "comment above": Row(source(merge_pair=lambda s: "# mine\n" + s)),
    "line deleted": Row(source(merge_pair=lambda s: s.removeprefix(LINE)), told="does not begin with `%%build llm"),
    "Markdown": Row(as_type("markdown"), told="no code cell any more", is_graded=True),
    "raw": Row(as_type("raw"), told="no code cell any more"),
    "check copied": Row(copied(), told="is there 2 times: the original was used, once", is_graded=True),
    "check copied by hand": Row(copied(bare), told="is there 2 times: the original was used, once"),
    "check deleted": Row(deleted("check_merge_pair"), OTHERS, "was deleted"),
    "check made easy": Row(
        source(merge_pair=lambda s: LINE + WRONG, check_merge_pair=lambda s: s.split("\n")[0] + "\nassert True"),
        OTHERS,
        "differs from the release",
        is_graded=True,
    ),
    "lone CR": Row(every(lambda c: c.update(source=c["source"].replace("\n", "\r"))), is_graded=True),
    "CRLF": Row(every(lambda c: c.update(source=c["source"].replace("\n", "\r\n")))),
    "no metadata": Row(every(lambda c: c.update(metadata={}))),
    "neither metadata nor ids": Row(every(bare), is_graded=True),
    "mark": Row(lambda notebook: None, saved=lambda notebook: b"\xef\xbb\xbf" + text(notebook)),
    "UTF-16": Row(lambda notebook: None, saved=lambda notebook: text(notebook).decode().encode("utf-16")),
    "half an emoji": Row(added("half = '\ud83d'"), saved=lambda notebook: json.dumps(notebook).encode()),
    "names of the checks": Row(added("raises = each = 3\njson = math = None"), is_graded=True),
    "wrong dedent": Row(
        source(merge_pair=lambda s: LINE + "def merge_pair(a, b, c):\n    x = 1\n  return x\n"), OTHERS, is_graded=True
    ),
    "format 3": Row(
        lambda notebook: notebook.update(nbformat=3, worksheets=[{"cells": notebook.pop("cells")}]),
        NOTHING,
        "an old notebook format",
        is_graded=True,
    ),
    "half saved": Row(lambda notebook: None, NOTHING, "not JSON", saved=lambda notebook: text(notebook)[:-100]),
}


def made(row: Row) -> bytes:
    answers = {name: one for name, one in classroom.reference(CHAPTER).items() if name in SOLVED}
    notebook = json.loads(json.dumps(classroom.submission(CHAPTER, answers)[CHAPTER]))
    row.change(notebook)
    return row.saved(notebook)


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, str]]:
    """What runs gave: two notebooks that count as the same one need no second run."""
    return {}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: dict[str, dict[str, str]]) -> Path:
    folder = tmp_path / "work"
    starting.start(ROOT, folder, CHAPTER)
    monkeypatch.setenv("LLMCOURSE_WORKSPACE", str(folder))
    run = checking._outcomes

    def once(counted: Repaired, *rest: Any) -> dict[str, str]:
        key = json.dumps(counted.notebook)
        if key not in runs:
            runs[key] = run(counted, *rest)
        return runs[key]

    monkeypatch.setattr(checking, "_outcomes", once)
    return folder


@pytest.mark.parametrize("name", ROWS)
def test_check_status_and_submit_say_one_thing(workspace: Path, name: str) -> None:
    row = ROWS[name]
    (workspace / CHAPTER / f"{CHAPTER}.ipynb").write_bytes(made(row))
    notes: list[str] = []
    outcomes = list(checking.check(ROOT, workspace, CHAPTER, on_note=notes.append))
    assert {one.exercise.piece.name for one in outcomes if one.passed} == row.passed
    assert row.told in "\n".join(notes) and bool(row.told) == bool(notes)
    stands = {one.exercise.piece.name for one in standing(ROOT, workspace, CHAPTER) if one.state == "passed"}
    assert stands == row.passed
    if row.passed == NOTHING:
        with pytest.raises(ValueError, match=row.told):
            submission.submit(ROOT, workspace, CHAPTER, "ada", workspace)
        return
    done = submission.submit(ROOT, workspace, CHAPTER, "ada", workspace)
    assert list(done.notes) == notes
    open_titles = {one.exercise.title for one in outcomes if one.exercise.piece.name not in SOLVED}
    assert {title for title in done.unanswered if title in {one.exercise.title for one in outcomes}} == open_titles


@pytest.fixture(scope="module")
def graded(open_where_needed: None, tmp_path_factory: pytest.TempPathFactory) -> ClassReport:
    folder = tmp_path_factory.mktemp("class")
    for name, row in ROWS.items():
        if row.is_graded:
            path = folder / "submissions" / name.replace(" ", "_") / f"{CHAPTER}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(made(row))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Course, "feedback", lambda self, assignment, student: None)
        return grade(folder / "submissions", folder / "out", CHAPTER, source=ROOT / "solutions")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.is_graded])
def test_grade_says_the_same(graded: ClassReport, name: str) -> None:
    row, result = ROWS[name], graded[name.replace(" ", "_")]
    assert {one.name for one in result.exercises if one.points and one.kind == "check"} == row.passed
    assert row.told in "\n".join(result.problems)
