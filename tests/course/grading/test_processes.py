"""The student's process behaves as a notebook's kernel does, for what people write in notebooks."""

from __future__ import annotations

import asyncio

import pytest

from llmcourse.course.grading.trial.courtroom import Courtroom
from llmcourse.course.grading.trial.orders import MAX_OUTPUTS, TRUNCATED, Ran
from llmcourse.course.grading.trial.rooms import Rooms, _library_of, _trains, assignment_pieces, rooms
from tests.walls import way

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(120)]

ASSIGNMENT = "01_tokenization"
MAX_OUTPUT = 100_000


@pytest.fixture(scope="module")
def standing() -> Rooms:
    """Those of this process, which other tests have opened or will use again."""
    return rooms(way())


def ran(standing: Rooms, *cells: str, timeout_s: float = 10) -> list[Ran]:
    """Run cells in one process."""

    async def run() -> list[Ran]:
        room = Courtroom(standing.of_students(ASSIGNMENT), standing.judges(), assignment_pieces(ASSIGNMENT), MAX_OUTPUT)
        await room.start()
        try:
            return [await room.student.run(cell, timeout_s) for cell in cells]
        finally:
            await room.stop()

    return asyncio.run(run())


def text(one: Ran) -> str:
    """What a cell printed."""
    assert one.failure is None, one.failure
    return "".join(out.text for out in one.outputs if out.output_type == "stream")


def kinds(one: Ran) -> set[str]:
    """The kinds of data that a cell displayed."""
    assert one.failure is None, one.failure
    return {kind for out in one.outputs if out.output_type == "display_data" for kind in out.data}


def test_what_notebooks_hold_runs(standing: Rooms) -> None:
    plot, shell, awaited, shown, timed, value, streams, bar = ran(
        standing,
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "!echo hi",
        "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
        "from IPython.display import HTML, clear_output, display\ndisplay(HTML('<b>x</b>'))\nclear_output()",
        "%%time\nprint(sum(range(10)))",
        "5 + 5",
        "import sys, warnings\nprint('no', file=sys.stderr)\nwarnings.warn('careful')\nsys.stdout.write('yes')\nsys.stdout.flush()",
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass",
    )
    assert "image/png" in kinds(plot)
    assert text(shell).strip() == "hi" and text(awaited) == "awaited\n"
    assert "text/html" in kinds(shown) and "text/plain" in kinds(value)
    assert text(timed).startswith("45\n") and "Wall time" in text(timed)
    assert (
        text(streams).startswith("no\n") and "UserWarning: careful" in text(streams) and text(streams).endswith("yes")
    )
    assert "3/3" in text(bar)


def test_processes_of_a_chapter_that_trains_nothing_have_not_waited_for_what_training_imports(standing: Rooms) -> None:
    (loaded,) = ran(standing, "import sys\nprint('torch' in sys.modules, 'sympy' in sys.modules)")
    assert text(loaded) == "True False\n"
    names = ("01_tokenization", "02_positional_encoding", "03_recipes", "04_fsdp", "another_course")
    assert [_trains(_library_of(name)) for name in names] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("cell", "ename", "says"),
    [
        ("1/0", "ZeroDivisionError", "division by zero"),
        ("def f(:", "SyntaxError", "invalid syntax"),
        ("%nosuchmagic", "UsageError", "nosuchmagic"),
        ("input('?')", "EOFError", ""),
        ("import sys; sys.exit(3)", "SystemExit", "3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("class E(Exception):\n    def __str__(self): raise self\nraise E()", "E", ""),
    ],
)
def test_an_error_is_told_and_the_process_goes_on(standing: Rooms, cell: str, ename: str, says: str) -> None:
    stopped, after = ran(standing, cell, "print('on')")
    assert stopped.failure is not None and stopped.failure.ename == ename and says in stopped.failure.evalue
    assert not stopped.lost and stopped.outputs[-1].output_type == "error" and text(after) == "on\n"


@pytest.mark.walls("without walls no process has a limit of memory")
def test_exit_and_death_are_told_apart_from_errors(standing: Rooms) -> None:
    (left,) = ran(standing, "exit()")
    assert (
        left.lost and left.failure is not None and "ended the notebook's process (exit or quit)" in left.failure.evalue
    )
    (died,) = ran(standing, "import os\nos._exit(0)")
    assert died.lost and died.failure is not None and "the process died" in died.failure.evalue
    (full,) = ran(standing, "hold = [bytearray(1 << 28) for _ in range(40)]")
    assert full.failure is not None and full.failure.ename in ("MemoryError", "ProcessDied")


def test_an_endless_cell_is_interrupted_and_its_process_is_lost(standing: Rooms) -> None:
    (stopped,) = ran(standing, "print('before')\nwhile True: pass", timeout_s=1)
    assert stopped.failure is not None and stopped.failure.evalue == "no answer within 1 s"
    assert stopped.outputs[0].text == "before\n"
    assert stopped.lost, "an interrupt that comes late would stop the next cell"
    ignores = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    (stuck,) = ran(standing, ignores, timeout_s=1)
    assert stuck.lost and stuck.failure is not None and "the interrupt was ignored" in stuck.failure.evalue


def test_output_is_bounded_and_many_lines_are_few_messages(standing: Rooms) -> None:
    long, many, shown, after = ran(
        standing,
        "print('x' * 50_000_000)",
        "for i in range(300_000): print(i)",
        f"from IPython.display import display\nfor i in range({MAX_OUTPUTS + 50}): display(i)",
        "print('on')",
        timeout_s=60,
    )
    for one in (long, many):
        assert text(one).endswith(TRUNCATED) and len(text(one)) <= MAX_OUTPUT + len(TRUNCATED)
    assert len(shown.outputs) <= MAX_OUTPUTS and text(after) == "on\n"


def test_a_thread_that_prints_later_harms_no_cell(standing: Rooms) -> None:
    _, waits, after = ran(
        standing,
        "import threading, time\ndef late():\n    time.sleep(0.2); print('late')\nthreading.Thread(target=late).start()",
        "time.sleep(0.5)",
        "print('on')",
    )
    assert waits.failure is None and text(after).endswith("on\n")


@pytest.mark.walls("it looks at /scratch, which a room alone has")
def test_judges_know_nothing_of_each_other(standing: Rooms) -> None:
    code = """
import os, random, time
end = time.monotonic() + 10
while sum(name.startswith("judge-") for name in os.listdir("/scratch/tmp")) > 1 and time.monotonic() < end:
    time.sleep(0.05)  # until the server has heard that the judge before is gone
print("mark" in globals(), os.listdir(), os.listdir("/scratch/tmp"))
mark = 1
open("left", "w").close()
"""

    async def run() -> list[Ran]:
        found = []
        for _ in range(2):
            room = Courtroom(
                standing.of_students(ASSIGNMENT), standing.judges(), assignment_pieces(ASSIGNMENT), MAX_OUTPUT
            )
            await room.start()
            found += [await room.judge.run_cell(code, 20), await room.judge.run_cell("print(random.random())", 10)]
            await room.stop()
        return found

    first, one, second, other = asyncio.run(run())
    assert text(first).startswith("False []") and text(second).startswith("False []")
    assert text(one) != text(other), "each has randomness of its own"
    assert text(second).count("judge-") == 1, "what the judge before left is gone"
