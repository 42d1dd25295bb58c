"""What a learner has written runs in every rank: of a spawned group, of `torchrun`, and of the room that grades it.

The learner has written all pieces of the notebook on sharding, and two of the one on failures, otherwise than the
library, and each counts its calls. A model is trained on them, in shards; so the counts say whose code every rank ran,
and the losses that it was right.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from llmcourse._overlay import WORKSPACE_VARIABLE
from llmcourse.course.grading.trial.courtroom import Courtroom
from llmcourse.course.grading.trial.rooms import Rooms, assignment_pieces, rooms
from llmcourse.course.paths import MARKER
from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.losses import Batch
from llmcourse.training import train_step
from tests.distributed.learners_training import trained
from tests.distributed.test_watch import ROOT, torchrun
from tests.mutants import right_solutions
from tests.walls import way

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(300)]

CHAPTER = "04_fsdp"
MODULES = {
    "training_memory": "memory", "shard": "flat", "unshard": "flat", "sharded_norm": "flat", "gather_unit": "units",
    "free_unit": "units", "sharded_adamw_step": "sharded_optimizers", "rows_to_read": "resharding",
    "lost_share": "failures",
}  # fmt: skip
TRAINED = f"from typing import Any\n\n\n{inspect.getsource(trained)}\n"
ON_RANKS = """
import json
from llmcourse.distributed.launch import run_on_ranks
print(json.dumps(run_on_ranks(trained, [()] * 2)))
"""


def cell(name: str) -> str:
    """A learner's cell: a right solution that is not the library's, and that counts how often it is called."""
    source = right_solutions(CHAPTER)[name][0].source.strip()
    opening, _, body = source.partition("\n")
    counted = f"    {name}.calls = getattr({name}, 'calls', 0) + 1\n"
    return f"%%build llmcourse.distributed.{MODULES[name]}:{name}\n{opening}\n{counted}{body}\n"


CELLS = {name: cell(name) for name in MODULES}
WRONG_NORM = CELLS["sharded_norm"].replace("total.sqrt().item()", "2 * total.sqrt().item()")
NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for source in json.load(sys.stdin):
    shell.run_cell(source).raise_error()
"""


def told_in(printed: str) -> list[list[dict[str, Any]]]:
    """What the ranks gave, for each time that they were started."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith("[{")]


@pytest.fixture(scope="module")
def one_process() -> dict[str, Any]:
    """The same training in one process, with nothing of the learner's."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(17, 16, 2, 2, 16))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    steps = []
    for number in range(3):
        ids = torch.randint(17, (4, 9), generator=torch.Generator().manual_seed(number))
        steps.append(tuple(train_step(model, optimizer, [Batch(ids[:, :-1], ids[:, 1:])], 0.1)))
    moved = torch.nn.Parameter(torch.ones(3))
    moved.grad = torch.tensor([1.0, -2.0, 3.0]) * (1 + 2)
    torch.optim.AdamW([moved], lr=0.1, betas=(0.9, 0.99), weight_decay=0.0).step()
    weights = sum(float(weight.double().square().sum()) for weight in model.state_dict().values())
    lost = 1 - 100 / (1000 * math.expm1(0.101) * math.exp(0.01))
    told = [[6, 6, 36], [[[0, 0, 3, 0]], [[1, 0, 3, 0]]], pytest.approx(lost, abs=1e-6)]
    return {"steps": steps, "weights": weights, "moved": moved.tolist(), "told": told}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A notebook whose learner builds all pieces, first with a wrong norm: what its ranks gave, and its workspace."""
    workspace = tmp_path_factory.mktemp("learner") / "work"
    (workspace / MARKER).mkdir(parents=True)
    first = CELLS | {"sharded_norm": WRONG_NORM}
    cells = ["%load_ext llmcourse.course", *first.values(), TRAINED, ON_RANKS, CELLS["sharded_norm"], ON_RANKS]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = {WORKSPACE_VARIABLE: str(workspace), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], input=json.dumps(cells), env=os.environ | own, capture_output=True, text=True,
        timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wrong, right = told_in(done.stdout)
    return SimpleNamespace(workspace=workspace, wrong=wrong, right=right)


def require_learners_code(ranks: list[dict[str, Any]], one_process: dict[str, Any]) -> None:
    """Each rank has run every piece of the learner's, and all of them trained what one process trains."""
    assert len(ranks) == 2
    for rank in ranks:
        assert set(rank["calls"]) == set(CELLS) and all(rank["calls"].values()), rank["calls"]
        for got, want in zip(rank["steps"], one_process["steps"], strict=True):
            assert got == pytest.approx(want, rel=1e-5)
        assert rank["weights"] == pytest.approx(one_process["weights"], rel=1e-5)
        assert rank["moved"] == pytest.approx(one_process["moved"], rel=1e-5)
        assert rank["told"] == one_process["told"]


def test_in_ranks_that_a_notebook_starts(notebook: SimpleNamespace, one_process: dict[str, Any]) -> None:
    require_learners_code(notebook.right, one_process)


def test_a_piece_that_is_wrong_is_wrong_in_every_rank(notebook: SimpleNamespace, one_process: dict[str, Any]) -> None:
    for rank in notebook.wrong:
        (loss, norm), *_, (last, _) = rank["steps"]
        want, *_, want_last = one_process["steps"]
        assert (loss, norm) == pytest.approx((want[0], 2 * want[1]), rel=1e-5), "twice the norm, before anything moved"
        assert abs(last - want_last[0]) > 1e-3, "and steps of half the length"


def test_under_torchrun(notebook: SimpleNamespace, one_process: dict[str, Any], tmp_path: Path) -> None:
    program = f"""
import json, sys
from pathlib import Path
from llmcourse.distributed.torchrun import joined

{TRAINED}
with joined(timeout_s=60) as group:
    Path(sys.argv[1], f"{{group.rank}}.json").write_text(json.dumps(trained(group)))
"""
    (tmp_path / "program.py").write_text(program)
    done = torchrun(tmp_path / "program.py", tmp_path, **{WORKSPACE_VARIABLE: str(notebook.workspace)})
    assert done.returncode == 0, done.stderr
    require_learners_code([json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)], one_process)


@pytest.fixture(scope="module")
def standing() -> Rooms:
    """Those of this process, which other tests have opened or will use again."""
    return rooms(way())


def in_a_room(standing: Rooms, cells: list[str], then: Callable[[Courtroom], Awaitable[Any]]) -> Any:
    """Run a learner's cells where they are graded, and then something in the same room."""

    async def run() -> Any:
        room = Courtroom(standing.of_students(CHAPTER), standing.judges(), assignment_pieces(CHAPTER), 10_000)
        try:
            await room.start()
            for source in ("%load_ext llmcourse.course", *cells):
                ran = await room.student.run(source, 60)
                assert ran.failure is None, ran.failure
            return await then(room)
        finally:
            await room.stop()

    return asyncio.run(run())


def test_in_the_room_that_grades(standing: Rooms, one_process: dict[str, Any]) -> None:
    async def train(room: Courtroom) -> list[dict[str, Any]]:
        ran = await room.student.run(ON_RANKS, 100)
        assert ran.failure is None, ran.failure
        return told_in(ran.outputs[0].text)[0]

    require_learners_code(in_a_room(standing, [*CELLS.values(), TRAINED], train), one_process)


def test_what_cannot_cross_to_the_judge_is_named_and_the_judge_goes_on(standing: Rooms) -> None:
    """A bucket holds, after the call, a sum that has been started: nothing that another process could wait for."""
    piece = "llmcourse.distributed.buckets:gradient_arrived"
    source = right_solutions(CHAPTER)["gradient_arrived"][0].source
    check = f"""%%check {piece}
    from llmcourse.distributed.buckets import Bucket
    from llmcourse.distributed.group import Group
    bucket = Bucket.of([torch.zeros(2, requires_grad=True)])
    bucket.parameters[0].grad = torch.tensor([1.0, 2.0])
    gradient_arrived([bucket], 0, 0, Group())
    """
    through = f"""%%check {piece}
    from llmcourse.course.checks import rehearsed
    through = "llmcourse.course.notebook.trials.data_parallel:arrivals"
    rows = [([torch.ones(2)], [[0]], [(0, 0)], False)] * 2
    assert False, rehearsed(gradient_arrived, rows, through=through).results[0]["sums"]
    """

    async def judge(room: Courtroom) -> list[Any]:
        await room.judge.run_cell("import torch", 60)
        return [await room.check(textwrap.dedent(source), (), {}, 60) for source in (check, check, through)]

    first, again, last = in_a_room(standing, [f"%%build {piece}\n{source}"], judge)
    for ran in (first, again):
        assert not ran.lost and ran.failure is not None
        told = "a check can use numbers, texts, bytes, tuples, lists, dicts, sets, dense tensors on the CPU, arrays"
        assert told in ran.failure.evalue and "process" not in ran.failure.evalue
        assert "but no Pending (it is the `pending` of a Bucket)" in ran.failure.evalue
    assert not last.lost and last.failure is not None and "tensor([2., 2.])" in last.failure.evalue
