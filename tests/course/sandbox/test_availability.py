"""Where kernels cannot be shut in, the reason is told; where they can, stock nbgrader can use them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from llmcourse.course.sandbox import Limits, Room, SandboxUnavailable, available, bubblewrap

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(120)]

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.SandboxProvisioner.library = {library!r}
"""


@pytest.fixture
def fresh_answer() -> Iterator[None]:
    available.cache_clear()
    yield
    available.cache_clear()


def test_both_ways_work_here() -> None:
    found = available()
    assert found.ways == ("warm", "bubblewrap"), found.reason


def test_a_missing_program_is_named(fresh_answer: None, monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
    monkeypatch.setattr(bubblewrap, "BUBBLEWRAP", "no-such-bubblewrap")
    assert available().ways == ()
    assert "no-such-bubblewrap" in available().reason and "install" in available().reason
    for way in ("auto", "warm", "bubblewrap"):
        with pytest.raises(SandboxUnavailable, match="no-such-bubblewrap"), Room(library=library, way=way):
            pass


def test_what_bubblewrap_says_is_passed_on(fresh_answer: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "BUBBLEWRAP", str(program))
    assert "No permissions to create new namespace" in available().reason


def test_a_room_needs_a_library_and_a_known_way(tmp_path: Path, library: Path) -> None:
    with pytest.raises(ValueError, match="package `llmcourse`"):
        Room(library=tmp_path)
    with pytest.raises(ValueError, match="chroot"):
        Room(library=library, way="chroot")


@pytest.mark.parametrize("limit", [field.name for field in fields(Limits)])
def test_a_limit_too_small_for_a_kernel_is_refused(limit: str) -> None:
    for value in (0, -1, 1.5, True, None):
        with pytest.raises(ValueError, match=limit):
            Limits(**{limit: value})


def _course(folder: Path, library: Path) -> None:
    cells = [
        new_code_cell("import os, socket", id="imports"),
        new_code_cell("def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", id="double"),
        new_code_cell(
            "### BEGIN HIDDEN TESTS\nassert double(4) == 8\n### END HIDDEN TESTS\n"
            "print(os.getcwd(), socket.gethostname())",
            id="check",
        ),
    ]
    common = {"schema_version": 3, "task": False}
    cells[1].metadata["nbgrader"] = {**common, "grade": False, "solution": True, "locked": False, "grade_id": "double"}
    cells[2].metadata["nbgrader"] = {
        **common, "grade": True, "solution": False, "locked": True, "grade_id": "check", "points": 3
    }  # fmt: skip
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    (folder / "source" / "ps1").mkdir(parents=True)
    nbformat.write(notebook, folder / "source" / "ps1" / "problem.ipynb")
    (folder / "nbgrader_config.py").write_text(CONFIG.format(library=str(library)))


def test_stock_nbgrader_autogrades_in_the_sandbox(tmp_path: Path, library: Path) -> None:
    _course(tmp_path, library)

    def nbgrader(*arguments: str) -> None:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        sandbox = {"JUPYTER_DEFAULT_PROVISIONER_NAME": "llmcourse-sandbox"}
        environment = {**os.environ, **sandbox, "PATH": path}  # nbgrader looks for `alembic` there
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr[-3000:]

    nbgrader("generate_assignment", "ps1")
    handed_in = tmp_path / "submitted" / "ada" / "ps1"
    handed_in.mkdir(parents=True)
    shutil.copy(tmp_path / "source" / "ps1" / "problem.ipynb", handed_in)
    nbgrader("autograde", "ps1")
    graded = nbformat.read(tmp_path / "autograded" / "ada" / "ps1" / "problem.ipynb", as_version=4)
    assert graded.cells[-1].outputs[0].text.split() == ["/scratch/work", "sandbox"]
