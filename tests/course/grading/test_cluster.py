"""The same work on a cluster: two worker processes of a dask scheduler give what two workers here give."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest

from llmcourse.course.grading import run
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.workers import cluster

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[distributed.LocalCluster]:
    """A scheduler on this machine with two worker processes."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(host="127.0.0.1", **options) as local:
        yield local


@pytest.fixture
def submissions(tmp_path: Path, make, put) -> Path:
    """Three students: right, half right, and one whose kernel dies."""
    put(tmp_path / "in", "ada", make(why="because"))
    put(tmp_path / "in", "bob", make(square="def square(x):\n    return 3 * x"))
    put(tmp_path / "in", "cyd", make(double="os._exit(1)"))
    return tmp_path / "in"


def test_a_cluster_grades_as_workers_here_do(tmp_path, submissions, source, scheduler, monkeypatch) -> None:
    monkeypatch.setattr(run, "library_digest", lambda: "pinned")
    here = grade(submissions, tmp_path / "here", source=source, workers=2)
    there = grade(submissions, tmp_path / "there", source=source, cluster=scheduler.scheduler_address)
    assert [(s.student, s.exercises, s.problems) for s in there.students] == [
        (s.student, s.exercises, s.problems) for s in here.students
    ]
    assert (tmp_path / "there" / "scores.csv").read_text() == (tmp_path / "here" / "scores.csv").read_text()
    scheduler_file = tmp_path / "scheduler.json"
    scheduler_file.write_text(json.dumps({"address": scheduler.scheduler_address}))
    again = grade(submissions, tmp_path / "there", source=source, cluster=str(scheduler_file), only=["bob"])
    assert [s.student for s in again.students if s.graded_now] == ["bob"] and again["bob"].score == 3


def test_a_cluster_with_another_library_is_refused(tmp_path, submissions, source, scheduler, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "library_digest", lambda: str(os.getpid()))
    with pytest.raises(GradingError, match=r"another version of llmcourse is on tcp://.*: install the same one"):
        grade(submissions, tmp_path / "out", source=source, cluster=scheduler.scheduler_address)


@pytest.mark.walls
def test_a_cluster_that_cannot_shut_submissions_in_is_refused(
    tmp_path, submissions, source, scheduler, monkeypatch
) -> None:
    monkeypatch.setattr(cluster, "why_not", lambda: "no namespaces")
    with pytest.raises(GradingError, match=r"tcp://.* cannot shut submissions in: no namespaces"):
        grade(submissions, tmp_path / "out", source=source, cluster=scheduler.scheduler_address)


def test_no_cluster_at_an_address_is_a_clear_error(tmp_path, submissions, source, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    for address, message in {
        "tcp://127.0.0.1:9": "no dask scheduler answers at tcp://127.0.0.1:9",
        "nowhere.json": "neither an address such as tcp://HOST:8786 nor a scheduler's file",
    }.items():
        with pytest.raises(GradingError, match=message):
            grade(submissions, tmp_path / "out", source=source, cluster=address)
