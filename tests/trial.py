"""Judge a bank of solutions by the checks: `python -m tests.trial ASSIGNMENT FOLDER [PIECE ...]`.

FOLDER holds a bank as `tests/mutants` does: `PIECE.py` with wrong solutions, `right/PIECE.py` with right ones.
All go the way that students' work goes. Of each the verdict is printed, and the message that its student would read;
at the end, how many wrong ones were rejected and how many right ones refused. `--visible` judges by the part of the
checks that learners can read, alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat

from llmcourse.course.grading.insight.bank import Solution, read_banks
from llmcourse.course.grading.results.report import ExerciseResult
from tests import classroom
from tests.test_checks_of_checks import SOLUTIONS, Class, Grader, _flat, packed, passed, visible


def narrowed(assignment: str, folder: Path, pieces: Collection[str], only_visible: bool) -> Path:
    """An instructor's version of an assignment with the checks of some pieces alone, or without their hidden parts."""
    for name, notebook in classroom.notebooks(assignment, SOLUTIONS).items():
        checks = classroom.cells(notebook, "check")
        others = [id(cell) for piece, cell in checks.items() if piece not in pieces]
        notebook.cells = [cell for cell in notebook.cells if id(cell) not in others]
        for cell in checks.values() if only_visible else ():
            cell.source = visible(cell.source)
        if len(others) < len(checks):
            path = folder / assignment / f"{name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, path)
    return folder


def judge(assignment: str, solutions: list[Solution], source: Path = SOLUTIONS) -> list[ExerciseResult]:
    """What the checks say of solutions, one after another."""
    handed_in = {f"student_{i}": given for i, given in enumerate(packed(solutions, max(1, len(solutions))))}
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, get_context("spawn"), initializer=classroom.grade_without_feedback) as pool,
    ):
        graded = Grader(pool, 1).start(assignment, Path(folder), handed_in, source)
        result = Class(handed_in, graded)
        return [result.of(solution) for solution in solutions]


def main() -> None:
    """Judge a bank and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignment")
    parser.add_argument("folder", type=Path)
    parser.add_argument("pieces", nargs="*")
    parser.add_argument("--visible", action="store_true", help="judge by the visible part of the checks alone")
    asked = parser.parse_args()
    wrong, right = (
        [s for s in _flat(read_banks(folder)) if not asked.pieces or s.piece in asked.pieces] if folder.is_dir() else []
        for folder in (asked.folder, asked.folder / "right")
    )
    with tempfile.TemporaryDirectory() as folder:
        source = narrowed(asked.assignment, Path(folder), {s.piece for s in wrong + right}, asked.visible)
        # Apart, since an answer may use another one of its student's, which must then be right.
        results = judge(asked.assignment, wrong, source) + judge(asked.assignment, right, source)
    for solution, result in zip(wrong + right, results, strict=True):
        word = "passed" if passed(result) else "rejected"
        mark = "  " if passed(result) != (solution in wrong) else "!!"
        print(f"{mark} {word:<9}{solution.piece}.{solution.name}: {result.reason or ''}")
    n_rejected = sum(not passed(result) for result in results[: len(wrong)])
    n_refused = sum(not passed(result) for result in results[len(wrong) :])
    print(f"{n_rejected} of {len(wrong)} wrong ones rejected, {n_refused} of {len(right)} right ones refused")


if __name__ == "__main__":
    main()
