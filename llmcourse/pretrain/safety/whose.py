"""Whose code a run computes with, and whose has failed (chapter 7)."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType, TracebackType

from llmcourse._sections import (
    WORKSPACE_VARIABLE,
    overlay_files,
    read_sections,
    switched_to_reference,
)


def pieces_in_use() -> list[str]:
    """The pieces that a learner has written and that run in the place of the library's own, as `module:piece`.

    Empty without a workspace (`LLMCOURSE_WORKSPACE`).
    """
    if (workspace := _workspace()) is None:
        return []
    off = switched_to_reference(workspace)
    found = {
        section.target
        for path in overlay_files(workspace).values()
        for section in read_sections(path)
        if section.piece and section.target not in off
    }
    return sorted(found)


def piece_that_failed(error: BaseException) -> str | None:
    """The learner's piece in which an error arose, the innermost one; None where none took part."""
    trace: TracebackType | None = error.__traceback__
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    return _piece_at(reversed(places))


def piece_in(frame: FrameType | None) -> str | None:
    """The learner's piece that a thread is in, by its innermost frame; None where it is in none."""
    return _piece_at((inner.f_code.co_filename, line) for inner, line in traceback.walk_stack(frame))


def _piece_at(places: Iterable[tuple[str, int]]) -> str | None:
    """The piece at the first of some places that is in a workspace; a cell of helpers goes by its module."""
    if (workspace := _workspace()) is None:
        return None
    files = {str(path): path for path in overlay_files(workspace).values()}
    for name, line in places:
        if name in files:
            return next(_sections_before(files[name], line), None)
    return None


def _sections_before(path: Path, line: int) -> Iterator[str]:
    """What the sections of a file build, from the one that a line is in backwards."""
    yield from (section.target for section in reversed(read_sections(path)) if section.line <= line)


def _workspace() -> Path | None:
    name = os.environ.get(WORKSPACE_VARIABLE)
    return Path(name).resolve() if name and Path(name).is_dir() else None
