"""Find a class's submissions and take the assignment's notebooks out of them.

A submission is a folder or a .zip, named after its student. Everything in it is hostile input: nothing is unpacked to
disk, links are not followed, and what is read is bounded. A fault becomes a reason in the report, never an exception.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from llmcourse.course.grading.errors import GradingError

SECRET = "submission_secret.txt"
MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_ZIP_BYTES = 100 * 2**20
MAX_ENTRIES = 5000
MAX_DEPTH = 6
MAX_COPIES = 20
"""How many copies of one notebook are looked at."""
MAX_ID_BYTES = 120
"""Files are named after an id, and a file's name has at most 255 bytes."""


class Unreadable(Exception):
    """A file of a submission cannot be taken; the message is the reason."""


@dataclass(frozen=True)
class Submission:
    """One student's folder or archive.

    Attributes:
        student: The id used in paths, gradebook and CSV.
        origin: The folder or .zip as it was handed in.
        problems: What is odd about its name.
    """

    student: str
    origin: Path
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Received:
    """One notebook of one submission: its bytes, or the reason why there are none, and notes for the report."""

    data: bytes | None
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    path: PurePosixPath
    read: Callable[[], bytes]


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


def find_submissions(folder: Path, exclude: Iterable[Path] = ()) -> tuple[list[Submission], list[str]]:
    """The submissions in a folder, by student id, and one line about each entry that is none.

    Two entries with one id are both graded: the one named exactly so keeps it, in small letters before capitals; others
    get their name's hash behind it.

    Args:
        folder: Holds one folder or one .zip a student.
        exclude: Paths that are no submissions (the output folder, when it lies here).

    Raises:
        GradingError: `folder` is not a folder, or cannot be listed.
    """
    if not folder.is_dir():
        raise GradingError(f"{folder} is not a folder: name the folder that holds one folder or one .zip a student")
    try:
        entries = sorted(folder.iterdir(), key=lambda path: (path.name, path.suffix))
    except OSError as error:
        raise GradingError(f"{folder} cannot be listed: {error.strerror}") from error
    skipped = {os.path.realpath(path) for path in exclude}
    taken, ignored = [], []
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")) or os.path.realpath(entry) in skipped:
            continue
        if entry.is_symlink() or entry.is_dir() or entry.suffix.lower() == ".zip":
            taken.append(entry)
        else:
            ignored.append(f"{_printable(entry.name)}: neither a folder nor a .zip, ignored")
    return _with_ids(taken), ignored


def _with_ids(entries: list[Path]) -> list[Submission]:
    groups: dict[str, list[Path]] = {}
    for entry in entries:
        name = entry.name[:-4] if _is_zip(entry) else entry.name
        groups.setdefault(student_id(name).casefold(), []).append(entry)
    found: list[Submission] = []
    for group in groups.values():
        group.sort(key=lambda path: (path.name != student_id(path.name), path.name.swapcase()))
        for position, entry in enumerate(group):
            name = entry.name[:-4] if _is_zip(entry) else entry.name
            own = student_id(name) if position == 0 else f"{student_id(name)}-{_short_hash(entry.name)}"
            while any(own.casefold() == other.student.casefold() for other in found):
                own += "-again"
            others = ", ".join(_printable(other.name) for other in group if other != entry)
            problems = (f"{len(group)} submissions of one name: this is {_printable(entry.name)}, beside {others}",)
            found.append(Submission(own, entry, problems if len(group) > 1 else ()))
    return sorted(found, key=lambda submission: submission.student)


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and not path.is_dir()


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:100]


def read_notebooks(submission: Submission, assignment: str, names: Iterable[str]) -> dict[str, Received]:
    """Take an assignment's notebooks out of a submission.

    A notebook may lie at the top, in `ASSIGNMENT/`, in `work/ASSIGNMENT/`, or in another folder. Of several different
    copies the one in `work/ASSIGNMENT/` is graded, then `ASSIGNMENT/`, then the top, then the others by their path.

    Args:
        submission: Whose notebooks.
        assignment: The assignment's name, `NN_name`.
        names: The assignment's notebooks, without ending.
    """
    names = list(names)
    try:
        files = list(_files(submission.origin, {f"{name}.ipynb" for name in names}))
    except Unreadable as error:
        return {name: Received(None, str(error)) for name in names}
    return {name: _choose([f for f in files if f.path.name == f"{name}.ipynb"], assignment, name) for name in names}


def _choose(copies: list[_File], assignment: str, name: str) -> Received:
    if not copies:
        return Received(None, f"{name}.ipynb is missing")
    copies = sorted(copies, key=lambda file: (_rank(file.path, assignment), str(file.path)))[:MAX_COPIES]
    faults = []
    for file in copies:
        try:
            data = file.read()
        except Unreadable as error:
            faults.append(f"{_printable(str(file.path))}: {error}")
            continue
        others = [other for other in copies if other is not file and not _same(other, data)]
        if others:
            shown = ", ".join(_printable(str(other.path)) for other in others[:3])
            faults.append(f"{len(copies)} copies of {name}.ipynb: graded {_printable(str(file.path))}, not {shown}")
        return Received(data, notes=tuple(faults[:5]))
    return Received(None, "; ".join(faults[:5]))


def _same(file: _File, data: bytes) -> bool:
    try:
        return file.read() == data
    except Unreadable:
        return False


def _rank(path: PurePosixPath, assignment: str) -> tuple[int, int]:
    parents = path.parts[:-1]
    if parents[-2:] == ("work", assignment):
        return 0, len(parents)
    if parents[-1:] == (assignment,):
        return 1, len(parents)
    return (2, 0) if not parents else (3, len(parents))


def _files(origin: Path, wanted: set[str]) -> Iterator[_File]:
    if origin.is_symlink():
        raise Unreadable("the submission is a link, which is not followed")
    return _zip_files(origin, wanted) if _is_zip(origin) else _folder_files(origin, wanted)


def _is_wanted(path: PurePosixPath, wanted: set[str]) -> bool:
    hidden = any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in path.parts[:-1])
    return path.name in wanted and not hidden


def _folder_files(root: Path, wanted: set[str]) -> Iterator[_File]:
    seen = 0
    unlisted: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=unlisted.append, followlinks=False):
        relative = Path(folder).relative_to(root)
        folders[:] = sorted(folders) if len(relative.parts) < MAX_DEPTH else []
        seen += len(folders) + len(files)
        if seen > MAX_ENTRIES:
            raise Unreadable(f"more than {MAX_ENTRIES} files and folders")
        for name in sorted(files):
            path = PurePosixPath((relative / name).as_posix())
            if _is_wanted(path, wanted):
                yield _File(path, lambda path=Path(folder, name): _read_file(path))
        for name in folders:
            path = PurePosixPath((relative / name).as_posix())
            if _is_wanted(path, wanted):
                yield _File(path, _refuse("a folder, not a file"))
    if unlisted and unlisted[0].filename == str(root):
        raise Unreadable(f"the folder cannot be listed: {unlisted[0].strerror}")


def _refuse(reason: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise Unreadable(reason)

    return read


def _read_file(path: Path) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if path.is_symlink():
        raise Unreadable("a link, which is not followed")
    try:
        with os.fdopen(os.open(path, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Unreadable("not a regular file")
            return _bounded(stream.read(MAX_NOTEBOOK_BYTES + 1))
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Unreadable(f"larger than {MAX_NOTEBOOK_BYTES // 2**20} MB: clear its outputs")
    return data


def _zip_files(origin: Path, wanted: set[str]) -> Iterator[_File]:
    try:
        if not stat.S_ISREG(origin.stat().st_mode):
            raise Unreadable("not a regular file")
        if origin.stat().st_size > MAX_ZIP_BYTES:
            raise Unreadable(f"the archive is larger than {MAX_ZIP_BYTES // 2**20} MB")
        if origin.read_bytes().count(b"PK\1\2") > MAX_ENTRIES:  # reading millions of entries takes minutes
            raise Unreadable(f"more than {MAX_ENTRIES} entries in the archive")
        with zipfile.ZipFile(origin) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable(f"{_printable(origin.name)} is not a readable zip archive ({error})") from error
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if not _is_wanted(path, wanted) or entry.is_dir():
            continue
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            yield _File(PurePosixPath(path.name), _refuse("its path leads out of the archive"))
        elif stat.S_ISLNK(entry.external_attr >> 16):
            yield _File(path, _refuse("a link, which is not followed"))
        else:
            yield _File(path, lambda entry=entry: _read_entry(origin, entry))


def _read_entry(origin: Path, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 1:
        raise Unreadable("encrypted")
    try:
        with zipfile.ZipFile(origin) as archive, archive.open(entry) as stream:
            return _bounded(stream.read(MAX_NOTEBOOK_BYTES + 1))
    except Unreadable:
        raise
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise Unreadable(f"cannot be unpacked ({error})") from error
    except Exception as error:  # lzma and bz2 have errors of their own
        raise Unreadable(f"cannot be unpacked ({type(error).__name__})") from error


def holds_any(submission: Submission, names: Iterable[str]) -> bool:
    """Whether a submission has a file of one of these notebooks' names, readable or not."""
    try:
        return next(_files(submission.origin, {f"{name}.ipynb" for name in names}), None) is not None
    except Unreadable:
        return False


def small_file(submission: Submission, name: str, limit: int = 1000) -> bytes:
    """The first bytes of a file of this name, the one nearest to the top.

    Raises:
        Unreadable: There is none, or it cannot be read.
    """
    files = sorted(_files(submission.origin, {name}), key=lambda file: (len(file.path.parts), str(file.path)))
    if not files:
        raise Unreadable(f"{name} is missing")
    return files[0].read()[:limit]


def exchange_secret(submission: Submission) -> str:
    """The text that nbgrader's `submit` left beside the notebooks to find their feedback by; empty where
    there is none."""
    try:
        text = small_file(submission, SECRET).decode("ascii", "replace").strip()
    except Unreadable:
        return ""
    return text if re.fullmatch(r"[\w-]{8,200}", text, re.ASCII) else ""
