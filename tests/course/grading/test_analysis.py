"""The report: mistakes known from the bank, groups of their own, checks of lower trust, and a page that stands alone."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from rich.console import Console

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.insight.analysis import Analysis, analyse, find_mistakes, lower_trust, read_report
from llmcourse.course.grading.insight.bank import Solution, Verdict, filled, read_bank
from llmcourse.course.grading.insight.report_page import print_analysis, report_page
from llmcourse.course.grading.insight.similarity import Pair
from llmcourse.course.grading.results.report import ClassReport, ExerciseResult, StudentResult
from tests.classroom import cells, notebooks

RIGHT, WRONG = "def double(x):\n    return 2 * x", "def double(x):\n    # twice\n    return x * x"
OUTSIDE = "double: got 0.25 where 0.5 is right: is epsilon inside the root?\n    in the check, line 3: assert close(double(x))"
BANK = {
    "double": [
        Verdict(Solution("double", "squares", "squares instead of doubling", "def double(v):\n    return v * v\n"), ""),
        Verdict(
            Solution("double", "outside", "puts epsilon outside the root", "def double(x):\n    return 1\n"), OUTSIDE
        ),
        Verdict(
            Solution("double", "slow", "looks at every word", "def double(x):\n    return 2\n"),
            "double: 508,387 steps to merge",
        ),
    ]
}


def failed(student: str, reason: str, points: float | None = 0.0, **more: object) -> StudentResult:
    exercise = ExerciseResult("01", "01", "check_double", "double", "check", points, 3.0, reason, **more)
    return StudentResult(student, student, (exercise,))


def found(
    *students: StudentResult, sources: dict[str, str] | None = None, counted: tuple[str, ...] = ()
) -> list[tuple[str, str, int]]:
    answers = {who: {"double": source} for who, source in (sources or {}).items()}
    mistakes, _ = find_mistakes(ClassReport(("01",), students), answers, BANK, counted)
    return [(one.about, one.known, len(one.students)) for one in mistakes]


def test_the_same_code_but_for_names_is_known_whatever_the_check_said() -> None:
    assert found(failed("a", "double: wrong"), sources={"a": WRONG}) == [
        ("squares instead of doubling", "same code", 1)
    ]


def test_the_same_message_at_the_same_line_is_the_same_mistake() -> None:
    own_line = "\n    in double, line 4 of its cell: return eps"
    assert found(failed("a", OUTSIDE), failed("b", OUTSIDE + own_line)) == [
        ("puts epsilon outside the root", "same failure", 2)
    ]
    other_number, other_line = OUTSIDE.replace("0.25", "0.26"), OUTSIDE.replace("line 3", "line 4")
    assert [known for _, known, _ in found(failed("a", other_number), failed("b", other_line))] == ["", ""]


def test_a_count_of_steps_is_left_out_where_a_check_counts_them() -> None:
    reason = "double: 612,001 steps to merge"
    assert found(failed("a", reason)) == [("612,001 steps to merge", "", 1)]
    assert found(failed("a", reason), counted=("double",)) == [("looks at every word", "same failure", 1)]


def test_mistakes_of_one_kind_are_one_line_and_the_most_frequent_comes_first() -> None:
    told = [failed(f"s{i}", "double: got 7") for i in range(3)] + [failed("t", OUTSIDE)]
    assert found(*told) == [("got 7", "", 3), ("puts epsilon outside the root", "same failure", 1)]


def test_what_was_not_tried_is_counted_apart_and_what_is_right_or_unmarked_not_at_all() -> None:
    blank = failed("a", "double is not written yet: replace `raise NotImplementedError()` in its cell.")
    students = (blank, failed("b", "", 3.0), failed("c", "", None))
    assert find_mistakes(ClassReport(("01",), students), {}, BANK) == ([], {"double": 1})


def test_a_cell_that_the_grader_ended_is_no_mistake_of_the_bank() -> None:
    students = [failed(f"s{i}", f"no answer within {i} s", by_grader=True) for i in (10, 60)]
    assert found(*students) == [("no answer within 10 s", "", 2)]


def test_the_bank_of_a_checkout_fills_every_exercise(tmp_path: Path) -> None:
    (tmp_path / "merge_pair.py").write_text("# %% lost: forgets\ndef merge_pair(ids, pair, new_id):\n    return 1\n")
    [solution] = read_bank(tmp_path / "merge_pair.py")
    for notebook in notebooks("01_tokenization").values():
        copy = filled(notebook, {"merge_pair": solution.source})
        exercise = cells(copy, "exercise")["merge_pair"]
        assert exercise.source.splitlines()[0].startswith("%%build") and "return 1" in exercise.source
        assert "return 1" not in cells(notebook, "exercise")["merge_pair"].source


def test_lower_trust_is_found_from_the_checks_of_the_course() -> None:
    checks = {
        name: cell.source
        for notebook in notebooks("01_tokenization", Path(__file__).parents[3] / "solutions").values()
        for name, cell in cells(notebook, "check").items()
    }
    assert lower_trust(checks) == [name for name, source in checks.items() if "count_steps(" in source] != []
    assert lower_trust(
        {"broken": "%%check m:f\ncount_steps(", "comment": "%%check m:f\n# count_steps\nassert f()"}
    ) == ["broken"]


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"


@pytest.fixture
def analysis() -> Analysis:
    students = (failed(f"eve{HOSTILE}", f"double: {HOSTILE}"), failed("bob", OUTSIDE), failed("cyd", "", 3.0))
    report = ClassReport(("01",), students, (f"{HOSTILE}: ignored",))
    mistakes, not_tried = find_mistakes(report, {}, BANK)
    pair = Pair(("bob", f"eve{HOSTILE}"), 0.97, (("double", 0.97),), 20.0)
    return Analysis(report, tuple(mistakes), not_tried, (pair,), ("double",), "graded")


def test_the_page_tells_it_all_and_runs_and_fetches_nothing(analysis: Analysis) -> None:
    page = report_page(analysis)
    tags: list[tuple[str, list[str]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append((tag, [name for name, _ in attrs]))  # type: ignore[method-assign]
    parser.feed(page)
    assert {"script", "img", "link", "iframe", "form"}.isdisjoint(tag for tag, _ in tags)
    assert not {"src", "onload", "style"} & {name for _, names in tags for name in names}
    assert "\x1b" not in page and "\u202e" not in page
    for told in (
        "3 students",
        "puts epsilon outside the root",
        "1 of 3",
        "97%",
        "not a verdict",
        "lower trust",
        "ignored",
    ):
        assert told in page


def test_the_terminal_tells_the_same_in_short(analysis: Analysis) -> None:
    stream = io.StringIO()
    print_analysis(analysis, Console(file=stream, width=120))
    shown = stream.getvalue()
    assert "1 of 3, double: puts epsilon outside the root" in shown and "not in the bank" in shown
    assert "97%" in shown and "Checks of lower trust: double" in shown and "\u202e" not in shown


def test_an_empty_class_has_a_page() -> None:
    page = report_page(Analysis(ClassReport(("01",), ()), (), {}, (), (), ""))
    assert "Nobody has handed in" in page


def test_a_folder_without_a_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="run `llmcourse grade` first"):
        read_report(tmp_path)
    (tmp_path / "report.json").write_text('{"students": [{}]}')
    with pytest.raises(GradingError, match="run `llmcourse grade` first"):
        analyse(tmp_path)


def graded_folder(folder: Path, source: Path, answers: dict[str, NotebookNode], reports: list[StudentResult]) -> Path:
    """What `grade` writes, as far as the analysis reads it."""
    (folder / "source").parent.mkdir(parents=True, exist_ok=True)
    for step in ("source", "release"):
        path = folder / step / "01_sums" / "01_sums.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes((source / "01_sums" / "01_sums.ipynb").read_bytes())
    for student, notebook in answers.items():
        path = folder / "autograded" / student / "01_sums" / "01_sums.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    (folder / "report.json").write_text(ClassReport(("01_sums",), tuple(reports)).to_json())
    return folder


def test_a_graded_folder_is_analysed_with_the_bank_by_code(tmp_path: Path, source: Path, make) -> None:
    answers = {"ada": make(), "bob": make(double=WRONG)}
    results = [
        StudentResult(
            who, who, (ExerciseResult("01_sums", "01_sums", "check_double", "double", "check", points, 3.0, why),)
        )
        for who, points, why in (("ada", 3.0, ""), ("bob", 0.0, "double(3) is 9"))
    ]
    output = graded_folder(tmp_path / "grades", source, answers, results)
    bank = tmp_path / "mutants" / "01_sums" / "double.py"
    bank.parent.mkdir(parents=True)
    bank.write_text("# %% squares: squares instead of doubling\ndef double(v):\n    return v * v\n")
    analysis = analyse(output, tmp_path / "mutants", grade_bank=False)
    assert [(m.about, m.known, m.students) for m in analysis.mistakes] == [
        ("squares instead of doubling", "same code", ("bob",))
    ]
    assert analysis.pairs == () and analysis.lower_trust == () and analysis.bank == "by code"
    assert json.loads((output / "report.json").read_text())["students"][0]["student"] == "ada"
