"""What a learner has passed so far, kept beside their work."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from llmcourse import _overlay
from llmcourse.course.paths import MARKER
from llmcourse.course.pieces import Piece
from llmcourse.files import write_atomically


class Progress:
    """The record of a workspace's checks: which passed last time they ran, and when."""

    def __init__(self, workspace: Path):
        self.workspace = workspace
        self.path = workspace / MARKER / "progress.json"

    def passed(self) -> dict[str, bool]:
        """Check (`module:piece` or `module:piece id`) -> whether it passed when it last ran."""
        return {check: bool(entry["passed"]) for check, entry in self._read().items()}

    def record(self, check: str, *, passed: bool) -> None:
        """Store one check's outcome."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(self.path.with_suffix(".lock")), timeout=30):
            checks = self._read()
            at = datetime.now(UTC).isoformat(timespec="seconds")
            checks[check] = {"passed": passed, "at": at}
            write_atomically(self.path, json.dumps({"checks": checks}, indent=1, sort_keys=True) + "\n")

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))["checks"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}


def own_pieces(workspace: Path) -> set[Piece]:
    """The pieces a learner has built, whether or not they are switched on."""
    found = set()
    for path in (workspace / "llmcourse").rglob("*.py"):
        module = ".".join(path.relative_to(workspace).with_suffix("").parts)
        found |= {Piece(module, s.piece) for s in _overlay.read_sections(path) if s.piece}
    return found


def use(workspace: Path, pieces: set[Piece], which: str) -> None:
    """Switch pieces to the reference or back to the learner's own.

    Raises:
        ValueError: `which` is neither "reference" nor "mine".
    """
    if which not in ("reference", "mine"):
        raise ValueError(f"use must be reference or mine, got {which!r}")
    off = _overlay.switched_to_reference(workspace)
    names = {str(piece) for piece in pieces}
    off = off | names if which == "reference" else off - names
    write_atomically(_overlay.switch_file(workspace), "".join(f"{name}\n" for name in sorted(off)))
