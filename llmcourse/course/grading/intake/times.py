"""When submissions were handed in: what late penalties are computed from.

A file's own time says when it was downloaded or unpacked, and a time inside a submission is whatever its student wrote
there. So the time comes from a file `timestamps.csv` that the instructor puts beside the submissions, as the learning
platform has it:

    student,timestamp
    ada,2026-10-01 09:30:00 UTC

Where there is none, a `timestamp.txt` counts where nbgrader's `collect` leaves one, in STUDENT/ASSIGNMENT/, which the
student's own `nbgrader submit` has written; whoever sets a due date is told so. Without either nobody is late. Times
are in UTC unless they say otherwise; `utc` is the one reader of them all.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.archives import Unreadable
from llmcourse.course.grading.intake.contents import collected_file, holds_file
from llmcourse.course.grading.intake.names import ENDINGS, shown
from llmcourse.course.grading.intake.submissions import Submission, student_id

TIMES, TIME = "timestamps.csv", "timestamp.txt"
MAX_SHOWN = 10


@dataclass(frozen=True)
class Times:
    """When a class handed in.

    Attributes:
        of: Student -> time, in the form that nbgrader reads, as far as it is known.
        told: Lines about the class that matter in any case: names in the list that nobody has.
        told_if_due: Lines about the class that matter once there is a due date.
        doubts: Student -> what is doubtful about their time, once there is a due date.
    """

    of: Mapping[str, str]
    told: tuple[str, ...] = ()
    told_if_due: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)


def times_of(folder: Path, found: list[Submission], assignments: Iterable[str] = ()) -> Times:
    """When each student handed in, as far as it is known.

    Args:
        folder: Where the submissions lie, and perhaps `timestamps.csv`.
        found: The submissions.
        assignments: The names of what is graded, in whose folders `collect` leaves a time.

    Raises:
        GradingError: `timestamps.csv` cannot be read.
    """
    path = folder / TIMES
    return _listed(path, found) if path.is_file() else _own(folder, found, list(assignments))


def _listed(path: Path, found: list[Submission]) -> Times:
    by_name = _names(found)
    times: dict[str, str] = {}
    strangers = []
    for number, row in _rows(path):
        name, told = (row.get("student") or "").strip(), (row.get("timestamp") or "").strip()
        example = f"{path}, line {number}: it needs a student and a timestamp such as 2026-10-01 09:30 UTC"
        if not name or not told:
            raise GradingError(example)
        try:
            time = _for_nbgrader(utc(told))
        except ValueError as error:
            raise GradingError(f"{example}; {error}") from error
        student = by_name[name] if name in by_name else by_name.get(student_id(name))
        if student == "":
            raise GradingError(f"{path}, line {number}: {name} is the name of several hand-ins; it must be one's own")
        if student is None:
            strangers.append(name)
        elif times.setdefault(student, time) != time:
            raise GradingError(f"{path}, line {number}: it names {name} again, with another time")
    known = sorted({submission.student for submission in found})
    told_of = [_with_likeliest(name, known) for name in strangers]
    lines = (
        [f"{TIMES} has times of people who handed in nothing here: {shown(told_of, MAX_SHOWN)}"] if strangers else []
    )
    doubts = {name: f"no time in {TIMES}: taken for in time" for name in known if name not in times}
    return Times(times, tuple(lines), (), doubts)


def _names(found: list[Submission]) -> dict[str, str]:
    """What a list may call a student -> the student's id: the hand-in's name with or without ending, or the id."""
    names: dict[str, str] = {}
    for submission in found:
        for name in (*(path.name for path in submission.origins), *submission.told_as):
            for one in (name, ENDINGS.sub("", name)):
                # A name that several have is nobody's: their ids or their files' names tell them apart.
                names[one] = submission.student if names.get(one, submission.student) == submission.student else ""
    return names | {submission.student: submission.student for submission in found}


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of the list, each with the number of its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        separator = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradingError(f"{path} cannot be read: {error}") from error
    head = [cell.strip().casefold() for cell in lines[0][1]] if lines else []
    if not {"student", "timestamp"} <= set(head):
        raise GradingError(f"{path} has the columns {', '.join(head) or 'none'}; it must have student and timestamp")
    return [(number, dict(zip(head, row))) for number, row in lines[1:]]


def _with_likeliest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(student_id(name), known, 1, 0.75)
    return f"{name} (is it {near[0]}?)" if near else name


def _own(folder: Path, found: list[Submission], assignments: list[str]) -> Times:
    times, doubts = {}, {}
    for submission in found:
        try:
            text = collected_file(submission, TIME, assignments).decode("utf-8", "replace").strip()
            times[submission.student] = _for_nbgrader(utc(text))
        except Unreadable:
            if holds_file(submission, TIME):
                doubts[submission.student] = f"the {TIME} in the hand-in is not believed: taken for in time"
        except ValueError as error:
            doubts[submission.student] = f"its {TIME} says no time ({error}): taken for in time"
    if times:
        who = shown([f"{name} {time[:16]}" for name, time in sorted(times.items())], MAX_SHOWN)
        line = f"no {TIMES} in {folder}: when they handed in is what their own {TIME} says: {who}"
    else:
        line = f"no {TIMES} in {folder}: nobody's time is known, so nobody is late"
    return Times(times, (), (line,), doubts)


_CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?)?"
    r" ?(?P<half>(?i:[ap]\.?m\.?))?"
)
_ZONE = r"(?P<zone>Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT|[A-Z][a-z]+(?:/[A-Za-z_-]+){1,2})"
_TIME = re.compile(
    r"(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
    r"(?:(?P<year>\d{4})(?P<by>[-/.])(?P<month>\d{1,2})(?P=by)(?P<day>\d{1,2})"
    r"|(?P<one>\d{1,2})(?P<between>[-/.])(?P<two>\d{1,2})(?P=between)(?P<year2>\d{4})"
    r"|(?P<day3>\d{1,2})(?:\.|st|nd|rd|th)? (?P<name3>[A-Za-z]{3,9})\.?,? (?P<year3>\d{4})"
    r"|(?P<name4>[A-Za-z]{3,9})\.? (?P<day4>\d{1,2})(?:st|nd|rd|th)?,? (?P<year4>\d{4}))"
    rf"(?:(?:,? |T|,? at ){_CLOCK})?(?: ?{_ZONE})?"
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FORMS = "'2026-10-01 18:00' or '2026-10-01 20:00 +0200'"


def utc(text: str) -> datetime:
    """A moment in UTC, without a time zone, as nbgrader keeps it.

    Args:
        text: A whole date, and perhaps a time of day and a zone: `+02:00` and `UTC+2` are ahead of UTC, as Berlin is in
            summer. Dates with dots are day first; with slashes or dashes they must leave no doubt.

    Raises:
        ValueError: The text says no such time, or may say two.

    Example:
        >>> print(utc("2026-10-01 20:00 +0200"), utc("02.10.2026 17:00 UTC+2"))
        2026-10-01 18:00:00 2026-10-02 15:00:00
    """
    found = _TIME.fullmatch(" ".join(text.replace("\N{MINUS SIGN}", "-").split()))
    try:
        if found is None:
            raise ValueError("it must be a whole date; a time of day may follow, and a zone such as UTC+2")
        part = {name: value for name, value in found.groupdict().items() if value}
        moment = datetime(*_date(part), *_clock(part))
        if not 2000 <= moment.year < 2100:
            raise ValueError("the year must be from 2000 to 2099")
        zone = part.get("zone", "UTC")
        if "/" in zone:
            return moment.replace(tzinfo=_zone(zone)).astimezone(UTC).replace(tzinfo=None)
        return moment - _ahead(zone)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time such as {_FORMS}: {error}") from error


def _date(part: Mapping[str, str]) -> tuple[int, int, int]:
    if "year" in part:
        return int(part["year"]), int(part["month"]), int(part["day"])
    for number in "34":
        if f"year{number}" in part:
            name = part[f"name{number}"].casefold()
            month = next((i for i, whole in enumerate(_MONTHS, 1) if whole.startswith(name) or name == whole[:4]), 0)
            if not month:
                raise ValueError(f"{part[f'name{number}']} is no month")
            return int(part[f"year{number}"]), month, int(part[f"day{number}"])
    one, two, year = int(part["one"]), int(part["two"]), int(part["year2"])
    if part["between"] == "." or one > 12 or one == two:
        return year, two, one
    if two > 12:
        return year, one, two
    raise ValueError(f"it may be {year}-{two:02}-{one:02} or {year}-{one:02}-{two:02}: write which")


def _clock(part: Mapping[str, str]) -> tuple[int, int, int, int]:
    if "hour" not in part:
        return 0, 0, 0, 0
    hour = int(part["hour"])
    if half := part.get("half", "").lower()[:1]:
        if not 1 <= hour <= 12:
            raise ValueError(f"there is no {hour} o'clock {half}m")
        hour = hour % 12 + 12 * (half == "p")
    elif "minute" not in part:
        raise ValueError("a time of day must have minutes")
    return hour, int(part.get("minute", 0)), int(part.get("second", 0)), int(part.get("part", "0").ljust(6, "0")[:6])


def _ahead(zone: str) -> timedelta:
    """How far a zone such as Z, UTC, +02, UTC+2, GMT-05:30 is ahead of UTC."""
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", zone)
    if not found:
        return timedelta(0)
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if ahead > timedelta(hours=14) or int(found[3] or 0) > 59:
        raise ValueError(f"no place is {zone} from UTC")
    return ahead if found[1] == "+" else -ahead


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # no such zone, or a folder of zones
        raise ValueError(f"{name} is no time zone") from error


def _for_nbgrader(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC"
