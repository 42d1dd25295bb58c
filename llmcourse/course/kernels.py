"""Running notebooks: kernels of this very interpreter, reached over local sockets alone, and the cells that count."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat.notebooknode import NotebookNode

from llmcourse.course.notebooks import GRADED_PATH, facts_of

MAX_SOCKET_FOLDER = 80
"""A Unix socket's path is short on every system; longer folders fall back to TCP on the loopback address."""


class ThisInterpreter(AsyncKernelManager):
    """Starts ipykernel in the running interpreter, whatever kernels the machine has registered."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel's command; not looked up anywhere."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", interrupt_mode="signal")


def kernel_manager(folder: Path, **options: Any) -> ThisInterpreter:
    """A manager of one kernel whose connection file and sockets lie in `folder`."""
    ipc = os.name == "posix" and len(str(folder)) < MAX_SOCKET_FOLDER
    connection = str(folder / "kernel.json")
    return ThisInterpreter(
        transport="ipc" if ipc else "tcp", connection_file=connection, kernel_name="python3", **options
    )


def graded_path(notebook: NotebookNode) -> NotebookNode:
    """A copy of a notebook with its graded path alone: no experiments, no prose."""
    copy = nbformat.from_dict(notebook)
    copy.cells = [cell for cell in notebook.cells if facts_of(cell).get("kind") in GRADED_PATH]
    return copy


@contextmanager
def notebook_client(notebook: NotebookNode, folder: Path, **options: Any) -> Iterator[NotebookClient]:
    """A client that runs a notebook's cells in `folder` and ends its kernel, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
        options = {"timeout": 120, "resources": {"metadata": {"path": str(folder)}}, **options}
        client = NotebookClient(notebook, km=kernel_manager(Path(sockets)), **options)
        client.owns_km = True
        yield client
