"""What stands behind `llmcourse start` and `llmcourse lab`: the released chapters, and a learner's copies of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from llmcourse.course.answers import NotANotebook, read_cells, rebuild
from llmcourse.course.notebooks import exercises, facts_of
from llmcourse.course.paths import MARKER
from llmcourse.course.progress import Progress
from llmcourse.course.refusal import closest
from llmcourse.files import write_atomically

START_HERE = Path(__file__).parent / "notebook" / "static" / "start_here.md"
"""How the exercises work: what `start` puts beside the chapters, as `FIRST_PAGE`."""
FIRST_PAGE = "START-HERE.md"


def find_chapter(root: Path, wanted: str, nothing: str = "no chapter") -> str:
    """The assignment that a number, a name or a part of either means.

    Args:
        root: The course's folder.
        wanted: The word.
        nothing: What a word means that means none, for the message.

    Raises:
        ValueError: No chapter, or more than one, answers to it.
    """
    chapters = [path.name for path in released_chapters(root)]
    number = wanted.zfill(2) if wanted.isdigit() else wanted
    found = [name for name in chapters if name == wanted] or [name for name in chapters if number in name]
    if len(found) != 1:
        raise ValueError(f"{wanted!r} means {' and '.join(found) or nothing}; there are: {', '.join(chapters)}")
    return found[0]


def find_exercise(root: Path, wanted: str) -> tuple[str, list[str]]:
    """The assignment that a word means, and the exercise in it where the word is an exercise's number (`3.9`) or piece.

    Raises:
        ValueError: No exercise and no chapter, or more than one chapter, answers to it.
    """
    number, dot, place = wanted.partition(".")
    if dot and number.isdigit() and place.isdigit():
        return find_chapter(root, number), [wanted]
    pieces: dict[str, str] = {}
    for path in sorted((root / "notebooks").glob("*/*.ipynb")):
        names = [name for each in exercises(path) if each.piece for name in (each.piece.name, str(each.piece))]
        pieces = dict.fromkeys(names, path.parent.name) | pieces
    if wanted in pieces:
        return pieces[wanted], [wanted]
    try:
        return find_chapter(root, wanted, "no chapter and no exercise"), []
    except ValueError as error:
        near = closest(wanted, pieces)
        raise ValueError(f"{error}; did you mean the exercise {near[0]}?" if near else str(error)) from None


def released_chapters(root: Path) -> list[Path]:
    """The folders of release notebooks, in order."""
    return sorted({path.parent for path in (root / "notebooks").glob("*/*.ipynb")})


@dataclass(frozen=True)
class Started:
    """One notebook after `start`: where it is, and whether it was copied, kept, updated, or given a newer release
    beside it, which `holds_answers` where the learner's could be carried over."""

    path: Path
    outcome: str
    beside: Path | None = None
    holds_answers: bool = False


def start(root: Path, workspace: Path, assignment: str) -> list[Started]:
    """Copy a chapter's release notebooks into a workspace; what a learner wrote there is never touched.

    When the course has a newer release than the one a learner's copy was made from, a copy in which nothing was written
    is brought up to date. Beside any other the new release is put as `NAME.new.ipynb`, with the learner's answers and
    own cells in it.
    """
    (workspace / MARKER).mkdir(parents=True, exist_ok=True)
    write_atomically(workspace / FIRST_PAGE, START_HERE.read_bytes())
    record = workspace / MARKER / "released.json"
    known: dict[str, str] = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    outcomes = []
    for release in sorted((root / "notebooks" / assignment).glob("*.ipynb")):
        key, text = f"{assignment}/{release.name}", release.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        mine = workspace / assignment / release.name
        if not mine.exists():
            write_atomically(mine, text)
            outcomes.append(Started(mine, "copied"))
        elif known.get(key) == digest or mine.read_text(encoding="utf-8", errors="replace") == text:
            outcomes.append(Started(mine, "kept"))
        elif _is_untouched(mine.read_bytes(), known.get(key, ""), known.get(f"{key} sources", "")):
            write_atomically(mine, text)
            outcomes.append(Started(mine, "updated"))
        else:
            carried = _carried_over(release, mine.read_bytes())
            beside = _free_name(mine, carried or text)
            write_atomically(beside, carried or text)
            outcomes.append(Started(mine, "newer release", beside, holds_answers=bool(carried)))
        if outcomes[-1].outcome in ("copied", "updated"):
            known[f"{key} sources"] = _sources_digest(text.encode())
        known[key] = digest
    write_atomically(record, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return outcomes


def _is_untouched(data: bytes, released: str, sources: str) -> bool:
    """Whether a learner's copy says what was released, be it run and saved since."""
    return hashlib.sha256(data).hexdigest() == released or bool(sources) and _sources_digest(data) == sources


def _sources_digest(data: bytes) -> str:
    """What a notebook says, whatever its outputs, and however it was saved; empty where it cannot be read."""
    try:
        return hashlib.sha256(json.dumps([cell.source for cell in read_cells(data)]).encode()).hexdigest()
    except NotANotebook:
        return ""


def _carried_over(release: Path, data: bytes) -> str:
    """A new release with a learner's answers and own cells in it; empty where theirs cannot be read."""
    counted = rebuild(nbformat.read(release, as_version=4), data)
    if counted.fault:
        return ""
    for cell in counted.notebook.cells:
        facts_of(cell).pop("fault", None)
    return nbformat.writes(counted.notebook, indent=1, ensure_ascii=False) + "\n"


def _free_name(path: Path, text: str) -> Path:
    names = (path.with_name(f"{path.stem}.new{number or ''}.ipynb") for number in range(1000))
    return next(p for p in names if not p.exists() or p.read_text(encoding="utf-8", errors="replace") == text)


def is_outdated(root: Path, workspace: Path, assignment: str) -> bool:
    """Whether the course has a newer release of a chapter than the one a workspace was given."""
    record = workspace / MARKER / "released.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    releases = (root / "notebooks" / assignment).glob("*.ipynb")
    digests = {f"{assignment}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in releases}
    return any(known.get(key, digest) != digest for key, digest in digests.items())


def first_file(root: Path, workspace: Path) -> Path | None:
    """What JupyterLab opens: how the exercises work until the first check has run, then `next_notebook`."""
    page = workspace / FIRST_PAGE
    return page if page.exists() and not Progress(workspace).passed() else next_notebook(root, workspace)


def next_notebook(root: Path, workspace: Path) -> Path | None:
    """The first notebook of the workspace in which something is still to be solved, or the first of all."""
    paths = [
        workspace / folder.name / path.name for folder in released_chapters(root) for path in folder.glob("*.ipynb")
    ]
    paths = sorted(path for path in paths if path.exists())
    passed = Progress(workspace).passed()
    unsolved = [
        path
        for path in paths
        for item in exercises(root / "notebooks" / path.parent.name / path.name)
        if not item.is_written and not passed.get(item.check)
    ]
    return next(iter([*unsolved, *paths]), None)
