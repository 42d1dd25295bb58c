"""ipykernel on sockets that somebody else opened.

The grader makes the listening sockets, in a folder that the room does not have, and hands them over. So nothing
writable is shared with the outside, and the code in the kernel can put nothing in the place of a socket that the grader
connects to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.kernelapp import IPKernelApp
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

CHANNELS = ("shell", "iopub", "stdin", "hb", "control")
"""The order in which a request's listening sockets come; the place in it, from 1, is a channel's port."""


class ListeningHeartbeat(Heartbeat):
    """Answers on a socket that is listening already."""

    def __init__(self, context: zmq.Context[Any], address: tuple[str, str, int], listener: int):
        super().__init__(context, address)
        self.listener = listener

    def _try_bind_socket(self) -> None:
        self.socket.setsockopt(zmq.USE_FD, self.listener)
        self.socket.bind(f"ipc://{self.ip}-{self.port}")


class SandboxedKernel(IPKernelApp):
    """A kernel whose five channels are sockets that are listening already."""

    listeners: dict[str, int]

    def init_connection_file(self) -> None:
        """There is none: the request had all that would be in it."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Nobody in here has to find this kernel."""

    def log_connection_info(self) -> None:
        """Nobody in here can connect to it."""

    def _try_bind_socket(self, s: Any, port: int) -> int:
        s.setsockopt(zmq.USE_FD, self.listeners[CHANNELS[port - 1]])
        s.bind(f"ipc://{self.ip}-{port}")
        return port

    def init_control(self, context: Any) -> None:
        """Without the debugger's connection to the shell channel, which has no path in here."""
        endpoint = self.shell_socket.getsockopt(zmq.LAST_ENDPOINT)
        super().init_control(context)
        if endpoint:
            self.debug_shell_socket.disconnect(endpoint)

    def init_iopub(self, context: Any) -> None:
        """Keep outputs for a client that is slow: this process's limit of memory bounds them, and none is dropped."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)

    def init_heartbeat(self) -> None:
        """As ipykernel's, on the socket that is listening already."""
        address = (self.transport, self.ip, self.hb_port)
        self.heartbeat = ListeningHeartbeat(zmq.Context(), address, self.listeners["hb"])
        self.heartbeat.start()


def prepare(kernel: dict[str, str], listeners: dict[str, int]) -> Callable[[], None]:
    """Make a kernel that serves from now on; what is returned runs it to its end.

    Args:
        kernel: `key` and `signature_scheme` of its messages.
        listeners: A listening Unix socket for each channel.
    """
    for fd in listeners.values():
        os.set_blocking(fd, False)
    if InteractiveShell.initialized():  # the shell of processes that are no kernels
        type(InteractiveShell.instance()).clear_instance()
    config = Config()
    config.Session.key = kernel["key"].encode()
    config.Session.signature_scheme = kernel["signature_scheme"]
    config.HistoryManager.enabled = False
    ports = {f"{channel}_port": port for port, channel in enumerate(CHANNELS, start=1)}
    app = SandboxedKernel.instance(config=config, transport="ipc", ip="kernel", **ports)
    app.listeners = listeners
    app.initialize([])
    return app.start
