"""What a cell of a notebook is: the one place that reads what the course, and nbgrader, say about it in its metadata.

A cell is setup, exercise, check, written, experiment, box or hint; one that a student has added is `student`. Cells
come as nbformat's objects or as plain dictionaries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmcourse.course.pieces import Piece

GRADED_PATH = ("setup", "exercise", "check")
"""The kinds of cells that grading runs."""


def facts_of(part: Mapping[str, Any]) -> dict[str, Any]:
    """What the course says about a cell or a whole notebook; empty for a stranger's.

    Example:
        >>> facts_of({"metadata": {"llmcourse": {"kind": "check"}}})["kind"], facts_of({"metadata": {}})
        ('check', {})
    """
    return part["metadata"].get("llmcourse", {})


def marks_of(cell: Mapping[str, Any]) -> dict[str, Any]:
    """What nbgrader says about a cell: `grade_id`, `grade`, `solution`, `points`; empty where it says nothing."""
    return cell["metadata"].get("nbgrader", {})


def piece_of(cell: Mapping[str, Any]) -> str:
    """The piece that a cell asks for or checks, as `module:name`; empty where it is about none."""
    return facts_of(cell).get("piece", "")


def kind_of(cell: Mapping[str, Any]) -> str:
    """A cell's kind for grading: setup, exercise, check, written, experiment, student, or prose.

    In an assignment of another course it follows from what nbgrader says.

    Example:
        >>> kind_of({"cell_type": "code", "metadata": {"nbgrader": {"grade": True, "solution": False}}})
        'check'
    """
    kind = facts_of(cell).get("kind", "")
    if kind in (*GRADED_PATH, "written", "experiment", "student"):
        return kind
    marks = marks_of(cell)
    if cell["cell_type"] != "code":
        return "written" if marks.get("solution") else "prose"
    if marks.get("solution"):
        return "exercise"
    return "check" if marks.get("grade") else "setup"


def check_name(cell: Mapping[str, Any]) -> str:
    """What a check cell is called: what stands behind `%%check` in its first line.

    Example:
        >>> check_name({"source": ["%%check llmcourse.data.packing:pack_documents\\n", "assert True"]})
        'llmcourse.data.packing:pack_documents'
    """
    return "".join(cell["source"]).split("\n", 1)[0].removeprefix("%%check").strip()


def body_of(cell: Mapping[str, Any]) -> str:
    """What stands below a cell's first line.

    Example:
        >>> body_of({"source": "%%build llmcourse.model.layers:RMSNorm\\nclass RMSNorm: ..."})
        'class RMSNorm: ...'
    """
    return "".join(cell["source"]).partition("\n")[2]


@dataclass(frozen=True)
class Exercise:
    """One graded item of a notebook, as the release notebook declares it."""

    assignment: str
    notebook: str
    check: str
    piece: Piece | None
    title: str
    points: float

    @property
    def is_written(self) -> bool:
        """Whether the item is a written question, graded by hand."""
        return self.piece is None


def exercises(notebook: Path) -> list[Exercise]:
    """The graded items of a release notebook, in order.

    Raises:
        ValueError: The file is not a notebook of this course.
    """
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        course = content["metadata"]["llmcourse"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{notebook} is not a notebook of this course") from error
    titles: dict[str, str] = {}
    items = []
    for cell in content["cells"]:
        facts, points = facts_of(cell), marks_of(cell).get("points")
        if facts.get("kind") == "box":
            titles[facts["piece"]] = f"{facts['number']} {facts['title']}"
        elif facts.get("kind") == "check":
            title, piece = titles.get(facts["piece"], facts["piece"]), Piece.parse(facts["piece"])
            items.append(Exercise(course["assignment"], course["notebook"], check_name(cell), piece, title, points))
        elif facts.get("kind") == "written":
            title = facts.get("title", facts["id"])
            items.append(Exercise(course["assignment"], course["notebook"], facts["id"], None, title, points))
    return items


def copies_beside(notebook: Path) -> list[str]:
    """The other files in a notebook's folder that say inside that they are it: renamed, or copied by JupyterLab.

    Nothing reads them. What `llmcourse start` puts beside a notebook, `NAME.new.ipynb`, is not among them.
    """
    wanted = {"assignment": notebook.parent.name, "notebook": notebook.stem}
    found = []
    for path in sorted(notebook.parent.glob("*.ipynb")):
        if path.name != notebook.name and not path.name.startswith((".", f"{notebook.stem}.new")):
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                facts = facts_of(json.loads(path.read_text(encoding="utf-8")))
                found += [path.name] if wanted.items() <= facts.items() else []
    return found


@dataclass(frozen=True)
class Score:
    """Points of some exercises.

    Attributes:
        earned: What checks have given.
        total: What checks can give.
        by_hand: What is graded by hand, whatever is written.
    """

    earned: float = 0.0
    total: float = 0.0
    by_hand: float = 0.0

    @classmethod
    def of(cls, results: Iterable[tuple[Exercise, bool]]) -> Score:
        """The score of exercises, each with whether it has passed."""
        rows = list(results)
        checked = [(exercise.points, passed) for exercise, passed in rows if not exercise.is_written]
        return cls(
            sum(points for points, passed in checked if passed),
            sum(points for points, _ in checked),
            sum(exercise.points for exercise, _ in rows if exercise.is_written),
        )

    def __add__(self, other: Score) -> Score:
        return Score(self.earned + other.earned, self.total + other.total, self.by_hand + other.by_hand)


def setup_of_check(notebooks: Path, check: str) -> list[str]:
    """The sources of the setup cells above a check, in the released notebook that holds it; empty where none does.

    Args:
        notebooks: The folder of the release notebooks.
        check: The check's name, as `check_name` gives it.
    """
    for path in sorted(notebooks.glob("*/*.ipynb")):
        setup: list[str] = []
        for cell in _code_cells(path, path.stat().st_mtime_ns):
            if facts_of(cell).get("kind") == "setup":
                setup.append("".join(cell["source"]))
            elif facts_of(cell).get("kind") == "check" and check_name(cell) == check:
                return setup
    return []


@lru_cache(maxsize=64)
def _code_cells(path: Path, mtime_ns: int) -> list[dict[str, Any]]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def answer_digest(answer: str, check: str) -> str:
    """What a check's outcome was about: the code judged, and the check, each without its first line."""
    lines = ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (answer, check)]
    return hashlib.sha256("\0".join(lines).encode("utf-8", "replace")).hexdigest()[:16]
