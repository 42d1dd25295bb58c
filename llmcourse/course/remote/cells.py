"""Cells run for the grader, without a Jupyter kernel around them: IPython's shell, and a socket.

An order is JSON behind its length: `{"n": number, "cell": source}`, or another word than `cell` for what the process
can do besides. What a cell prints or displays is told while it runs, as `{"n": number, "output": {...}}`; at the end
comes `{"n": number, "status": "ok"}`, or what stopped it. Nothing here is kept from the code that it runs: what a
student's process says of itself is worth what its author's word is worth.
"""

from __future__ import annotations

import io
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from llmcourse.course.environment import LINE_VARIABLE
from llmcourse.course.remote.line import Line, LineClosed
from llmcourse.course.remote.student import serve_judge

OVER = 10
"""What a fork leaves with when the check came to its end: 0 would be the `exit` of the code that it runs, too."""
MAX_TOLD = 1_000_000
"""Characters of output that are told of a cell; the rest is dropped here already."""
FLUSH_S, MAX_WAITING = 0.1, 1 << 14
"""How many seconds, and how many characters, what is printed may wait."""
MAX_EVALUE, MAX_LINES = 4000, 100

Tell = Callable[[dict[str, Any]], None]


class _Hook(DisplayHook):
    """Tells the value of a cell's last expression."""

    def __call__(self, result: Any = None) -> None:
        """Called by Python with the value."""
        if result is not None:
            data, metadata = self.compute_format_data(result)
            self.shell.display_pub.publish(data, metadata)


class _Publisher(DisplayPublisher):
    """Tells what is displayed."""

    def publish(self, data: Any, metadata: Any = None, *args: Any, **kwargs: Any) -> None:
        """Called by `display`."""
        sys.stdout.flush()
        Told.now({"data": data, "metadata": metadata or {}})

    def clear_output(self, wait: bool = False) -> None:
        """Nothing: what was told has been told."""


class _Shell(InteractiveShell):
    """A shell that tells its outputs, and leaves it to others to show what stopped a cell."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: it is in the answer."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: it is in the answer."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Nothing: there is no window. `%matplotlib inline` asks for it."""

    def ask_exit(self) -> None:
        """What `exit` and `quit` call."""
        self.exit_now = True


class _Stream(io.TextIOBase):
    """Tells what is printed, a few times a second at most: a million short lines are not a million messages."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._waiting = 0
        self._flushed_at = 0.0

    def write(self, text: str) -> int:
        """Called by `print`."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._parts.append(text)
        self._waiting += len(text)
        if self._waiting > MAX_WAITING or time.monotonic() - self._flushed_at > FLUSH_S:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Tell what waits."""
        parts, self._parts, self._waiting = self._parts, [], 0
        self._flushed_at = time.monotonic()
        if parts:
            Told.now({"text": "".join(parts)})

    def writable(self) -> bool:
        """It is."""
        return True


class Told:
    """Where output goes at this moment; output of threads that outlive their cell goes to the next one."""

    now: Tell = staticmethod(lambda output: None)


_prepared: list[InteractiveShell] = []


def prepare() -> None:
    """Make the shell, once for all processes that are forked from this one."""
    if not _prepared:
        config = Config()
        config.HistoryManager.enabled = False  # its thread would not survive a fork
        _prepared.append(_Shell.instance(config=config))


def shell() -> InteractiveShell:
    """This process's shell."""
    prepare()
    return _prepared[0]


class OrderServer:
    """The grader's orders, and the answers to them.

    Args:
        control: A connected socket.
    """

    def __init__(self, control: socket.socket):
        self._line = Line(control)
        self._lock = threading.Lock()
        self._running = False

    def serve(self, do: Mapping[str, Callable[[Any], dict[str, Any]]]) -> None:
        """Do what is ordered until nobody is left who could order something.

        Args:
            do: What an order's word means: a function of the order's value, which gives the answer.
        """
        stream = _Stream()
        sys.stdout = sys.stderr = stream
        self._say({})
        while True:
            try:
                order = json.loads(self._line.receive())
            except LineClosed:
                return
            number = order.pop("n")
            ((word, value),) = order.items()
            with self._interruptible(), _telling(lambda output, n=number: self._say({"n": n, "output": output})):
                try:
                    answer = do[word](value)
                except BaseException as error:
                    answer = error_of(error)
                stream.flush()
            self._say({"n": number, **answer})

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Only while an order is carried out does an interrupt mean anything."""

        def interrupt(*_: Any) -> None:
            if self._running:
                raise KeyboardInterrupt

        with suppress(ValueError, OSError):
            signal.signal(signal.SIGINT, interrupt)
        self._running = True
        try:
            yield
        finally:
            self._running = False

    def _say(self, message: dict[str, Any]) -> None:
        """Say something whole, whatever interrupts it."""
        data = json.dumps(message).encode()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with self._lock:
                self._line.send(data)
        except LineClosed:
            os._exit(0)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def _telling(say: Tell) -> Iterator[None]:
    """Tell the output of one cell, as long as it is not too much."""
    left = MAX_TOLD

    def tell(output: dict[str, Any]) -> None:
        nonlocal left
        if "text" in output:
            text = output["text"][: max(0, left)]
            left -= len(output["text"])
            for start in range(0, len(text), 1 << 16):
                say({"text": text[start : start + (1 << 16)]})
            return
        with suppress(TypeError, ValueError):  # what no JSON can hold
            left -= len(json.dumps(output))
            if left >= 0:
                say(output)

    Told.now = staticmethod(tell)  # type: ignore[method-assign]
    yield


def run_cell(source: str) -> dict[str, Any]:
    """Run a cell in this process's shell; the answer says how it ended."""
    here = shell()
    here.exit_now = False
    result = here.run_cell(source, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    answer = error_of(error) if error is not None else {"status": "ok"}
    return {**answer, "exit": True} if here.exit_now else answer


def error_of(error: BaseException) -> dict[str, Any]:
    """The answer about an order that an error stopped."""
    return {
        "status": "error",
        "ename": type(error).__name__[:200],
        "evalue": _text_of(error),
        "traceback": _lines_of(error),
    }


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:MAX_EVALUE]
    except Exception:
        return ""


def _lines_of(error: BaseException) -> list[str]:
    try:
        render = getattr(error, "_render_traceback_", None)
        here = shell()
        lines = render() if render else here.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
        return [str(line)[:MAX_EVALUE] for line in lines[:MAX_LINES]]
    except Exception:
        return []


def _judged(apart: bool) -> dict[str, Any]:
    if apart:
        _serve_judge_apart()
    else:
        serve_judge()
    return {"status": "ok"}


def _serve_judge_apart() -> None:
    """Answer the judge's calls in a fork: what a check changes is gone with it, and its end is this process's end.

    Raises:
        LineClosed: The judge is gone.
    """
    pid = os.fork()
    if pid == 0:
        Told.now = staticmethod(lambda output: None)  # type: ignore[method-assign]
        try:
            serve_judge()
            os._exit(OVER)
        finally:
            os._exit(1)
    while True:
        try:
            _, status = os.waitpid(pid, 0)
        except KeyboardInterrupt:  # the fork has it, too
            continue
        break
    if os.waitstatus_to_exitcode(status) == OVER:
        return
    line = select.poll()
    line.register(int(os.environ[LINE_VARIABLE]), 0)
    if not line.poll(0):
        os._exit(1)
    raise LineClosed("the judge has ended")


def serve(control: socket.socket) -> None:
    """A student's process: cells, and `judge` to answer the judge's calls until a check is over.

    The first message that comes in holds the descriptor of the line to the judge.
    """
    _, fds, _, _ = socket.recv_fds(control, 1, 1)
    os.environ[LINE_VARIABLE] = str(fds[0])
    OrderServer(control).serve({"cell": run_cell, "judge": _judged})


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
