"""Processes that tokenize parts of a corpus, and the one that hands out the work (chapter 7).

A worker is a process of its own that reads orders from its standard input, a line each, and answers on its standard
output. When the process that hands out is gone, a worker's next answer reaches nobody, and it ends too. When a worker
is gone, another one does its part again, once.
"""

import functools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import llmcourse
from llmcourse.data.corpora import CorpusUnavailableError
from llmcourse.pretrain.data.parts import TOKENIZER, Task, tokenize_part
from llmcourse.pretrain.data.sources import SourceFile, Span
from llmcourse.tokenization import BPETokenizer

ERRORS = {
    kind.__name__: kind
    for kind in (ValueError, FileNotFoundError, ModuleNotFoundError, OSError, CorpusUnavailableError)
}
TRIES = 2


def run_in_workers(
    task: Task, todo: Mapping[int, list[Span]], n_workers: int, on_read: Callable[[int, int | None], None]
) -> None:
    """Tokenize parts in several processes.

    Args:
        task: What all parts have in common.
        todo: The parts by number.
        n_workers: How many processes.
        on_read: Told the number of a part and how many bytes of its text were tokenized, or None when it is done.

    Raises:
        ValueError, OSError, ModuleNotFoundError: What a worker raised; the message names the file.
        RuntimeError: A worker died twice over the same part, or failed otherwise.
    """
    orders: queue.Queue[tuple[int, int]] = queue.Queue()
    answers: queue.Queue[tuple[int, Any]] = queue.Queue()
    for number in todo:
        orders.put((number, 1))
    hands = [_Hand(task, todo, orders, answers) for _ in range(n_workers)]
    try:
        for hand in hands:
            hand.start()
        n_left = len(todo)
        while n_left:
            number, answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            on_read(number, answer)
            n_left -= answer is None
    finally:
        for hand in hands:
            hand.stop()
        for _ in hands:
            orders.put((-1, 0))
        for hand in hands:
            hand.join()


class _Hand(threading.Thread):
    """Hands orders to one worker, and replaces it when it died."""

    def __init__(self, task: Task, todo: Mapping[int, list[Span]], orders: queue.Queue, answers: queue.Queue):
        super().__init__(daemon=True)
        self._task, self._todo, self._orders, self._answers = task, todo, orders, answers
        self._process, self._is_stopped, self._lock = None, False, threading.Lock()

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            self._end_worker()

    def run(self) -> None:
        while not self._is_stopped:
            number, n_tries = self._orders.get()
            if number < 0:
                return
            try:
                outcome = self._hand_out(number)
            except BaseException as error:
                self._answers.put((number, error))
                return
            if outcome is None or self._is_stopped:
                continue
            if n_tries < TRIES:
                self._orders.put((number, n_tries + 1))
            else:
                self._answers.put((number, RuntimeError(f"{outcome}, for the second time")))

    def _hand_out(self, number: int) -> str | None:
        """Have a part done; returns at which file the worker died, and how, if it did."""
        process = self._worker()
        if process is None:
            return None
        path = self._todo[number][0].file.path
        try:
            process.stdin.write(json.dumps([number, _packed(self._todo[number])]) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if isinstance(answer, list):
                    raise _error(answer, self._todo[number])
                if answer is None:
                    self._answers.put((number, None))
                    return None
                path = answer["file"]
                self._answers.put((number, answer["n_bytes"]))
        except (BrokenPipeError, json.JSONDecodeError):
            pass  # it died before or within a line
        code = process.wait()
        how = f"was ended by signal {-code} (9 may mean that memory ran out)" if code < 0 else f"ended with {code}"
        return f"{path}: a worker {how}"

    def _worker(self) -> subprocess.Popen | None:
        with self._lock:
            if self._is_stopped:
                return None
            if self._process is None or self._process.poll() is not None:
                self._end_worker()
                self._process = _started(self._task)
            return self._process

    def _end_worker(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _started(task: Task) -> subprocess.Popen:
    """Start a worker. It is a program of its own: nothing of this process, such as its threads, is copied."""
    home = Path(llmcourse.__file__).resolve().parents[1]
    # What is installed is found without help, and before Python's own modules it might hide one of them.
    found = "" if home.name.endswith("-packages") else str(home)
    path = os.pathsep.join(filter(None, [found, os.environ.get("PYTHONPATH")]))
    # One worker is one core: `tokenizers` would start as many threads as there are cores in each of them.
    environment = {**os.environ, "PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false", "PYTHONUTF8": "1"}
    program = "from llmcourse.pretrain.data.workers import work; work()"
    return subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(task)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )


def work() -> None:
    """The program of a worker: orders in, answers out, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that hands out; it ends the workers
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else prints is no answer
    task = Task(*json.loads(sys.argv[1]))
    tokenizer = BPETokenizer.load(Path(task.folder, TOKENIZER))
    try:
        for line in sys.stdin:
            number, rows = json.loads(line)
            try:
                tokenize_part(task, number, _unpacked(rows), tokenizer, functools.partial(_say_read, answers))
                _say(answers, None)
            except BrokenPipeError:
                raise
            except Exception as error:
                _say(answers, [type(error).__name__, str(error)])
    except BrokenPipeError:
        os._exit(1)


def _say_read(answers: TextIO, path: str, n_bytes: int) -> None:
    _say(answers, {"file": path, "n_bytes": n_bytes})


def _say(answers: TextIO, answer: Any) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _error(answer: list[str], part: list[Span]) -> Exception:
    """What a worker raised, raised here."""
    kind, message = answer
    return (
        ERRORS[kind](message) if kind in ERRORS else RuntimeError(f"{_names(part)}: a worker raised {kind}: {message}")
    )


def _names(part: list[Span]) -> str:
    more = f" and {len(part) - 1} more" if len(part) > 1 else ""
    return f"{part[0].file.path}{more}"


def _packed(part: list[Span]) -> list[list[Any]]:
    return [[*vars(span.file).values(), span.start, span.stop, span.is_last, span.n_bytes] for span in part]


def _unpacked(rows: list[list[Any]]) -> list[Span]:
    return [Span(SourceFile(*row[:5]), *row[5:]) for row in rows]
