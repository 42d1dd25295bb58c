"""What a class can teach its instructor: frequent mistakes, hard exercises, near-identical hand-ins."""
