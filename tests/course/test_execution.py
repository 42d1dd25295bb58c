"""The book's notebooks, executed side by side: at the same time, apart from each other, and none of it left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from llmcourse.course.author import execution
from llmcourse.course.author.execution import Page, run_pages

ROOT = Path(__file__).resolve().parents[2]
MEET = """import os, time, pathlib
here, other = pathlib.Path({here!r}), pathlib.Path({other!r})
here.touch()
end = time.monotonic() + 60
while not other.exists():
    assert time.monotonic() < end, "the other notebook does not run"
    time.sleep(0.05)"""
AROUND = """import json
threads = sorted({v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")})
workspace = os.environ["LLMCOURSE_WORKSPACE"]
print(json.dumps([threads, os.getcwd(), workspace, os.listdir(workspace)]))
pathlib.Path(workspace, "built").touch()"""
LOADED = """import json, os, sys
loaded = [name for name in ("torch", "matplotlib.pyplot", "llmcourse.model") if name in sys.modules]
import numpy
print(json.dumps([os.getppid(), loaded, numpy.random.rand()]))"""
LATE = """import threading
def speak():
    time.sleep(0.5)
    print("late")
threading.Thread(target=speak).start()"""


def page(name: str, *cells: str, n_experiments: int = 0) -> Page:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    for cell in notebook.cells[:n_experiments]:
        cell.metadata["llmcourse"] = {"kind": "experiment", "id": f"{name}_experiment"}
    return Page(Path(name), f"notebooks/{name}.ipynb", notebook)


def printed(page: Page, cell: int) -> str:
    return "".join(output.get("text", "") for output in page.notebook.cells[cell].outputs)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Page, list[str]]:
    """Two notebooks that each wait for the other; and what was told when they ended."""
    folder = tmp_path_factory.mktemp("pair")
    a, b = str(folder / "a"), str(folder / "b")
    first = page("first", MEET.format(here=a, other=b), AROUND, LATE)
    second = page(
        "second", MEET.format(here=b, other=a), AROUND, "raise ValueError('ten!\\nand more')", n_experiments=3
    )
    told: list[str] = []
    run_pages([first, second], lambda page: told.append(page.name), timeout=90, workers=2)
    return first, second, told


def test_notebooks_run_at_the_same_time(pair: tuple[Page, Page, list[str]]) -> None:
    first, second, told = pair
    assert not first.fault and 0 < first.seconds < 60
    assert sorted(told) == [first.name, second.name]


def test_each_kernel_has_one_thread_and_a_folder_and_a_workspace_of_its_own(pair: tuple[Page, Page, list[str]]) -> None:
    facts = [json.loads(printed(one, 1)) for one in pair[:2]]
    assert [threads for threads, *_ in facts] == [["1"], ["1"]]
    places = [place for _, folder, workspace, _ in facts for place in (folder, workspace)]
    assert len(set(places)) == 4 and not any(Path(place).exists() for place in places)
    assert [built for *_, built in facts] == [[], []]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each kernel is a program of its own")
def test_kernels_are_forked_from_one_process_with_pytorch_loaded_and_without_the_library() -> None:
    code = f"""
from tests.course.test_execution import page, printed, run_pages
pages = [page(name, {LOADED!r}) for name in "ab"]
run_pages(pages, lambda page: None, timeout=90, workers=2)
print(*(printed(one, 0).strip() for one in pages), sep="\\n")
"""
    # In a process of its own: another test may have started this one's fork server, with less in it.
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    (parent, loaded, drawn), (other, _, other_drawn) = map(json.loads, done.stdout.strip().splitlines()[-2:])
    assert parent == other
    assert loaded == ["torch", "matplotlib.pyplot"]
    assert drawn != other_drawn


def test_failure_names_the_cell_and_stops_no_other_notebook(pair: tuple[Page, Page, list[str]]) -> None:
    first, second, _ = pair
    assert second.fault == "cell 'second_experiment' failed: ValueError: ten!"
    assert "and more" in second.traceback and "\x1b" not in second.traceback
    assert first.notebook.cells[-1].execution_count == 3


def test_output_of_a_late_thread_is_the_last_cells(pair: tuple[Page, Page, list[str]]) -> None:
    first = pair[0]
    assert printed(first, 2) == "late\n"
    assert len(first.notebook.cells) == 3


def test_nothing_of_a_run_is_part_of_the_caches_key(pair: tuple[Page, Page, list[str]]) -> None:
    assert all(not cell.metadata for cell in pair[0].notebook.cells)


def test_longest_notebook_is_first() -> None:
    new, small, known, long = page("new", "1", "2", n_experiments=2), page("small", "1"), page("known"), page("long")
    known.expected_s, long.expected_s = 5.0, 50.0
    never_run = [page(f"{name}.ipynb", "1") for name in reversed(execution.LONGEST)]
    ordered = sorted([small, known, *never_run, long, new], key=lambda page: page.length, reverse=True)
    assert ordered[: len(never_run)] == never_run[::-1]
    assert [page.path.name for page in ordered[len(never_run) :]] == ["new", "small", "long", "known"]


def test_longest_notebooks_are_there() -> None:
    assert [
        name
        for name in execution.LONGEST
        if not Path(__file__).parents[2].joinpath("notebooks", f"{name}.ipynb").is_file()
    ] == []


def test_cell_that_takes_too_long_or_ends_its_kernel_is_named() -> None:
    slow = page("slow", "import time; time.sleep(60)")
    dead = page("dead", "import os; os._exit(1)", n_experiments=1)
    run_pages([slow], lambda page: None, timeout=1)
    run_pages([dead], lambda page: None, timeout=60)  # on a busy machine a cell may take a second to end its kernel
    assert slow.fault.startswith("cell starting with `import time; time.sleep(60)` failed: A cell timed out")
    assert dead.fault == "cell 'dead_experiment' failed: Kernel died"


def test_interrupt_leaves_no_kernel(tmp_path: Path) -> None:
    cell = f"import os, pathlib, time; pathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch(); time.sleep(60)"
    pages = [page(name, cell) for name in "ab"]
    ended = threading.Event()

    def interrupt() -> None:
        while len(list(tmp_path.iterdir())) < 2:
            if ended.wait(0.1):
                return
        os.kill(os.getpid(), signal.SIGINT)

    watch = threading.Thread(target=interrupt)
    watch.start()
    with pytest.raises(KeyboardInterrupt):
        try:
            run_pages(pages, lambda page: None, timeout=100, workers=2)
        finally:
            ended.set()
            watch.join()
    assert not any(psutil.pid_exists(int(path.name)) for path in tmp_path.iterdir())


def test_kernels_of_a_build_that_is_killed_end(tmp_path: Path) -> None:
    cell = f"import os, pathlib, time; pathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch(); time.sleep(100)"
    code = f"""
from tests.course.test_execution import page, run_pages
run_pages([page(name, {cell!r}) for name in "ab"], print, timeout=200, workers=2)
"""
    build = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2 or build.poll() is not None)
    finally:
        build.kill()
        build.wait()
    kernels = [int(path.name) for path in tmp_path.iterdir()]
    assert len(kernels) == 2
    wait_until(lambda: not any(psutil.pid_exists(kernel) for kernel in kernels))


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_nothing_to_execute_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(execution, "_run_all")
    run_pages([], lambda page: None, timeout=1)


def test_kernel_that_does_not_start_is_a_fault_of_its_notebook() -> None:
    fault = execution._fault(None, RuntimeError("Kernel didn't respond in 60 seconds"))
    assert fault == "its kernel did not start: Kernel didn't respond in 60 seconds"
