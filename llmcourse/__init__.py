"""llmcourse: a small, readable stack for pretraining language models, built exercise by exercise.

With the environment variable `LLMCOURSE_WORKSPACE` set, the definitions that a learner built there run in place of the
library's own, in this process and in every process it starts.
"""

import os as _os

from llmcourse import _overlay

__version__ = "0.1.0"

if _os.environ.get(_overlay.WORKSPACE_VARIABLE):
    _overlay.install(_os.environ[_overlay.WORKSPACE_VARIABLE])
