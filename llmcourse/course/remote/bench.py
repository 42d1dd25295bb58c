"""The bench: a process that stands in the judges' room, and forks a judge for each notebook.

A judge runs the instructor's setup and check cells and nothing else, so it needs IPython for its cells and no Jupyter
kernel around it. The bench has imported everything and made the shell; a fork of it is ready in a few milliseconds, and
knows nothing of the notebook before.

Requests come as one message each, with three descriptors: the control socket, on which the grader gives orders; the line
to the student's kernel; and a lifeline, whose end is the judge's. An order is JSON: `{"cell": source}` for a setup cell,
`{"check": [...]}` for `Judge.judge`. The answer has `status`, `ename`, `evalue`, `traceback` and `outputs`.
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

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from llmcourse.course.remote import wire
from llmcourse.course.remote.box import LINE_VARIABLE
from llmcourse.course.remote.judge import Judge

MAX_REQUEST = 1 << 16
MAX_EVALUE, MAX_LINES = 4000, 100
TRUNCATED = "\n... output truncated ...\n"


def serve(requests: socket.socket) -> None:
    """Fork judges until nobody is left who could ask for one."""
    shell = _new_shell()
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
            control, line, life = (socket.socket(fileno=fd) for fd in fds)
            folder = tempfile.mkdtemp(prefix="judge-")
            pid = os.fork()
            if pid == 0:
                for other, _, _ in judges.values():
                    other.close()
                requests.close()
                life.close()
                _run(shell, control, line, folder, json.loads(message))
            control.close()
            line.close()
            judges[life.fileno()] = (life, pid, folder)
            watched.register(life, select.POLLIN)


def _end(life: socket.socket, pid: int, folder: str) -> None:
    """End a judge, with what it has started and written."""
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    life.close()
    shutil.rmtree(folder, ignore_errors=True)


def _new_shell() -> InteractiveShell:
    config = Config()
    config.HistoryManager.enabled = False  # its thread would not survive a fork
    shell = InteractiveShell.instance(config=config)
    # What stops a cell goes into the answer, once.
    shell.showtraceback = shell.showsyntaxerror = shell.showindentationerror = lambda *args, **kwargs: None
    return shell


def _run(shell: InteractiveShell, control: socket.socket, line: socket.socket, folder: str, told: dict[str, Any]) -> NoReturn:
    """In a fork: be the judge of one notebook."""
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.environ.update(told["environment"], TMPDIR=folder)
        os.environ[LINE_VARIABLE] = str(line.detach())
        tempfile.tempdir = None
        os.chdir(folder)
        for name, module in (("random", "random"), ("numpy", "numpy.random")):
            if name in sys.modules:
                sys.modules[module].seed()
        judge = Judge(shell)
        orders = wire.Line(control)
        orders.send(b"{}")
        while True:
            order = json.loads(orders.receive())
            orders.send(json.dumps(_answer(shell, judge, order, told["max_output"])).encode())
    finally:
        os._exit(0)


def _answer(shell: InteractiveShell, judge: Judge, order: dict[str, Any], max_output: int) -> dict[str, Any]:
    error: BaseException | None = None
    with capture_output() as captured:
        if "cell" in order:
            result = shell.run_cell(order["cell"], store_history=False)
            error = result.error_before_exec or result.error_in_exec
        else:
            try:
                judge.judge(*order["check"])
            except BaseException as raised:
                error = raised
    text = captured.stdout + captured.stderr
    outputs: list[dict[str, Any]] = []
    if text:
        outputs.append({"text": text if len(text) <= max_output else text[:max_output] + TRUNCATED})
    shown = [{"data": output.data, "metadata": output.metadata} for output in captured.outputs]
    outputs += [one for one in shown if _fits(one, max_output)]
    return {"outputs": outputs, **_told(shell, error)}


def _fits(output: dict[str, Any], max_output: int) -> bool:
    try:
        return len(json.dumps(output)) <= max_output
    except (TypeError, ValueError):
        return False


def _told(shell: InteractiveShell, error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {"status": "ok"}
    render = getattr(error, "_render_traceback_", None)
    lines = render() if render else shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    return {
        "status": "error",
        "ename": type(error).__name__[:200],
        "evalue": str(error)[:MAX_EVALUE],
        "traceback": [str(text)[:MAX_EVALUE] for text in lines[:MAX_LINES]],
    }


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
