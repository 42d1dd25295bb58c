"""One kernel in the sandbox, and cells run in it: what they print is bounded, and so is how long they take."""

from __future__ import annotations

import asyncio
import queue
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import output_from_msg

from llmcourse.course.sandbox import Room

KERNEL_DIED, TIMED_OUT, NOT_RUN = "KernelDied", "TimedOut", "NotRun"
GRADER_ERRORS = (KERNEL_DIED, TIMED_OUT, NOT_RUN)
"""The error names that come from the grader, not from Python."""

TRUNCATED = "\n... output truncated ...\n"
MAX_OUTPUTS = 500
PATIENCE_S = 3.0
"""How long a kernel may take to answer an interrupt, and to tell the last of its output."""


@dataclass(frozen=True)
class Failure:
    """Why a cell failed: an error's name and message."""

    ename: str
    evalue: str


class KernelNotStarted(RuntimeError):
    """A kernel could not be started before any code of the submission ran: the machine's fault, not the student's."""


@dataclass
class Ran:
    """What came of a cell.

    Attributes:
        outputs: As in a notebook, bounded.
        failure: None when the kernel said that the cell ended well.
        lost: The kernel cannot be used any more.
    """

    outputs: list[NotebookNode] = field(default_factory=list)
    failure: Failure | None = None
    lost: bool = False


class Kernel:
    """A kernel in a room.

    Args:
        room: Where it runs.
        environment: Variables that it gets.
        line: A descriptor that it gets.
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, room: Room, environment: Mapping[str, str], line: int, max_output: int):
        self._folder = tempfile.TemporaryDirectory(prefix="llmcourse-grading-", ignore_cleanup_errors=True)
        self.max_output = max_output
        self.manager = room.kernel_manager(Path(self._folder.name).resolve(), environment, line)
        self.client: Any = None

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            KernelNotStarted: It does not start.
        """
        try:
            await self.manager.start_kernel()
            self.client = self.manager.client()
            self.client.start_channels()
            await self._wait_until_it_answers()
        except Exception as error:
            await self.stop()
            raise KernelNotStarted(f"no kernel could be started: {error}") from error

    async def _wait_until_it_answers(self, patience_s: float = 60.0) -> None:
        """Ask until it is heard on both channels; jupyter_client's own way of waiting spends 0.2 s on hearing nothing."""
        async with asyncio.timeout(patience_s):
            while True:
                self.client.kernel_info()
                with suppress(queue.Empty):
                    await self.client.get_iopub_msg(timeout=0.3)
                    break
            await self.client.get_shell_msg(timeout=None)

    async def stop(self) -> None:
        """End it and every process it left, at once."""
        if self.client is not None:
            self.client.stop_channels()
            self.client = None
        with suppress(Exception):
            await self.manager.shutdown_kernel(now=True)
        self._folder.cleanup()

    async def interrupt(self) -> None:
        """Interrupt what it runs."""
        with suppress(Exception):
            await self.manager.interrupt_kernel()

    def send(self, code: str) -> str:
        """Have code run without waiting for it; returns what `finished` waits for."""
        return self.client.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)

    async def finished(self, message: str, timeout_s: float = PATIENCE_S) -> str:
        """How the code of `send` comes to an end: "ok", another word when not well, nothing when not in time."""
        try:
            async with asyncio.timeout(timeout_s):
                return str((await self._reply_to(message)).get("status") or "none")
        except Exception:  # whatever the kernel says instead of an answer
            return ""

    async def run(self, code: str, timeout_s: float, late: str = "") -> Ran:
        """Run a cell.

        Args:
            code: Its source.
            timeout_s: Seconds that it may take before it is interrupted.
            late: What to say then.
        """
        ran = Ran()
        message = self.client.execute(code, store_history=False, allow_stdin=False, stop_on_error=False)
        output = asyncio.create_task(self._outputs_of(message, ran))
        reply = asyncio.create_task(self._reply_to(message))
        death = asyncio.create_task(self._death())
        try:
            await asyncio.wait({reply, death}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not reply.done() and not death.done():
                ran.failure = Failure(TIMED_OUT, late or f"no answer within {timeout_s:g} s")
                await self.interrupt()
                await asyncio.wait({reply, death}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
                if not reply.done() and not death.done():
                    ran.failure = Failure(TIMED_OUT, f"{ran.failure.evalue}, and the interrupt was ignored")
                    ran.lost = True
                    return ran
            if not reply.done() or reply.exception():
                ran.lost = True
                ran.failure = ran.failure or Failure(KERNEL_DIED, self._why_dead())
                return ran
            content = reply.result()
            if any(payload.get("source") == "ask_exit" for payload in _dicts(content.get("payload"))):
                ran.lost = True
                ran.failure = Failure(KERNEL_DIED, "this cell ended the kernel (exit or quit)")
            elif content.get("status") != "ok" and ran.failure is None:
                ran.failure = Failure(str(content.get("ename", "Error"))[:200], str(content.get("evalue", ""))[:4000])
            # A message longer than its channel takes breaks that channel, which mends by itself; what was in it is lost.
            await asyncio.wait({output}, timeout=PATIENCE_S)
            return ran
        finally:
            for task in (output, reply, death):
                task.cancel()
            await asyncio.gather(output, reply, death, return_exceptions=True)

    def _why_dead(self) -> str:
        process = getattr(self.manager.provisioner, "_process", None)
        reason = getattr(process, "killed", "")
        return f"the kernel died while running this cell{f': {reason}' if reason else ''}"

    async def _death(self) -> None:
        while await self.manager.is_alive():
            await asyncio.sleep(0.1)

    async def _reply_to(self, message: str) -> dict[str, Any]:
        while True:
            reply = await self.client.get_shell_msg(timeout=None)
            if reply["parent_header"].get("msg_id") == message and isinstance(reply["content"], dict):
                return reply["content"]

    async def _outputs_of(self, message: str, ran: Ran) -> None:
        """Collect a cell's output until the kernel says that it is idle; what is too much is read and dropped."""
        used = 0
        while True:
            told = await self.client.get_iopub_msg(timeout=None)
            if told["parent_header"].get("msg_id") != message:
                continue
            kind, content = told["msg_type"], told["content"]
            if kind == "status" and content.get("execution_state") == "idle":
                return
            if kind not in ("stream", "display_data", "execute_result", "error"):
                continue
            size = _size(kind, content)
            room = self.max_output - used
            used += size
            if kind == "error":
                content["evalue"] = str(content.get("evalue", ""))[:4000]
                content["traceback"] = [str(line)[:4000] for line in content.get("traceback", [])[:100]]
            elif room <= 0 or len(ran.outputs) >= MAX_OUTPUTS or (size > room and kind != "stream"):
                continue
            elif size > room:
                content["text"] = content["text"][:room] + TRUNCATED
            with suppress(Exception):  # a message that makes no output
                _append(ran.outputs, output_from_msg(told))


def _append(outputs: list[NotebookNode], new: NotebookNode) -> None:
    last = outputs[-1] if outputs else None
    if last is not None and new.output_type == last.output_type == "stream" and new.name == last.name:
        last.text += new.text
    else:
        outputs.append(new)


def _size(kind: str, content: dict[str, Any]) -> int:
    if kind == "stream":
        content["text"] = str(content.get("text", ""))
        return len(content["text"])
    data = content.get("data", {})
    return sum(len(str(value)) for value in data.values()) if isinstance(data, dict) else 0


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
