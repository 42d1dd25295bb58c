"""What the course's processes tell one another through environment variables, and how much of a machine one may use."""

from __future__ import annotations

import os

from llmcourse._sections import WORKSPACE_VARIABLE

__all__ = [
    "LINE_VARIABLE", "ONE_THREAD", "PIECES_VARIABLE", "ROLE_VARIABLE", "SMALL_VARIABLE", "WORKSPACE_VARIABLE", "cores",
]  # fmt: skip

SMALL_VARIABLE = "LLMCOURSE_SMALL"
"""Set to 1, experiments run at their small setting."""
ROLE_VARIABLE = "LLMCOURSE_JUDGE"
"""Set to 1 in a judge's process: its `%%check` judges what another process has built."""
PIECES_VARIABLE = "LLMCOURSE_PIECES"
"""The assignment's pieces, as a JSON list of `module:name`; the grader sets it in a judge's process."""
LINE_VARIABLE = "LLMCOURSE_LINK"
"""Names the file descriptor of the line between the student's process and the judge's."""

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "RAYON")}
"""For a process that shares the machine with others: more threads than cores would wait for one another."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
