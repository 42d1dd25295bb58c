"""Copies of the gradebook: one before each run that writes to it, and the way back when the gradebook is damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from llmcourse.course.grading.errors import GradingError

KEPT = 10
FOLDER = "backups"


def check(database: Path) -> None:
    """See that a gradebook is whole.

    Raises:
        GradingError: It is damaged; the message names the newest backup that is not.
    """
    fault = damage(database) if database.exists() else ""
    if not fault:
        return
    good = next((path for path in backups(database) if not damage(path)), None)
    told = f"the newest good backup is {good}: copy it to {database}" if good else "there is no good backup of it"
    hint = "" if good else f"; move {database} away to start with an empty one: marks given by hand are lost then"
    raise GradingError(f"the gradebook {database} is damaged ({fault}); {told}{hint}, and grade again")


def back_up(database: Path) -> Path | None:
    """Copy a gradebook to `backups/gradebook-TIME.db` beside it and remove all but the newest copies.

    Returns:
        The copy; None when there is no gradebook yet.
    """
    if not database.exists():
        return None
    folder = database.parent / FOLDER
    folder.mkdir(exist_ok=True)
    for left in folder.glob("*.part"):
        left.unlink()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    taken = sum(path.name.startswith(f"gradebook-{stamp}") for path in folder.iterdir())
    target = folder / f"gradebook-{stamp}{f'-{taken}' if taken else ''}.db"
    part = target.with_suffix(".part")
    with closing(_opened(database)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    os.replace(part, target)
    for old in backups(database)[KEPT:]:
        old.unlink()
    return target


def backups(database: Path) -> list[Path]:
    """A gradebook's backups, newest first."""
    found = (database.parent / FOLDER).glob("gradebook-*.db")
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def damage(database: Path) -> str:
    """What is wrong with a database, in one line; empty when nothing is."""
    try:
        with closing(_opened(database)) as connection:
            told = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        return str(error)
    if told != "ok":
        return " ".join(str(told).split())
    return "" if {"assignment", "student", "grade"} <= tables else "it is no gradebook of nbgrader's"


def _opened(database: Path) -> sqlite3.Connection:
    # An interrupted write has left its journal, and only a connection that may write can undo it.
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=30)
