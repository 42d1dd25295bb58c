"""The course at a glance: chapters, their notebooks, and what each asks for, read from the release notebooks.

The book's map, its index of exercises and the page of `llmcourse status --html` show what stands here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from llmcourse.course.notebooks import check_name, facts_of, marks_of


@dataclass(frozen=True)
class Task:
    """An exercise or a written question.

    Attributes:
        number: As in `3.14`; empty for a written question.
        title: What stands in its box.
        piece: `module:name`; empty for a written question.
        points: What it is worth, over all of its checks.
        minutes: How long it takes, about.
        difficulty: From 1 to 5; 0 for a written question.
        anchor: The place on its notebook's page.
        checks: Its checks by name; of a written question the cell's id.
    """

    number: str
    title: str
    piece: str
    points: float
    minutes: float
    difficulty: int
    anchor: str
    checks: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called where there is little room: the piece's own name, or its title.

        Example:
            >>> Task("1.3", "Count pairs", "llmcourse.tokenization.bpe:count_pairs", 2, 15, 1, "", ()).name
            'count_pairs'
        """
        return self.piece.rpartition(":")[2] or self.title


class _Work:
    """Points and minutes of all tasks in `tasks`."""

    tasks: tuple[Task, ...]

    @property
    def points(self) -> float:
        return sum(task.points for task in self.tasks)

    @property
    def minutes(self) -> float:
        return sum(task.minutes for task in self.tasks)


@dataclass(frozen=True)
class Notebook(_Work):
    """One notebook: `page` is its file without ending, from the course's folder."""

    page: str
    title: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Chapter(_Work):
    """One assignment: `page` is the book's page that opens it, where the book is there."""

    assignment: str
    title: str
    page: str
    notebooks: tuple[Notebook, ...]

    @property
    def number(self) -> int:
        return int(self.assignment.partition("_")[0])

    @property
    def tasks(self) -> tuple[Task, ...]:  # type: ignore[override]
        return tuple(task for notebook in self.notebooks for task in notebook.tasks)


def read_map(root: Path) -> list[Chapter]:
    """The chapters of a course, in order.

    Args:
        root: The checkout, or the folder that a class received: it holds `notebooks/`, and where there is a book
            `_toc.yml`, which says what the chapters of several notebooks are called.

    Raises:
        ValueError: A file in `notebooks/` is not a notebook of this course.

    Example:
        >>> first = read_map(Path(__file__).parents[2])[0]
        >>> first.number, first.title, first.notebooks[0].tasks[0].number
        (1, 'Tokenization', '1.1')
    """
    openings = _opening_pages(root)
    paths = sorted((root / "notebooks").glob("*/*.ipynb"))
    chapters = []
    for folder, found in groupby(paths, key=lambda path: path.parent.name):
        notebooks = tuple(read_notebook(path) for path in found)
        page = openings.get(folder, notebooks[0].page)
        alone = len(notebooks) == 1 and page == notebooks[0].page
        title = notebooks[0].title if alone else _heading(root / f"{page}.md") or folder
        chapters.append(Chapter(folder, title, page, notebooks))
    return chapters


def read_notebook(path: Path) -> Notebook:
    """What a release notebook asks for.

    Raises:
        ValueError: The file is not a notebook of this course.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        course = facts_of(content)
        title, name = course["title"], course["notebook"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook of this course") from error
    page = f"notebooks/{path.parent.name}/{path.stem}"
    return Notebook(page, title, tuple(_tasks(content["cells"], name)))


def _tasks(cells: list[dict[str, Any]], notebook: str) -> Iterator[Task]:
    checks: dict[str, list[tuple[str, float]]] = {}
    for cell in cells:
        if facts_of(cell).get("kind") == "check":
            checks.setdefault(facts_of(cell)["piece"], []).append((check_name(cell), marks_of(cell)["points"]))
    for cell in cells:
        facts = facts_of(cell)
        if facts.get("kind") == "box":
            piece, mine = facts["piece"], checks.get(facts["piece"], [])
            yield Task(
                facts.get("number", ""), facts["title"], piece, sum(points for _, points in mine), facts["minutes"],
                int(facts["difficulty"]), anchor_of(notebook, piece), tuple(name for name, _ in mine),
            )  # fmt: skip
        elif facts.get("kind") == "written":
            title = facts.get("title", facts["id"])
            place = anchor_of(notebook, facts["id"])
            yield Task("", title, "", facts["points"], facts.get("minutes", 0), 0, place, (facts["id"],))


def anchor_of(notebook: str, what: str) -> str:
    """Where on a notebook's page an exercise (by its piece) or a written question (by its id) stands.

    Example:
        >>> anchor_of("1_gate", "llmcourse.moe.routing:top_k_gate")
        '1_gate-llmcourse-moe-routing-top_k_gate'
    """
    return f"{notebook}-{re.sub('[:.]', '-', what)}".lower()


def _opening_pages(root: Path) -> dict[str, str]:
    """Assignment -> the page of the book that opens it."""
    if not (root / "_toc.yml").is_file():
        return {}
    import yaml

    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages = {}
    for entry in (entry for part in toc.get("parts", ()) for entry in part["chapters"]):
        for page in (entry["file"], *(section["file"] for section in entry.get("sections", ()))):
            if page.startswith("notebooks/"):
                pages.setdefault(page.split("/")[1], entry["file"])
    return pages


def _heading(page: Path) -> str:
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def duration(minutes: float) -> str:
    """Minutes as one says them.

    Example:
        >>> duration(45), duration(60), duration(280)
        ('45 minutes', '1 hour', '4.7 hours')
    """
    if minutes < 60:
        return f"{minutes:g} minutes"
    hours = round(minutes / 60, 1)
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def worth(points: float) -> str:
    """Points in words.

    Example:
        >>> worth(1), worth(2.5)
        ('1 point', '2.5 points')
    """
    return f"{points:g} point{'' if points == 1 else 's'}"
