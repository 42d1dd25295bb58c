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
from nbformat.notebooknode import NotebookNode

from llmcourse.course.notebooks import exercises, facts_of
from llmcourse.files import write_atomically

MAX_NOTEBOOK_MB = 20
"""A larger notebook is not graded."""


@dataclass(frozen=True)
class Submitted:
    """A chapter handed in: the archive, and what stands in it."""

    archive: Path
    notebooks: tuple[str, ...]
    unanswered: tuple[str, ...]


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
        raise FileNotFoundError(
            f"{', '.join(missing)} not found in {where}: `llmcourse start {assignment}` copies what is missing there"
        )
    contents, unanswered = {}, []
    for release in releases:
        data = (workspace / assignment / release.name).read_bytes()
        unanswered += _unanswered(release, workspace / assignment / release.name, data)
        contents[f"{assignment}/{release.name}"] = data
    archive = folder / f"{assignment}-{safe}.zip"
    _write_archive(archive, contents)
    return Submitted(archive, tuple(path.name for path in releases), tuple(unanswered))


def _unanswered(release: Path, path: Path, data: bytes) -> list[str]:
    """The exercises that a learner's notebook still holds as they were released."""
    if len(data) > MAX_NOTEBOOK_MB * 2**20:
        raise ValueError(f"{path} is larger than {MAX_NOTEBOOK_MB} MB: clear its outputs and save it")
    try:
        mine = _answers(nbformat.reads(data.decode("utf-8"), as_version=4))
    except Exception as error:
        raise ValueError(f"{path} cannot be read as a notebook: {error}") from error
    asked = _answers(nbformat.read(release, as_version=4))
    titles = {str(item.piece or item.check): item.title for item in exercises(release)}
    return [title for key, title in titles.items() if key in asked and mine.get(key, asked[key]) == asked[key]]


def _answers(notebook: NotebookNode) -> dict[str, str]:
    """What is written in the cells of exercises and written questions."""
    answers = {}
    for cell in notebook.cells:
        facts = facts_of(cell)
        if facts.get("kind") in ("exercise", "written"):
            answers[str(facts.get("piece") or facts.get("id"))] = cell.source.strip()
    return answers


def _write_archive(path: Path, contents: dict[str, bytes]) -> None:
    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
                archive.writestr(entry, data)

    write_atomically(path, write)
