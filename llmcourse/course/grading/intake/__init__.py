"""What came in: hand-ins found and read, their times, and their notebooks repaired."""
