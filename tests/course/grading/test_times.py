"""When somebody handed in: one reader for the list, for nbgrader's file and for `--due`, and nothing believed in silence."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.submissions import find_submissions
from llmcourse.course.grading.intake.times import Times, times_of, utc
from llmcourse.course.grading.options import GradeOptions

ASSIGNMENT = "01_sums"

READ = {
    "2026-10-01": "2026-10-01 00:00",
    "2026-10-01 18:00": "2026-10-01 18:00",
    "2026-10-01T18:00:05Z": "2026-10-01 18:00:05",
    "2026-10-01 18:00:00.5 UTC": "2026-10-01 18:00:00.500000",
    "2026-10-01 18:00 GMT": "2026-10-01 18:00",
    "2026-10-01 20:00 +0200": "2026-10-01 18:00",
    "2026-10-01T20:00:00+02:00": "2026-10-01 18:00",
    "2026-10-01 20:00 +02": "2026-10-01 18:00",
    "2026-10-01 20:00 UTC+2": "2026-10-01 18:00",
    "2026-10-01 20:00 UTC+02:00": "2026-10-01 18:00",
    "2026-10-01 20:00 GMT+2": "2026-10-01 18:00",
    "2026-10-01 13:00 UTC-5": "2026-10-01 18:00",
    "2026-10-01 13:00 UTC\N{MINUS SIGN}5": "2026-10-01 18:00",
    "2026-10-01 14:30 -0330": "2026-10-01 18:00",
    "2026-10-01 20:00 Europe/Berlin": "2026-10-01 18:00",
    "2026-12-01 19:00 Europe/Berlin": "2026-12-01 18:00",
    "2026-10-01 11:00:00.000000 America/Los_Angeles": "2026-10-01 18:00",
    "2026/10/01 18:00": "2026-10-01 18:00",
    "02.10.2026 18:00": "2026-10-02 18:00",
    "13.10.2026": "2026-10-13 00:00",
    "2.1.2026, 8:05": "2026-01-02 08:05",
    "13/10/2026 18:00": "2026-10-13 18:00",
    "10/13/2026 6:00 PM": "2026-10-13 18:00",
    "05/05/2026": "2026-05-05 00:00",
    "Friday, 2 October 2026, 3:15\u202fPM": "2026-10-02 15:15",
    "Oct 2, 2026 at 3:15pm": "2026-10-02 15:15",
    "October 2nd, 2026 12:00 am": "2026-10-02 00:00",
    "2 Oct 2026 12:30 p.m. UTC+2": "2026-10-02 10:30",
    "Fri, 02 Sept 2026 15:15:00 +0000": "2026-09-02 15:15",
    "  2026-10-01   18:00\n": "2026-10-01 18:00",
}
REFUSED = {
    "02/10/2026": "it may be 2026-10-02 or 2026-02-10",
    "10-02-2026 18:00": "it may be 2026-02-10 or 2026-10-02",
    "10.13.2026": "month",
    "31.9.2026": "day",
    "18:00": "a whole date",
    "October 2": "a whole date",
    "2 October 18:00": "a whole date",
    "yesterday": "a whole date",
    "": "a whole date",
    "1790000000": "a whole date",
    "02.10.26": "a whole date",
    "2026-10-01 18": "must have minutes",
    "2026-10-01 25:00": "hour",
    "2026-10-01 13:00 pm": "there is no 13",
    "2026-10-01 18:00 CET": "a whole date",
    "2026-10-01 18:00 UTC+20": "no place is UTC",
    "2026-10-01 18:00 Europe/Berln": "no time zone",
    "2 Smarch 2026": "Smarch is no month",
    "0001-01-01 00:00:00 UTC": "the year must be from 2000",
}


@pytest.mark.parametrize(("text", "moment"), READ.items())
def test_a_time_is_read_as_it_is_meant(text: str, moment: str) -> None:
    assert utc(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_may_mean_something_else_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"is no time such as '2026-10-01 18:00' or .*: ") as caught:
        utc(text)
    assert reason in str(caught.value)


def class_of(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name / ASSIGNMENT).mkdir(parents=True)
    return folder


def times(folder: Path, rows: str | None = None) -> Times:
    if rows is not None:
        (folder / "timestamps.csv").write_text(rows, encoding="utf-8")
    exclude = [folder / "timestamps.csv"] if rows is not None else []
    return times_of(folder, find_submissions(folder, exclude, [ASSIGNMENT])[0], [ASSIGNMENT])


def test_the_list_the_due_date_and_nbgraders_file_are_read_alike(tmp_path: Path) -> None:
    told, meant = "02.10.2026 17:00 UTC+2", datetime(2026, 10, 2, 15)
    assert GradeOptions(due=told).due == meant
    class_of(tmp_path, "ada")
    (tmp_path / "ada" / ASSIGNMENT / "timestamp.txt").write_text(told)
    assert times(tmp_path).of == {"ada": f"{meant:%Y-%m-%d %H:%M:%S.%f} UTC"}
    assert times(tmp_path, f"student,timestamp\nada,{told}\n").of == {"ada": f"{meant:%Y-%m-%d %H:%M:%S.%f} UTC"}


def test_a_name_that_nobody_has_and_a_student_without_a_time_are_told(tmp_path: Path) -> None:
    class_of(tmp_path, "ada", "bob")
    found = times(tmp_path, "student,timestamp\nadda,2026-10-01\nbob,2026-10-01\nzoe,2026-10-01\n")
    assert set(found.of) == {"bob"}
    assert found.told == ("timestamps.csv has times of people who handed in nothing here: adda (is it ada?), zoe",)
    assert found.doubts == {"ada": "no time in timestamps.csv: taken for in time"}


def test_the_list_may_name_students_as_their_platform_does(tmp_path: Path) -> None:
    moodle, canvas = "Jane Doe_12_assignsubmission_file_", "roejim_7_8901_hw.ipynb"
    class_of(tmp_path, moodle, f"{ASSIGNMENT}-ada")
    (tmp_path / canvas).write_text("{}")
    for jane, jim, ada in (
        ("Jane Doe", "roejim_7", "ada"),
        (moodle, canvas, f"{ASSIGNMENT}-ada"),
        ("Jane_Doe", "roejim_7_8901_hw", "ada"),
    ):
        found = times(tmp_path, f"Student;Timestamp\n{jane};2026-10-01\n{jim};2026-10-02\n\n{ada};2026-10-03\n")
        assert found.told == () and found.doubts == {}
        assert {name: time[:10] for name, time in found.of.items()} == {
            "Jane_Doe": "2026-10-01", "roejim_7": "2026-10-02", "ada": "2026-10-03",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("student,timestamp\nada,02/10/2026\n", r"line 2: it needs .*it may be 2026-10-02 or 2026-02-10"),
        ("student,timestamp\nada,2026-10-01\nada,2026-10-02\n", "line 3: it names ada again, with another time"),
        ("name,timestamp\nada,2026-10-01\n", "has the columns name, timestamp; it must have student and timestamp"),
        ("", "has the columns none"),
    ],
)
def test_a_list_that_leaves_a_doubt_stops_the_run_with_the_line(tmp_path: Path, rows: str, reason: str) -> None:
    class_of(tmp_path, "ada")
    with pytest.raises(GradingError, match=reason):
        times(tmp_path, rows)


def test_a_time_that_came_with_a_hand_in_is_told_or_not_believed(tmp_path: Path) -> None:
    """Only nbgrader's collect makes STUDENT/ASSIGNMENT/timestamp.txt; anywhere else a student has put it there."""
    early = "2020-01-01 00:00 UTC"
    class_of(tmp_path, "ada", "bob", "Eve_9_assignsubmission_file_", "fay")
    for place in (f"ada/{ASSIGNMENT}", "bob", f"Eve_9_assignsubmission_file_/{ASSIGNMENT}"):
        (tmp_path / place / "timestamp.txt").write_text(early)
    (tmp_path / "fay" / ASSIGNMENT / "timestamp.txt").write_text("soon")
    found = times(tmp_path)
    assert set(found.of) == {"ada"}
    assert found.told_if_due == (
        f"no timestamps.csv in {tmp_path}: when they handed in is what their own timestamp.txt says: ada 2020-01-01 00:00",
    )
    assert (
        found.doubts["bob"]
        == found.doubts["Eve"]
        == "the timestamp.txt in the hand-in is not believed: taken for in time"
    )
    assert found.doubts["fay"].startswith("its timestamp.txt says no time")
    (tmp_path / "ada" / ASSIGNMENT / "timestamp.txt").unlink()
    assert times(tmp_path).told_if_due == (
        f"no timestamps.csv in {tmp_path}: nobody's time is known, so nobody is late",
    )
