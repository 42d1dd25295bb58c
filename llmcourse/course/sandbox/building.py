"""What a room is built of, and how its builder is started; `inside.builder` does the building.

The room has a read-only root with the system's programs, this Python and the library in it, and namespaces of its own.
A server runs there (`inside.server`), which starts each process in namespaces below the room's. The server waits for
requests on a socket; when the grader closes its end or dies, the server ends, and as the first process of the room's
process namespace it takes everything with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from llmcourse.course.sandbox import inside
from llmcourse.course.sandbox.inside.keeper import SCRATCH
from llmcourse.course.sandbox.policy import (
    INSIDE,
    INSIDE_ID,
    INSIDE_LIBRARY,
    STUBS,
    environment,
    visible_paths,
)

SCRIPTS = Path(inside.__file__).resolve().parent
ENTRY = """
import sys
sys.path.insert(0, {folder!r})
from inside import {module}
del sys.path[0]
{module}.main()
"""


def plan_of(package: Path) -> dict[str, Any]:
    """The plan of a room with a package `llmcourse` in its library.

    Args:
        package: The package's folder.
    """
    visible = visible_paths()
    links = {str(path): os.readlink(path) for path in visible if path.is_symlink()}
    shown = {str(path): os.path.realpath(path) for path in visible if not path.is_symlink()}
    installed = SCRIPTS.parents[2]  # where it came with the environment, it is a whole library, bodies and all
    covered = [
        str(Path(path, installed.relative_to(source)))
        for path, source in shown.items()
        if installed.is_relative_to(source)
    ]
    shown |= {f"{INSIDE_LIBRARY}/llmcourse": os.path.realpath(package), INSIDE: str(SCRIPTS)}
    if not any(path.is_relative_to("/tmp") for path in visible):
        # Where this Python lies under /tmp, that folder is there already, read-only; TMPDIR names the scratch folder's.
        links["/tmp"] = "scratch/tmp"
    return {
        "shown": shown,
        "links": links,
        "covered": covered,
        "stubs": STUBS,
        "scratch": SCRATCH,
        "inside_id": INSIDE_ID,
        "server": ENTRY.format(folder=os.path.dirname(INSIDE), module="server"),
        "environment": environment({}),
    }


def start(package: Path, requests: int, log: int, *options: str) -> subprocess.Popen[bytes]:
    """Start a server in a room of its own.

    Args:
        package: The folder of the package `llmcourse` that processes import.
        requests: The socket that the server reads requests from.
        log: Where the builder's and the server's error output goes.
        options: See `inside.server.main`.
    """
    if threading.current_thread() is threading.main_thread():
        # In another thread it would mean the end of that thread, not of the grader.
        options = (*options, "--dies-with-parent")
    entry = ENTRY.format(folder=str(SCRIPTS.parent), module="builder")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", entry, json.dumps(plan_of(package)), str(requests), *options],
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=log,
        pass_fds=[requests],
    )
