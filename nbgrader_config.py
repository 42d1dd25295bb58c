"""nbgrader's own commands and formgrader use the course's folders, and grade as `llmcourse grade` does: shut in.

`nbgrader generate_assignment`, `nbgrader autograde`, `nbgrader generate_feedback` and the formgrader's buttons.
"""

from llmcourse.course.grading.nbgrader.settings import configure

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "llmcourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
configure(c)
