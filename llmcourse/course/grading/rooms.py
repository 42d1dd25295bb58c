"""The two rooms of a grading process: one with the student edition of the library, one with all of it.

Both stand as long as the process, so that the kernels of one submission after the other are forked from what is there.
"""

from __future__ import annotations

import atexit
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import llmcourse
from llmcourse.course.edition import pieces_of, write_edition
from llmcourse.course.pieces import Piece
from llmcourse.course.sandbox import Limits, Room, SandboxUnavailable

LIBRARY = Path(llmcourse.__file__).resolve().parents[1]


@dataclass
class Rooms:
    """Rooms by what their library lacks.

    Attributes:
        way: How kernels are started: auto, warm or bubblewrap.
        limits: What a student's kernel may use.
    """

    way: str = "auto"
    limits: Limits = field(default_factory=Limits)
    _rooms: dict[tuple[Piece, ...] | None, Room] = field(default_factory=dict)
    _folders: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)

    def of_students(self, assignment: str) -> Room:
        """The room whose library has no body of any piece of an assignment.

        Raises:
            SandboxUnavailable: Nothing can be shut in on this machine, and why.
        """
        pieces = tuple(sorted(set(assignment_pieces(assignment))))
        if pieces not in self._rooms:
            folder = tempfile.TemporaryDirectory(prefix="llmcourse-edition-")
            self._folders.append(folder)
            write_edition(LIBRARY, Path(folder.name), pieces, grading=True)
            self._rooms[pieces] = self._opened(Path(folder.name))
        return self._rooms[pieces]

    def of_judges(self) -> Room:
        """The room whose library is whole.

        Raises:
            SandboxUnavailable: Nothing can be shut in on this machine, and why.
        """
        if None not in self._rooms:
            self._rooms[None] = self._opened(LIBRARY)
        return self._rooms[None]

    def _opened(self, library: Path) -> Room:
        room = Room(library=library, limits=self.limits, way=self.way)
        try:
            room.__enter__()
        except BaseException:
            room.close()
            raise
        return room

    def close(self) -> None:
        """End every kernel and remove the editions."""
        for room in self._rooms.values():
            room.close()
        self._rooms.clear()
        for folder in self._folders:
            folder.cleanup()
        self._folders.clear()


def assignment_pieces(assignment: str) -> list[Piece]:
    """The pieces of an assignment of this course; none for an assignment of another."""
    try:
        return pieces_of(LIBRARY, assignment)
    except ValueError:
        return []


_rooms: Rooms | None = None


def rooms() -> Rooms:
    """This process's rooms, made at the first call."""
    global _rooms
    if _rooms is None:
        _rooms = Rooms()
        atexit.register(close_rooms)
    return _rooms


def close_rooms() -> None:
    """Close this process's rooms, if it has any."""
    global _rooms
    if _rooms is not None:
        _rooms.close()
        _rooms = None


__all__ = ["LIBRARY", "Rooms", "SandboxUnavailable", "assignment_pieces", "close_rooms", "rooms"]
