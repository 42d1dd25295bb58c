"""Repair: whatever was handed in, what goes on is the released notebook with the student's sources in it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from llmcourse.course.answers import NotANotebook, Repaired, read_cells
from llmcourse.course.grading.intake.received import Received
from llmcourse.course.grading.intake.repair import repair


@pytest.fixture
def fix(released: Callable[[], NotebookNode]) -> Callable[[NotebookNode], Repaired]:
    return lambda notebook: repair(released(), Received(json.dumps(notebook).encode()))


def shape(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.metadata.get("llmcourse", {}).get("id", "own")) for cell in notebook.cells]


def test_an_untouched_notebook_comes_out_as_released(fix, released) -> None:
    assert fix(released()) == Repaired(released(), ())


def test_only_sources_of_answers_are_taken(fix, make, released, at) -> None:
    notebook = make(why="because")
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=400, grade=False, solution=True, locked=False)
        cell.metadata.llmcourse["kind"] = "experiment"
    result = fix(notebook).notebook
    assert [cell.metadata for cell in result.cells] == [cell.metadata for cell in released().cells]
    assert result.cells[at(result, "double")].source == "def double(x):\n    return 2 * x"
    assert result.cells[at(result, "why")].source == "because"


def test_own_cells_stay_near_where_they_stood_and_raw_ones_go(fix, make, at) -> None:
    notebook = make()
    notebook.cells.insert(at(notebook, "double"), new_code_cell("HELPER = 2", metadata={"nbgrader": {"grade": True}}))
    notebook.cells.insert(at(notebook, "square"), new_markdown_cell("my note"))
    notebook.cells.append({"cell_type": "raw", "source": "raw", "metadata": {}})
    result = fix(notebook).notebook
    own = [cell for cell in result.cells if cell.metadata.llmcourse.kind == "student"]
    assert [cell.source for cell in own] == ["HELPER = 2", "my note"]
    names = [name for _, name in shape(result)]
    assert names[names.index("double") - 1] == "own" and names[names.index("square") - 1] == "own"
    assert all(cell.metadata.keys() == {"llmcourse"} for cell in own)


def test_cells_in_another_order_come_back_into_order(fix, make, released) -> None:
    notebook = make()
    notebook.cells.reverse()
    result = fix(notebook)
    assert shape(result.notebook) == shape(released())
    assert result.problems == ()


def test_of_two_copies_of_an_exercise_the_last_one_worked_on_counts(fix, make, released, at) -> None:
    notebook = make(double="def helper(x): return x")
    place = at(notebook, "double")
    second, stub = make(double="def double(x): return 2 * helper(x)").cells[place], released().cells[place]
    notebook.cells[place + 1 : place + 1] = [second, stub]
    result = fix(notebook)
    assert [c.source for c in result.notebook.cells[place : place + 2]] == ["def helper(x): return x", second.source]
    assert result.problems == ("the cell 'double' is there 3 times: the last one worked on was graded",)
    assert [name for _, name in shape(result.notebook)].count("double") == 1


def test_deleted_and_doubled_checks_and_deleted_answers_carry_their_fault(fix, make, at) -> None:
    notebook = make(why="because")
    notebook.cells.append(notebook.cells[at(notebook, "check_square")])
    for name in ("check_double", "why", "double"):
        del notebook.cells[at(notebook, name)]
    result = fix(notebook)
    faults = {c.metadata.llmcourse.id: c.metadata.llmcourse.get("fault") for c in result.notebook.cells}
    assert faults["check_double"] == "the check cell 'check_double' was deleted"
    assert faults["check_square"] is None, "a copy costs nothing"
    assert faults["double"] == "the exercise cell 'double' was deleted"
    assert faults["why"] == "the written cell 'why' was deleted"
    twice = "the check cell 'check_square' is there 2 times: the original was used, once"
    assert set(result.problems) == {twice, *(fault for fault in faults.values() if fault)}


def test_a_changed_check_is_replaced_and_reported(fix, make, released, at) -> None:
    notebook = make()
    place = at(notebook, "check_double")
    notebook.cells[place].source = "assert True"
    result = fix(notebook)
    assert result.notebook.cells[place].source == released().cells[place].source
    assert result.problems == (
        "the check cell 'check_double' differs from the release (an older copy?): the original was used",
    )


def test_a_changed_setup_runs_after_the_original_and_a_changed_experiment_not_at_all(fix, make, released, at) -> None:
    notebook = make()
    notebook.cells[at(notebook, "imports")].source += "\nimport re"
    notebook.cells[at(notebook, "plot_double")].source = "1 / 0"
    result = fix(notebook).notebook
    place = at(result, "imports")
    assert result.cells[place] == released().cells[place]
    assert result.cells[place + 1].source.endswith("import re")
    assert "1 / 0" not in [cell.source for cell in result.cells]


def test_the_first_line_of_an_exercise_is_the_instructors(released, at) -> None:
    skeleton = released()
    place = at(skeleton, "double")
    skeleton.cells[place].source = "%%build llmcourse.sums:double\n" + skeleton.cells[place].source
    for first in ("", "%%build llmcourse.sums:square\n", "\n%%time\n"):
        notebook = released()
        notebook.cells[place].source = f"{first}def double(x): pass"
        result = repair(skeleton, Received(json.dumps(notebook).encode())).notebook
        assert result.cells[place].source == "%%build llmcourse.sums:double\ndef double(x): pass"


def test_an_exercise_retyped_in_a_new_cell_counts(released, at) -> None:
    skeleton = released()
    place = at(skeleton, "double")
    skeleton.cells[place].source = "%%build llmcourse.sums:double\n" + skeleton.cells[place].source
    notebook = released()
    notebook.cells[place] = new_code_cell("%%build llmcourse.sums:double\ndef double(x): return 2 * x")
    result = repair(skeleton, Received(json.dumps(notebook).encode()))
    assert result.notebook.cells[place].source == notebook.cells[place].source
    assert result.problems == ()


def test_a_cell_without_metadata_is_known_by_its_id(fix, make, at) -> None:
    notebook = make()
    for cell in notebook.cells:
        cell.metadata = {}
    result = fix(notebook)
    assert result.problems == ()
    assert result.notebook.cells[at(result.notebook, "square")].source == "def square(x):\n    return x * x"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"{not json", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1, 2]", "not a notebook"),
        (b'{"cells": 3}', "not a notebook"),
        (b'{"worksheets": []}', "old notebook format"),
    ],
)
def test_what_is_no_notebook_costs_everything_and_says_why(released, data: bytes, reason: str) -> None:
    with pytest.raises(NotANotebook, match=reason):
        read_cells(data)
    result = repair(released(), Received(data))
    fault = result.notebook.metadata.llmcourse.fault
    assert reason in fault and result.problems == (fault,)


def test_cells_of_any_shape_are_read_or_dropped() -> None:
    cells = [1, None, {}, {"cell_type": 3, "source": {"a": 1}, "metadata": []}, {"source": ["a\r\n", 3, "b\ud800"]}]
    read = read_cells(json.dumps({"cells": cells}).encode())
    assert [cell.source for cell in read] == ["", "", "a\nb?"]


def test_too_much_of_a_students_own_is_left_out(fix, make, at) -> None:
    notebook = make(double="x" * 200_000)
    notebook.cells += [new_code_cell("pass") for _ in range(400)]
    result = fix(notebook)
    assert any("'double' has more than 100000 characters" in problem for problem in result.problems)
    assert any(problem.startswith("100 cells of the student's own were left out") for problem in result.problems)
