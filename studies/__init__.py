"""Studies that take longer than a page may: `python -m studies.NAME` writes `book/data/NAME.csv`.

Each module has a `main()` that runs the whole study and ends with `record(...)`. The page that shows the numbers says
the command, the machine and the date, and runs a small version of the same code live. `common` is what they share.
"""

from llmcourse.course.notebook.recorded import record

__all__ = ["record"]
