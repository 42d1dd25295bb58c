"""This grader beside stock `nbgrader autograde`: 60 submissions of chapters 1 and 2, two workers, the same notebooks.

The class is made from the bank of wrong solutions: each student has the library's answers, a few of them replaced by
wrong ones. Both sides skip the experiments: this grader always does, and for stock nbgrader they are taken out of the
notebooks. Stock nbgrader runs its own Execute on local kernels, one after another, as it does. What it takes when it
runs the experiments too is measured on a few submissions and extrapolated. This grader's time includes what stock's
does not: feedback pages, the table of scores, the report.

Memory is the largest sum, over the grading process and everything below it, of each process's proportional share of
what it has in memory; it is looked at once a second.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbformat.notebooknode import NotebookNode

from llmcourse.course.environment import ONE_THREAD
from llmcourse.course.notebooks import facts_of
from tests import classroom
from tests.mutants import wrong_solutions

ASSIGNMENTS = ("01_tokenization", "02_positional_encoding")
STUDENTS = 60
WITH_EXPERIMENTS = 2
WRONG = 4
"""Wrong solutions of each student in each chapter."""
WORKERS = 2
TIMEOUT_S = 30
TARGET, MEMORY_TARGET_GB = 5.0, 4.0
ROOT = Path(__file__).resolve().parents[1]


def class_of(size: int) -> dict[str, dict[str, NotebookNode]]:
    """Students' notebooks by assignment, the same every time."""
    dice = random.Random(1)
    students: dict[str, dict[str, NotebookNode]] = {f"student_{i:02d}": {} for i in range(size)}
    for assignment in ASSIGNMENTS:
        reference, bank = classroom.reference(assignment), wrong_solutions(assignment)
        for notebooks in students.values():
            wrong = {piece: dice.choice(bank[piece]).source for piece in dice.sample(sorted(bank), WRONG)}
            notebooks |= classroom.submission(assignment, reference | wrong, "Because.")
    return students


def without_experiments(notebook: NotebookNode) -> NotebookNode:
    copy = nbformat.from_dict(notebook)
    copy.cells = [cell for cell in copy.cells if facts_of(cell).get("kind") != "experiment"]
    return copy


class Run:
    """A command: how long it took, and the most memory that it had."""

    def __init__(self, command: list[str], folder: Path):
        environment = {**os.environ, **ONE_THREAD, "LLMCOURSE_SMALL": "1", "PYTHONPATH": str(ROOT)}
        environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        start = time.perf_counter()
        self.peak = 0
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        watch = threading.Thread(target=self._watch, args=(process,), daemon=True)
        watch.start()
        output = process.communicate()[0].decode(errors="replace")
        self.seconds = time.perf_counter() - start
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:6])} failed:\n{output[-4000:]}")

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            self.peak = max(self.peak, memory_below(process.pid))
            time.sleep(1)


def memory_below(pid: int) -> int:
    """Bytes that a process and all below it hold together."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0
    for process in processes:
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        total += int(found[1]) * 1024 if found else 0
    return total


def ours(students: dict[str, dict[str, NotebookNode]], folder: Path) -> tuple[Run, dict[str, float]]:
    """Grade a class with this grader."""
    for student, notebooks in students.items():
        classroom.hand_in(folder / "in", student, notebooks)
    code = "import sys; from llmcourse.course.cli import main; sys.argv[0] = 'llmcourse'; main()"
    options = ["--output", str(folder / "out"), "--workers", str(WORKERS), "--timeout", str(TIMEOUT_S)]
    run = Run([sys.executable, "-c", code, "grade", str(folder / "in"), *options], ROOT)
    return run, scores(folder / "out")


def stock(
    students: dict[str, dict[str, NotebookNode]], folder: Path, experiments: bool
) -> tuple[list[Run], dict[str, float]]:
    """Grade a class with stock `nbgrader autograde`; making its course folder is not counted."""
    change = nbformat.from_dict if experiments else without_experiments
    for assignment in ASSIGNMENTS:
        for name, notebook in classroom.notebooks(assignment, ROOT / "solutions").items():
            write(change(notebook), folder / "source" / assignment / f"{name}.ipynb")
        for student, notebooks in students.items():
            write(change(notebooks[assignment]), folder / "submitted" / student / assignment / f"{assignment}.ipynb")
    settings = f"c = get_config()\nc.Execute.timeout = {TIMEOUT_S}\n"
    (folder / "nbgrader_config.py").write_text(settings)
    runs = []
    for assignment in ASSIGNMENTS:
        Run([sys.executable, "-m", "nbgrader", "generate_assignment", assignment, "--force"], folder)
        runs.append(Run([sys.executable, "-m", "nbgrader", "autograde", assignment], folder))
    return runs, scores(folder)


def write(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def scores(folder: Path) -> dict[str, float]:
    """Every submission's score, as a gradebook has it."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {f"{a} {s.student.id}": s.score for a in ASSIGNMENTS for s in gradebook.assignment_submissions(a)}


def row(name: str, n_students: int, seconds: float, peak: int, note: str = "") -> float:
    """Print a line; returns submissions a minute, a chapter of a student being one."""
    rate = n_students * len(ASSIGNMENTS) / seconds * 60
    print(f"{name:<40}{rate:>12.1f}{seconds:>12.1f}{peak / 1e9:>10.2f}  {note}", flush=True)
    return rate


def main(size: int = STUDENTS) -> bool:
    """Print the table; return whether both targets were met."""
    students = class_of(size)
    print(f"{size} students, {len(ASSIGNMENTS)} chapters each, {WORKERS} workers, {os.cpu_count()} cores")
    print(f"{'':<40}{'a minute':>12}{'seconds':>12}{'GB':>10}")
    with tempfile.TemporaryDirectory(prefix="grading-benchmark-") as name:
        folder = Path(name)
        run, our_scores = ours(students, folder / "ours")
        rate = row("this grader, with feedback", size, run.seconds, run.peak)
        runs, their_scores = stock(students, folder / "stock", experiments=False)
        seconds, peak = sum(r.seconds for r in runs), max(r.peak for r in runs)
        stock_rate = row("nbgrader autograde, no experiments", size, seconds, peak)
        few = dict(list(students.items())[: min(size, WITH_EXPERIMENTS)])
        slow, _ = stock(few, folder / "slow", experiments=True)
        note = f"from {len(few)} students, extrapolated"
        seconds = sum(r.seconds for r in slow)
        slow_rate = row("nbgrader autograde, all cells", len(few), seconds, max(r.peak for r in slow), note)
    same = sum(our_scores[key] == score for key, score in their_scores.items())
    print(f"{same} of {len(their_scores)} scores are the same")
    ratio = rate / stock_rate
    met = ratio >= TARGET, run.peak <= MEMORY_TARGET_GB * 1e9
    print(
        f"ratio {ratio:.2f}, at least {TARGET:g}: {'met' if met[0] else 'MISSED'}; "
        f"{rate / slow_rate:.1f} with experiments"
    )
    print(f"memory {run.peak / 1e9:.2f} GB, at most {MEMORY_TARGET_GB:g}: {'met' if met[1] else 'MISSED'}")
    return all(met)
