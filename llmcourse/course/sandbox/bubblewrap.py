"""The room in which everything of a kernel runs, made by bubblewrap.

The room has a read-only root with the system's programs, this Python and the library in it, and namespaces of its own.
A server runs there (`inside.server`), which starts each kernel in namespaces below the room's. The server waits for
requests on a socket; when the grader closes its end or dies, the server ends, and as the first process of the room's
process namespace it takes everything with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from llmcourse.course.sandbox import inside
from llmcourse.course.sandbox.errors import SandboxUnavailable
from llmcourse.course.sandbox.inside.keeper import SCRATCH
from llmcourse.course.sandbox.policy import INSIDE, INSIDE_ID, LIBRARY, STUBS, environment, visible_paths

BUBBLEWRAP = "bwrap"
ENTRY = f"""
import sys
sys.path[0] = {os.path.dirname(INSIDE)!r}
from inside import server
del sys.path[0]
server.main(sys.argv[1:])
"""


def find_bubblewrap() -> str:
    """The program's path.

    Raises:
        SandboxUnavailable: It is not installed, or this is no Linux.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(f"kernels can be shut in on Linux only; this is {sys.platform}")
    found = shutil.which(BUBBLEWRAP)
    if found is None:
        raise SandboxUnavailable(f"there is no program {BUBBLEWRAP!r} on the PATH: install the package bubblewrap")
    return found


def arguments(package: Path, stubs: dict[str, int]) -> list[str]:
    """bubblewrap's arguments for a room with a package `llmcourse` in its library.

    Args:
        package: The package's folder.
        stubs: Descriptors from which the small files of /etc are read, by their path in the room.
    """
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() != 0:
        options += ["--unshare-user", "--uid", str(INSIDE_ID), "--gid", str(INSIDE_ID)]
    if threading.current_thread() is threading.main_thread():
        # In another thread it would mean the end of that thread, not of the grader.
        options += ["--die-with-parent"]
    # The server needs capabilities to make the namespaces of each kernel; they reach no further than the room.
    options += ["--as-pid-1", "--cap-add", "ALL", "--hostname", "sandbox", "--chdir", "/"]
    for path in visible_paths():
        options += _folders_above(path)
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), str(path)]
        else:
            options += _bound(path, str(path))
    installed = Path(inside.__file__).resolve().parents[3]
    if any(installed.is_relative_to(path) for path in visible_paths()):
        options += ["--tmpfs", str(installed)]  # a whole library, bodies and all, that came with the environment
    options += _folders_above(Path(LIBRARY, "llmcourse")) + _bound(package, f"{LIBRARY}/llmcourse")
    options += _folders_above(Path(INSIDE)) + _bound(Path(inside.__file__).parent, INSIDE)
    for name, fd in stubs.items():
        options += ["--perms", "0444", "--ro-bind-data", str(fd), name]
    # The scratch folder is the server's own; each kernel gets another one in its place.
    options += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", SCRATCH]
    if not any(path.is_relative_to("/tmp") for path in visible_paths()):
        # Where this Python lies under /tmp, that folder is there already, read-only; TMPDIR names the scratch folder's.
        options += ["--symlink", "scratch/tmp", "/tmp"]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]


def _bound(source: Path, target: str) -> list[str]:
    return ["--ro-bind", str(source), target]


def _folders_above(path: Path) -> list[str]:
    """Made one by one: those that bubblewrap makes by itself are closed to all but their owner."""
    above = [str(folder) for folder in reversed(path.parents) if str(folder) != "/"]
    return [word for folder in above for word in ("--perms", "0755", "--dir", folder)]


def start(package: Path, requests: int, log: int, *options: str) -> subprocess.Popen[bytes]:
    """Start a server in a room of its own.

    Args:
        package: The folder of the package `llmcourse` that kernels import.
        requests: The socket that the server reads requests from.
        log: Where bubblewrap's and the server's error output goes.
        options: `--warm` or `--once`; see `inside.server`.

    Raises:
        SandboxUnavailable: bubblewrap cannot be started.
    """
    program = find_bubblewrap()
    with ExitStack() as opened:
        stubs = {path: _readable(text, opened) for path, text in STUBS.items()}
        python = [sys.executable, "-c", ENTRY, str(requests), *options]
        try:
            return subprocess.Popen(
                [program, *arguments(package, stubs), "--", *python],
                env=environment({}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=[requests, *stubs.values()],
            )
        except OSError as error:
            raise SandboxUnavailable(f"{program} cannot be started: {error}") from error


def _readable(text: str, opened: ExitStack) -> int:
    fd = os.memfd_create("stub", os.MFD_CLOEXEC)
    opened.callback(os.close, fd)
    os.write(fd, text.encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
