"""Who is in a class: a roster, and which of its students a platform's names of submissions mean."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.submissions import student_id

COLUMNS = {
    "student_id": ("student_id", "student id", "submission", "folder"),
    "name": ("name", "student", "full name"),
    "first_name": ("first_name", "first name", "firstname"),
    "last_name": ("last_name", "last name", "lastname", "surname"),
    "email": ("email", "email address", "e-mail"),
    "username": ("username", "user name", "login"),
    "idnumber": ("idnumber", "id number", "id_number"),
    "canvas_id": ("canvas_id", "id"),
    "sis_user_id": ("sis_user_id", "sis user id"),
    "sis_login_id": ("sis_login_id", "sis login id", "login id"),
    "section": ("section",),
}
"""What a roster may hold, by our name: the headers that are taken for it, in any case. Those of a gradebook that Canvas
exported and of a participants' list from Moodle are among them."""
KEYS = ("student_id", "sis_login_id", "username", "email", "idnumber", "sis_user_id")
"""Which columns may hold what submissions are named after, the first of them that the roster has."""


@dataclass(frozen=True)
class Person:
    """A student, as a roster knows them: our id, and what other systems call them."""

    student: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """A column of the roster; empty where it has none."""
        return self.facts.get(name, "")

    @property
    def sortable_name(self) -> str:
        """`Last, First`, or whatever name there is, or the id."""
        both = ", ".join(part for part in (self["last_name"], self["first_name"]) if part)
        return self["name"] or both or self.student

    @property
    def platform_names(self) -> set[str]:
        """What Canvas and Moodle make of them in the names of files, in small letters: `_1234`, `ada_lovelace`.

        Example:
            >>> sorted(Person("al", {"name": "Lovelace, Ada", "canvas_id": "1234"}).platform_names)
            ['_1234', 'ada_lovelace', 'lovelace_ada']
        """
        last, _, first = (part.strip() for part in self["name"].partition(","))
        whole = {self["name"], f"{first} {last}", f"{self['first_name']} {self['last_name']}"}
        names = {student_id(name).casefold() for name in whole if name.strip()}
        return names | ({f"_{self['canvas_id']}"} if self["canvas_id"] else set())


def read_roster(path: Path) -> list[Person]:
    """Read a roster: a CSV file with a header, its columns named as in `COLUMNS`, one row a student.

    Raises:
        GradingError: The file cannot be read, has no column that names submissions, or names a student twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GradingError(f"the roster {path} cannot be read: {error}") from error
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text.partition("\n")[0], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    header = [_known(cell) for cell in rows[0]] if rows else []
    key = next((name for name in KEYS if name in header), None)
    if key is None:
        raise GradingError(
            f"the roster {path} has none of the columns {', '.join(KEYS)}: one must say how submissions are named"
        )
    people: dict[str, Person] = {}
    for row in rows[1:]:
        facts = {name: cell.strip() for name, cell in zip(header, row) if name}
        if not facts.get(key) or "points possible" in row[0].lower():
            continue
        person = Person(student_id(facts[key]), facts)
        if person.student.casefold() in people:
            raise GradingError(f"the roster {path} names {facts[key]} twice")
        people[person.student.casefold()] = person
    return list(people.values())


def recognized(graded: Collection[str], people: Iterable[Person]) -> dict[str, Person]:
    """Who is who: the id of a graded student -> their line in the roster, where there is one.

    Submissions are named as the roster's key says or, where a platform named them, after the user's number in Canvas or
    the whole name, if that is one person's alone.
    """
    by_key = {person.student.casefold(): person for person in people}
    found = {name: by_key[name.casefold()] for name in graded if name.casefold() in by_key}
    known = {person.student for person in found.values()}
    called: dict[str, list[Person]] = {}
    for person in by_key.values():
        for name in person.platform_names if person.student not in known else ():
            called.setdefault(name, []).append(person)
    claims: dict[str, list[str]] = {}
    for name in set(graded) - found.keys():
        users = called.get("_" + name.rpartition("_")[2], []) if "_" in name else []
        both = {person.student for person in (*users, *called.get(name.casefold(), []))}
        if len(both) == 1:
            claims.setdefault(both.pop(), []).append(name)
    sure = {names[0]: by_key[student.casefold()] for student, names in claims.items() if len(names) == 1}
    return found | sure


def told_strangers(strangers: list[str], known: list[str], roster: str) -> str:
    """What to say of graded students who are not in the roster, each with the likeliest spelling."""
    lines = []
    for name in strangers[:20]:
        near = difflib.get_close_matches(name, known, 1, 0.75)
        lines.append(f"{name} (is it {near[0]}?)" if near else name)
    more = f" and {len(strangers) - 20} more" if len(strangers) > 20 else ""
    return (
        f"not in the roster {roster}: {', '.join(lines)}{more}. Add them there, or leave them out with --without NAME."
    )


def _known(header: str) -> str:
    wanted = " ".join(header.split()).casefold()
    return next((name for name, headers in COLUMNS.items() if wanted in headers), "")
