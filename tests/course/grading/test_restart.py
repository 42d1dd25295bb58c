"""A run that is killed, wherever it is, and started again ends as one that was left alone; two runs do not meet."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades

from llmcourse.course.grading import run
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.nbgrader import backup
from llmcourse.course.grading.nbgrader.stages import Course
from llmcourse.course.grading.results.report import ClassReport
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.workers import lock
from tests.course.grading.conftest import ASSIGNMENT

STUDENTS = ("ada", "bob", "cyd", "dan")

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(300), pytest.mark.usefixtures("pinned")]


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory, make, put) -> Path:
    """Four students: one right, one half right, one that ends its kernel, one with a written answer."""
    folder = tmp_path_factory.mktemp("in")
    put(folder, "ada", make(why="because"))
    put(folder, "bob", make(square="def square(x):\n    return 3 * x"))
    put(folder, "cyd", make(double="os._exit(1)"))
    put(folder, "dan", make(why="why not"))
    return folder


def outcome(output: Path) -> tuple[list[tuple[Any, ...]], list[list[str]], dict[str, str]]:
    """All that has to be the same: the gradebook's rows, the CSV, the pages."""
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        rows = [
            (s.student.id, n.name, g.name, g.auto_score, g.manual_score, g.extra_credit, g.max_score, s.score)
            for s in gradebook.assignment_submissions(ASSIGNMENT)
            for n in s.notebooks
            for g in n.grades
        ]
    table = list(csv.reader((output / "scores.csv").read_text().splitlines()))
    pages = {path.parts[-3]: path.read_text() for path in output.glob("feedback/*/*/*.html")}
    return sorted(rows, key=repr), table, pages


def mark_by_hand(output: Path, student: str, points: float) -> None:
    with Gradebook(f"sqlite:///{output / 'gradebook.db'}") as gradebook:
        mark = gradebook.find_grade("why", ASSIGNMENT, ASSIGNMENT, student)
        mark.manual_score, mark.needs_manual_grade = points, False
        gradebook.db.commit()


def whole_class(submissions: Path, output: Path, source: Path, workers: int = 1, **options: Any) -> ClassReport:
    """Grade all four; with one worker, where nothing is asked about several: to start one takes most of a small run."""
    return grade(submissions, output, source=source, workers=workers, **options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, submissions: Path, source: Path) -> tuple[Any, ...]:
    """What a run that nobody disturbs ends with, a mark by hand and a second run included."""
    output = tmp_path_factory.mktemp("undisturbed")
    whole_class(submissions, output, source)
    mark_by_hand(output, "ada", 4.0)
    whole_class(submissions, output, source, force=True)
    return outcome(output)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(function: Callable[..., Any], times: int) -> Callable[..., Any]:
    """A function after whose given call this process is killed."""
    calls = iter(range(1, 1000))

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if next(calls) == times:
            die()
        return result

    return wrapped


POINTS: dict[str, tuple[object, str, int]] = {
    "the gradebook is there, nothing in it": (Course, "_create_gradebook", 1),
    "the assignment is taken in": (Course, "_convert", 1),
    "a submission has come back from its worker": (Course, "submit", 1),
    "half of a notebook's marks are written": (SaveAutoGrades, "_add_score", 4),
    "marks are written, the state file is not": (Course, "autograde", 1),
    "one student's pages are written": (Course, "feedback", 1),
    "one student's state file is written": (run.Grader, "take", 1),
    "the scores are written, the report is not": (run, "write_csv", 1),
}


def killed_at(point: str, *where: Path, **options: Any) -> None:
    owner, name, times = POINTS[point]
    setattr(owner, name, dies_after(getattr(owner, name), times))
    whole_class(*where, **options)


def forked(target: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Run in a fork, which has this process's rooms: starting them is most of what a small run takes."""
    process = multiprocessing.get_context("fork").Process(target=target, args=args, kwargs=options)
    process.start()
    return process


def test_a_run_killed_at_every_step_in_turn_ends_as_if_undisturbed(tmp_path, submissions, source, undisturbed) -> None:
    for point in POINTS:
        process = forked(killed_at, point, submissions, tmp_path, source)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, point
        for state in tmp_path.glob(f"state/{ASSIGNMENT}/*.json"):
            json.loads(state.read_text())
    assert {s.student for s in whole_class(submissions, tmp_path, source).students} == set(STUDENTS)
    mark_by_hand(tmp_path, "ada", 4.0)
    for point in list(POINTS)[2:]:
        process = forked(killed_at, point, submissions, tmp_path, source, force=True)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, point
    whole_class(submissions, tmp_path, source, force=True)
    whole_class(submissions, tmp_path, source)
    assert outcome(tmp_path) == undisturbed


def test_a_run_killed_at_any_time_loses_nothing_and_leaves_no_process(
    tmp_path, submissions, source, undisturbed
) -> None:
    whole_class(submissions, tmp_path, source)
    mark_by_hand(tmp_path, "ada", 4.0)
    dice = random.Random(4)
    for _ in range(4):
        process = forked(whole_class, submissions, tmp_path, source, workers=2, force=True)
        time.sleep(dice.uniform(0.5, 6))
        below = psutil.Process(process.pid).children(recursive=True) if process.is_alive() else []
        process.kill()
        process.join()
        _, alive = psutil.wait_procs(below, timeout=20)
        assert not alive
    whole_class(submissions, tmp_path, source)
    whole_class(submissions, tmp_path, source, force=True)
    assert outcome(tmp_path) == undisturbed


def test_a_state_file_counts_only_with_the_gradebook_that_it_speaks_of(
    tmp_path, submissions, source, undisturbed
) -> None:
    whole_class(submissions, tmp_path, source)
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute("UPDATE grade SET auto_score = 400")
    report = whole_class(submissions, tmp_path, source)
    assert all(student.graded_now for student in report.students)
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 3, "cyd": 2, "dan": 5}


def test_the_gradebook_is_backed_up_before_a_run_that_writes_and_ten_copies_stay(tmp_path, make, put, source) -> None:
    put(tmp_path / "in", "ada", make(why="because"))
    output = tmp_path / "out"
    grade(tmp_path / "in", output, source=source, workers=1)
    assert backup.backups(output / "gradebook.db") == []
    mark_by_hand(output, "ada", 4.0)
    grade(tmp_path / "in", output, source=source, workers=1)
    assert backup.backups(output / "gradebook.db") == [], "nothing was written"
    grade(tmp_path / "in", output, source=source, workers=1, force=True)
    (copy,) = backup.backups(output / "gradebook.db")
    with Gradebook(f"sqlite:///{copy}") as gradebook:
        assert gradebook.find_grade("why", ASSIGNMENT, ASSIGNMENT, "ada").manual_score == 4.0
    for _ in range(backup.KEPT + 3):
        newest = backup.back_up(output / "gradebook.db")
    assert len(backup.backups(output / "gradebook.db")) == backup.KEPT
    assert backup.backups(output / "gradebook.db")[0] == newest and not list(output.glob("backups/*.part"))


def test_a_damaged_gradebook_is_an_error_that_names_the_newest_good_backup(tmp_path, submissions, source) -> None:
    whole_class(submissions, tmp_path, source)
    database = tmp_path / "gradebook.db"
    good = backup.back_up(database)
    newer = backup.back_up(database)
    newer.write_bytes(newer.read_bytes()[:5000])
    whole = database.read_bytes()
    for damaged in (b"", b"no database" * 500, whole[: len(whole) // 2], whole[:8192] + b"\xff" * 8192 + whole[16384:]):
        database.write_bytes(damaged)
        with pytest.raises(GradingError, match="is damaged") as caught:
            whole_class(submissions, tmp_path, source)
        assert f"the newest good backup is {good}: copy it to {database}" in str(caught.value)
        assert database.read_bytes() == damaged, "the damaged file is left as it is"
    database.write_bytes(good.read_bytes())
    assert not any(student.graded_now for student in whole_class(submissions, tmp_path, source).students)


def held(output: Path, ready: Any) -> None:
    with lock.only_run(output):
        ready.set()
        time.sleep(600)


def test_a_second_run_on_one_output_refuses_and_a_killed_one_is_no_obstacle(tmp_path, submissions, source) -> None:
    ready = multiprocessing.get_context("fork").Event()
    process = forked(held, tmp_path, ready)
    assert ready.wait(30)
    with pytest.raises(GradingError, match=rf"being graded by another run \(process {process.pid} on .*since"):
        whole_class(submissions, tmp_path, source)
    process.kill()
    process.join()
    assert (tmp_path / ".grading.json").exists(), "what a killed run leaves"
    assert len(whole_class(submissions, tmp_path, source).students) == 4
    assert not (tmp_path / ".grading.json").exists()


def test_a_run_on_another_machine_holds_a_shared_folder_while_it_lives(tmp_path: Path) -> None:
    facts = tmp_path / ".grading.json"
    facts.write_text(json.dumps({"pid": 1, "host": "another", "started": "today"}))
    refused = pytest.raises(GradingError, match=r"process 1 on another, since today.*if that run was killed, wait")
    with refused, lock.only_run(tmp_path):
        pass
    os.utime(facts, (0, time.time() - lock.STALE_S - 1))
    with lock.only_run(tmp_path):
        pass
