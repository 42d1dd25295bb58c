"""What a learner has passed so far, kept beside their work."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from llmcourse import _sections
from llmcourse.course.paths import MARKER
from llmcourse.course.pieces import Piece
from llmcourse.course.source import names_defined
from llmcourse.files import write_atomically


class Progress:
    """The record of a workspace's checks: which passed last time they ran, and when."""

    def __init__(self, workspace: Path):
        self.workspace = workspace
        self.path = workspace / MARKER / "progress.json"

    def passed(self) -> dict[str, bool]:
        """Check (`module:piece` or `module:piece id`) -> whether it passed when it last ran."""
        return {check: bool(entry["passed"]) for check, entry in self._read().items()}

    def judged(self) -> dict[str, str]:
        """Check -> what its outcome was about, as `answer_digest` tells it; empty where that was not recorded."""
        return {check: str(entry.get("judged", "")) for check, entry in self._read().items()}

    def record(self, check: str, *, passed: bool, judged: str = "") -> None:
        """Store one check's outcome, and what it was about."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(self.path.with_suffix(".lock")), timeout=30):
            checks = self._read()
            at = datetime.now(UTC).isoformat(timespec="seconds")
            checks[check] = {"passed": passed, "at": at, "judged": judged}
            write_atomically(self.path, json.dumps({"checks": checks}, indent=1, sort_keys=True) + "\n")

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))["checks"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}


def own_pieces(workspace: Path) -> set[Piece]:
    """The pieces a learner has built, whether or not they are switched on."""
    return {piece for piece, _ in _own_sections(workspace)}


def unusable_pieces(workspace: Path) -> dict[Piece, str]:
    """The pieces whose file no longer gives them (somebody edited it, or it was cut off) -> the reason."""
    return {piece: reason for piece, section in _own_sections(workspace) if (reason := _fault(piece, section))}


def _fault(piece: Piece, section: _sections.Section) -> str:
    """Why a section cannot give its piece, as far as its text tells; empty where nothing is wrong with it."""
    try:
        defined = names_defined(section.source)
    except (SyntaxError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if piece.name in defined else f"what stands under its name does not define `{piece.name}`"


def _own_sections(workspace: Path) -> list[tuple[Piece, _sections.Section]]:
    files = _sections.overlay_files(workspace)
    return [(Piece(m, s.piece), s) for m, path in files.items() for s in _sections.read_sections(path) if s.piece]


def use(workspace: Path, pieces: set[Piece], which: str) -> None:
    """Switch pieces to the reference or back to the learner's own.

    Raises:
        ValueError: `which` is neither "reference" nor "mine".
    """
    if which not in ("reference", "mine"):
        raise ValueError(f"use must be reference or mine, got {which!r}")
    off = _sections.switched_to_reference(workspace)
    names = {str(piece) for piece in pieces}
    off = off | names if which == "reference" else off - names
    write_atomically(_sections.switch_file(workspace), "".join(f"{name}\n" for name in sorted(off)))
