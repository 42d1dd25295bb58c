"""One notebook on trial: a process for the student, one for the judge, and the rooms that they stand in."""
