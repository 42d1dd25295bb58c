"""A room without walls: processes started plainly, for machines on which nothing can be shut in.

It is asked for with `--unsafe` and never chosen by itself. A student's code can then read and change whatever the
grader can, other students' work and the gradebook included. Only the two processes of each notebook are as they are
elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from llmcourse._sections import WORKSPACE_VARIABLE
from llmcourse.course.environment import LINE_VARIABLE, ONE_THREAD, ROLE_VARIABLE, SMALL_VARIABLE

FOLDERS = {
    "HOME": "home",
    "TMPDIR": "tmp",
    "IPYTHONDIR": "ipython",
    "MPLCONFIGDIR": "matplotlib",
    WORKSPACE_VARIABLE: "workspace",
}
"""Variables that name a folder of the process's own."""


class OpenRoom:
    """Processes with one library and no walls around them; takes the place of `sandbox.Room`.

    Args:
        library: A folder that holds a package `llmcourse`, which they import.
    """

    way = "unsafe"

    def __init__(self, library: Path):
        self.library = Path(library).resolve()

    def __enter__(self) -> OpenRoom:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """There is nothing to close: each process ends by itself."""

    def launch(self) -> None:
        """There is nothing to begin."""

    def lend(self) -> None:
        """Nothing has to be lent: any process can make such a room."""

    def start_process(self, module: str, environment: Mapping[str, str], pass_fd: int) -> OpenProcess:
        """Start a process that serves a socket, without walls; see `Room.start_process`."""
        folder = tempfile.TemporaryDirectory(prefix="llmcourse-open-", ignore_cleanup_errors=True)
        inside = self._environment(Path(folder.name), environment)
        command = [sys.executable, "-m", module, str(pass_fd)]
        process = subprocess.Popen(
            command, cwd=folder.name, env=inside, pass_fds=(pass_fd,), stdin=subprocess.DEVNULL, start_new_session=True
        )
        return OpenProcess(process, folder)

    def _environment(self, folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in (ROLE_VARIABLE, LINE_VARIABLE)}
        own = {name: str(_made(folder / path)) for name, path in FOLDERS.items()}
        settled = {
            "PYTHONPATH": str(self.library),
            "PYTHONSAFEPATH": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            SMALL_VARIABLE: "1",
        }
        return {**inherited, **own, **settled, **ONE_THREAD, **extra}


class OpenProcess:
    """A process of an open room.

    Attributes:
        killed: Why somebody else ended it: nobody does.
        slowed_s: How long it stood still: nobody holds it back.
    """

    killed = ""
    slowed_s = 0.0

    def __init__(self, process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]):
        self._process, self._folder = process, folder

    async def wait_until_ready(self) -> None:
        """It is ready when it answers."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def interrupt(self) -> None:
        """Interrupt what it runs, as Ctrl-C does."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it, and with it every process that it left in its group."""
        self._signal(signal.SIGKILL)

    async def wait(self) -> int | None:
        """Wait for its end."""
        return await asyncio.to_thread(self._process.wait)

    def close(self) -> None:
        """Wait for its end, and let go of it."""
        self._process.wait()
        self._folder.cleanup()

    def _signal(self, number: int) -> None:
        with suppress(OSError):
            os.killpg(self._process.pid, number)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
