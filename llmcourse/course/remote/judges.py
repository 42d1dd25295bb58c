"""The judges' server: a process that stands in the judges' room, and forks a judge for each notebook.

It has imported everything and made the shell; a fork of it is ready in a few milliseconds, and knows nothing of
the notebook before. Requests come as one message each, with three descriptors: the control socket, on which the grader
gives orders (see `cells`); the line to the student's process; and a lifeline, whose end is the judge's. A message
without descriptors is a check cell, which the server compiles for all judges to come.
"""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from typing import Any, NoReturn

from llmcourse.course.environment import LINE_VARIABLE
from llmcourse.course.remote import cells
from llmcourse.course.remote.judge import Judge, read_check

MAX_REQUEST = 1 << 16


def serve(requests: socket.socket) -> None:
    """Fork judges until nobody is left who could ask for one."""
    cells.prepare()
    gc.collect()
    gc.freeze()
    judges: dict[int, tuple[socket.socket, int, str]] = {}
    watched = select.poll()
    watched.register(requests, select.POLLIN)
    while True:
        for number, _ in watched.poll():
            if number != requests.fileno():
                watched.unregister(number)
                _end(*judges.pop(number))
                continue
            message, fds, _, _ = socket.recv_fds(requests, MAX_REQUEST, 3)
            if not message:
                for judge in judges.values():
                    _end(*judge)
                return
            if not fds:
                with suppress(ValueError):  # it did not come whole
                    read_check(cells.shell(), json.loads(message))
                gc.freeze()
                continue
            control, line, life = (socket.socket(fileno=fd) for fd in fds)
            folder = tempfile.mkdtemp(prefix="judge-")
            pid = os.fork()
            if pid == 0:
                for other in (requests, life, *(other for other, _, _ in judges.values())):
                    other.close()
                _judge(control, line, folder, json.loads(message))
            control.close()
            line.close()
            judges[life.fileno()] = (life, pid, folder)
            watched.register(life, select.POLLIN)


def _end(life: socket.socket, pid: int, folder: str) -> None:
    """End a judge, with what it has started and written."""
    for kill in (os.killpg, os.kill):
        with suppress(OSError):
            kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    life.close()
    shutil.rmtree(folder, ignore_errors=True)


def _judge(control: socket.socket, line: socket.socket, folder: str, environment: dict[str, str]) -> NoReturn:
    """In a fork: be the judge of one notebook."""
    try:
        os.setsid()
        os.environ.update(environment, TMPDIR=folder)
        os.environ[LINE_VARIABLE] = str(line.detach())
        tempfile.tempdir = None
        os.chdir(folder)
        for name, module in (("random", "random"), ("numpy", "numpy.random")):
            if name in sys.modules:
                sys.modules[module].seed()
        judge = Judge(cells.shell())

        def check(arguments: list[Any]) -> dict[str, Any]:
            try:
                judge.judge(*arguments)
                answer: dict[str, Any] = {"status": "ok"}
            except BaseException as error:
                answer = cells.error_of(error)
            told = judge.told
            answer |= {"told": told.text, "knows_hidden": told.knows_hidden, "is_final": told.is_final}
            return {**answer, "has_borrowed": judge.has_lent}

        cells.OrderServer(control).serve({"cell": cells.run_cell, "check": check})
    finally:
        os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
