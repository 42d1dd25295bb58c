"""Worker processes on this machine: submissions are run here, side by side, away from the gradebook.

Each worker is a process of its own that is given one piece of work at a time. When one dies, the work that it had is
tried once more by a new one, and fails alone if that dies too: no other submission is touched. Processes are forked
from servers that belong to the grading process and are lent to all workers, so that many workers need little more
memory than one.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from llmcourse.course.grading.trial.processes import ProcessNotStarted
from llmcourse.course.grading.trial.rooms import LIBRARY, Library, SandboxUnavailable, rooms
from llmcourse.course.grading.trial.scratch import Scratch

Lent = Mapping[Library, tuple[Path, socket.socket | None]]

END_S = 3.0
"""Seconds that a worker may take to end by itself."""


class WorkerDied(RuntimeError):
    """A worker process ended while it worked, twice."""


class LocalWorkers(Executor):
    """Runs functions in worker processes, each of which has this process's rooms.

    Args:
        count: How many processes.
        way: How processes are started.
        lent: What `Rooms.lend` gave for the assignments that will be run.
    """

    def __init__(self, count: int, way: str = "auto", lent: Lent | None = None):
        self.count, self.way = count, way
        self.lent: Lent = lent or {}
        self.now: dict[int, str] = {}
        """What each worker is at, by its number."""
        self._lifeline, self._held = os.pipe()
        os.set_inheritable(self._held, False)
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._workers = [_Worker(number, self) for number in range(count)]
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="grading")
        self._closing = False
        self._scratch = Scratch("workers")

    def submit(self, function: Callable[..., Any], /, *arguments: Any, label: str = "") -> Future[Any]:  # type: ignore[override]
        """Have a worker call a function.

        Args:
            function: Can be imported by its name.
            arguments: Its arguments.
            label: What to call it meanwhile; `now` has it.
        """
        return self._threads.submit(self._call, function, arguments, label)

    def _call(self, function: Callable[..., Any], arguments: tuple[Any, ...], label: str) -> Any:
        worker = self._idle.get()
        self.now[worker.number] = label
        try:
            for last in (False, True):
                try:
                    return worker.call(function, arguments)
                except (EOFError, OSError, ProcessNotStarted, SandboxUnavailable) as error:
                    worker.end()
                    if self._closing or (last and isinstance(error, ProcessNotStarted | SandboxUnavailable)):
                        raise
                    if last:
                        code = worker.process and worker.process.returncode
                        raise WorkerDied(f"the process that ran it died twice (exit status {code})") from error
        finally:
            self.now.pop(worker.number, None)
            self._idle.put(worker)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers; with `cancel_futures`, at once, whatever they are doing."""
        self._closing = self._closing or cancel_futures
        if cancel_futures:
            for worker in self._workers:
                worker.stop()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for worker in self._workers:
            worker.end()
        for end in (self._lifeline, self._held):
            with suppress(OSError):
                os.close(end)
        self._scratch.cleanup()

    def start_worker(self) -> tuple[subprocess.Popen[bytes], Connection]:
        """Start a worker process and give it the rooms."""
        ours, theirs = socket.socketpair()
        requests = [sock for _, sock in self.lent.values() if sock is not None]
        passed = [theirs.fileno(), self._lifeline, *(sock.fileno() for sock in requests)]
        command = [sys.executable, "-P", "-m", f"{__package__}.worker", str(theirs.fileno()), str(self._lifeline)]
        path = os.pathsep.join(filter(None, (str(LIBRARY), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": self._scratch.name}
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, pass_fds=passed)
        finally:
            theirs.close()
        line = Connection(ours.detach())
        line.recv()
        numbers = {key: (folder, sock and sock.fileno()) for key, (folder, sock) in self.lent.items()}
        line.send((take_rooms, (self.way, numbers)))
        line.recv()
        return process, line


class _Worker:
    """One process, started when there is work for it."""

    def __init__(self, number: int, workers: LocalWorkers):
        self.number, self.workers = number, workers
        self.process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Let it call a function; EOFError or OSError when it dies."""
        if self._line is None:
            if self.workers._closing:
                raise EOFError("the workers are ending")
            self.process, self._line = self.workers.start_worker()
        self._line.send((function, arguments))
        good, answer = self._line.recv()
        if not good:
            raise answer
        return answer

    def stop(self) -> None:
        """End its process, from whatever thread."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Close the line, which ends it, and wait for that."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
        if self.process is not None:
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def take_rooms(way: str, numbers: Mapping[Library, tuple[Path, int | None]]) -> None:
    """In a worker: use the rooms whose servers came with the process, by their descriptors."""
    lent = {
        key: (folder, None if number is None else socket.socket(fileno=number))
        for key, (folder, number) in numbers.items()
    }
    rooms(way).borrow(lent)
