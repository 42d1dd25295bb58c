"""The step that takes the place of nbgrader's Execute in nbgrader's own commands; see `trial` for what it does."""

from __future__ import annotations

from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer

from llmcourse.course.grading.trial.notebook import Settings, run_notebook
from llmcourse.course.grading.trial.orders import GRADER_ERRORS, KERNEL_DIED, NOT_RUN, TIMED_OUT, Failure
from llmcourse.course.grading.trial.processes import ProcessNotStarted

__all__ = ["GRADER_ERRORS", "KERNEL_DIED", "NOT_RUN", "TIMED_OUT", "Failure", "ProcessNotStarted", "SubmissionExecute"]


class SubmissionExecute(NbGraderPreprocessor):
    """Runs one repaired notebook; afterwards every check cell's outputs say what it deserves."""

    timeout_s = Float(60.0, help="seconds a cell may take").tag(config=True)
    total_timeout_s = Float(600.0, help="seconds a notebook may take, replays included").tag(config=True)
    max_output = Integer(200_000, help="characters of output kept for a cell").tag(config=True)
    unsafe = Bool(False, help="run submissions where nothing shuts them in").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any = None) -> tuple[NotebookNode, Any]:
        """Run the notebook's graded path in order."""
        way = "unsafe" if self.unsafe else "auto"
        run_notebook(nb, Settings(self.timeout_s, self.total_timeout_s, way, self.max_output))
        return nb, resources
