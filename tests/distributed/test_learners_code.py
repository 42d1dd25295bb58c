"""What a learner has written runs in every rank: of a spawned group, of `torchrun`, and of the room that grades it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from llmcourse._overlay import WORKSPACE_VARIABLE, Section
from llmcourse.course.grading.trial.courtroom import Courtroom
from llmcourse.course.grading.trial.rooms import Rooms, assignment_pieces
from llmcourse.course.paths import MARKER
from llmcourse.course.workspace import save_section
from tests.distributed.test_watch import ROOT, torchrun

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(300)]

MODULE = "llmcourse.distributed.resharding"
MARK = 417
OWN = f"""def rows_to_read(saved, n_ranks):
    import torch.distributed as dist
    who = dist.get_rank() if dist.is_initialized() else -1
    return [[({MARK}, 0, 1, who)]] * n_ranks
"""
"""A learner's piece that can be told from the library's, and that says in which rank it was called."""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / MARKER).mkdir(parents=True)
    save_section(folder, MODULE, Section(f"{MODULE}:rows_to_read", OWN))
    return folder


def test_in_ranks_that_a_notebook_starts(workspace: Path) -> None:
    program = f"""
    from llmcourse.distributed.launch import run_on_ranks
    from {MODULE} import rows_to_read
    if __name__ == "__main__":
        print(run_on_ranks(rows_to_read, [([1], 1)] * 2))
    """
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    script = workspace / "program.py"
    script.write_text(textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=200,
        env=os.environ | {WORKSPACE_VARIABLE: str(workspace), "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.stdout.strip() == f"[[[({MARK}, 0, 1, 0)]], [[({MARK}, 0, 1, 1)]]]", done.stderr


def test_under_torchrun(workspace: Path, tmp_path: Path) -> None:
    program = ROOT / "tests" / "distributed" / "restarting.py"
    done = torchrun(program, tmp_path / "run", -1, **{WORKSPACE_VARIABLE: str(workspace)})
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "run" / "result.json").read_text())
    assert told["plan"] == [[[MARK, 0, 1, 0]]] * 2


@pytest.mark.usefixtures("open_where_needed")
def test_in_the_room_that_grades() -> None:
    cell = f"%%build {MODULE}:rows_to_read\n{OWN}"
    check = f"""%%check {MODULE}:rows_to_read
    from llmcourse.course.checks import on_ranks
    got = on_ranks(rows_to_read, [([1], 1)] * 2)
    assert False, got
    """

    async def judged() -> str:
        rooms = Rooms()
        room = Courtroom(rooms.of_students("04_fsdp"), rooms.judges(), assignment_pieces("04_fsdp"), 10_000)
        try:
            await room.start()
            for source in ("%load_ext llmcourse.course", cell):
                ran = await room.student.run(source, 60)
                assert ran.failure is None, ran.failure
            failure = (await room.check(textwrap.dedent(check), (), {}, 120)).failure
            assert failure is not None
            return failure.evalue
        finally:
            await room.stop()
            rooms.close()

    assert f"[[[({MARK}, 0, 1, 0)]], [[({MARK}, 0, 1, 1)]]]" in asyncio.run(judged())
