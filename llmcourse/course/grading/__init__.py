"""Grading a class: submissions in, scores and feedback out, over nbgrader's formats, converters and gradebook.

`grade` is the whole of it. The modules, in the order in which a submission meets them:

- `submissions` finds the students and takes their notebooks out of folders and archives;
- `repair` rebuilds each notebook on the released one, so that nothing behind it ever sees a broken notebook;
- `stages` runs nbgrader's converters on a course folder of its own;
- `execute` is the one place where a student's code runs;
- `feedback` keeps hidden tests out of what a student gets back;
- `report` holds the result: a table, a CSV, a JSON file.
"""

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.report import ClassReport, ExerciseResult, StudentResult, print_summary
from llmcourse.course.grading.run import grade

__all__ = ["ClassReport", "ExerciseResult", "GradingError", "StudentResult", "grade", "print_summary"]
