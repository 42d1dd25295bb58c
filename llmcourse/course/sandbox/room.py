"""Where processes run that nobody trusts, and the two ways of starting one.

`cold` builds a room and starts an interpreter for each process. `warm` forks processes from a server that has imported
what they import. Both shut a process in by the same steps; see `inside.keeper`.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from llmcourse.course.sandbox import policy
from llmcourse.course.sandbox.availability import available
from llmcourse.course.sandbox.errors import SandboxUnavailable
from llmcourse.course.sandbox.forkserver import Server, ShutInProcess
from llmcourse.course.sandbox.policy import Limits

WAYS = ("warm", "cold")
"""Best first."""


class Room:
    """Processes with one library and the same limits; a context manager, whose end is the end of all of them.

    Args:
        library: A folder that holds a package `llmcourse`; processes see that package and nothing else of the folder.
        limits: What each process may use.
        way: "warm", "cold", or "auto" for the best that works here.
        used_for: What warm processes are there for: "training", "judging". They are made ready for that, which takes
            the server time once; for anything else it takes each process its own.
        packages: The packages of the library that they use, with what these import.

    Raises:
        ValueError: There is no such way, or no package `llmcourse` in the library.
    """

    def __init__(
        self,
        library: Path,
        limits: Limits | None = None,
        way: str = "auto",
        used_for: Iterable[str] = ("training", "judging"),
        packages: Iterable[str] = ("llmcourse",),
    ):
        if way not in ("auto", *WAYS):
            raise ValueError(f"way={way!r}: it is one of auto, {', '.join(WAYS)}")
        self.package = policy.package_of(library)
        self.limits = limits or Limits()
        self._wanted = way
        self._options = ["--warm", *(f"--for-{purpose}" for purpose in used_for), f"--packages={','.join(packages)}"]
        self._way: str | None = None
        self._server: Server | None = None
        self._lock = threading.Lock()

    @property
    def way(self) -> str:
        """How processes are started.

        Raises:
            SandboxUnavailable: In no way, or not in the one that was asked for.
        """
        if self._way is None:
            found = available()
            if not found.ways or self._wanted not in ("auto", *found.ways):
                raise SandboxUnavailable(found.reason)
            self._way = found.ways[0] if self._wanted == "auto" else self._wanted
        return self._way

    def __enter__(self) -> Room:
        if self.way == "warm":
            try:
                self._warm_server()
            except SandboxUnavailable as error:
                if self._wanted == "warm":
                    raise
                logging.getLogger(__name__).warning("processes are started one by one, not forked: %s", error)
                self._way = "cold"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process that was forked here."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def launch(self) -> None:
        """Begin to open the room without waiting for it, so that several come up side by side."""
        if self.way == "warm" and self._server is None:
            self._server = Server(self.package, *self._options)

    def lend(self) -> socket.socket | None:
        """What another process needs to start processes here; None where there is no server that could be shared."""
        return self._warm_server().requests if self.way == "warm" else None

    @classmethod
    def borrowed(cls, library: Path, limits: Limits, requests: socket.socket) -> Room:
        """The room of another process, which has lent it. It stands no longer than that process wants.

        Args:
            library: The folder that the room was made with.
            limits: What each process may use.
            requests: What `lend` gave, in this process.
        """
        room = cls(library, limits, "warm")
        room._way, room._server = "warm", Server.borrowed(requests)
        return room

    def start_process(self, module: str, environment: Mapping[str, str], pass_fd: int) -> ShutInProcess:
        """Start a process that serves a socket; `ShutInProcess.wait_until_ready` waits for it.

        Args:
            module: A module of the library, whose function `serve` gets the socket.
            environment: Variables for the process, besides those that every process has.
            pass_fd: The socket's descriptor.

        Raises:
            SandboxUnavailable: The room does not stand.
        """
        warm = self.way == "warm"
        server = self._warm_server() if warm else Server(self.package, "--once")
        try:
            return server.start(self.limits, module, environment, pass_fd, owned=not warm)
        except BaseException:
            if not warm:
                server.close()
            raise

    def _warm_server(self) -> Server:
        """The server that processes are forked from; a new one when there is none, or none any more."""
        with self._lock:
            if self._server is not None and not self._server.is_running:
                self._server.close()
                self._server = None
            server = self._server or Server(self.package, *self._options)
            try:
                server.wait_until_ready()
            except SandboxUnavailable:
                server.close()
                self._server = None
                raise
            self._server = server
            return server
