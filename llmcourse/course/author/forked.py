"""Kernels that are forked from a process which has loaded what every notebook loads: PyTorch, Matplotlib, IPython.

To load them takes seconds of each notebook's time. Python's own fork server loads them once, in a process that runs
nothing, and a kernel begins as a copy of it, with the environment and the folder that it would have got as a program.
The library itself is imported by each kernel anew.
"""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from llmcourse import _overlay
from llmcourse.course.environment import ONE_THREAD, WORKSPACE_VARIABLE

LOADED = (
    "ipykernel.kernelapp", "IPython.core.completer", "numpy", "torch", "torch._dynamo",
    "torch.distributed", "matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
)  # fmt: skip
"""What the notebooks load that is not of the course; what cannot be imported is left out."""
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
"""A kernel sets it before Matplotlib is imported, which reads it then and only then."""


def fork_kernel(manager: AsyncKernelManager) -> None:
    """Let the kernel that a manager is going to start be forked, where that is safe: on Linux."""
    if sys.platform == "linux":
        spec = manager.kernel_spec
        manager.provisioner = ForkingProvisioner(kernel_id="forked", kernel_spec=spec, parent=manager)


class ForkingProvisioner(LocalProvisioner):
    """Starts a kernel by a fork, and has its process as it would have a program's."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Fork a kernel with the arguments that follow `-m ipykernel_launcher` in `cmd`.

        Args:
            cmd: The command that would start the kernel as a program.
            **options: Of it, `env` and `cwd` are heeded.
        """
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        environment = options.get("env") or dict(os.environ)
        folder = str(options.get("cwd") or os.getcwd())
        context = get_context("forkserver")
        context.set_forkserver_preload(list(LOADED))
        # The server is started with the first of its processes and has the environment of that moment.
        before = {name: os.environ.get(name) for name in ONE_THREAD | INLINE}
        os.environ.update(ONE_THREAD | INLINE)
        try:
            process = context.Process(target=_run_kernel, args=(arguments, environment, folder))
            process.start()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        self.process = Forked(process)
        self.pid = self.pgid = process.pid  # it leads a group of its own
        self.cwd = folder
        return self.connection_info


class Forked:
    """A forked process with the methods of `subprocess.Popen` that a provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess):
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.exitcode

    def wait(self) -> int | None:
        """Wait for its end; returns its exit status."""
        self._process.join()
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()


def _run_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """In the forked process: be what `python -m ipykernel_launcher` would be in this environment and folder."""
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if workspace := environment.get(WORKSPACE_VARIABLE):
        _overlay.install(workspace)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # else every kernel would draw the same numbers; `random` sees to it by itself
    sys.argv = ["ipykernel_launcher", *arguments]
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(arguments, parent_handle=os.getppid())


def _end_with_parent() -> None:
    """End this kernel when the process that asked for it is gone, and could not: it was killed.

    A kernel looks at the process that it was forked from, but that lives as long as the kernels do.
    """
    wait([parent_process().sentinel])  # type: ignore[union-attr]
    os._exit(1)
