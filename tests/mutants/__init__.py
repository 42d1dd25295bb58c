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

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
_OPENING = re.compile(r"^# %% (?P<name>\w+): (?P<about>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Solution:
    """One solution of one piece.

    Attributes:
        piece: The piece's name, without its module.
        name: A short name, unique in its file.
        about: The mistake in a wrong solution, the method in a right one.
        source: The cell, without its `%%build` line.
    """

    piece: str
    name: str
    about: str
    source: str

    def __str__(self) -> str:
        return f"{self.piece}, {self.name}: {self.about}"


def read_bank(path: Path) -> list[Solution]:
    """The solutions in one file, in order.

    Raises:
        ValueError: The file holds none, or two of one name.
    """
    text = path.read_text(encoding="utf-8")
    openings = list(_OPENING.finditer(text))
    ends = [opening.start() for opening in openings[1:]] + [len(text)]
    solutions = [
        Solution(path.stem, opening["name"], opening["about"], text[opening.end() : end].strip() + "\n")
        for opening, end in zip(openings, ends)
    ]
    names = [solution.name for solution in solutions]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{path}: cells must open with `# %% name: mistake`, each name once; found {names}")
    return solutions


def wrong_solutions(chapter: str) -> dict[str, list[Solution]]:
    """The wrong solutions of a chapter, by piece."""
    return {path.stem: read_bank(path) for path in sorted((FOLDER / chapter).glob("*.py"))}


def right_solutions(chapter: str) -> dict[str, list[Solution]]:
    """The right solutions of a chapter that differ from the library's, by piece."""
    return {path.stem: read_bank(path) for path in sorted((FOLDER / chapter / "right").glob("*.py"))}
