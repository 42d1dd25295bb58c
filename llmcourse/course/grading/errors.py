"""The one error that stops a grading run: what the instructor asked for cannot be done."""


class GradingError(ValueError):
    """The run cannot start or go on; the message says what to change. A broken submission never raises it."""
