"""Orders to a process that runs cells, and its answers; `remote.cells` is the other end.

What a process says is not trusted to be what such a process should say: it is read with bounds, and what cannot be read
is the end of that process.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

PROCESS_DIED, TIMED_OUT, NOT_RUN = "ProcessDied", "TimedOut", "NotRun"
GRADER_ERRORS = (PROCESS_DIED, TIMED_OUT, NOT_RUN)
"""The error names that come from the grader, not from Python."""
TOLD = "told"
"""Where a run cell's metadata has what its student may read about its failure."""

TRUNCATED = "\n... output truncated ...\n"
MAX_OUTPUTS = 500
MAX_NESTED = 50
MAX_MESSAGE = 8 << 20
"""Bytes of one message of a process."""
MAX_BYTES = 64 << 20
"""Bytes of all messages about one cell."""
START_S = 120.0
"""How long a process may take to be there, where it has to import the library first."""


@dataclass(frozen=True)
class Failure:
    """Why a cell failed.

    Attributes:
        ename: The error's name.
        evalue: Its message.
        told: What its student may read of it; None where that is all of it.
        is_final: Running it once more would give the same.
    """

    ename: str
    evalue: str
    told: str | None = None
    is_final: bool = False

    @property
    def for_student(self) -> str:
        """What its student may read."""
        if self.told is not None:
            return self.told
        says = self.ename in (*GRADER_ERRORS, "CheckFailed", "BuildError") and self.evalue
        return self.evalue if says else f"{self.ename}: {self.evalue}".rstrip(": ")


@dataclass
class Ran:
    """What came of a cell.

    Attributes:
        outputs: As in a notebook, bounded.
        failure: None when the process said that the cell ended well.
        lost: The process cannot be used any more.
        told: Of a check that failed: what its student may read although hidden tests have run.
        knows_hidden: Of a check: whether hidden tests may have run in it.
        has_borrowed: Of a check: whether the student's process was given a reference for it.
    """

    outputs: list[NotebookNode] = field(default_factory=list)
    failure: Failure | None = None
    lost: bool = False
    told: str = ""
    knows_hidden: bool = True
    has_borrowed: bool = False


class Ended(Exception):
    """The process has ended, or says what cannot be read."""


class OrderClient:
    """Orders to one process, one after the other.

    An order's number is drawn, not counted: nobody can answer an order that has not come.

    Args:
        max_output: Characters of output kept for a cell.
    """

    def __init__(self, max_output: int):
        self.max_output = max_output
        self.control: socket.socket | None = None
        self._unread = bytearray()

    async def begin(self, control: socket.socket) -> None:
        """Take over the connected socket of a process, and wait until it takes orders."""
        self.control = control
        control.setblocking(False)
        async with asyncio.timeout(START_S):
            await self._message()

    async def give(self, word: str, value: Any) -> Ran:
        """Give an order, and wait for its answer; raises Ended."""
        number, ran = secrets.token_hex(8), Ran()
        await self._send({"n": number, word: value})
        used = size = 0
        while True:
            message, n_bytes = await self._message()
            size += n_bytes
            if size > MAX_BYTES:
                raise Ended
            if message.get("n") != number:
                continue
            output = message.get("output")
            if isinstance(output, dict):
                used += self._keep(output, ran.outputs, self.max_output - used)
            elif isinstance(message.get("status"), str):
                _finish(ran, message)
                return ran

    async def listen(self) -> None:
        """Read on without an order: a process whose words nobody takes in comes to a stop."""
        with suppress(Ended):
            while True:
                await self._message()

    def _keep(self, output: dict[str, Any], outputs: list[NotebookNode], room: int) -> int:
        """Add an output, where there is room for it; returns its size."""
        text, data, metadata = output.get("text"), output.get("data"), output.get("metadata")
        if isinstance(text, str):
            if room > 0:
                cut = text if len(text) <= room else text[:room] + TRUNCATED
                _append(outputs, new_output("stream", name="stdout", text=cut))
            return len(text)
        if not isinstance(data, dict) or not isinstance(metadata, dict):
            return 0
        size = len(json.dumps(output))
        if size <= room:
            with suppress(Exception):  # what makes no output of a notebook
                _append(outputs, new_output("display_data", data=data, metadata=metadata))
        return size

    async def _send(self, order: dict[str, Any]) -> None:
        data = json.dumps(order).encode()
        try:
            assert self.control is not None
            await asyncio.get_running_loop().sock_sendall(self.control, struct.pack("!I", len(data)) + data)
        except OSError as error:
            raise Ended from error

    async def _message(self) -> tuple[dict[str, Any], int]:
        """The next message, and its size."""
        await self._receive(4)
        (size,) = struct.unpack("!I", self._unread[:4])
        if size > MAX_MESSAGE:
            raise Ended
        await self._receive(4 + size)
        data = bytes(self._unread[4 : 4 + size])
        del self._unread[: 4 + size]
        try:
            message = _writable(json.loads(data))
        except (ValueError, RecursionError) as error:
            raise Ended from error
        if not isinstance(message, dict):
            raise Ended
        return message, size

    async def _receive(self, size: int) -> None:
        """Have that many bytes that are not read yet."""
        while (missing := size - len(self._unread)) > 0:
            try:
                assert self.control is not None
                part = await asyncio.get_running_loop().sock_recv(self.control, max(1 << 16, min(missing, 1 << 20)))
            except OSError as error:
                raise Ended from error
            if not part:
                raise Ended
            self._unread += part

    def close(self) -> None:
        """Hang up."""
        if self.control is not None:
            self.control.close()
            self.control = None


def _finish(ran: Ran, message: Mapping[str, Any]) -> None:
    """Note how a cell ended."""
    ran.told, ran.knows_hidden = str(message.get("told", ""))[:4000], message.get("knows_hidden") is not False
    ran.has_borrowed = message.get("has_borrowed") is True
    if message.get("exit"):
        ran.lost = True
        ran.failure = Failure(PROCESS_DIED, "this cell ended the notebook's process (exit or quit)")
    if message["status"] == "ok":
        return
    ename, evalue = str(message.get("ename", "Error"))[:200], str(message.get("evalue", ""))[:4000]
    lines = message.get("traceback")
    traceback = [str(line)[:4000] for line in lines[:100]] if isinstance(lines, list) else []
    _append(ran.outputs, new_output("error", ename=ename, evalue=evalue, traceback=traceback))
    ran.failure = ran.failure or Failure(ename, evalue, is_final=message.get("is_final") is True)


def _writable(value: Any, depth: int = 0) -> Any:
    """What was read, with texts that can be written as UTF-8.

    Raises:
        ValueError: It is nested deeper than what nbconvert copies, call within call, could bear.
    """
    if depth > MAX_NESTED:
        raise ValueError(f"nested more than {MAX_NESTED} deep")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item, depth + 1) for key, item in value.items()}
    return [_writable(item, depth + 1) for item in value] if isinstance(value, list) else value


def _append(outputs: list[NotebookNode], new: NotebookNode) -> None:
    last = outputs[-1] if outputs else None
    if last is not None and new.output_type == last.output_type == "stream":
        last.text += new.text
    elif len(outputs) < MAX_OUTPUTS or new.output_type == "error":
        outputs.append(new)
