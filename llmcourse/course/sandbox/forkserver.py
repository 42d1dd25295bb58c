"""The grader's side of a server and of the processes that it starts."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from llmcourse.course.sandbox import building, policy
from llmcourse.course.sandbox.errors import SandboxUnavailable
from llmcourse.course.sandbox.inside.keeper import KILLED
from llmcourse.course.sandbox.policy import Limits

START_S = 60.0
"""Seconds that a server or a process may take to say that it is ready; importing everything takes about five."""
CLOSE_S, STOP_S = 1.0, 5.0
MAX_MESSAGE = 1 << 16


def message_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets that keep messages apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Server:
    """A server in a room, which starts processes on request; its end is the end of all of them.

    Args:
        package: The folder of the package `llmcourse` that its processes import.
        options: `--warm`: it has imported what processes import, and more for what `--for-training` and `--for-judging`
            say. `--once`: it has imported nothing and starts one process.

    Raises:
        SandboxUnavailable: It cannot be started.
    """

    def __init__(self, package: Path, *options: str):
        self.package = package
        self._is_ready = False
        self._owner = os.getpid()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._requests, theirs = message_pair()
        try:
            self._process = building.start(package, theirs.fileno(), self._log.fileno(), *options)
        except BaseException:
            self._requests.close()
            self._log.close()
            raise
        finally:
            theirs.close()

    @classmethod
    def borrowed(cls, requests: socket.socket) -> Server:
        """A server that another process started and lent: processes can be started there; its end is not this
        side's."""
        server = cls.__new__(cls)
        server._requests, server._owner, server._is_ready = requests, 0, True
        server._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        return server

    @property
    def requests(self) -> socket.socket:
        """What whoever it is lent to asks for processes through; see `borrowed`."""
        return self._requests

    def wait_until_ready(self, timeout_s: float = START_S) -> None:
        """Wait until it takes requests; returns at once when it has said so before.

        Raises:
            SandboxUnavailable: It does not, and why.
        """
        if self._is_ready:
            return
        answer = b""
        if select.select([self._requests], [], [], timeout_s)[0]:
            answer = self._requests.recv(MAX_MESSAGE)
        message = json.loads(answer) if answer else {}
        if not message.get("ready"):
            raise SandboxUnavailable(self.why_not(message.get("error", "")))
        self._is_ready = True

    def start(
        self,
        limits: Limits,
        module: str | None,
        environment: Mapping[str, str],
        pass_fd: int | None = None,
        *,
        owned: bool,
    ) -> ShutInProcess:
        """Ask for a process; see `Room.start_process`.

        Args:
            module: None for a process that is shut in, and ends.
            owned: Whether the server is there for this process alone.

        Raises:
            SandboxUnavailable: The server is gone.
        """
        message = {
            "module": module,
            "environment": policy.environment(environment),
            "limits": vars(limits),
            "inside_id": policy.INSIDE_ID,
            "outside_id": policy.OUTSIDE_ID,
        }
        control, theirs = message_pair()
        fds = [theirs.fileno()] if pass_fd is None else [theirs.fileno(), pass_fd]
        with theirs:
            try:
                text = json.dumps(message).encode()
                socket.send_fds(self._requests, [text], fds)
            except OSError as error:
                control.close()
                raise SandboxUnavailable(f"{self.why_not()} ({error})") from error
        return ShutInProcess(control, self, owned=owned)

    @property
    def is_running(self) -> bool:
        """Whether the room stands; only the process that started it can tell, others are told that it does."""
        return os.getpid() != self._owner or self._process.poll() is None

    def why_not(self, error: str = "") -> str:
        """What the room said before it ended."""
        if os.getpid() != self._owner:
            return f"the room does not stand: {error or 'another process owns it'}"
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._log.seek(0)
        said = error or self._log.read(1 << 16).decode(errors="replace").strip() or "no reason given"
        return f"the room does not stand (exit status {self._process.returncode}): {said}"

    def close(self) -> None:
        """End the room and all that runs in it. In a fork of the process that started it: only let go of it."""
        if os.getpid() == self._owner:
            with suppress(OSError):  # it has ended
                self._requests.send(b'{"end": true}', socket.MSG_DONTWAIT)
        self._requests.close()
        if os.getpid() == self._owner:
            try:
                self._process.wait(timeout=CLOSE_S)
            except subprocess.TimeoutExpired:
                self._kill()
        self._log.close()

    def _kill(self) -> None:
        """End the room's first process, and with it the room; its builder, which waits for it, ends then."""
        for first in psutil.Process(self._process.pid).children():
            with suppress(psutil.Error):
                first.kill()
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=STOP_S)


class ShutInProcess:
    """A process in its namespaces, with all that it starts, as far as the grader can see it.

    Args:
        control: This side's end of the socket that the process's warden holds; closing it ends the process.
        server: Where it runs.
        owned: Whether the server is there for this process alone.
    """

    def __init__(self, control: socket.socket, server: Server, *, owned: bool):
        self.control, self.server, self.owned = control, server, owned
        self.code: int | None = None
        self.killed = ""
        """Why the warden ended it, if it did so by itself."""
        self.slowed_s = 0.0
        """Seconds that it stood still because its processes together had used more than their share of the machine."""

    async def wait_until_ready(self) -> None:
        """Wait until it serves.

        Raises:
            SandboxUnavailable: It could not be shut in, and why.
        """
        self.control.setblocking(False)
        answer = asyncio.get_running_loop().sock_recv(self.control, MAX_MESSAGE)
        try:
            self.check(await asyncio.wait_for(answer, timeout=START_S))
        except TimeoutError:
            raise SandboxUnavailable(f"a process was not ready after {START_S:g} s") from None

    def check(self, answer: bytes) -> None:
        """Look at the first answer: ready, or the reason why not.

        Raises:
            SandboxUnavailable: It is not ready.
        """
        message = json.loads(answer) if answer else {}
        if not message.get("ready"):
            raise SandboxUnavailable(message.get("error") or self.server.why_not())

    def poll(self) -> int | None:
        """Its exit code, in a shell's numbering, once all its processes have ended; None before."""
        while self.code is None:
            try:
                answer = self.control.recv(MAX_MESSAGE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                answer = b""
            message = json.loads(answer) if answer else {"exit": KILLED}
            self.killed = message.get("killed", self.killed)
            self.slowed_s = message.get("slowed_s", self.slowed_s)
            self.code = message.get("exit")
        return self.code

    def interrupt(self) -> None:
        """Interrupt what it runs, as Ctrl-C does."""
        self.signal(signal.SIGINT)

    def signal(self, number: int) -> None:
        """Send a signal to its process group."""
        self._order(signal=int(number))

    def kill(self) -> None:
        """End every process of it, without waiting."""
        self._order(end=True)

    async def wait(self, timeout_s: float = STOP_S) -> int | None:
        """Wait for its end; None when the time is up."""
        end = time.monotonic() + timeout_s
        while self.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0.002)
        return self.code

    def close(self) -> None:
        """Let go of it, which ends it."""
        self.control.close()
        if self.owned:
            self.server.close()

    def _order(self, **order: Any) -> None:
        with suppress(OSError):  # it has ended, and `poll` tells
            self.control.send(json.dumps(order).encode())
