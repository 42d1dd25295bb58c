"""A worker process: does one piece of work after the other for the grading process that started it.

It ends when that process closes its line or dies, whatever it is doing; its processes end with it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from llmcourse.course.spared import spare_imports, uncollected


def main(line: int, lifeline: int) -> None:
    """Serve.

    Args:
        line: The descriptor on which work comes in and results go out.
        lifeline: A descriptor that is readable once the grading process is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the grading process decides
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    spare_imports()
    with uncollected():
        from llmcourse.course.grading.trial.rooms import close_rooms
        from llmcourse.course.grading.workers import work  # noqa: F401 - the first piece of work will ask for it

    try:
        serve(Connection(line))
    finally:
        close_rooms()


def serve(line: Connection) -> None:
    """Do what comes in until the line is closed. Work is a function and its arguments; so is everything else."""
    line.send((True, os.getpid()))
    while True:
        try:
            function, arguments = line.recv()
        except EOFError:
            return
        try:
            answer = (True, function(*arguments))
        except Exception as error:
            answer = (False, error)
        try:
            line.send(answer)
        except OSError:
            return
        except Exception:  # an error that cannot be sent as it is
            line.send((False, RuntimeError(f"{type(answer[1]).__name__}: {answer[1]}")))


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
