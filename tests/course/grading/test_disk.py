"""What a run does about a full disk, and about the folders of a run that was killed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.nbgrader.stages import Course
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.trial.scratch import PREFIX, Scratch, remove_left_over

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(240)]


def test_a_full_disk_stops_the_run_with_a_sentence_and_the_next_one_goes_on(
    tmp_path, source, make, put, pinned, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", "ada", make())

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Course, "feedback", full)
        with pytest.raises(GradingError, match="no room is left on the disk of .* run the same command again"):
            grade(tmp_path / "in", tmp_path / "out", source=source, workers=1)
    report = grade(tmp_path / "in", tmp_path / "out", source=source, workers=1)
    assert [exercise.points for exercise in report["ada"].exercises][:2] == [3, 2]


def test_folders_of_a_killed_run_are_removed_and_those_of_a_living_one_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = "from llmcourse.course.grading.trial.scratch import Scratch\nimport os\nprint(Scratch('dead').name, flush=True)\nos._exit(9)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    dead = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout.strip()
    living = Scratch("living")
    strangers = tmp_path / f"{PREFIX}strange"
    strangers.mkdir()
    assert Path(dead).is_dir()
    assert remove_left_over() == [Path(dead).name]
    assert Path(living.name).is_dir() and strangers.is_dir() and not Path(dead).exists()
    living.cleanup()
    assert not Path(living.name).exists()
