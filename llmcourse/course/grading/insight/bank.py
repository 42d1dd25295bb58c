"""The bank of solutions in a checkout, and how each wrong one fails: what a class's wrong answers are held against.

The bank is `tests/mutants/` of the course's checkout; it is no part of the package. `NN_chapter/PIECE.py` holds wrong
solutions of one piece, as a sequence of cells, each what a student could have put into the exercise:

    # %% forgets_the_frequency: every word counts once, however often it occurs
    def count_pairs(words):
        ...

The line that opens a cell gives the solution's name and, after the colon, the mistake. How a wrong solution fails is
found by grading it like a submission: once, for the outcome is kept beside the grades as long as nothing of it changes.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from llmcourse.course.notebooks import kind_of, piece_of
from llmcourse.files import write_atomically

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


@dataclass(frozen=True)
class Verdict:
    """How a wrong solution of the bank fails.

    Attributes:
        reason: What its student would be told; empty when it was not graded, or passed.
    """

    solution: Solution
    reason: str


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


def read_banks(folder: Path) -> dict[str, list[Solution]]:
    """The solutions in a folder, by piece; none where there is no folder."""
    return {path.stem: read_bank(path) for path in sorted(folder.glob("*.py"))}


def bank_of(root: Path) -> Path | None:
    """The bank of a checkout, if it has one."""
    folder = root / "tests" / "mutants"
    return folder if folder.is_dir() else None


def verdicts(
    output: Path,
    assignment: str,
    bank: Path,
    *,
    timeout_s: float = 20.0,
    on_step: Callable[[str], None] = lambda text: None,
) -> list[Verdict]:
    """How each wrong solution of an assignment fails.

    Every solution of a piece is put into a submission of its own, together with one of every other piece: what a check
    says depends on its own piece, for the judge has the library's version of pieces that have not passed.

    Args:
        output: The folder that `grade` wrote; `bank/ASSIGNMENT.json` there keeps the outcome.
        assignment: Whose pieces.
        bank: The folder with a folder an assignment.
        timeout_s: Seconds a cell may take.
        on_step: Told what happens.
    """
    from llmcourse.course.grading.workers.work import library_digest

    solutions = [one for several in read_banks(bank / assignment).values() for one in several]
    sources = sorted((output / "source" / assignment).glob("*.ipynb"))
    parts = [
        library_digest(),
        f"{timeout_s:g}",
        *(path.read_text(encoding="utf-8") for path in sources),
        *map(repr, solutions),
    ]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    kept = _kept(output / "bank" / f"{assignment}.json", digest)
    if kept is None:
        on_step(f"{assignment}: grading {len(solutions)} wrong solutions, once")
        kept = _graded(output, assignment, solutions, timeout_s)
        write_atomically(
            output / "bank" / f"{assignment}.json", json.dumps({"digest": digest, "reasons": kept}, indent=1) + "\n"
        )
    return [Verdict(one, kept.get(f"{one.piece} {one.name}", "")) for one in solutions]


def without_grading(assignment: str, bank: Path) -> list[Verdict]:
    """The wrong solutions of an assignment, to be known by their code alone."""
    return [Verdict(one, "") for several in read_banks(bank / assignment).values() for one in several]


def _kept(path: Path, digest: str) -> dict[str, str] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return data["reasons"] if data["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _graded(output: Path, assignment: str, solutions: list[Solution], timeout_s: float) -> dict[str, str]:
    from llmcourse.course.grading.run import grade

    released = {
        path.stem: nbformat.read(path, as_version=4)
        for path in sorted((output / "release" / assignment).glob("*.ipynb"))
    }
    reasons: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="llmcourse-bank-") as folder:
        answers = dict(_submissions(solutions))
        for student, chosen in answers.items():
            for name, notebook in released.items():
                path = Path(folder, "in", student, f"{name}.ipynb")
                path.parent.mkdir(parents=True, exist_ok=True)
                nbformat.write(filled(notebook, {piece: one.source for piece, one in chosen.items()}), path)
        if not answers:
            return {}
        report = grade(Path(folder, "in"), Path(folder, "out"), assignment, output / "source", timeout_s)
        for student in report.students:
            for exercise in student.exercises:
                one = answers[student.student].get(exercise.name)
                if one is not None and exercise.points is not None and exercise.points < exercise.max_points:
                    reasons[f"{one.piece} {one.name}"] = exercise.reason
    return reasons


def _submissions(solutions: list[Solution]) -> Iterator[tuple[str, dict[str, Solution]]]:
    """Student -> piece -> solution: the first has the first of every piece, the second the second, and so on."""
    by_piece: dict[str, list[Solution]] = {}
    for one in solutions:
        by_piece.setdefault(one.piece, []).append(one)
    for number in range(max(map(len, by_piece.values()), default=0)):
        yield (
            f"wrong-{number:03}",
            {piece: several[number] for piece, several in by_piece.items() if number < len(several)},
        )


def filled(notebook: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """A released notebook with answers, by the names of their pieces, under the exercises' first lines."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        piece = piece_of(cell).rpartition(":")[2]
        if kind_of(cell) == "exercise" and piece in answers:
            first = cell.source.partition("\n")[0]
            cell.source = f"{first}\n{answers[piece]}" if first.startswith("%%") else answers[piece]
    return copy
