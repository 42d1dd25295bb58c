"""jupyter_client's manager of a kernel that runs in a room."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from llmcourse.course.sandbox.provisioner import BoundedClient, SandboxProvisioner
from llmcourse.course.sandbox.room import Room


class SandboxManager(AsyncKernelManager):
    """Manages one kernel, which need not be registered anywhere."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Interrupted by a message, because a signal would have to know a process in another namespace."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", interrupt_mode="message")


def sandbox_manager(
    room: Room, folder: Path, environment: Mapping[str, str], pass_fd: int | None = None, **options: Any
) -> SandboxManager:
    """A manager whose `start_kernel` starts a kernel in a room.

    Its `cwd`, `env` and `extra_arguments` go nowhere: the kernel works in its scratch folder, with `environment`.

    Args:
        room: Where the kernel runs.
        folder: An existing folder for its sockets and its connection file.
        environment: Variables for the kernel.
        pass_fd: A descriptor that the kernel gets.
        options: Traits of the manager.
    """
    manager = SandboxManager(
        kernel_name="python3",
        connection_file=str(folder / "kernel.json"),
        client_factory=BoundedClient,
        **options,
    )
    manager.provisioner = SandboxProvisioner(
        room=room,
        folder=folder,
        environment=environment,
        pass_fd=pass_fd,
        parent=manager,
        kernel_spec=manager.kernel_spec,
    )
    return manager
