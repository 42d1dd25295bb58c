"""Wherever the course may be set up, the sample class grades, with walls or without, and everybody gets the same points."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmcourse.course.sandbox import available
from tests import classroom

from .ordinary_user import USER_ID

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[3]
STUDENTS = ("perfect", "half_done")
WITHOUT_NAMESPACES, ORDINARY_USER = (Path(__file__).with_name(f"{name}.py") for name in
                                     ("without_namespaces", "ordinary_user"))  # fmt: skip
ASK = "from llmcourse.course.sandbox import available; found = available(); print(*found.ways, found.reason)"
GRADE = "from llmcourse.course.cli import main; main()"


class Situation:
    """A machine as somebody may have it, made for the length of one test.

    Args:
        folder: A folder for what is written.
        before: What stands before each command.
        variables: What the environment has instead.
    """

    def __init__(self, folder: Path, *before: Any, **variables: str):
        self.folder, self.before, self.variables = folder, [str(word) for word in before], variables

    def told(self) -> str:
        """What `available` says there."""
        return self._run("-c", ASK).stdout

    def points(self) -> tuple[dict[str, dict[str, float]], str]:
        """What some of the sample class get there for each piece, by student, and all that `llmcourse grade` prints."""
        only = [word for student in STUDENTS for word in ("--only", student)]
        output = self.folder / "grades"
        asked = ["tests/submissions", "--assignment", "1", "--timeout", "10", "--trusted", "--workers", "1"]
        done = self._run("-c", GRADE, "grade", *asked, "--output", str(output), *only)
        with open(output / "scores.csv", encoding="utf-8", newline="") as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
        pieces = classroom.pieces(classroom.SAMPLE_ASSIGNMENT)
        points = {student: {piece: float(rows[student][piece]) for piece in pieces} for student in STUDENTS}
        assert {s: float(rows[s]["score"]) for s in STUDENTS} == {s: sum(points[s].values()) for s in STUDENTS}
        return points, done.stdout + done.stderr

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "PYTHONPATH": str(ROOT), "COLUMNS": "1000"}
        environment = {**os.environ, **own, **self.variables}
        command = [*self.before, sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr[-3000:]
        return done


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody can reach, which is not so below pytest's own."""
    with tempfile.TemporaryDirectory(prefix="situation-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)
        yield Path(name)


@cache
def usual_points() -> dict[str, dict[str, float]]:
    """What the students get where nothing is special (`tests/test_checks_of_checks.py`): what their answers deserve."""
    return {student: classroom.deserved(student) for student in STUDENTS}


@pytest.mark.walls
def test_an_ordinary_user(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; these tests are run by an ordinary one")
    os.chown(folder, USER_ID, USER_ID)
    situation = Situation(folder, sys.executable, ORDINARY_USER, ROOT)
    assert situation.told().split() == ["warm", "cold"]
    points, printed = situation.points()
    assert points == usual_points() and "without walls" not in printed
    assert (folder / "grades" / "scores.csv").stat().st_uid == USER_ID


@pytest.mark.walls
def test_a_path_without_a_program(folder: Path) -> None:
    situation = Situation(folder, PATH=str(folder))
    assert situation.told().split() == ["warm", "cold"]
    points, printed = situation.points()
    assert points == usual_points() and "without walls" not in printed


@pytest.mark.skipif(
    sys.platform != "linux", reason="the filter of system calls that stands for such a system is Linux's"
)
def test_a_system_that_forbids_namespaces(folder: Path) -> None:
    situation = Situation(folder, sys.executable, WITHOUT_NAMESPACES)
    assert "unshare: Operation not permitted" in situation.told() and "warm" not in situation.told()
    points, printed = situation.points()
    assert points == usual_points()
    assert [line for line in printed.splitlines() if "walls" in line] == [
        line for line in printed.splitlines() if line.startswith("graded without walls, since nothing can be shut in")
    ]
    assert printed.count("without walls") == 1


def test_usual_points_are_those_of_the_sample() -> None:
    totals = {student: sum(points.values()) for student, points in usual_points().items()}
    assert totals == {"perfect": 27.0, "half_done": 16.0}
    assert available().ways or available().reason
