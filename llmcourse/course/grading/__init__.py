"""Grading a class: submissions in, scores and feedback out, over nbgrader's formats, converters and gradebook.

`run.grade` is the whole of it. The rooms, in the order in which a submission meets them:

- `intake` finds the students, takes their notebooks out of folders and archives, and rebuilds each on the released one,
  so that nothing behind it ever sees a broken notebook;
- `grader` decides what to do with one assignment's submissions, and `run` is the run as a whole;
- `workers` have submissions tried away from the gradebook, several side by side;
- `trial` runs one notebook there, in two processes: the student's, in a room that nothing gets out of, and a judge's;
- `nbgrader` runs nbgrader's converters on a course folder of its own, and gives nbgrader's own commands the same steps;
- `results` are what comes out: a table, a CSV, a JSON file, feedback that keeps hidden tests to itself;
- `insight` is what a class teaches its instructor.
"""
