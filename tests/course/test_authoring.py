from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from llmcourse.course.author.authoring import instructor_notebook
from llmcourse.course.author.build import StaleError, build, notebook_text, solution_notebooks
from llmcourse.course.author.chapters import AuthoringError, chapter_sources
from llmcourse.course.pieces import Piece, exercise_source, is_stub


def edit(course: Path, old: str, new: str) -> None:
    path = course / "book" / "chapters" / "01_doubling.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_exercise_keeps_signature_docstring_and_comments_and_marks_the_body(small_course):
    source = exercise_source(Piece("llmcourse.toy", "double"), small_course)
    assert source.splitlines()[-4:] == [
        "    ### BEGIN SOLUTION",
        "    # the obvious way",
        "    return 2 * x",
        "    ### END SOLUTION",
    ]
    assert ">>> double(2)" in source.split("### BEGIN SOLUTION")[0]


def test_every_method_of_a_class_is_marked_and_its_attributes_stay(small_course):
    source = exercise_source(Piece("llmcourse.toy", "Counter"), small_course)
    assert source.count("### BEGIN SOLUTION") == source.count("### END SOLUTION") == 2
    assert "    start = 0" in source
    compile(source, "class", "exec")


def test_release_holds_stub_and_no_solution_hidden_test_or_mark_scheme(small_course):
    build(small_course, prove=False)
    release = (small_course / "notebooks/01_doubling/01_doubling.ipynb").read_text(encoding="utf-8")
    cells = nbformat.reads(release, as_version=4).cells
    for secret in ("2 * x", "-14", "HIDDEN", "because", "Because"):
        assert not any(secret in cell.source for cell in cells)
    exercise = next(c for c in cells if c.metadata.get("llmcourse", {}).get("kind") == "exercise")
    assert exercise.source.startswith("%%build llmcourse.toy:double\ndef double")
    assert is_stub(exercise.source.split("\n", 1)[1], "double")


def test_the_work_is_announced_below_the_title(small_course):
    build(small_course, prove=False)
    cells = nbformat.read(small_course / "notebooks/01_doubling/01_doubling.ipynb", as_version=4).cells
    assert cells[0].source.splitlines()[:3] == [
        "# Doubling",
        "",
        "*1 exercise and 1 written question, 5 points, about 0.1 hours besides reading.*",
    ]


def test_build_is_a_function_of_its_sources_down_to_the_byte(small_course):
    build(small_course, prove=False)
    first = {p: p.read_bytes() for p in small_course.glob("*/*/*.ipynb")}
    again = build(small_course, prove=False)
    assert not again.written
    for path in first:
        path.unlink()
    build(small_course, prove=False)
    assert first == {p: p.read_bytes() for p in small_course.glob("*/*/*.ipynb")}


def test_check_fails_with_a_diff_when_a_library_body_changed(small_course):
    build(small_course, prove=False)
    build(small_course, prove=False, check=True)
    library = small_course / "llmcourse" / "toy.py"
    library.write_text(library.read_text().replace("2 * x", "x + x"))
    with pytest.raises(StaleError, match=r"(?s)solutions/01_doubling.*-.*2 \* x.*\+.*x \+ x"):
        build(small_course, prove=False, check=True)


def test_check_names_a_notebook_that_has_no_source(small_course):
    build(small_course, prove=False)
    orphan = small_course / "notebooks" / "02_old" / "02_old.ipynb"
    orphan.parent.mkdir()
    orphan.write_text("{}")
    with pytest.raises(StaleError, match="no source: notebooks/02_old"):
        build(small_course, prove=False, check=True)


def test_a_folder_of_notebooks_is_one_assignment(small_course):
    chapters = small_course / "book" / "chapters"
    text = (chapters / "01_doubling.md").read_text()
    folder = chapters / "03_recipes"
    folder.mkdir()
    for name in ("a_architecture", "b_training"):
        (folder / f"{name}.md").write_text(text)
    build(small_course, prove=False)
    released = {p.name for p in (small_course / "notebooks/03_recipes").iterdir()}
    assert released == {"a_architecture.ipynb", "b_training.ipynb"}


def test_exercise_numbers_run_through_the_notebooks_of_a_chapter(small_course):
    chapters = small_course / "book" / "chapters"
    text = (chapters / "01_doubling.md").read_text()
    (chapters / "03_recipes").mkdir()
    for name in ("a_architecture", "b_training"):
        (chapters / "03_recipes" / f"{name}.md").write_text(text)
    notebooks = solution_notebooks(small_course)
    boxes = [
        cell
        for notebook in notebooks.values()
        for cell in notebook.cells
        if "piece" in cell.metadata.get("llmcourse", {})
    ]
    numbers = [cell.metadata.llmcourse.number for cell in boxes if cell.metadata.llmcourse.kind == "box"]
    assert numbers == ["1.1", "3.1", "3.2"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (":piece: llmcourse.toy:double\n:title", ":piece: llmcourse.toy:duoble\n:title", "did you mean 'double'"),
        (":piece: llmcourse.toy:double\n:title", ":piece: llmcourse.nowhere:double\n:title", "unknown module"),
        (":piece: llmcourse.toy:double\n:title", ":piece: double\n:title", "is not a piece"),
        ("llmcourse.toy:double", "llmcourse.toy:undocumented", "no docstring"),
        (":points: 2", ":points: 0", "points must be a positive number, got 0"),
        (":points: 2", ":points: -1", "points must be a positive number, got -1"),
        (":points: 2", ":points: two", "points must be a positive number, got 'two'"),
        (":points: 2", ":points: .nan", "points must be a positive number, got nan"),
        (":kind: check\n:piece: llmcourse.toy:double", ":kind: check", "has no :piece:"),
        (":kind: check\n:piece: llmcourse.toy:double", ":kind: check\n:piece: llmcourse.toy:quadruple", "no exercise"),
        (":kind: experiment\n:id: show", ":kind: experiment\n:id: double", "duplicate id 'double'"),
        (":kind: experiment", ":kind: demo", "kind must be one of"),
        (":kind: experiment\n", "", "kind must be one of"),
        (":id: show", ":id: show\n:alt: a plot", "needs :caption:"),
        (":id: show", ":id: show\n:colour: red", "unknown option colour"),
        (":id: show", ":id: show\n:alt: a\n:caption: b\n:name: c\ntable([], [])", "a figure is one picture"),
        (":difficulty: 1", ":difficulty: 9", "difficulty: must be 1 to 5"),
        ('+++ {"kind": "box"}', "+++", "right above it"),
        ("### END HIDDEN TESTS\n", "", "END HIDDEN TESTS"),
        (', "twice two is four"', "", "no message"),
        (":points: 2", ":points: 2\n:self_reported: true", "belongs to the checks that use count_steps"),
        (
            "### BEGIN HIDDEN TESTS",
            "### BEGIN HIDDEN TESTS\ncount_steps(double, 2)",
            "belongs to the checks that use count_steps",
        ),
        ('"points": 3', '"points": 0', "points must be a positive number"),
        ("### END SOLUTION\n", "### END SOLUTION\n\nMore text.\n", "put a line `+++` above it"),
        ("**Mark scheme**", "Marks", "'Mark scheme' is missing"),
        ("+++ {", "+++ {,", "could not be read"),
    ],
)
def test_bad_input_is_named_with_its_file_and_line(small_course, old, new, says):
    edit(small_course, old, new)
    with pytest.raises(AuthoringError) as error:
        build(small_course, prove=False)
    assert says in str(error.value)
    assert "01_doubling.md" in str(error.value)


@pytest.mark.parametrize(
    ("prose", "line", "says"),
    [
        ("- ```{code-cell} ipython3\n  a\n  ```", 6, "read as prose"),
        ("````{note}\n```{code-cell} ipython3\na\n```\n````", 7, "inside what begins on line 6"),
        (
            ":::{note}\n```{code-cell} ipython3\n:kind: experiment\na\n```\n:::",
            7,
            "cuts the block that begins on line 6",
        ),
        (":::{code-cell} ipython3\na\n:::", 6, "read as prose"),
        ("``` {code-cell} ipython3\na\n```", 6, "read as prose"),
        ("```{code-cell} ipython3\n:kind: setup\na\n\nText.", 12, "inside what begins on line 6"),
        ("```python\na", 9, "inside what begins on line 6"),
        ("one\u2028two", 6, "U+2028"),
        ("one\x0ctwo", 6, "U+000C"),
        ("```{code-cell} ipython3\n:kind: experiment\n:caption: Rule #1\na\n```", 8, "begins a comment"),
    ],
)
def test_what_a_reader_would_lose_in_silence_is_a_fault_with_its_line(small_course, prose, line, says):
    edit(small_course, "Some prose.", prose)
    with pytest.raises(AuthoringError) as error:
        build(small_course, prove=False)
    assert any(f"01_doubling.md:{line}: " in row and says in row for row in str(error.value).splitlines())


def test_a_fence_that_is_open_at_the_end_is_a_fault(small_course):
    chapter = small_course / "book/chapters/01_doubling.md"
    chapter.write_text(chapter.read_text() + "\n+++\n\n```python\na\n")
    line = len(chapter.read_text().splitlines()) - 1
    with pytest.raises(AuthoringError, match=rf"01_doubling\.md:{line}: the fence that begins here is never closed"):
        build(small_course, prove=False)


@pytest.mark.parametrize(
    "prose",
    [
        "1. one\n   ```python\n   a\n   ```",
        "````md\n```\na\n```\n````",
        ':::{note}\nNote.\n:::\n\n```{code-cell} ipython3\n:kind: experiment\n:id: "rule #1"\na = 1 # one\n```',
    ],
)
def test_fences_blocks_and_quoted_options_as_they_should_be_are_no_fault(small_course, prose):
    edit(small_course, "Some prose.", prose)
    build(small_course, prove=False)


def test_a_byte_order_mark_loses_no_title(small_course):
    chapter = small_course / "book/chapters/01_doubling.md"
    chapter.write_text("\ufeff" + chapter.read_text(encoding="utf-8"), encoding="utf-8")
    (source,) = chapter_sources(small_course)
    assert instructor_notebook(source, small_course).metadata.llmcourse.title == "Doubling"


@pytest.mark.parametrize(
    "use",
    [
        "TABLE = {'double': double}",
        "class Sub:\n    f = double",
        "def f(g=double):\n    pass",
        "@double\ndef f(): pass",
    ],
)
def test_a_piece_that_its_module_uses_while_imported_is_refused(small_course, use):
    library = small_course / "llmcourse" / "toy.py"
    library.write_text(library.read_text() + "\n\n" + use + "\n")
    with pytest.raises(AuthoringError, match=r"uses the piece while it is imported \(line \d+\)"):
        build(small_course, prove=False)


def test_uses_in_function_bodies_and_annotations_are_fine(small_course):
    library = small_course / "llmcourse" / "toy.py"
    library.write_text(library.read_text() + "\n\ndef f(x: double) -> double:\n    return double(x)\n")
    build(small_course, prove=False)


def test_the_line_in_a_fault_is_the_line_in_the_file(small_course):
    edit(small_course, ":points: 2", ":points: 0")
    text = (small_course / "book/chapters/01_doubling.md").read_text().splitlines()
    line = next(n for n, row in enumerate(text, 1) if row == ":kind: check") - 1
    with pytest.raises(AuthoringError, match=rf"01_doubling\.md:{line}: check `llmcourse\.toy:double`: points"):
        build(small_course, prove=False)


def test_two_figures_of_the_book_cannot_have_one_name(small_course):
    edit(small_course, ":id: show", ":id: show\n:alt: a plot\n:caption: A plot.\n:name: fig-plot")
    source = small_course / "book/chapters/01_doubling.md"
    (source.parent / "02_again.md").write_text(source.read_text())
    with pytest.raises(AuthoringError, match="the name fig-plot is given to figures in 01_doubling.md and 02_again.md"):
        build(small_course, prove=False)


def test_every_fault_is_reported_at_once(small_course):
    edit(small_course, ":points: 2", ":points: 0")
    edit(small_course, ":difficulty: 1", ":difficulty: 9")
    with pytest.raises(AuthoringError) as error:
        build(small_course, prove=False)
    assert len(str(error.value).splitlines()) == 2


REAL = """# Real

```{code-cell} ipython3
:kind: setup
%load_ext llmcourse.course
```

```{code-cell} ipython3
:kind: experiment
answer = 1.5
```

+++ {"kind": "box"}
Write it.

```{code-cell} ipython3
:kind: exercise
:piece: llmcourse.tokenization.huffman:mean_code_length
:title: Mean
:difficulty: 1
:minutes: 5
```

```{code-cell} ipython3
:kind: check
:piece: llmcourse.tokenization.huffman:mean_code_length
:points: 1
assert mean_code_length({"a": 1, "b": 1}, {"a": 1, "b": 2}) == answer, "the mean of 1 and 2 bits"
### BEGIN HIDDEN TESTS
assert mean_code_length({"a": 3}, {"a": 1}) == 1, "one bit"
### END HIDDEN TESTS
```
"""


@pytest.fixture
def real_course(tmp_path):
    """A chapter on a piece of the real library, which kernels can import."""
    (tmp_path / "book" / "chapters").mkdir(parents=True)
    (tmp_path / "llmcourse").symlink_to(Path(__file__).resolve().parents[2] / "llmcourse")
    (tmp_path / "book" / "chapters" / "01_real.md").write_text(REAL)
    return tmp_path


def test_the_build_proves_that_nothing_graded_depends_on_an_experiment(real_course):
    with pytest.raises(AuthoringError, match=r"(?s)01_real: the graded path fails without its experiments.*answer"):
        build(real_course)
    chapter = real_course / "book" / "chapters" / "01_real.md"
    chapter.write_text(REAL.replace("== answer", "== 1.5"))
    assert set(build(real_course).proved) == {"01_real"}
    assert not build(real_course).proved, "what passed once is not run again"


def test_graded_paths_run_side_by_side_and_each_counts_its_own_seconds(real_course, monkeypatch):
    monkeypatch.setattr("llmcourse.course.author.build.cores", lambda: 2)
    chapters, right = real_course / "book" / "chapters", REAL.replace("== answer", "== 1.5")
    (chapters / "01_real.md").unlink()
    for name, other, seconds in (("01_quick", "02_slow", 0), ("02_slow", "01_quick", 3)):
        waits = f"""%load_ext llmcourse.course
import pathlib, time
here, there = pathlib.Path({str(real_course / name)!r}), pathlib.Path({str(real_course / other)!r})
here.touch()
while not there.exists():
    time.sleep(0.05)
end = time.process_time() + {seconds}
while time.process_time() < end:
    pass"""
        (chapters / f"{name}.md").write_text(right.replace("%load_ext llmcourse.course", waits, 1))
    proved = build(real_course).proved
    assert list(proved) == ["01_quick", "02_slow"] and proved["02_slow"] > proved["01_quick"] + 1.5


def test_the_build_refuses_a_graded_path_that_takes_too_long(real_course, monkeypatch):
    monkeypatch.setattr("llmcourse.course.author.build.GRADED_PATH_LIMIT_S", 0.01)
    chapter = real_course / "book" / "chapters" / "01_real.md"
    chapter.write_text(REAL.replace("== answer", "== 1.5"))
    with pytest.raises(AuthoringError, match="the limit is 0.01 s"):
        build(real_course)


def test_of_two_runs_of_a_graded_path_the_quicker_one_counts(real_course, monkeypatch):
    seconds = [27.6, 6.0]
    monkeypatch.setattr("llmcourse.course.author.build.run_notebook", lambda *_: seconds.pop(0))
    assert build(real_course).proved == {"01_real": 6.0}
    assert not seconds


def test_cell_ids_do_not_move_when_prose_is_added_above(small_course):
    (source,) = chapter_sources(small_course)
    before = {c.id for c in instructor_notebook(source, small_course).cells if c.cell_type == "code"}
    edit(small_course, "Some prose.", "Some prose.\n\n+++\n\nMore prose.")
    assert before == {c.id for c in instructor_notebook(source, small_course).cells if c.cell_type == "code"}


def test_notebook_bytes_survive_a_round_trip(small_course):
    (source,) = chapter_sources(small_course)
    text = notebook_text(instructor_notebook(source, small_course))
    assert notebook_text(nbformat.reads(text, as_version=4)) == text
