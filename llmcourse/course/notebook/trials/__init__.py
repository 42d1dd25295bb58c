"""Pieces put to work where they run: a function here builds what a piece works on, calls it, and gives back values.

Checks name them in `rehearsed(piece, rows, through="llmcourse.course.notebook.trials.NAME:function")`.
"""
