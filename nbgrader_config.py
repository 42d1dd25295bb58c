"""nbgrader's own commands and formgrader use the course's folders: `nbgrader generate_assignment`, `nbgrader autograde`."""

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "llmcourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
