"""The report: CSV, JSON and the terminal's summary."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import nbformat
import pytest
from rich.console import Console

from llmcourse.course.grading.results.feedback import message
from llmcourse.course.grading.results.report import (
    ClassReport,
    ExerciseResult,
    StudentResult,
    histogram,
    print_summary,
    write_csv,
)


def result(student: str, *points: float | None, problems: tuple[str, ...] = ()) -> StudentResult:
    names = ("double", "square")
    exercises = (ExerciseResult("01", "01", f"check_{n}", n, "check", p, 5.0) for n, p in zip(names, points))
    return StudentResult(student, student, tuple(exercises), problems)


@pytest.fixture
def report() -> ClassReport:
    odd = result("@ada", 5.0, None, problems=("=HYPERLINK(1)", "two\nlines"))
    return ClassReport(("01",), (odd, result("bob", 5.0, 0.0), result("cyd", 2.5, 0.0)), ("x.txt: ignored",), 3.0)


def test_the_csv_holds_no_formula_and_one_line_a_student(report: ClassReport, tmp_path: Path) -> None:
    write_csv(report, tmp_path / "scores.csv")
    rows = list(csv.reader((tmp_path / "scores.csv").open(encoding="utf-8")))
    assert rows == [
        ["student", "score", "max_score", "double", "square", "problems"],
        ["'@ada", "5", "10", "5", "needs manual grade", "'=HYPERLINK(1); two lines"],
        ["bob", "5", "10", "5", "0", ""],
        ["cyd", "2.5", "10", "2.5", "0", ""],
    ]


def test_columns_name_their_assignment_when_there_are_several(report: ClassReport, tmp_path: Path) -> None:
    write_csv(ClassReport(("01", "02"), report.students), tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().startswith("student,score,max_score,01/double,01/square,problems\n")


def test_json_has_scores_and_comes_back(report: ClassReport) -> None:
    data = json.loads(report.to_json())
    assert [student["score"] for student in data["students"]] == [5.0, 5.0, 2.5]
    assert data["students"][0]["exercises"][1]["points"] is None


def test_the_histogram_counts_everybody_once(report: ClassReport) -> None:
    lines = histogram(report).splitlines()
    assert len(lines) == 10
    assert [line.split()[-1] for line in lines if "█" in line] == ["2", "1"]
    assert lines[0].startswith(" 90-100%") and lines[-1].startswith("  0-  9%")


def test_the_summary_shows_means_the_hardest_exercise_and_the_problems_as_text(report: ClassReport) -> None:
    stream = io.StringIO()
    print_summary(report, Console(file=stream, width=100))
    shown = stream.getvalue()
    double, square = (next(line for line in shown.splitlines() if name in line) for name in ("double", "square"))
    assert "4.17" in double and "67%" in double
    assert "0.00" in square and "hardest" in square
    assert "@ada: =HYPERLINK(1)" in shown and "x.txt: ignored" in shown


def test_an_empty_class_has_a_report(tmp_path: Path) -> None:
    empty = ClassReport(("01",), ())
    write_csv(empty, tmp_path / "scores.csv")
    print_summary(empty, Console(file=io.StringIO()))
    assert (tmp_path / "scores.csv").read_text() == "student,score,max_score,problems\n"


def test_a_message_never_shows_the_statement_on_a_hidden_line():
    source = "%%check m:f\nassert f(1) == 1, 'x'\n### BEGIN HIDDEN TESTS\nassert f(41) == 41, 'too large'\n### END HIDDEN TESTS"
    told = "f: too large\n    in the check, line 4: assert f(41) == 41\n    in f, line 4: return 0"
    error = nbformat.v4.new_output("error", ename="CheckFailed", evalue=told, traceback=[])
    cell = nbformat.v4.new_code_cell(source, outputs=[error], metadata={"llmcourse": {"told": told}})
    assert message(cell) == "f: too large\n    in f, line 4: return 0"
    cell.metadata["llmcourse"]["told"] = told.replace("line 4: assert f(41) == 41", "line 2: assert f(1) == 1")
    assert "assert f(1) == 1" in message(cell)
