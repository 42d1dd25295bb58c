"""Where things are: the course's checkout, or the folder that a class received, and the learner's workspace."""

from __future__ import annotations

import os
from pathlib import Path

from llmcourse._sections import WORKSPACE_VARIABLE

MARKER = ".llmcourse"
RECORD = "course.json"
"""The file that makes a folder a received course: it says what was released into it."""


def course_root(start: Path | None = None) -> Path:
    """The course's folder: at or above `start` (the current folder by default), or above this package.

    It is a checkout, which holds `book/chapters`, or what `llmcourse release` wrote, which holds `course.json`.

    Raises:
        FileNotFoundError: Neither holds a course.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if ((folder / "book" / "chapters").is_dir() or is_received(folder)) and (folder / "llmcourse").is_dir():
            return folder
    raise FileNotFoundError(f"no course found at or above {here}: run this inside the course's folder")


def is_received(folder: Path) -> bool:
    """Whether a folder is what `llmcourse release` wrote for a class, and no checkout."""
    return (folder / RECORD).is_file() and (folder / "notebooks").is_dir()


def find_workspace(start: Path | None = None) -> Path | None:
    """The learner's workspace: the folder named by LLMCOURSE_WORKSPACE, or the nearest one above that was started."""
    if os.environ.get(WORKSPACE_VARIABLE):
        return Path(os.environ[WORKSPACE_VARIABLE]).resolve()
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / MARKER).is_dir()), None)
