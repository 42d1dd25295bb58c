"""nbgrader's settings for this course: the same steps for `llmcourse grade`, for nbgrader's commands and its
formgrader.

A configuration file takes them over with two lines, and then `nbgrader autograde`, `nbgrader generate_feedback` and the
formgrader's buttons repair, shut in, judge and hide as `llmcourse grade` does:

    from llmcourse.course.grading.nbgrader.settings import configure
    configure(c)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader import preprocessors as steps
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from llmcourse.course.grading.intake.received import Received
from llmcourse.course.grading.intake.repair import repair
from llmcourse.course.grading.nbgrader.execute import SubmissionExecute
from llmcourse.course.grading.nbgrader.harmless import Harmless
from llmcourse.course.grading.results.feedback import FeedbackExporter, HideTests, Marks

SANITIZE = [
    steps.ClearOutput,
    steps.DeduplicateIds,
    steps.OverwriteKernelspec,
    steps.OverwriteCells,
    steps.CheckCellMetadata,
]


class _Together(NbGraderPreprocessor):
    """Several steps as one: nbconvert copies and validates the notebook before and after each step."""

    steps: tuple[type[NbGraderPreprocessor], ...]

    def preprocess(self, nb: NotebookNode, resources: Any = None) -> tuple[NotebookNode, Any]:
        """Run the steps one after the other."""
        for step in self.steps:
            nb, resources = step(parent=self.parent).preprocess(nb, resources)
        return nb, resources


class Marking(_Together):
    """What follows on running. A notebook that was rebuilt on the released one needs nothing else."""

    steps = (Harmless, steps.IgnorePattern, steps.LimitOutput, steps.SaveAutoGrades, steps.AssignLatePenalties)


class ForStudents(_Together):
    """What comes before a feedback page is made."""

    steps = (Marks, HideTests)


class RepairSubmission(NbGraderPreprocessor):
    """Rebuilds a submitted notebook on the released one before anything else reads it."""

    def preprocess(self, nb: NotebookNode, resources: Any = None) -> tuple[NotebookNode, Any]:
        """Rebuild one notebook; see `repair`."""
        facts = resources["nbgrader"]
        coursedir: CourseDirectory = self.parent.parent.coursedir  # the converter's, over its exporter
        folder = coursedir.format_path(coursedir.release_directory, ".", facts["assignment"])
        released = nbformat.read(Path(folder) / f"{facts['notebook']}.ipynb", as_version=4)
        repaired = repair(released, Received(json.dumps(nb).encode()))
        for problem in repaired.problems:
            self.log.warning("%s, %s: %s", facts["student"], facts["notebook"], problem)
        return repaired.notebook, resources


def configure(c: Any) -> None:
    """Put this course's steps into an nbgrader configuration.

    Args:
        c: A traitlets configuration, such as `get_config()` gives.
    """
    c.Autograde.sanitize_preprocessors = [RepairSubmission, *SANITIZE]
    c.Autograde.autograde_preprocessors = [SubmissionExecute, Marking, steps.CheckCellMetadata]
    c.GenerateFeedback.exporter_class = FeedbackExporter
    c.GenerateFeedback.preprocessors = [ForStudents]
