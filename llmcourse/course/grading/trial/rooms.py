"""The rooms of a grading process: one with the student edition of the library for each assignment, one with all of it.

They stand as long as the process, so that the processes of one submission after the other are forked from what is
there. A grading process lends its rooms to the workers that it starts: each library is imported once, however many
workers run.
"""

from __future__ import annotations

import atexit
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import llmcourse
from llmcourse.course.author.edition import pieces_of, write_edition
from llmcourse.course.grading.trial.open_room import OpenRoom
from llmcourse.course.grading.trial.processes import JudgeServer
from llmcourse.course.grading.trial.scratch import Scratch
from llmcourse.course.pieces import Piece
from llmcourse.course.sandbox import Limits, Room, SandboxUnavailable, available

LIBRARY = Path(llmcourse.__file__).resolve().parents[1]

Library = tuple[Piece, ...] | None
"""What a room's library lacks: the pieces without a body; None for the whole library."""

JUDGES_CPU_S = 10_000_000
"""Seconds of processor time of the process that holds the judges of a whole class."""


@dataclass
class Rooms:
    """Rooms by what their library lacks.

    Attributes:
        way: How processes are started: auto, warm, cold, or unsafe for processes that are not shut in.
        limits: What a student's process may use.
    """

    way: str = "auto"
    limits: Limits = field(default_factory=Limits)
    _rooms: dict[Library, Room | OpenRoom] = field(default_factory=dict)
    _launched: dict[Library, Room | OpenRoom] = field(default_factory=dict)
    _editions: dict[Library, Path] = field(default_factory=dict)
    _folders: list[Scratch] = field(default_factory=list)
    _judges: JudgeServer | None = None
    _train: bool = True
    _packages: tuple[str, ...] = ("llmcourse",)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def of_students(self, assignment: str) -> Room | OpenRoom:
        """The room whose library has no body of any piece of an assignment.

        Raises:
            SandboxUnavailable: Nothing can be shut in on this machine, and why.
        """
        return self._room(_library_of(assignment))

    def of_judges(self) -> Room | OpenRoom:
        """The room whose library is whole.

        Raises:
            SandboxUnavailable: Nothing can be shut in on this machine, and why.
        """
        return self._room(None)

    def judges(self) -> JudgeServer:
        """Where judges come from; a new one when there is none, or none any more.

        Raises:
            SandboxUnavailable: Nothing can be shut in on this machine, and why.
        """
        with self._lock:
            if self._judges is not None and not self._judges.is_alive:
                self._judges.close()
                self._judges = None
            if self._judges is None:
                self._judges = JudgeServer(self.of_judges())
            return self._judges

    def lend(self, assignments: Iterable[str]) -> dict[Library, tuple[Path, socket.socket | None]]:
        """What another process needs to use the rooms of these assignments: the libraries and what starts processes.

        Raises:
            SandboxUnavailable: Nothing can be shut in on this machine, and why.
        """
        libraries = self.launch(assignments)
        return {library: (self._edition(library), self._room(library).lend()) for library in libraries}

    def launch(self, assignments: Iterable[str]) -> list[Library]:
        """Begin to open the rooms of these assignments, side by side; returns what each one's library lacks."""
        of_students = list(dict.fromkeys(_library_of(name) for name in assignments))
        self._train = any(map(_trains, of_students))
        self._packages = tuple(dict.fromkeys(name for library in of_students for name in _packages_of(library)))
        libraries = [None, *of_students]
        for library in libraries:
            self._launch(library)
        return libraries

    def borrow(self, lent: Mapping[Library, tuple[Path, socket.socket | None]]) -> None:
        """Use the rooms that another process has lent."""
        with self._lock:
            for library, (folder, requests) in lent.items():
                self._editions[library] = folder
                if requests is not None:
                    self._rooms[library] = Room.borrowed(folder, self._limits(library), requests)

    def _launch(self, library: Library) -> None:
        """Begin to open a room."""
        with self._lock:
            if library not in self._rooms and library not in self._launched:
                self._launched[library] = self._new(library)
                self._launched[library].launch()

    def _room(self, library: Library) -> Room | OpenRoom:
        with self._lock:
            if library not in self._rooms:
                room = self._launched.pop(library, None) or self._new(library)
                try:
                    room.__enter__()
                except BaseException:
                    room.close()
                    raise
                self._rooms[library] = room
            return self._rooms[library]

    def _edition(self, library: Library) -> Path:
        """The folder of a library; it is written at the first call."""
        if library is None:
            return LIBRARY
        with self._lock:
            if library not in self._editions:
                folder = Scratch("edition")
                self._folders.append(folder)
                write_edition(LIBRARY, Path(folder.name), library, grading=True)
                self._editions[library] = Path(folder.name)
            return self._editions[library]

    def _new(self, library: Library) -> Room | OpenRoom:
        if self.way == "unsafe":
            return OpenRoom(self._edition(library))
        judges = library is None
        trains = self._train if library is None else _trains(library)
        used_for = [name for name, is_so in (("judging", judges), ("training", trains)) if is_so]
        packages = self._packages if library is None else _packages_of(library)
        return Room(self._edition(library), self._limits(library), self.way, used_for, packages)

    def _limits(self, library: Library) -> Limits:
        """What a process may use: of the room with the whole library, one process holds the judges of everybody."""
        return self.limits if library is not None else replace(self.limits, cores=0, cpu_seconds=JUDGES_CPU_S)

    def close(self) -> None:
        """End every process and remove the editions."""
        with self._lock:
            if self._judges is not None:
                self._judges.close()
                self._judges = None
            for room in [*self._rooms.values(), *self._launched.values()]:
                room.close()
            self._launched.clear()
            for folder in self._folders:
                folder.cleanup()
            self._rooms.clear()
            self._editions.clear()
            self._folders.clear()


def _library_of(assignment: str) -> Library:
    return tuple(sorted(set(assignment_pieces(assignment))))


def _packages_of(library: tuple[Piece, ...]) -> list[str]:
    """The packages that an assignment's pieces stand in; of another course's, all of this one."""
    return sorted({".".join(piece.module.split(".")[:2]) for piece in library}) or ["llmcourse"]


def _trains(library: tuple[Piece, ...]) -> bool:
    """Whether an assignment's processes may train something: unless no module beside its pieces' knows an optimizer."""
    folders = [LIBRARY.joinpath(*name.split(".")) for name in _packages_of(library)]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    return any(b"ptimizer" in path.read_bytes() for path in files)


def assignment_pieces(assignment: str) -> list[Piece]:
    """The pieces of an assignment of this course; none for an assignment of another."""
    try:
        return pieces_of(LIBRARY, assignment)
    except ValueError:
        return []


def why_not() -> str:
    """Why nothing can be shut in on this machine; empty when it can."""
    try:
        return available().reason
    except (OSError, AttributeError, RuntimeError) as error:  # another system than Linux, asked for what Linux has
        return f"{type(error).__name__}: {error}"


_rooms: dict[str, Rooms] = {}
_lock = threading.Lock()


def rooms(way: str = "auto") -> Rooms:
    """This process's rooms for one way of starting processes, made at the first call."""
    with _lock:
        if not _rooms:
            atexit.register(close_rooms)
        if way not in _rooms:
            _rooms[way] = Rooms(way)
        return _rooms[way]


def close_rooms() -> None:
    """Close this process's rooms, if it has any."""
    with _lock:
        while _rooms:
            _rooms.popitem()[1].close()


__all__ = ["LIBRARY", "Library", "Rooms", "SandboxUnavailable", "assignment_pieces", "close_rooms", "rooms", "why_not"]
