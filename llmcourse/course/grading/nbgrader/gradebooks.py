"""nbgrader's gradebook, opened once for a run.

nbgrader's converters and their steps open the gradebook about twenty times a submission, and each time make a new
database engine, which looks for every table and compiles every statement anew; they commit after every cell. Within
`kept_open`, each of them gets a session of its own, as before, on one engine, and what it wrote is committed when it is
closed, or not at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy.orm import Session, scoped_session, sessionmaker

_WHERE_USED = tuple(
    f"nbgrader.{name}"
    for name in (
        "converters.autograde",
        "converters.generate_assignment",
        "preprocessors.getgrades",
        "preprocessors.latesubmissions",
        "preprocessors.overwritecells",
        "preprocessors.overwritekernelspec",
        "preprocessors.saveautogrades",
        "preprocessors.savecells",
    )
)


class _CommittedOnce(Session):
    """A session that writes at each commit, and keeps it for the end."""

    def commit(self) -> None:
        self.flush()

    def commit_all(self) -> None:
        """Commit what was written."""
        super().commit()


class _Reopened(api.Gradebook):
    """A gradebook on an engine that is there already; closing it leaves the engine."""

    def __init__(self, first: api.Gradebook, course_id: str, authenticator: Any):
        self.engine, self.course_id, self.authenticator = first.engine, course_id, authenticator
        make = sessionmaker(autoflush=True, bind=self.engine, future=True, class_=_CommittedOnce)
        self.db = scoped_session(make)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is not None:
            self.db.rollback()
        self.close()

    def close(self) -> None:
        try:
            self.db().commit_all()
        finally:
            self.db.remove()


class _Kept:
    """The gradebooks that were opened so far, by address."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], api.Gradebook] = {}

    def open(self, db_url: str, course_id: str = "default_course", authenticator: Any = None) -> api.Gradebook:
        """What stands in the place of nbgrader's `Gradebook`."""
        key = (db_url, course_id)
        if key not in self._first:
            self._first[key] = api.Gradebook(db_url, course_id, authenticator)
            self._first[key].db.remove()
        return _Reopened(self._first[key], course_id, authenticator)

    def close(self) -> None:
        for gradebook in self._first.values():
            gradebook.close()


_kept: list[_Kept] = []


@contextmanager
def kept_open() -> Iterator[None]:
    """Let this process's converters share an engine for each gradebook; at the end, all are closed."""
    kept = _Kept()
    before = [(module, module.Gradebook) for name in _WHERE_USED if (module := sys.modules.get(name))]
    _kept.append(kept)
    try:
        for module, _ in before:
            module.Gradebook = kept.open
        yield
    finally:
        _kept.pop()
        for module, original in before:
            module.Gradebook = original
        kept.close()


def open_gradebook(db_url: str) -> api.Gradebook:
    """A gradebook, on the engine that is kept open for it, if there is one; a context manager."""
    make: Callable[[str], api.Gradebook] = _kept[-1].open if _kept else api.Gradebook
    return make(db_url)


def create_gradebook(db_url: str) -> None:
    """Make an empty gradebook. nbgrader would start the `alembic` command to ask it for the version of the tables."""
    from alembic.script import ScriptDirectory

    folder = Path(api.__file__).parent / "alembic"
    head = ScriptDirectory(str(folder)).get_current_head()
    original = api.get_alembic_version
    api.get_alembic_version = lambda: head
    try:
        api.Gradebook(db_url).close()
    finally:
        api.get_alembic_version = original
