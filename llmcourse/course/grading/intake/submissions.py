"""Find a class's submissions and take the assignment's notebooks out of them.

A submission is a folder, a .zip, or what a learning platform makes of what was handed in; `names` says whose it is.
Everything in it is hostile input: nothing is unpacked to disk, links are not followed, and what is read is bounded. A
fault becomes a reason in the report, never an exception.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from llmcourse.course.answers import MAX_NOTEBOOK_BYTES
from llmcourse.course.grading.errors import GradingError
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
from llmcourse.course.grading.intake.names import ENDINGS, HandedIn, first_of, handed_in
from llmcourse.course.notebooks import facts_of

SECRET = "submission_secret.txt"
MAX_JSON_PARTS = 1_000_000
"""How many lists and objects JSON may hold that is read: each takes many times the memory of its two brackets."""
MAX_DEPTH = 6
MAX_COPIES = 20
"""How many copies of one notebook are looked at, and how many notebooks of other names."""
MAX_ID_BYTES = 120
"""Files are named after an id, and a file's name has at most 255 bytes."""
MAX_SHOWN = 5
FOR_NOTEBOOKS = MAX_UNPACKED_BYTES // 2
"""What archives in a submission, and notebooks of other names, leave for those that are looked for."""
_NOTEBOOK = re.compile(r"(?i)(\.ipynb(\.ipynb|\.txt|\.json)?|\.json)$")
_COPY = re.compile(r"(?i)([ _-]*(\(\d+\)|copy ?\d*|-\d+))+$")
"""What is put behind the name of a file that there is already: ` (1)` by browsers, `-Copy1` by Jupyter, ` - Copy` by
Windows, ` copy 2` by macOS, `-1` by Canvas."""


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


@dataclass(frozen=True)
class Received:
    """One notebook of one submission: its bytes, or the reason why there are none, and notes for the report."""

    data: bytes | None
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
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
            ignored.append(f"{_printable(entry.name)}: neither a folder nor a .zip, ignored")
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
            others = first_of([_printable(other.paths[0].name) for other in clash if other is not group], MAX_SHOWN)
            problem = f"{len(clash)} submissions of one name: this is {_printable(first.name)}, beside {others}"
            problems = (problem,) if len(clash) > 1 else ()
            found.append(Submission(own, first, problems, group.paths[1:], (said.student,)))
    return sorted(found, key=lambda submission: submission.student)


def _exactness(path: Path) -> tuple[bool, str]:
    return path.name != student_id(path.name), path.name.swapcase()


def _is_zip(path: Path | PurePosixPath) -> bool:
    return path.suffix.lower() == ".zip"


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:100]


class _Contents:
    """All files of a submission, archives in it included; what cannot be looked into is in `closed`, with the reason.

    Raises:
        Unreadable: Nothing of it can be read.
    """

    def __init__(self, submission: Submission):
        self.budget = Budget()
        self.files: list[_File] = []
        self.closed: list[str] = []
        self._nested: list[tuple[_File, int]] = []
        self._inside: dict[_File, tuple[str, str]] = {}
        self._origins = submission.origins
        for age, origin in enumerate(submission.origins):
            try:
                self._open(origin, age)
            except (Unreadable, OSError) as error:
                if not submission.others:
                    raise error if isinstance(error, Unreadable) else Unreadable(_os_reason(error)) from error
                self.closed.append(f"{_printable(origin.name)} ({error})")
        while self._nested:
            file, depth = self._nested.pop(0)
            try:
                if depth > MAX_NESTED:
                    raise Unreadable(f"more than {MAX_NESTED} archives in each other")
                self._unpack(self.budget.read(file.raw, MAX_ZIP_BYTES, FOR_NOTEBOOKS), file.path, file.age, depth)
            except Unreadable as error:
                self.closed.append(f"{_printable(file.label)} ({error})")

    def read(self, file: _File) -> bytes:
        """A notebook's bytes. Raises Unreadable when they are too many, or cannot be read."""
        try:
            data = self.budget.read(file.raw, MAX_NOTEBOOK_BYTES)
        except TooLarge as error:
            raise Unreadable(f"{error}: clear its outputs") from error
        if _n_parts(data) > MAX_JSON_PARTS:
            raise Unreadable(f"more than {MAX_JSON_PARTS} lists and objects in a notebook: clear its outputs")
        return data

    def said_inside(self, file: _File) -> tuple[str, str]:
        """The assignment and the notebook as which a file was released; empty where it says neither."""
        if file not in self._inside:
            facts = self._facts(file) if len(self._inside) < MAX_COPIES else {}
            named = facts.get("assignment"), facts.get("notebook")
            self._inside[file] = tuple(name if isinstance(name, str) else "" for name in named)  # type: ignore[assignment]
        return self._inside[file]

    def _facts(self, file: _File) -> dict[str, Any]:
        try:
            notebook = _parsed(self.budget.read(file.raw, MAX_NOTEBOOK_BYTES, FOR_NOTEBOOKS))
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
            self._add(_File(path, partial(_read_file, origin), age), 0)

    def _add(self, file: _File, depth: int) -> None:
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
        for entry in entries(data, _printable(name or at.name), self.budget):
            path = at / entry.path
            label = f"{path}, entry {entry.number} of {entry.count} of that name" if entry.count > 1 else str(path)
            self._add(_File(path, entry.read, age, entry.count - entry.number, label), depth)

    def _walk(self, root: Path, age: int) -> None:
        unlisted: list[OSError] = []
        for folder, folders, files in os.walk(root, onerror=unlisted.append, followlinks=False):
            relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
            folders[:] = sorted(name for name in folders if not is_hidden(PurePosixPath(name, "x")))
            self.budget.count(len(folders) + len(files), "files and folders")
            for name in sorted(files):
                read = partial(_read_file, Path(folder, name))
                self._add(_File(relative / name, read, age), 0)
            for name in filter(_NOTEBOOK.search, folders):
                self._add(_File(relative / name, refuse("a folder, not a file"), age), 0)
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


class _Copies:
    """Which files of a submission are which notebooks of an assignment: by their name, or by what they say inside."""

    def __init__(self, contents: _Contents, assignment: str, names: Iterable[str]):
        self.contents = contents
        self.assignment = assignment
        self.names = {name.casefold(): name for name in names}

    def of_each(self) -> Iterator[tuple[str, int, _File]]:
        """Notebook, how surely it is it (0: named so, 1: named like a copy of it, 2: says so inside), file."""
        for file in self.contents.files:
            if found := self._known(file):
                yield (*found, file)

    def _known(self, file: _File) -> tuple[str, int] | None:
        own = file.path.name
        if own in {f"{name}.ipynb" for name in self.names.values()}:
            return own.removesuffix(".ipynb"), 0
        if len(own) > 255 or own.startswith(".") or not _NOTEBOOK.search(own):
            return None
        plain = _COPY.sub("", _NOTEBOOK.sub("", own)).casefold()
        if plain in self.names:
            return self.names[plain], 1
        assignment, name = self.contents.said_inside(file)
        return (name, 2) if assignment == self.assignment and name in self.names.values() else None


def _n_parts(data: bytes) -> int:
    return data.count(b"{") + data.count(b"[")


def _parsed(data: bytes) -> dict[str, Any]:
    """A JSON object; empty where it is none, or one of more parts than a notebook has."""
    if _n_parts(data) > MAX_JSON_PARTS:
        return {}
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def read_notebooks(
    submission: Submission, assignment: str, released: Iterable[str] | Mapping[str, Any]
) -> dict[str, Received]:
    """Take an assignment's notebooks out of a submission.

    A notebook may lie at the top, in `ASSIGNMENT/`, in `work/ASSIGNMENT/`, in another folder, or in an archive there,
    and may have been renamed. Of several different copies the first of this order is graded: one that was worked on; of
    the last attempt; of its own name; in `work/ASSIGNMENT/`, then `ASSIGNMENT/`, the top, and others by their path.
    Of two entries of one name in an archive it is the last, which unpacking would have left.

    Args:
        submission: Whose notebooks.
        assignment: The assignment's name, `NN_name`.
        released: The assignment's notebooks, without ending; as keys of the released ones, copies on which nobody has
            worked are known.
    """
    names = list(released)
    skeletons = released if isinstance(released, Mapping) else {}
    try:
        contents = _Contents(submission)
        copies: dict[str, list[tuple[int, _File]]] = {name: [] for name in names}
        for name, how, file in _Copies(contents, assignment, names).of_each():
            copies[name].append((how, file))
    except Unreadable as error:
        return {name: Received(None, str(error)) for name in names}
    choices = {}
    for name, found in copies.items():
        found.sort(key=lambda pair: _order(*pair, assignment))
        missing = not found and _missing(name, contents, {file for of in copies.values() for _, file in of})
        choices[name] = Received(None, missing) if missing else _choose(contents, found, name, skeletons.get(name))
    return choices


def _order(how: int, file: _File, assignment: str) -> tuple[Any, ...]:
    return file.age, how, _rank(file.path, assignment), str(file.path), file.before


def _missing(name: str, contents: _Contents, taken: set[_File]) -> str:
    """That a notebook is missing, and what there is instead."""
    rest = [file.label for file in contents.files if file not in taken and not file.path.name.startswith(".")]
    found = contents.closed + sorted(map(_printable, rest))
    if not found:
        return f"{name}.ipynb is missing"
    return f"{name}.ipynb is missing; found {first_of(found, MAX_SHOWN)}"


def _choose(contents: _Contents, copies: list[tuple[int, _File]], name: str, skeleton: Any) -> Received:
    faults: list[str] = []
    read: list[tuple[int, _File, bytes]] = []
    for how, file in copies[:MAX_COPIES]:
        try:
            read.append((how, file, contents.read(file)))
        except Unreadable as error:
            faults.append(f"{_printable(file.label)}: {error}")
    if not read:
        return Received(None, "; ".join(faults[:MAX_SHOWN]))
    released = _sources(skeleton) if skeleton and any(data != read[0][2] for _, _, data in read) else None
    worked_on = (one for one in read if released is None or not _sources(_parsed(one[2])) <= released)
    how, chosen, data = next(worked_on, read[0])
    notes = [f"{_printable(chosen.label)} was graded as {name}.ipynb"] if how else []
    others = [_printable(file.label) for _, file, other in read if other != data]
    if others:
        shown = ", ".join(others[:3])
        notes.append(f"{len(copies)} copies of {name}.ipynb: graded {_printable(chosen.label)}, not {shown}")
    return Received(data, notes=tuple((faults + notes)[:MAX_SHOWN]))


def _sources(notebook: Mapping[str, Any]) -> set[str]:
    """What stands in the cells of a notebook, released or a stranger's."""
    cells = notebook.get("cells")
    found = set()
    for cell in cells if isinstance(cells, list) else []:
        source = cell.get("source") if isinstance(cell, Mapping) else None
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if isinstance(source, str):
            found.add(source.strip())
    return found


def _rank(path: PurePosixPath, assignment: str) -> tuple[int, int]:
    parents = path.parts[:-1]
    if parents[-2:] == ("work", assignment):
        return 0, len(parents)
    if parents[-1:] == (assignment,):
        return 1, len(parents)
    return (2, 0) if not parents else (3, len(parents))


def assignments_held(submission: Submission, notebooks: Mapping[str, Iterable[str]]) -> set[str]:
    """The assignments of which a submission holds a notebook, readable or not.

    Args:
        submission: Whose.
        notebooks: The assignments, each with its notebooks, without ending.
    """
    try:
        contents = _Contents(submission)
        return {
            assignment
            for assignment, names in notebooks.items()
            if next(_Copies(contents, assignment, names).of_each(), None) is not None
        }
    except Unreadable:
        return set()


def small_file(submission: Submission, name: str, limit: int = 1000) -> bytes:
    """The first bytes of a file of this name, the one nearest to the top.

    Raises:
        Unreadable: There is none, or it cannot be read.
    """
    files = [file for file in _Contents(submission).files if file.path.name == name]
    if not files:
        raise Unreadable(f"{name} is missing")
    return min(files, key=lambda file: (file.age, len(file.path.parts), str(file.path), file.before)).raw(limit)


def holds_file(submission: Submission, name: str) -> bool:
    """Whether a submission has a file of this name anywhere."""
    try:
        return any(file.path.name == name for file in _Contents(submission).files)
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
