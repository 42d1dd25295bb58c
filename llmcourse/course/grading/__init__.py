"""Grading a class: submissions in, scores and feedback out, over nbgrader's formats, converters and gradebook.

`grade` is the whole of it. The modules, in the order in which a submission meets them:

- `submissions` finds the students and takes their notebooks out of folders and archives;
- `repair` rebuilds each notebook on the released one, so that nothing behind it ever sees a broken notebook;
- `work` is what is done to a submission away from the gradebook, by `workers` here or on many machines (`cluster`);
- `trial` runs one notebook there, in a `courtroom` of two kernels, in `rooms` that nothing gets out of;
- `grader` decides what to do with one assignment's submissions, `engine` has them run, `run` is the run as a whole;
- `stages` runs nbgrader's converters on a course folder of its own, `settings` are those converters' settings;
- `feedback` keeps hidden tests out of what a student gets back;
- `report` holds the result: a table, a CSV, a JSON file.
"""

import sys
from importlib import import_module
from typing import Any

# A grammar of addresses that jsonschema builds at import, for which nothing here asks: two thirds of what nbgrader takes
# to import.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

_WHERE = {
    "ClassReport": "report",
    "ExerciseResult": "report",
    "GradingError": "errors",
    "StudentResult": "report",
    "grade": "run",
    "print_summary": "report",
}

__all__ = ["ClassReport", "ExerciseResult", "GradingError", "StudentResult", "grade", "print_summary"]


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: workers need little of what is here, and start faster without the rest."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
