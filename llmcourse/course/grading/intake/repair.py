"""What came in of a notebook, made whole: see `llmcourse.course.answers`, which says what counts."""

from __future__ import annotations

from nbformat.notebooknode import NotebookNode

from llmcourse.course.answers import Repaired, nothing, rebuild
from llmcourse.course.grading.intake.pictures import take_pictures
from llmcourse.course.grading.intake.received import Received


def repair(skeleton: NotebookNode, received: Received) -> Repaired:
    """Rebuild one notebook of one submission.

    Args:
        skeleton: The released notebook.
        received: What the student handed in under its name.

    Returns:
        The notebook to grade. When nothing could be read, it carries the fault: no cell runs, every check fails.
    """
    if received.data is None:
        done, left_out = nothing(skeleton, received.reason), []
    else:
        done = rebuild(skeleton, received.data)
        left_out = take_pictures(done.notebook, received.data)
    return Repaired(done.notebook, (*received.notes, *done.problems, *left_out))
