"""Whether this machine can shut processes in, as the tests have to know."""

from __future__ import annotations

import os


def why_no_walls() -> str:
    """Why nothing can be shut in here; empty where it can be, and with CI=true, where it must be."""
    if os.environ.get("CI") == "true":
        return ""
    from llmcourse.course.grading.trial.rooms import why_not

    return why_not()


def way() -> str:
    """How tests that say nothing of walls start processes: shut in, where that can be."""
    return "unsafe" if why_no_walls() else "auto"
