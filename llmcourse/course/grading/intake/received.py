"""Take the assignment's notebooks out of a submission: which of its files is which, and which copy counts.

A fault becomes a reason in the report, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from llmcourse.course.grading.intake.archives import Unreadable
from llmcourse.course.grading.intake.contents import Contents, File, parsed
from llmcourse.course.grading.intake.names import MAX_SHOWN, NOTEBOOK, printable, shown
from llmcourse.course.grading.intake.submissions import Submission

MAX_COPIES = 20
"""How many copies of one notebook are looked at."""
_COPY = re.compile(r"(?i)([ _-]*(\(\d+\)|copy ?\d*|-\d+))+$")
"""What is put behind the name of a file that there is already: ` (1)` by browsers, `-Copy1` by Jupyter, ` - Copy` by
Windows, ` copy 2` by macOS, `-1` by Canvas."""


@dataclass(frozen=True)
class Received:
    """One notebook of one submission: its bytes, or the reason why there are none, and notes for the report."""

    data: bytes | None
    reason: str = ""
    notes: tuple[str, ...] = ()


class _Copies:
    """Which files of a submission are which notebooks of an assignment: by their name, or by what they say inside."""

    def __init__(self, contents: Contents, assignment: str, names: Iterable[str]):
        self.contents = contents
        self.assignment = assignment
        self.names = {name.casefold(): name for name in names}

    def of_each(self) -> Iterator[tuple[str, int, File]]:
        """Notebook, how surely it is it (0: named so, 1: named like a copy of it, 2: says so inside), file."""
        for file in self.contents.files:
            if found := self._known(file):
                yield (*found, file)

    def _known(self, file: File) -> tuple[str, int] | None:
        own = file.path.name
        if own in {f"{name}.ipynb" for name in self.names.values()}:
            return own.removesuffix(".ipynb"), 0
        if len(own) > 255 or own.startswith(".") or not NOTEBOOK.search(own):
            return None
        plain = _COPY.sub("", NOTEBOOK.sub("", own)).casefold()
        if plain in self.names:
            return self.names[plain], 1
        assignment, name = self.contents.said_inside(file)
        return (name, 2) if assignment == self.assignment and name in self.names.values() else None


def read_notebooks(
    submission: Submission, assignment: str, released: Iterable[str] | Mapping[str, Any]
) -> dict[str, Received]:
    """Take an assignment's notebooks out of a submission.

    A notebook may lie at the top, in `ASSIGNMENT/`, in `work/ASSIGNMENT/`, in another folder, or in an archive there,
    and may have been renamed. Of several different copies the first of this order is graded: one that was worked on; of
    the last attempt; of its own name; in `work/ASSIGNMENT/`, then `ASSIGNMENT/`, the top, and others by their path.
    Of two entries of one name in an archive it is the last, which unpacking would have left.

    Args:
        submission: Whose notebooks.
        assignment: The assignment's name, `NN_name`.
        released: The assignment's notebooks, without ending; as keys of the released ones, copies on which nobody has
            worked are known.
    """
    names = list(released)
    skeletons = released if isinstance(released, Mapping) else {}
    try:
        contents = Contents(submission)
        copies: dict[str, list[tuple[int, File]]] = {name: [] for name in names}
        for name, how, file in _Copies(contents, assignment, names).of_each():
            copies[name].append((how, file))
    except Unreadable as error:
        return {name: Received(None, str(error)) for name in names}
    choices = {}
    for name, found in copies.items():
        found.sort(key=lambda pair: _order(*pair, assignment))
        missing = not found and _missing(name, contents, {file for of in copies.values() for _, file in of})
        choices[name] = Received(None, missing) if missing else _choose(contents, found, name, skeletons.get(name))
    return choices


def _order(how: int, file: File, assignment: str) -> tuple[Any, ...]:
    return file.age, how, _rank(file.path, assignment), str(file.path), file.before


def _missing(name: str, contents: Contents, taken: set[File]) -> str:
    """That a notebook is missing, and what there is instead."""
    rest = [file.label for file in contents.files if file not in taken and not file.path.name.startswith(".")]
    found = contents.closed + sorted(map(printable, rest))
    if not found:
        return f"{name}.ipynb is missing"
    return f"{name}.ipynb is missing; found {shown(found)}"


def _choose(contents: Contents, copies: list[tuple[int, File]], name: str, skeleton: Any) -> Received:
    faults: list[str] = []
    read: list[tuple[int, File, bytes]] = []
    for how, file in copies[:MAX_COPIES]:
        try:
            read.append((how, file, contents.read(file)))
        except Unreadable as error:
            faults.append(f"{printable(file.label)}: {error}")
    if not read:
        return Received(None, "; ".join(faults[:MAX_SHOWN]))
    released = _sources(skeleton) if skeleton and any(data != read[0][2] for _, _, data in read) else None
    worked_on = (one for one in read if released is None or not _sources(parsed(one[2])) <= released)
    how, chosen, data = next(worked_on, read[0])
    notes = [f"{printable(chosen.label)} was graded as {name}.ipynb"] if how else []
    others = [printable(file.label) for _, file, other in read if other != data]
    if others:
        not_graded = ", ".join(others[:3])
        notes.append(f"{len(copies)} copies of {name}.ipynb: graded {printable(chosen.label)}, not {not_graded}")
    return Received(data, notes=tuple((faults + notes)[:MAX_SHOWN]))


def _sources(notebook: Mapping[str, Any]) -> set[str]:
    """What stands in the cells of a notebook, released or a stranger's."""
    cells = notebook.get("cells")
    found = set()
    for cell in cells if isinstance(cells, list) else []:
        source = cell.get("source") if isinstance(cell, Mapping) else None
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if isinstance(source, str):
            found.add(source.strip())
    return found


def _rank(path: PurePosixPath, assignment: str) -> tuple[int, int]:
    parents = path.parts[:-1]
    if parents[-2:] == ("work", assignment):
        return 0, len(parents)
    if parents[-1:] == (assignment,):
        return 1, len(parents)
    return (2, 0) if not parents else (3, len(parents))


def assignments_held(submission: Submission, notebooks: Mapping[str, Iterable[str]]) -> set[str]:
    """The assignments of which a submission holds a notebook, readable or not.

    Args:
        submission: Whose.
        notebooks: The assignments, each with its notebooks, without ending.
    """
    try:
        contents = Contents(submission)
        return {
            assignment
            for assignment, names in notebooks.items()
            if next(_Copies(contents, assignment, names).of_each(), None) is not None
        }
    except Unreadable:
        return set()
