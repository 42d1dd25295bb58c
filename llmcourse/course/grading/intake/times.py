"""When submissions were handed in: what late penalties are computed from.

A file's own time says when it was downloaded or unpacked, and a time inside a submission is whatever its student wrote
there. So the time comes from a file `timestamps.csv` that the instructor puts beside the submissions, as the learning
platform has it:

    student,timestamp
    ada,2026-10-01 09:30:00 UTC

Where there is none, a `timestamp.txt` counts that nbgrader's `collect` left beside the notebooks, which the student's
own `nbgrader submit` has written. Without either nobody is late. Times are in UTC unless they say otherwise.
"""

from __future__ import annotations

import csv
import warnings
from datetime import UTC, datetime
from pathlib import Path

import dateutil.parser

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake.submissions import Submission, Unreadable, small_file, student_id

TIMES, TIME = "timestamps.csv", "timestamp.txt"


def times_of(folder: Path, found: list[Submission]) -> dict[str, str]:
    """When each student handed in, as far as it is known.

    Raises:
        GradingError: `timestamps.csv` cannot be read.
    """
    path = folder / TIMES
    return _listed(path, found) if path.exists() else _own(found)


def _listed(path: Path, found: list[Submission]) -> dict[str, str]:
    by_name = {submission.origin.name.removesuffix(".zip"): submission.student for submission in found}
    by_name |= {submission.student: submission.student for submission in found}
    times = {}
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradingError(f"{path} cannot be read: {error}") from error
    for number, row in enumerate(rows, 2):
        name, told = (row.get("student") or "").strip(), (row.get("timestamp") or "").strip()
        if not name or not (time := _parsed(told)):
            raise GradingError(
                f"{path}, line {number}: it needs a student and a timestamp such as 2026-10-01 09:30 UTC"
            )
        times[by_name.get(name, student_id(name))] = time
    return times


def _own(found: list[Submission]) -> dict[str, str]:
    times = {}
    for submission in found:
        try:
            text = small_file(submission, TIME).decode("utf-8", "replace").strip()
        except Unreadable:
            continue
        if time := _parsed(text):
            times[submission.student] = time
    return times


def utc(text: str) -> datetime:
    """A moment in UTC, without a time zone, as nbgrader keeps it.

    Raises:
        ValueError: The text says no time, or in a time zone that nobody knows.

    Example:
        >>> print(utc("2026-10-01 20:00 +0200"))
        2026-10-01 18:00:00
    """
    try:
        with warnings.catch_warnings(action="error"):
            moment = dateutil.parser.parse(text)
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, TypeError, Warning) as error:
        raise ValueError(f"{text!r} is no time such as '2026-10-01 18:00' or '2026-10-01 20:00 +0200'") from error


def _parsed(text: str) -> str:
    """A time in the form that nbgrader reads; empty when it is none."""
    try:
        return f"{utc(text):%Y-%m-%d %H:%M:%S.%f} UTC" if text else ""
    except ValueError:
        return ""
