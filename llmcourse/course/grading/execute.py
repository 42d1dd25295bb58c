"""The one place where a submission's code runs: nbgrader's Execute with a kernel that may die.

nbgrader's Autograde runs `SubmissionExecute` in the place of its own Execute. What it adds:
- experiments are skipped, and cells that carry a fault get it as their error instead of running;
- a check of an exercise that failed is not run: without a version of the student's, the reference would be judged;
- a cell that does not answer in time is interrupted, then its kernel is killed; a dead kernel is replaced, and the
  setup, exercise and added cells that had succeeded run again, so that every other cell keeps its points;
- a check passes only when the kernel said that it ran to its end. nbgrader gives full marks to a check without outputs,
  none to one that warns, and partial ones to one that displays a number, so a check's outputs are settled at the end;
- every kernel has its own folder, workspace and IPython profile, and nothing of it is left.

Another way to run code (a sandbox, a warm start) replaces `_start_kernel` and `_stop_kernel`, or this class through
`stages.Course.execute_class`.
"""

from __future__ import annotations

import copy
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from nbclient.client import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets import Float, Integer

import llmcourse
from llmcourse.course.grading.repair import kind_of
from llmcourse.course.kernels import kernel_manager

KERNEL_DIED, TIMED_OUT, NOT_RUN = "KernelDied", "TimedOut", "NotRun"
GRADER_ERRORS = (KERNEL_DIED, TIMED_OUT, NOT_RUN)
"""The error names that come from the grader, not from Python."""

THREAD_VARIABLES = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "RAYON"))
TRUNCATED = "\n... output truncated ...\n"


@dataclass(frozen=True)
class Failure:
    """Why a cell failed: an error's name and message."""

    ename: str
    evalue: str


class KernelNotStarted(RuntimeError):
    """A kernel could not be started before any code of the submission ran: the machine's fault, not the student's."""


class SubmissionExecute(Execute):
    """Runs one repaired notebook; afterwards every check cell's outputs say what it deserves."""

    timeout_s = Float(60.0, help="seconds a cell may take").tag(config=True)
    total_timeout_s = Float(600.0, help="seconds a notebook may take, replays included").tag(config=True)
    max_output = Integer(200_000, help="characters of output kept for a cell").tag(config=True)
    n_threads = Integer(1, help="threads of numerical libraries in a kernel").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.timeout_func = lambda cell: max(0.01, min(self.timeout_s, self._deadline - time.monotonic()))
        self.iopub_timeout = 3
        self.shutdown_kernel = "immediate"
        self.skip_cells_with_tag = ""
        self.store_widget_state = False
        self.record_timing = False

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> tuple[NotebookNode, Any]:
        """Run the notebook's graded path in order; see the module."""
        NotebookClient.__init__(self, nb)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        self._deadline = time.monotonic() + self.total_timeout_s
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._replayed: list[int] = []
        self._failures: dict[int, Failure] = {}
        self._failed_pieces: dict[str, Failure] = {}
        try:
            for index, cell in enumerate(nb.cells):
                if cell.cell_type == "code":
                    self._visit(index, cell)
        finally:
            self._stop_kernel()
        for index, cell in enumerate(nb.cells):
            if cell.cell_type == "code":
                self._settle(cell, self._failures.get(index))
        return nb, resources

    def _visit(self, index: int, cell: NotebookNode) -> None:
        """Run a cell, or decide what it gets without running."""
        cell.outputs, cell.execution_count = [], None
        kind, meta = kind_of(cell), cell.metadata.get("llmcourse", {})
        if kind == "experiment":
            return
        piece = meta.get("piece", "")
        fault = meta.get("fault") or self.nb.metadata.get("llmcourse", {}).get("fault")
        if fault:
            failure = Failure(NOT_RUN, fault)
        elif kind == "check" and piece in self._failed_pieces:
            failure = _passed_on(self._failed_pieces[piece])
        else:
            failure = self._run(index, cell)
        if failure:
            self._failures[index] = failure
            if kind == "exercise" and piece:
                self._failed_pieces[piece] = failure
        elif kind != "check":
            self._replayed.append(index)

    def _run(self, index: int, cell: NotebookNode) -> Failure | None:
        if time.monotonic() >= self._deadline:
            return self._out_of_time()
        failure = self._ready_kernel()
        return failure or self._run_once(index, cell, is_check=kind_of(cell) == "check")

    def _out_of_time(self) -> Failure:
        return Failure(NOT_RUN, f"not run: the notebook had used up its {self.total_timeout_s:g} s")

    def _run_once(self, index: int, cell: NotebookNode, *, is_check: bool) -> Failure | None:
        """Run a cell in the living kernel, which is stopped when it can no longer be used."""
        self._reply: dict[str, Any] = {"status": "ok"}
        self._output_used = 0
        late = f"no answer within {self.timeout_s:g} s"
        if self.timeout_func(cell) < self.timeout_s:
            late = f"no answer before the notebook's {self.total_timeout_s:g} s were used up"
        self.error_on_timeout = {"ename": TIMED_OUT, "evalue": late, "traceback": []}
        try:
            self.execute_cell(cell, index, store_history=not is_check)
        except DeadKernelError:
            self._stop_kernel()
            return Failure(KERNEL_DIED, "the kernel died while running this cell")
        except CellTimeoutError:
            self._stop_kernel()
            if self._interrupted:
                return Failure(TIMED_OUT, f"{late}, and the interrupt was ignored")
            return Failure(TIMED_OUT, "too much output: the kernel did not come to an end of it")
        finally:
            self._interrupted = False
        if any(payload.get("source") == "ask_exit" for payload in self._reply.get("payload", [])):
            self._stop_kernel()
            return Failure(KERNEL_DIED, "this cell ended the kernel (exit or quit)")
        if self._reply["status"] == "ok":
            return None
        return Failure(str(self._reply.get("ename", "Error")), str(self._reply.get("evalue", "")))

    _interrupted = False

    async def _async_handle_timeout(self, timeout: Any, cell: NotebookNode | None = None) -> Any:
        self._interrupted = True
        return await super()._async_handle_timeout(timeout, cell)

    def on_cell_executed(self, **kwargs: Any) -> None:
        """nbclient's hook: keep the kernel's own word on how the cell ended."""
        super().on_cell_executed(**kwargs)
        self._reply = kwargs["execute_reply"]["content"]

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """Bound what a cell's output may hold, then handle it as nbclient does."""
        content, kind = msg["content"], msg["msg_type"]
        if kind == "stream":
            content["text"] = self._bounded(content.get("text", ""))
            if not content["text"]:
                return None
        elif kind in ("display_data", "execute_result", "update_display_data"):
            if not self._has_room(sum(len(str(value)) for value in content.get("data", {}).values())):
                return None
        elif kind == "error":
            content["evalue"] = str(content.get("evalue", ""))[:4000]
            content["traceback"] = [str(line)[:4000] for line in content.get("traceback", [])[:100]]
        elif kind.startswith("comm"):
            return None
        return super().process_message(msg, cell, cell_index)

    def _bounded(self, text: str) -> str:
        room = self.max_output - self._output_used
        if room <= 0 or self._has_room(len(text)):
            return text if room > 0 else ""
        return text[:room] + TRUNCATED

    def _has_room(self, size: int) -> bool:
        self._output_used += size
        return self._output_used <= self.max_output

    def _ready_kernel(self) -> Failure | None:
        """Have a kernel in which the cells that succeeded have run; a failure when time is up on the way there."""
        while self.km is None:
            self._start_kernel()
            for index in list(self._replayed):
                if time.monotonic() >= self._deadline:
                    return self._out_of_time()
                original = self.nb.cells[index]
                failure = self._run_once(index, copy.deepcopy(original), is_check=False)
                self.nb.cells[index] = original
                if self.km is None:
                    self._lost_in_replay(index, failure)
                    break
        return None

    def _lost_in_replay(self, index: int, failure: Failure | None) -> None:
        """A cell that succeeded once ended the kernel when it ran again: it is not run a third time."""
        self._replayed.remove(index)
        self._failures[index] = failure or Failure(KERNEL_DIED, "the kernel died while running this cell again")
        piece = self.nb.cells[index].metadata.get("llmcourse", {}).get("piece", "")
        if piece:
            self._failed_pieces[piece] = self._failures[index]

    def _start_kernel(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="llmcourse-grading-", ignore_cleanup_errors=True)
        home = Path(self._home.name).resolve()
        for name in ("cwd", "workspace", "ipython", "matplotlib"):
            (home / name).mkdir()
        self.km = kernel_manager(home, parent=self)
        try:
            self.start_new_kernel(cwd=str(home / "cwd"), env=self._environment(home))
            self._prefer_for_oom_kill()
            self.start_new_kernel_client()
        except Exception as error:
            self._stop_kernel()
            raise KernelNotStarted(f"no kernel could be started: {error}") from error

    def _environment(self, home: Path) -> dict[str, str]:
        library = str(Path(llmcourse.__file__).resolve().parents[1])
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in (library, os.environ.get("PYTHONPATH")) if p),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LLMCOURSE_WORKSPACE": str(home / "workspace"),
            "LLMCOURSE_SMALL": "1",
            "IPYTHONDIR": str(home / "ipython"),
            "TOKENIZERS_PARALLELISM": "false",
            **dict.fromkeys(THREAD_VARIABLES, str(self.n_threads)),
        }

    def _prefer_for_oom_kill(self) -> None:
        """When memory runs out, let the system end this kernel rather than the grader."""
        pid = getattr(self.km.provisioner, "pid", None)
        with suppress(OSError):
            Path(f"/proc/{pid}/oom_score_adj").write_text("1000")

    def _stop_kernel(self) -> None:
        """End the kernel and every process it left, and remove its folder."""
        if self._home is None:
            return
        home, self._home = self._home, None
        try:
            if self.km is not None:
                self._cleanup_kernel()
        except Exception as error:
            self.log.warning("while stopping a kernel: %s", error)
        finally:
            self.km = self.kc = None
            _end_processes_of(Path(home.name).resolve())
            home.cleanup()

    def _settle(self, cell: NotebookNode, failure: Failure | None) -> None:
        """Make a cell's outputs say what the kernel said: an error if and only if it failed."""
        errors = [out for out in cell.outputs if out.output_type == "error"]
        if kind_of(cell) == "check":
            cell.outputs = [_neutral(out) for out in cell.outputs if out.output_type != "error"]
        elif failure and failure.ename in GRADER_ERRORS:
            cell.outputs = [out for out in cell.outputs if out.output_type != "error"]
        else:
            return
        if failure:
            told = failure.ename not in GRADER_ERRORS
            same = [out for out in errors if told and out.ename == failure.ename and out.get("traceback")]
            line = f"{failure.ename}: {failure.evalue}"
            new = new_output("error", ename=failure.ename, evalue=failure.evalue[:4000], traceback=[line[:4000]])
            cell.outputs.append(same[-1] if same else new)


def _passed_on(failure: Failure) -> Failure:
    """What a check gets when its exercise cell failed."""
    if failure.ename == NOT_RUN:
        return failure
    name = "" if failure.ename in GRADER_ERRORS else f"{failure.ename}: "
    return Failure(NOT_RUN, f"the exercise cell failed: {name}{failure.evalue}")


def _neutral(output: NotebookNode) -> NotebookNode:
    """A check's output without meaning for nbgrader: no warning costs points, no displayed number sets them."""
    if output.output_type == "stream":
        output.name = "stdout"
    elif output.output_type == "execute_result":
        return new_output("display_data", data=output.data, metadata=output.metadata)
    return output


def _end_processes_of(home: Path) -> None:
    """Kill every process whose environment names a kernel's folder: what its code started and left behind."""
    mark = str(home / "workspace")
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("LLMCOURSE_WORKSPACE") == mark:
                process.kill()
