"""The bank of solutions that the graded cells are judged by: wrong ones that must fail, right ones that must pass.

`NN_chapter/PIECE.py` holds wrong solutions of one piece, `NN_chapter/right/PIECE.py` right ones that are written
differently from the library's. A file is a sequence of cells, each what a student could have put into the exercise:

    # %% forgets_the_frequency: every word counts once, however often it occurs
    def count_pairs(words):
        ...

The line that opens a cell gives the solution's name and, after the colon, the mistake (or the method, for a right one).
To add a solution, add a cell. It must differ from the docstring on valid input, or break a stated error or cost.
"""

from __future__ import annotations

from pathlib import Path

from llmcourse.course.grading.insight.bank import Solution, read_bank, read_banks

__all__ = ["FOLDER", "Solution", "read_bank", "right_solutions", "wrong_solutions"]

FOLDER = Path(__file__).parent


def wrong_solutions(chapter: str) -> dict[str, list[Solution]]:
    """The wrong solutions of a chapter, by piece."""
    return read_banks(FOLDER / chapter)


def right_solutions(chapter: str) -> dict[str, list[Solution]]:
    """The right solutions of a chapter that differ from the library's, by piece."""
    return read_banks(FOLDER / chapter / "right")
