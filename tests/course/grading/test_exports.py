"""Exports: the columns that Canvas and Moodle read, names from a roster, nothing that a spreadsheet computes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.results.exports import export
from llmcourse.course.grading.results.roster import read_roster

CLASS = {"ada": (3.0, 4.0), "bob": (1.5, 0.0), "zoë_müller": (3.0, 2.25)}
"""Points of a check worth 3 and of a written answer worth 5."""


def write_gradebook(folder: Path, *, marked: bool = True, late: float = 0.0) -> Path:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for name in ("01_sums", "02_more"):
            gradebook.add_assignment(name)
            gradebook.add_notebook(name, name)
            gradebook.add_grade_cell("check", name, name, max_score=3, cell_type="code")
            gradebook.add_solution_cell("why", name, name)
            gradebook.add_grade_cell("why", name, name, max_score=5, cell_type="markdown")
        for student, (check, why) in CLASS.items():
            gradebook.add_student(student)
            gradebook.add_submission("01_sums", student)
            gradebook.find_submission_notebook("01_sums", "01_sums", student).late_submission_penalty = late
            for name, points in (("check", check), ("why", why)):
                grade = gradebook.find_grade(name, "01_sums", "01_sums", student)
                grade.needs_manual_grade = name == "why" and not marked
                grade.auto_score, grade.manual_score = (points, None) if name == "check" else (None, points)
        gradebook.db.commit()
    return folder


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return write_gradebook(tmp_path_factory.mktemp("grades"))


def roster(folder: Path, text: str) -> Path:
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_canvas_gets_its_header_the_points_possible_and_a_row_a_student(graded: Path, tmp_path: Path) -> None:
    people = roster(
        tmp_path,
        'Student,ID,SIS User ID,SIS Login ID,Section,Old (1)\n    Points Possible,,,,,9\n"Lovelace, Ada",11,,ada,A1,\n'
        '"=cmd()|x",12,,bob,A1,\n"Müller, Zoë",13,S7,Zoë Müller,,\n"Late, Larry",14,,larry,,\n',
    )
    titles = {"01_sums": "Sums (4711)"}
    path = export(graded, "canvas", tmp_path / "c.csv", roster=people, assignments=["01_sums"], titles=titles)
    assert rows(path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Sums (4711)"],
        ["    Points Possible", "", "", "", "", "8"],
        ["Lovelace, Ada", "11", "", "ada", "A1", "7"],
        ["'=cmd()|x", "12", "", "bob", "A1", "1.5"],
        ["Müller, Zoë", "13", "S7", "Zoë Müller", "", "5.25"],
        ["Late, Larry", "14", "", "larry", "", ""],
    ]


def test_students_are_known_by_what_their_platform_called_them(tmp_path: Path) -> None:
    """A gradebook exported from Canvas and a participants' list from Moodle do as they are; namesakes are told."""
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        gradebook.add_assignment("01_sums")
        for student in ("roeeve_1234", "Dan_Roe", "Kai_Lee-4720", "gone_99"):
            gradebook.add_student(student)
            gradebook.add_submission("01_sums", student)
    canvas = "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
    people = roster(
        tmp_path, f'{canvas}"Roe, Eve",1234,,eve,\n"Roe, Dan",77,,dr1,\n"Lee, Kai",5,,kl,\n"Lee, Kai",6,,kl2,\n'
    )
    with pytest.raises(GradingError, match=r"not in the roster .*: Kai_Lee-4720, gone_99\. .* --without NAME"):
        export(tmp_path, "canvas", tmp_path / "c.csv", roster=people)
    out = export(tmp_path, "canvas", tmp_path / "c.csv", roster=people, without=["Kai_Lee-4720", "gone_99"])
    assert [(row[0], row[1], row[5]) for row in rows(out)[2:]] == [
        ("Roe, Eve", "1234", "0"),
        ("Roe, Dan", "77", "0"),
        ("Lee, Kai", "5", ""),
        ("Lee, Kai", "6", ""),
    ]
    moodle = roster(tmp_path, "First name,Last name,ID number\nDan,Roe,100\nDAN,ROE,101\nEve,Roe,102\n")
    with pytest.raises(GradingError, match="Dan_Roe"):
        export(
            tmp_path, "moodle", tmp_path / "m.csv", roster=moodle, without=["Kai_Lee-4720", "gone_99", "roeeve_1234"]
        )
    with pytest.raises(GradingError, match="no student eve in the gradebook to leave out"):
        export(tmp_path, "moodle", tmp_path / "m.csv", without=["eve"])


def test_canvas_without_a_roster_finds_students_by_login(graded: Path, tmp_path: Path) -> None:
    found = rows(export(graded, "canvas", tmp_path / "c.csv"))
    assert found[0][5:] == ["01_sums", "02_more"]
    assert found[2] == ["ada", "", "", "ada", "", "7", ""]


def test_moodle_gets_the_identifiers_that_everybody_has(graded: Path, tmp_path: Path) -> None:
    people = roster(
        tmp_path,
        "First name;Surname;Username;ID number;Email address\nAda;Lovelace;ada;77;ada@x.org\nBob;+B;bob;;bob@x.org\n"
        "Zoë;M;zoë müller;78;z@x.org\nLarry;L;larry;79;l@x.org\n",
    )
    path = export(graded, "moodle", tmp_path / "m.csv", roster=people, assignments=["01_sums"])
    assert rows(path) == [
        ["First name", "Last name", "Username", "Email address", "01_sums"],
        ["Ada", "Lovelace", "ada", "ada@x.org", "7"],
        ["Bob", "'+B", "bob", "bob@x.org", "1.5"],
        ["Zoë", "M", "zoë müller", "z@x.org", "5.25"],
        ["Larry", "L", "larry", "l@x.org", "-"],
    ]
    assert rows(export(graded, "moodle", tmp_path / "m.csv"))[1] == ["", "", "ada", "7", "-"]


def test_csv_keeps_the_columns_of_nbgrader(graded: Path, tmp_path: Path) -> None:
    found = rows(export(graded, "csv", tmp_path / "g.csv", students=["bob"]))
    assert found[0][:11] == [
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
    ]
    assert [(row[0], row[3], *row[7:11]) for row in found[1:]] == [
        ("01_sums", "bob", "1.5", "0", "1.5", "8"),
        ("02_more", "bob", "0", "0", "0", "8"),
    ]


def test_a_late_penalty_is_taken_off(tmp_path: Path) -> None:
    write_gradebook(tmp_path, late=2.0)
    assert [row[5] for row in rows(export(tmp_path, "canvas"))[2:]] == ["5", "0", "3.25"]
    assert [row[7:11] for row in rows(export(tmp_path, "csv"))[1:2]] == [["7", "2", "5", "8"]]


def test_answers_that_nobody_has_marked_are_told_before_a_score_goes_out(tmp_path: Path) -> None:
    write_gradebook(tmp_path, marked=False)
    for kind in ("canvas", "moodle"):
        with pytest.raises(GradingError, match=r"3 submissions .* nobody has marked, .*: ada \(01_sums\)"):
            export(tmp_path, kind)
        assert export(tmp_path, kind, partial=True).exists()
    assert {row[-1] for row in rows(export(tmp_path, "csv"))[1:4]} == {"yes"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student_id,name\nada,A\nbob,B\nzoe_muller,Z\n", r"not in the roster .*: zoë_müller \(is it zoe_muller\?\)"),
        ("name,section\nA,1\n", "none of the columns student_id"),
        ("student_id\nada\nADA\n", "names ADA twice"),
        ("", "none of the columns"),
        ("student_id,sis_login_id\nada,=1+1\nbob,b\nzoë_müller,z\n", "of ada is '=1.1', which a spreadsheet"),
    ],
)
def test_a_roster_that_does_not_fit_is_refused_with_the_reason(
    graded: Path, tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(GradingError, match=says):
        export(graded, "canvas", tmp_path / "x.csv", roster=roster(tmp_path, text))
    assert not (tmp_path / "x.csv").exists()


def test_what_is_asked_for_must_be_there(graded: Path, tmp_path: Path) -> None:
    for wrong, says in (
        ({"assignments": ["03"]}, "no assignment 03 in the gradebook: there are 01_sums, 02_more"),
        ({"students": ["eve"]}, "no student eve"),
        ({"titles": {"03": "x"}}, "a title for 03"),
        ({"titles": {"01_sums": "Final Score"}}, "one of its own"),
        ({"roster": tmp_path / "none.csv"}, "cannot be read"),
    ):
        with pytest.raises(GradingError, match=says):
            export(graded, "canvas", tmp_path / "x.csv", **wrong)
    with pytest.raises(GradingError, match="no gradebook.db"):
        export(tmp_path, "csv")
    with pytest.raises(GradingError, match="no format 'xls': there are csv, canvas, moodle"):
        export(graded, "xls")


def test_moodle_needs_an_identifier_of_everybody(graded: Path, tmp_path: Path) -> None:
    people = roster(tmp_path, "student_id,email\nada,a@x\nbob,\nzoë_müller,z@x\n")
    with pytest.raises(
        GradingError, match="Moodle needs an ID number, a username or an email address of every student"
    ):
        export(graded, "moodle", tmp_path / "x.csv", roster=people)


def test_a_roster_may_be_a_spreadsheets_file(tmp_path: Path) -> None:
    path = roster(tmp_path, "\ufeffStudent_ID;Name\r\nada;Ada\r\n\r\n;\r\n")
    assert [(person.student, person["name"]) for person in read_roster(path)] == [("ada", "Ada")]


def test_nbgrader_export_takes_the_exporters_by_name(graded: Path, tmp_path: Path) -> None:
    people = roster(tmp_path, "student_id,name\nada,A\nbob,B\nzoë_müller,Z\n")
    command = [
        sys.executable,
        "-m",
        "nbgrader",
        "export",
        "--exporter=llmcourse.course.grading.results.exports.CanvasExporter",
    ]
    options = [
        f"--db=sqlite:///{graded / 'gradebook.db'}",
        f"--to={tmp_path / 'n.csv'}",
        f"--CanvasExporter.roster={people}",
    ]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "n.csv")[2] == ["A", "", "", "ada", "", "7", ""]
