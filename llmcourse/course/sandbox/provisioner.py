"""What jupyter_client asks to start and to stop a kernel, answered with a kernel that is shut in.

`manager.sandbox_manager` gives it a room. Where jupyter_client makes it by its name, because the environment variable
JUPYTER_DEFAULT_PROVISIONER_NAME is `llmcourse-sandbox`, it makes a room for its kernel alone. So an ordinary
`nbgrader autograde` with an ordinary kernel runs in the sandbox, in its scratch folder: files that came with a
submission are not there. (nbclient does not pass a configuration on to jupyter_client's choice of a provisioner, which
is why `c.KernelProvisionerFactory.default_provisioner_name` does nothing there.)
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Unicode, default

import llmcourse
from llmcourse.course.sandbox.forkserver import KernelProcess
from llmcourse.course.sandbox.room import WAYS, Room

CHANNELS = ("shell", "iopub", "stdin", "hb", "control")
"""In the order of their ports, which count from 1; the same as in `inside.kernel`."""
MAX_SOCKET_PATH = 100
"""A Unix socket's path has at most 107 bytes on Linux."""
SOCKET_OPTIONS = {zmq.MAXMSGSIZE: 8 << 20, zmq.RCVHWM: 128}
"""How long a frame from a kernel may be, in bytes, and how many messages wait for whoever reads them: a kernel that
sends a longer one loses its connection. Together they bound what a kernel can make the grader hold."""


class BoundedClient(AsyncKernelClient):
    """A client that takes only so much from its kernel at a time."""

    @default("context")
    def _context_default(self) -> zmq.asyncio.Context:
        self._created_context = True
        return bounded(zmq.asyncio.Context())


def bounded(context: Any) -> Any:
    """Let every socket made in a context from now on have `SOCKET_OPTIONS`."""
    for option, value in SOCKET_OPTIONS.items():
        context.setsockopt(option, value)
    return context


class SandboxProvisioner(KernelProvisionerBase):
    """Starts one kernel in a room, and another one in the same way after a restart."""

    library = Unicode(help="the folder with the package `llmcourse` that kernels import").tag(config=True)
    way = Unicode("bubblewrap", help=f"how kernels are started: auto, {', '.join(WAYS)}").tag(config=True)

    def __init__(
        self,
        room: Room | None = None,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        pass_fd: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self._given_room, self._own_room = room, None
        self._folder, self._own_folder = folder, None
        self._environment, self._pass_fd = dict(environment or {}), pass_fd
        self._listeners: dict[str, socket.socket] = {}
        self._process: KernelProcess | None = None

    @default("library")
    def _library_default(self) -> str:
        return os.environ.get("LLMCOURSE_SANDBOX_LIBRARY") or str(Path(llmcourse.__file__).resolve().parents[1])

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and has not been waited for."""
        return self._process is not None

    async def poll(self) -> int | None:
        """None while the kernel runs, otherwise its exit code."""
        return 0 if self._process is None else self._process.poll()

    async def wait(self) -> int | None:
        """Wait for the kernel's end and let go of it."""
        if self._process is None:
            return 0
        code = None
        while code is None:
            code = await self._process.wait()
        self._let_go()
        return code

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel's process group."""
        if self._process is not None:
            self._process.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End every process of the kernel; when this returns, there is none."""
        if self._process is not None:
            self._process.kill()
            if await self._process.wait() is None:
                self.log.error("the kernel did not end; closing its room")
                self._process.close()

    async def terminate(self, restart: bool = False) -> None:
        """The same as `kill`: nobody waits for code that nobody trusts."""
        await self.kill(restart)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Called after a polite request: nobody waits for the answer."""
        await self.kill(restart)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Open the kernel's sockets; what an ordinary kernel would get (`cwd`, `env`, arguments) it does not get."""
        manager: Any = self.parent
        bounded(manager.context)
        if isinstance(manager, AsyncKernelManager):
            manager.client_factory = BoundedClient
        manager.transport, manager.ip = "ipc", str(self._socket_folder() / "k")
        for port, channel in enumerate(CHANNELS, start=1):
            setattr(manager, f"{channel}_port", port)
            self._listeners[channel] = _listen(f"{manager.ip}-{port}")
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        return {"cmd": []}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel.

        Raises:
            SandboxUnavailable: It cannot be shut in, and why.
        """
        session = self.parent.session  # type: ignore[union-attr]
        kernel = {"key": session.key.decode(), "signature_scheme": session.signature_scheme}
        try:
            self._process = self._room().start(self._listeners, kernel, self._environment, self._pass_fd)
        finally:
            for listener in self._listeners.values():
                listener.close()
            self._listeners = {}
        try:
            await self._process.wait_until_ready()
        except BaseException:
            self._let_go()
            raise
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of everything; with `restart`, keep the place for the next kernel's sockets."""
        self._let_go()
        if not restart:
            if self._own_room is not None:
                self._own_room.close()
            if self._own_folder is not None:
                self._own_folder.cleanup()
            self._own_room = self._own_folder = None

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        """Seconds: by then, `shutdown_requested` has killed it."""
        return 1.0

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.killed:
                self.log.warning("the kernel was ended: %s", process.killed)
            process.close()

    def _room(self) -> Room:
        if self._given_room is not None:
            return self._given_room
        if self._own_room is None:
            self._own_room = Room(Path(self.library), way=self.way)
        return self._own_room

    def _socket_folder(self) -> Path:
        """The folder that was asked for, or one with a path short enough for a socket."""
        if self._folder is not None and len(os.fsencode(self._folder / "k-1")) <= MAX_SOCKET_PATH:
            return self._folder
        if self._own_folder is None:
            short = len(os.fsencode(tempfile.gettempdir())) <= MAX_SOCKET_PATH - len("/kernel-12345678/k-1")
            self._own_folder = tempfile.TemporaryDirectory(prefix="kernel-", dir=None if short else "/tmp")
        return Path(self._own_folder.name)


def _listen(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if os.path.lexists(path):
        os.unlink(path)
    listener.bind(path)
    listener.listen(100)
    return listener
