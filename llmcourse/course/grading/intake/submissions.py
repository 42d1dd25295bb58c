"""Find a class's submissions: whose each hand-in is, and which belong together.

A submission is a folder, a .zip, or what a learning platform makes of what was handed in; `names` says whose it is, and
`contents` and `received` read it.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.names import ENDINGS, NOTEBOOK, HandedIn, handed_in, printable, shown

MAX_ID_BYTES = 120
"""Files are named after an id, and a file's name has at most 255 bytes."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in: a folder or an archive, or several where they belong together.

    Attributes:
        student: The id used in paths, gradebook and CSV.
        origin: The folder or file as it was handed in, the newest of several attempts.
        problems: What is odd about its name.
        others: What else the student handed in: other chapters, other files, older attempts last.
        told_as: What else the student may be called, in a list of times.
    """

    student: str
    origin: Path
    problems: tuple[str, ...] = ()
    others: tuple[Path, ...] = ()
    told_as: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[Path, ...]:
        """All that was handed in."""
        return (self.origin, *self.others)


def student_id(name: str) -> str:
    """A safe id from a folder's or archive's name: letters, digits, dot, dash and underscore, at most 64 characters.

    Example:
        >>> student_id("Zoë Müller"), student_id("../../etc"), student_id("=1+1"), student_id("...")
        ('Zoë_Müller', 'etc', '1_1', 'student-ab5df6')
    """
    safe = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name)).strip("._-")[:64]
    safe = safe.encode()[:MAX_ID_BYTES].decode(errors="ignore").rstrip("._-")
    return safe or f"student-{_short_hash(name)}"


def _short_hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:6]


def find_submissions(
    folder: Path, exclude: Iterable[Path] = (), assignments: Iterable[str] = ()
) -> tuple[list[Submission], list[str]]:
    """The submissions in a folder, by student id, and one line about each entry that is none.

    What a platform's names give to one student is one submission, and so are the archives that `llmcourse submit` made
    of several chapters. Other entries with one id are all graded: the one named exactly so keeps it, in small letters
    before capitals; others get their name's hash behind it, or the number that their platform gave them.

    Args:
        folder: Holds one folder or one .zip a student, or what Moodle or Canvas made of them.
        exclude: Paths that are no submissions (the output folder, when it lies here).
        assignments: The chapters' names, by which the archives of `llmcourse submit` are known.

    Raises:
        GradingError: `folder` is not a folder, or cannot be listed.
    """
    if not folder.is_dir():
        raise GradingError(f"{folder} is not a folder: name the folder that holds one folder or one .zip a student")
    try:
        entries_ = sorted(folder.iterdir(), key=lambda path: (path.name, path.suffix))
    except OSError as error:
        raise GradingError(f"{folder} cannot be listed: {error.strerror}") from error
    skipped = {os.path.realpath(path) for path in exclude}
    assignments = list(assignments)
    taken, ignored = [], []
    for entry in entries_:
        if entry.name.startswith((".", "__MACOSX")) or os.path.realpath(entry) in skipped:
            continue
        said = handed_in(entry.name, not entry.is_dir(), assignments)
        from_platform = said.source in ("moodle", "canvas") and entry.is_file()
        if entry.is_symlink() or entry.is_dir() or entry.suffix.lower() == ".zip" or from_platform:
            taken.append((entry, said))
        else:
            mend = ": put it into a folder named after its student" if NOTEBOOK.search(entry.name) else ""
            ignored.append(f"{printable(entry.name)}: neither a folder nor a .zip, ignored{mend}")
    return _with_ids(_together(taken)), ignored


@dataclass(frozen=True)
class _Group:
    """Hand-ins that belong together, the newest first."""

    said: HandedIn
    paths: tuple[Path, ...]


def _together(taken: list[tuple[Path, HandedIn]]) -> list[_Group]:
    """Put together what is of one student by a platform's or by `submit`'s names."""
    groups: dict[tuple[Any, ...], list[tuple[Path, HandedIn]]] = {}
    for path, said in sorted(taken, key=lambda pair: (len(pair[0].name), pair[0].name)):
        key: tuple[Any, ...] = (said.source, said.student, said.number, 0) if said.source else ("", path.name)
        if said.source == "submit":  # two of one chapter are two people's, or two versions: nobody can tell
            while any(said.assignment == other.assignment for _, other in groups.get(key, [])):
                key = (*key[:-1], key[-1] + 1)
        groups.setdefault(key, []).append((path, said))
    for key, group in [*groups.items()]:
        if key[0] == "canvas" and len({said.upload for _, said in group}) < len(group):
            del groups[key]  # no platform gives two uploads one number: these are names that people chose
            groups |= {("", path.name): [(path, HandedIn(ENDINGS.sub("", path.name)))] for path, _ in group}
    for group in groups.values():
        group.sort(key=lambda pair: (-pair[1].upload, pair[0].name))
    return [_Group(group[0][1], tuple(path for path, _ in group)) for group in groups.values()]


def _with_ids(groups: list[_Group]) -> list[Submission]:
    of_one_id: dict[str, list[_Group]] = {}
    for group in groups:
        of_one_id.setdefault(student_id(group.said.student).casefold(), []).append(group)
    found: list[Submission] = []
    for clash in of_one_id.values():
        clash.sort(key=lambda group: (bool(group.said.number), *_exactness(group.paths[0])))
        for position, group in enumerate(clash):
            first, said = group.paths[0], group.said
            own = student_id(said.student)
            if len(clash) > 1 and (position or said.number):
                own = f"{own}-{said.number or _short_hash(first.name)}"
            while any(own.casefold() == other.student.casefold() for other in found):
                own += "-again"
            others = shown([printable(other.paths[0].name) for other in clash if other is not group])
            problem = f"{len(clash)} submissions of one name: this is {printable(first.name)}, beside {others}"
            problems = (problem,) if len(clash) > 1 else ()
            found.append(Submission(own, first, problems, group.paths[1:], (said.student,)))
    return sorted(found, key=lambda submission: submission.student)


def _exactness(path: Path) -> tuple[bool, str]:
    return path.name != student_id(path.name), path.name.swapcase()
