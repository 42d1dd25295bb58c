"""Late penalties, one student again, a mended check, no walls, Ctrl-C, workers that die: shown through nbgrader's own API."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from rich.console import Console

from llmcourse.course.grading import run
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.results.exports import export
from llmcourse.course.grading.results.report import print_summary
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.workers.board import Board
from llmcourse.course.grading.workers.local import LocalWorkers, WorkerDied
from llmcourse.course.interrupts import Interrupts
from tests.course.grading.conftest import ASSIGNMENT

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(300), pytest.mark.usefixtures("pinned")]


def points(report, student: str) -> dict[str, float | None]:
    return {exercise.name: exercise.points for exercise in report[student].exercises}


class HalfADay(LateSubmissionPlugin):
    """One point for each half day."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return total_seconds_late / 43200


@pytest.fixture
def late_class(tmp_path: Path, make, put) -> Path:
    """Ada is in time, Bob a day late by the instructor's list, and Cyd has written into her folder that she is not."""
    folder = tmp_path / "in"
    for student in ("ada", "bob", "cyd"):
        put(folder, student, make())
    (folder / "cyd" / "timestamp.txt").write_text("2020-01-01 00:00:00 UTC")
    rows = "ada,2026-10-01 17:59 UTC\nbob,2026-10-02 20:00:00 +0200\ncyd,2026-10-05 18:00\n"
    (folder / "timestamps.csv").write_text(f"student,timestamp\n{rows}")
    return folder


def test_late_submissions_cost_what_nbgraders_plugin_says(tmp_path: Path, late_class: Path, source: Path) -> None:
    output = tmp_path / "out"
    due = "2026-10-01 18:00"
    report = grade(late_class, output, source=source, workers=1, due=due)
    assert {s.student: (s.score, s.penalty) for s in report.students} == {"ada": (5, 0), "bob": (5, 0), "cyd": (5, 0)}
    assert report.ignored == (), "the list of times is no submission"
    report = grade(late_class, output, source=source, workers=1, late="zero")
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 0, "cyd": 0}
    assert report["bob"].problems == ("5 points taken off for being late",)
    plugin = f"{__name__}:HalfADay"
    report = grade(late_class, output, source=source, workers=1, late=plugin)
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 3, "cyd": 0}
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, "bob")
        assert submission.assignment.duedate == datetime(2026, 10, 1, 18)
        assert submission.timestamp == datetime(2026, 10, 2, 18)
        assert (submission.total_seconds_late, submission.late_submission_penalty) == (86400, 2)
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate=datetime(2026, 10, 3))  # as the formgrader does
    report = grade(late_class, output, source=source, workers=1, late=plugin)
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 5, "cyd": 0}


def test_what_being_late_costs_is_kept_and_taken_off_marks_as_they_stand(
    tmp_path: Path, late_class: Path, source: Path, put, make
) -> None:
    """A mark by hand, a moved due date, a run without the option: zero stays zero, and nothing is run for it."""
    output = tmp_path / "out"
    put(late_class, "bob", make(why="because"))
    grade(late_class, output, source=source, workers=1, due="2026-10-01 18:00", late="zero")
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("why", ASSIGNMENT, ASSIGNMENT, "bob").manual_score = 4.0
        gradebook.db.commit()
    exported = export(output, "canvas", tmp_path / "c.csv", partial=True).read_text().splitlines()
    assert exported[3].endswith(",0"), "also before the class is graded again"
    report = grade(late_class, output, source=source, workers=1)
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 0, "cyd": 0}
    assert "9 points taken off for being late" in report["bob"].problems
    page = output / "feedback" / "bob" / ASSIGNMENT / f"{ASSIGNMENT}.html"
    assert "(late: 9 taken off)" in page.read_text()
    report = grade(late_class, output, source=source, workers=1, due="2026-10-03 18:00")
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 9, "cyd": 0}
    assert not any(s.graded_now for s in report.students) and "taken off" not in page.read_text()
    report = grade(late_class, output, source=source, workers=1, late="none")
    assert report["cyd"].score == 5


@pytest.mark.parametrize("late", ["half", "no.such:Plugin", "builtins:int"])
def test_a_penalty_that_is_none_stops_the_run(tmp_path: Path, late_class: Path, source: Path, late: str) -> None:
    with pytest.raises(GradingError, match=f"--late {late}: "):
        grade(late_class, tmp_path / "out", source=source, workers=1, late=late)
    assert not (tmp_path / "out").exists()


def test_without_a_list_the_time_that_nbgraders_collect_left_counts(
    tmp_path: Path, late_class: Path, source: Path
) -> None:
    (late_class / "timestamps.csv").unlink()
    (late_class / "bob" / ASSIGNMENT).mkdir()
    (late_class / "bob" / f"{ASSIGNMENT}.ipynb").rename(late_class / "bob" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb")
    (late_class / "bob" / ASSIGNMENT / "timestamp.txt").write_text("2026-10-02 18:00:00.5 UTC\n")
    report = grade(late_class, tmp_path / "out", source=source, workers=1, due="2026-10-01 18:00", late="zero")
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 0, "cyd": 5}


@pytest.mark.parametrize("row", ["ada,", ",2026-10-01", "ada,yesterday"])
def test_a_list_of_times_that_cannot_be_read_stops_the_run(
    tmp_path: Path, late_class: Path, source: Path, row: str
) -> None:
    (late_class / "timestamps.csv").write_text(f"student,timestamp\n{row}\n")
    with pytest.raises(GradingError, match=r"timestamps.csv, line 2: it needs a student and a timestamp"):
        grade(late_class, tmp_path / "out", source=source, workers=1)


def test_one_student_alone_is_graded_again_and_marks_by_hand_stay(tmp_path: Path, make, put, source: Path) -> None:
    for student in ("ada", "bob"):
        put(tmp_path / "in", student, make(why="because"))
    output = tmp_path / "out"
    grade(tmp_path / "in", output, source=source, workers=1, only=["ada"])
    report = grade(tmp_path / "in", output, source=source, workers=1, only=["ada"])
    assert report["ada"].graded_now and points(report, "ada") == {"double": 3, "square": 2, "why": None}
    assert not report["bob"].graded_now and report["bob"].problems == (
        "01_sums: not graded yet: this run was for other students",
    )
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        written, check = (gradebook.find_grade(name, ASSIGNMENT, ASSIGNMENT, "ada") for name in ("why", "check_square"))
        written.manual_score, check.manual_score, check.extra_credit = 4.0, 1.5, 0.5
        gradebook.db.commit()
    put(tmp_path / "in", "bob", make(double="def double(x): return -x"))
    report = grade(tmp_path / "in", output, source=source, workers=1, only=["ada"])
    assert points(report, "ada") == {"double": 3, "square": 2.0, "why": 4.0}
    assert "not graded yet" in report["bob"].problems[0]
    report = grade(tmp_path / "in", output, source=source, workers=1)
    assert not report["ada"].graded_now and report["bob"].score == 2
    with pytest.raises(GradingError, match="no student 'eve'"):
        grade(tmp_path / "in", output, source=source, only=["eve"])


def test_a_mended_check_is_judged_again_and_marks_by_hand_stay(tmp_path: Path, make, put, source: Path) -> None:
    """The check of `square` was too strict; mending it must not touch anybody's other points, nor marks by hand."""
    path = tmp_path / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    original = (source / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text()
    path.write_text(original.replace("assert square(-4) == 16", "assert square(-4) == 17"))
    put(tmp_path / "in", "ada", make(why="because"))
    put(tmp_path / "in", "bob", make(square="def square(x):\n    return 3 * x"))
    output = tmp_path / "out"
    report = grade(tmp_path / "in", output, source=tmp_path / "source", workers=1)
    assert points(report, "ada") == {"double": 3, "square": 0, "why": None}
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("why", ASSIGNMENT, ASSIGNMENT, "ada").manual_score = 5.0
        gradebook.db.commit()
    path.write_text(original)
    report = grade(tmp_path / "in", output, source=tmp_path / "source", workers=1)
    assert points(report, "ada") == {"double": 3, "square": 2, "why": 5.0}
    assert points(report, "bob") == {"double": 3, "square": 0, "why": 0}
    assert not grade(tmp_path / "in", output, source=tmp_path / "source", workers=1)["ada"].graded_now


@pytest.mark.walls("it hides the walls by itself")
def test_without_walls_grading_refuses_and_unsafe_goes_on_and_says_so(tmp_path, make, put, source, monkeypatch) -> None:
    put(tmp_path / "in", "ada", make(why="because"))
    put(tmp_path / "in", "bob", make(double="os._exit(1)"))
    put(tmp_path / "in", "cyd", make(square="def square(x):\n    while True: pass"))
    output = tmp_path / "out"
    monkeypatch.setattr(run, "why_not", lambda: "user.max_user_namespaces = 0 forbids namespaces")
    with pytest.raises(GradingError, match=r"cannot be shut in on this machine: user\.max.*--unsafe"):
        grade(tmp_path / "in", output, source=source)
    assert not output.exists(), "nothing was begun"
    report = grade(tmp_path / "in", output, source=source, workers=2, unsafe=True, timeout_s=3)
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 2, "cyd": 3}
    assert json.loads((output / "report.json").read_text())["unsafe"] is True
    assert all(row.endswith("graded without walls") for row in (output / "scores.csv").read_text().splitlines()[1:])
    print_summary(report, console := Console(file=io.StringIO(), width=200))
    assert "graded without walls" in console.file.getvalue()
    monkeypatch.undo()
    monkeypatch.setattr(run, "library_digest", lambda: "pinned")
    report = grade(tmp_path / "in", output, source=source, workers=2, timeout_s=3)
    assert all(s.graded_now for s in report.students) and "unsafe" not in (output / "scores.csv").read_text()


@pytest.mark.walls("nbgrader's command refuses where there are none")
def test_what_nbgraders_own_command_runs_is_shut_in_too(tmp_path: Path, make, put, source: Path) -> None:
    """`nbgrader autograde` and the formgrader's button, in the folder that `llmcourse grade` made."""
    put(tmp_path / "in", "ada", make())
    output = tmp_path / "out"
    grade(tmp_path / "in", output, source=source, workers=1)
    wanted = tmp_path / "secret"
    wanted.write_text("secret")
    reads = f"def double(x):\n    return 2 * x if not os.path.exists({str(wanted)!r}) and os.getuid() != 0 else 0"
    submitted = output / "submitted"
    deleted = make(double=reads)
    del deleted.cells[3]
    for student, notebook in {"bob": make(double=reads), "eve": deleted}.items():
        folder = submitted / student / ASSIGNMENT
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{ASSIGNMENT}.ipynb")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT, "--force"]
    done = subprocess.run(command, cwd=output, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [*command[:3], "generate_feedback", ASSIGNMENT, "--force"],
        cwd=output,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions(ASSIGNMENT)}
    assert scores == {"ada": 5, "bob": 5, "eve": 2}
    page = (output / "feedback" / "eve" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    assert (
        "the check cell &#x27;check_double&#x27; was deleted" in page.replace("&#39;", "&#x27;")
        and "HIDDEN" not in page
    )


def test_the_courses_own_configuration_has_the_same_steps() -> None:
    from traitlets.config import Config

    from llmcourse.course.grading.nbgrader.execute import SubmissionExecute
    from llmcourse.course.grading.nbgrader.settings import RepairSubmission

    c = Config()
    path = Path(__file__).resolve().parents[3] / "nbgrader_config.py"
    exec(compile(path.read_text(), str(path), "exec"), {"get_config": lambda: c})  # as nbgrader reads it
    assert c.Autograde.autograde_preprocessors[0] is SubmissionExecute
    assert c.Autograde.sanitize_preprocessors[0] is RepairSubmission


def die_once(folder: str) -> str:
    mark = Path(folder, "was here")
    if mark.exists():
        return "done"
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_costs_nobody_else_anything(tmp_path: Path) -> None:
    workers = LocalWorkers(2)
    try:
        futures = [
            workers.submit(os.getppid),
            workers.submit(die_once, str(tmp_path)),
            workers.submit(die),
            workers.submit(len, "abc"),
        ]
        assert futures[0].result() == os.getpid()
        assert futures[1].result() == "done"
        with pytest.raises(WorkerDied, match="died twice"):
            futures[2].result()
        assert futures[3].result() == 3
        with pytest.raises(ValueError, match="could not convert"):
            workers.submit(float, "x").result()
    finally:
        workers.shutdown(cancel_futures=True)


def test_the_board_counts_names_and_estimates_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr("llmcourse.course.grading.workers.board.LINE_S", 0.0)
    with Board(True, lambda: ["eve", "dan", "cyd", "bob", "ada"], console) as board:
        board.begin(3, 7)
        board.advance()
        board.advance(failed=True)
    first, second = console.file.getvalue().splitlines()
    assert first.startswith("grading: 1/3, 7 unchanged: ada, bob, cyd, dan and 1 more, about")
    assert second.startswith("grading: 2/3, 1 failed, 7 unchanged: ada")


def test_an_interruption_waits_for_the_end_of_a_step() -> None:
    done = []
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.shielded():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("to its end")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert done == ["to its end"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_command_says_how_to_go_on_and_exits_with_130(tmp_path: Path, monkeypatch) -> None:
    from typer.testing import CliRunner

    from llmcourse.course import cli

    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "grade_class", interrupted)
    result = CliRunner().invoke(cli.app, ["grade", str(tmp_path), "--output", "marks"])
    assert result.exit_code == 130
    assert "What is graded is kept in marks; the same command goes on from there." in " ".join(result.output.split())
