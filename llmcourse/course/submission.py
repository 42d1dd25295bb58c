"""What stands behind `llmcourse submit`: a chapter's notebooks in one file to hand in."""

from __future__ import annotations

import getpass
import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.notebooknode import NotebookNode

from llmcourse.course.answers import rebuild, unanswered
from llmcourse.course.notebooks import body_of, copies_beside, exercises, facts_of, kind_of, piece_of
from llmcourse.course.pieces import Piece
from llmcourse.course.refusal import BuildError, names_built
from llmcourse.course.source import as_python
from llmcourse.files import write_atomically


@dataclass(frozen=True)
class Submitted:
    """A chapter handed in: the archive, and what stands in it.

    Attributes:
        archive: Where it is.
        notebooks: What it holds.
        unanswered: The titles of exercises as they were released.
        notes: What else grading will say of the notebooks.
        not_valid: The titles of exercises whose cells cannot be used, each with the reason.
    """

    archive: Path
    notebooks: tuple[str, ...]
    unanswered: tuple[str, ...]
    notes: tuple[str, ...] = ()
    not_valid: tuple[str, ...] = ()


def login() -> str:
    """The name that somebody is logged in with; empty where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def submit(root: Path, workspace: Path, assignment: str, name: str, folder: Path) -> Submitted:
    """Put a chapter's notebooks from a workspace into one archive, as `llmcourse grade` reads it.

    The archive is `folder/ASSIGNMENT-NAME.zip` and holds `ASSIGNMENT/NOTEBOOK.ipynb`. An earlier one is replaced, and
    the same notebooks give the same bytes. What JupyterLab has not saved yet is not in it.

    Args:
        root: The course's folder.
        workspace: The learner's.
        assignment: The chapter's name, `NN_name`.
        name: Who hands in. Letters, digits, dots, dashes and underscores stay, anything else becomes an underscore.
        folder: Where the archive goes.

    Raises:
        FileNotFoundError: A notebook of the chapter is missing in the workspace.
        ValueError: A notebook cannot be read or is too large, or the name holds no letter and no digit.
    """
    safe = re.sub(r"[^\w.-]+", "_", name).strip("._-")
    if not safe:
        raise ValueError(f"the name {name!r} has no letter and no digit: give yours with --name")
    releases = sorted((root / "notebooks" / assignment).glob("*.ipynb"))
    if missing := [path.name for path in releases if not (workspace / assignment / path.name).is_file()]:
        where = os.path.relpath(workspace / assignment)
        what = f"`llmcourse start {assignment}` copies what is missing there"
        copies = {name: copies_beside(workspace / assignment / name) for name in missing}
        if renamed := ", ".join(f"{found[0]} to {name}" for name, found in copies.items() if found):
            what = f"rename {renamed}"
        raise FileNotFoundError(f"{', '.join(missing)} not found in {where}: {what}")
    contents, open_titles, notes, not_valid = {}, [], [], []
    for release in releases:
        data = (workspace / assignment / release.name).read_bytes()
        same, problems, faults = _read(release, workspace / assignment / release.name, data)
        open_titles += same
        copies = copies_beside(workspace / assignment / release.name)
        notes += [f"{name} is a copy of {release.name}, and is not handed in" for name in copies] + problems
        not_valid += faults
        contents[f"{assignment}/{release.name}"] = data
    archive = folder / f"{assignment}-{safe}.zip"
    _write_archive(archive, contents)
    names = tuple(path.name for path in releases)
    return Submitted(archive, names, tuple(open_titles), tuple(notes), tuple(not_valid))


def _read(release: Path, path: Path, data: bytes) -> tuple[list[str], list[str], list[str]]:
    """The titles of what a learner's notebook still holds as it was released, what else grading will say of it, and
    what cannot be used."""
    skeleton = nbformat.read(release, as_version=4)
    counted = rebuild(skeleton, data)
    if counted.fault:
        raise ValueError(f"{path} cannot be read as a notebook: {counted.fault}")
    titles = {str(item.piece or item.check): item.title for item in exercises(release)}
    same = unanswered(skeleton, counted.notebook)
    faults = [f"{titles[piece_of(cell)]}: {fault}" for cell in counted.notebook.cells if (fault := _fault(cell))]
    return (
        [title for key, title in titles.items() if key in same],
        [f"{path.name}: {p}" for p in counted.problems],
        faults,
    )


def _fault(cell: NotebookNode) -> str:
    """Why an exercise's cell cannot give its piece, as far as its text tells; empty where nothing is wrong with it."""
    if kind_of(cell) != "exercise" or facts_of(cell).get("fault"):
        return ""
    try:
        names_built(as_python(TransformerManager(), body_of(cell)), Piece.parse(piece_of(cell)).name)
    except BuildError as error:
        return str(error).replace("this cell", "its cell").partition("\n")[0]
    return ""


def _write_archive(path: Path, contents: dict[str, bytes]) -> None:
    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
                archive.writestr(entry, data)

    write_atomically(path, write)
