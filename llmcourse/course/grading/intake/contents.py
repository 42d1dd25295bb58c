"""All the files of a submission, those in its archives too.

Everything in a submission is hostile input: nothing is unpacked to disk, links are not followed, and what is read is
bounded.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from llmcourse.course.answers import MAX_NOTEBOOK_BYTES
from llmcourse.course.grading.intake.archives import (
    MAX_NESTED,
    MAX_UNPACKED_BYTES,
    MAX_ZIP_BYTES,
    Budget,
    TooLarge,
    Unreadable,
    entries,
    is_hidden,
    refuse,
)
from llmcourse.course.grading.intake.names import NOTEBOOK, handed_in, printable
from llmcourse.course.grading.intake.submissions import Submission
from llmcourse.course.notebooks import facts_of

SECRET = "submission_secret.txt"
MAX_JSON_PARTS = 1_000_000
"""How many lists and objects JSON may hold that is read: each takes many times the memory of its two brackets."""
MAX_DEPTH = 6
MAX_LOOKED_INTO = 20
"""Of how many notebooks of other names it is asked what they say inside."""
FOR_NOTEBOOKS = MAX_UNPACKED_BYTES // 2
"""What archives in a submission, and notebooks of other names, leave for those that are looked for."""


@dataclass(frozen=True)
class File:
    """A file of a submission.

    Attributes:
        path: Where it lies, archives being folders.
        raw: Gives at most so many bytes of it.
        age: Of which of the student's hand-ins it is, the newest first.
        before: How many entries of the same name come after it in its archive.
        label: What people are told of it.
    """

    path: PurePosixPath
    raw: Callable[[int], bytes]
    age: int = 0
    before: int = 0
    label: str = ""


class Contents:
    """All files of a submission, archives in it included; what cannot be looked into is in `closed`, with the reason.

    Raises:
        Unreadable: Nothing of it can be read.
    """

    def __init__(self, submission: Submission):
        self.budget = Budget()
        self.files: list[File] = []
        self.closed: list[str] = []
        self._nested: list[tuple[File, int]] = []
        self._inside: dict[File, tuple[str, str]] = {}
        self._origins = submission.origins
        for age, origin in enumerate(submission.origins):
            try:
                self._open(origin, age)
            except (Unreadable, OSError) as error:
                if not submission.others:
                    raise error if isinstance(error, Unreadable) else Unreadable(_os_reason(error)) from error
                self.closed.append(f"{printable(origin.name)} ({error})")
        while self._nested:
            file, depth = self._nested.pop(0)
            try:
                if depth > MAX_NESTED:
                    raise Unreadable(f"more than {MAX_NESTED} archives in each other")
                self._unpack(self.budget.read(file.raw, MAX_ZIP_BYTES, FOR_NOTEBOOKS), file.path, file.age, depth)
            except Unreadable as error:
                self.closed.append(f"{printable(file.label)} ({error})")

    def read(self, file: File) -> bytes:
        """A notebook's bytes. Raises Unreadable when they are too many, or cannot be read."""
        try:
            data = self.budget.read(file.raw, MAX_NOTEBOOK_BYTES)
        except TooLarge as error:
            raise Unreadable(f"{error}: clear its outputs") from error
        if _n_parts(data) > MAX_JSON_PARTS:
            raise Unreadable(f"more than {MAX_JSON_PARTS} lists and objects in a notebook: clear its outputs")
        return data

    def said_inside(self, file: File) -> tuple[str, str]:
        """The assignment and the notebook as which a file was released; empty where it says neither."""
        if file not in self._inside:
            facts = self._facts(file) if len(self._inside) < MAX_LOOKED_INTO else {}
            named = facts.get("assignment"), facts.get("notebook")
            self._inside[file] = tuple(name if isinstance(name, str) else "" for name in named)  # type: ignore[assignment]
        return self._inside[file]

    def _facts(self, file: File) -> dict[str, Any]:
        try:
            notebook = parsed(self.budget.read(file.raw, MAX_NOTEBOOK_BYTES, FOR_NOTEBOOKS))
        except Unreadable:
            return {}
        facts = facts_of(notebook) if isinstance(notebook.get("metadata"), dict) else {}
        return facts if isinstance(facts, dict) else {}

    def _open(self, origin: Path, age: int) -> None:
        if origin.is_symlink():
            raise Unreadable("the submission is a link, which is not followed")
        if origin.is_dir():
            self._walk(origin, age)
        elif _is_zip(origin):
            data = _read_file(origin, MAX_ZIP_BYTES + 1)
            if len(data) > MAX_ZIP_BYTES:
                raise Unreadable(f"the archive is larger than {MAX_ZIP_BYTES // 2**20} MB")
            self._unpack(data, PurePosixPath(), age, 1, origin.name)
        else:
            path = PurePosixPath(handed_in(origin.name, True).file or origin.name)
            self._add(File(path, partial(_read_file, origin), age), 0)

    def _add(self, file: File, depth: int) -> None:
        label = file.label or str(file.path)
        if len(self._origins) > 1:
            origin = self._origins[file.age]
            label = origin.name if origin.is_file() and not _is_zip(origin) else f"{label} in {origin.name}"
        file = replace(file, label=label)
        if _is_zip(file.path):
            self._nested.append((file, depth + 1))
        else:
            self.files.append(file)

    def _unpack(self, data: bytes, at: PurePosixPath, age: int, depth: int, name: str = "") -> None:
        for entry in entries(data, printable(name or at.name), self.budget):
            path = at / entry.path
            label = f"{path}, entry {entry.number} of {entry.count} of that name" if entry.count > 1 else str(path)
            self._add(File(path, entry.read, age, entry.count - entry.number, label), depth)

    def _walk(self, root: Path, age: int) -> None:
        unlisted: list[OSError] = []
        for folder, folders, files in os.walk(root, onerror=unlisted.append, followlinks=False):
            relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
            folders[:] = sorted(name for name in folders if not is_hidden(PurePosixPath(name, "x")))
            self.budget.count(len(folders) + len(files), "files and folders")
            for name in sorted(files):
                read = partial(_read_file, Path(folder, name))
                self._add(File(relative / name, read, age), 0)
            for name in filter(NOTEBOOK.search, folders):
                self._add(File(relative / name, refuse("a folder, not a file"), age), 0)
            if len(relative.parts) >= MAX_DEPTH:
                folders[:] = []
        if unlisted and unlisted[0].filename == str(root):
            raise Unreadable(f"the folder cannot be listed: {unlisted[0].strerror}")


def _read_file(path: Path, limit: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise Unreadable("a link, which is not followed")
        with os.fdopen(os.open(path, flags), "rb") as stream:
            facts = os.fstat(stream.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise Unreadable("not a regular file")
            return stream.read(min(limit, facts.st_size + 1))  # room is made for as many bytes as are asked for
    except OSError as error:
        raise Unreadable(_os_reason(error)) from error


def _os_reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror}"


def _n_parts(data: bytes) -> int:
    return data.count(b"{") + data.count(b"[")


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object; empty where it is none, or one of more parts than a notebook has."""
    if _n_parts(data) > MAX_JSON_PARTS:
        return {}
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _is_zip(path: Path | PurePosixPath) -> bool:
    return path.suffix.lower() == ".zip"


def small_file(submission: Submission, name: str, limit: int = 1000) -> bytes:
    """The first bytes of a file of this name, the one nearest to the top.

    Raises:
        Unreadable: There is none, or it cannot be read.
    """
    files = [file for file in Contents(submission).files if file.path.name == name]
    if not files:
        raise Unreadable(f"{name} is missing")
    return min(files, key=lambda file: (file.age, len(file.path.parts), str(file.path), file.before)).raw(limit)


def holds_file(submission: Submission, name: str) -> bool:
    """Whether a submission has a file of this name anywhere."""
    try:
        return any(file.path.name == name for file in Contents(submission).files)
    except Unreadable:
        return False


def collected_file(submission: Submission, name: str, assignments: Iterable[str], limit: int = 1000) -> bytes:
    """The first bytes of a file that nbgrader's `collect` has left, in the folder STUDENT/ASSIGNMENT.

    Raises:
        Unreadable: There is none there, or it cannot be read.
    """
    if submission.origin.is_symlink() or submission.others or submission.origin.name != submission.student:
        raise Unreadable("not a folder of nbgrader's")
    try:
        found = [path for one in assignments if (path := submission.origin / one / name).is_file()]
        if found and not found[0].parent.is_symlink():
            return _read_file(found[0], limit)
    except OSError as error:
        raise Unreadable(_os_reason(error)) from error
    raise Unreadable(f"{name} is missing")


def exchange_secret(submission: Submission) -> str:
    """The text that nbgrader's `submit` left beside the notebooks to find their feedback by; empty where
    there is none."""
    try:
        text = small_file(submission, SECRET).decode("ascii", "replace").strip()
    except Unreadable:
        return ""
    return text if re.fullmatch(r"[\w-]{8,200}", text, re.ASCII) else ""
