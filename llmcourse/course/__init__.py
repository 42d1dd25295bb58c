"""The course's own machinery: building notebooks and book, the learner's workspace, the checks and the grading.

`%load_ext llmcourse.course` in a notebook gives it the magics `%%build` and `%%check`.
"""

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for `%load_ext llmcourse.course`."""
    import os

    from llmcourse.course.environment import ROLE_VARIABLE

    if os.environ.get(ROLE_VARIABLE) == "1":  # it judges what another process has built, and needs no magics
        return
    from llmcourse.course.workspace import load_magics

    load_magics(shell)
