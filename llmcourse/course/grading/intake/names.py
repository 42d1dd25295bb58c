"""Names of hand-ins: whose a file or folder is, by what a learning platform or `llmcourse submit` called it, which file
may be a notebook, and how names are told.

    01_tokenization-ada.zip                                  `llmcourse submit`: student ada
    Jane Doe_12345_assignsubmission_file_/                   Moodle, a folder a student
    Jane Doe_12345_assignsubmission_file_homework.zip        Moodle, without folders
    doejane_1234_56789_homework.zip                          Canvas: user 1234, upload 56789
    doejane_LATE_1234_56790_homework-1.zip                   Canvas: the same student's second attempt, late

Any other name is its student's own. Moodle's number belongs to one assignment, so it only tells apart students of one
name; Canvas' is the user's, and part of the student's id: doejane_1234.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

ENDINGS = re.compile(r"(?i)(?<=.)(\.zip|\.ipynb)$")
NOTEBOOK = re.compile(r"(?i)(\.ipynb(\.ipynb|\.txt|\.json)?|\.json)$")
"""What the name of a notebook ends in, whatever saved it."""
MAX_SHOWN = 5
MAX_NAME = 100
_MOODLE = re.compile(r"(?s)(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?")
_CANVAS = re.compile(r"(?s)(?P<name>.+?)_(?:LATE_)?(?P<user>\d+)_(?P<upload>\d{3,})_(?P<file>.+\.\w+)")
_NUMBERED = re.compile(r" ?\(\d+\)$")


@dataclass(frozen=True)
class HandedIn:
    """What the name of a hand-in says.

    Attributes:
        student: Whose it is.
        source: moodle, canvas, submit, or nothing where the name is nobody's but its own.
        number: What tells students of one name apart, where the platform says it.
        assignment: Of which chapter `llmcourse submit` made it.
        upload: Grows with every attempt; 0 where attempts are not told.
        file: What the file itself was called when it was handed in; empty for a folder of a platform's.
    """

    student: str
    source: str = ""
    number: str = ""
    assignment: str = ""
    upload: int = 0
    file: str = ""


def handed_in(name: str, is_file: bool, assignments: Iterable[str] = ()) -> HandedIn:
    """Read the name of a file or folder.

    Args:
        name: The name, with its ending.
        is_file: Whether it is a file; Canvas makes no folders.
        assignments: The names of the chapters, which `llmcourse submit` puts before the student's.

    Example:
        >>> handed_in("01_bpe-ada (1).zip", True, ["01_bpe"]).student
        'ada'
    """
    if found := _MOODLE.fullmatch(name):
        name, number = found["name"], found["number"]
        if name.casefold() == "participant":  # marked without names
            name, number = f"{name}_{number}", ""
        return HandedIn(name, "moodle", number, file=found["file"] or "")
    if is_file and (found := _CANVAS.fullmatch(name)):
        student = f"{found['name']}_{found['user']}"
        return HandedIn(student, "canvas", upload=int(found["upload"]), file=found["file"])
    stem = ENDINGS.sub("", name) if is_file else name
    for assignment in assignments:
        if stem.startswith(f"{assignment}-") and (student := _NUMBERED.sub("", stem[len(assignment) + 1 :]).strip()):
            return HandedIn(student, "submit", assignment=assignment, file=name)
    return HandedIn(stem, file=name)


def printable(name: str) -> str:
    """A name that somebody chose, as it can stand in a report.

    Example:
        >>> printable("ada\x1b[31m.zip")
        'ada?[31m.zip'
    """
    return "".join(c if c.isprintable() else "?" for c in name)[:MAX_NAME]


def shown(names: list[str], most: int = MAX_SHOWN) -> str:
    """The first of several names, and how many more there are.

    Example:
        >>> shown(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
