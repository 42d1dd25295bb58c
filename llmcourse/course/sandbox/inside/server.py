"""Waits for requests and starts a porter for each; with `--warm`, only after it has imported what processes will
import.

The server computes nothing and starts no thread: a fork of a process in which OpenMP has run hangs at its first product
of matrices, and a process with two threads may not make a user namespace.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

from . import keeper, linux

PACKAGES = (
    "torch",
    "numpy",
    "tokenizers",
    "regex",
    "tqdm.auto",
    "matplotlib.pyplot",
    "matplotlib.font_manager",
    "matplotlib_inline.backend_inline",
    "IPython.core.interactiveshell",
    "IPython.core.magics.extension",
)
FOR_TRAINING = ("torch._dynamo", "torch.utils.flop_counter")
"""An optimizer's first step and a count of operations load some 800 modules, which takes 1.5 s and each fork would do
anew; a chapter that trains nothing does not wait for them."""
COURSE_MODULES = tuple(
    f"llmcourse.course.{name}"
    for name in (
        "workspace",
        "checks",
        "battery",
        "notebook.display",
        "notebook.plots",
        "notebook.oracles",
        "remote.cells",
        "remote.judges",
    )
)
"""What `%load_ext llmcourse.course` and the line between two processes need; the rest of the course's machinery builds
and grades, and no process in a room imports it."""
OF_PACKAGES = "--packages="
MAX_MESSAGE, MAX_DESCRIPTORS = 1 << 20, 2


def main() -> None:
    """Serve requests that come in over the socket whose number is the command line's first argument.

    After it comes `--once` to end with the first process, or `--warm`, behind which may stand what the processes are
    there for: `--for-training` and `--for-judging`, which need more imports and sources, and `--packages=A,B`, the
    library's packages that they use; all without it.
    """
    arguments = sys.argv[1:]
    requests = socket.socket(fileno=int(arguments[0]))
    requests.set_inheritable(False)
    linux.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # imports leave hardly any garbage, and a third of their time would go into looking for it
    try:
        if "--warm" in arguments:
            named = [word.removeprefix(OF_PACKAGES) for word in arguments if word.startswith(OF_PACKAGES)]
            packages = named[0].split(",") if named else ["llmcourse"]
            preload(packages, FOR_TRAINING if "--for-training" in arguments else ())
            if "--for-judging" in arguments:
                read_library()
            if overlay := sys.modules.get("llmcourse._overlay"):
                overlay.look_through()
        n_threads = len(os.listdir("/proc/self/task"))
        if n_threads > 1:
            raise RuntimeError(f"importing started {n_threads - 1} threads: {sorted(os.listdir('/proc/self/task'))}")
        # Collecting garbage writes to every object, and a fork would have to copy each page that its collector visits.
        gc.collect()
        gc.freeze()
        gc.enable()
        linux.use_huge_pages()
        keeper.say(requests, ready=True)
    except BaseException as error:
        keeper.say(requests, error=f"{type(error).__name__}: {error}")
        raise
    serve(requests, once="--once" in arguments)
    os._exit(0)  # without taking torch apart


def serve(requests: socket.socket, *, once: bool) -> None:
    """Start a porter for each request, until one says `{"end": true}` or nobody is left who could send one."""
    if not once:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps porters
    while True:
        message, fds, _, _ = socket.recv_fds(requests, MAX_MESSAGE, MAX_DESCRIPTORS)
        if not message or b'"end"' in message[:8]:
            return
        pid = os.fork()
        if pid == 0:
            requests.close()
            keeper.porter(keeper.Request.parse(message, fds))
        for fd in fds:
            os.close(fd)
        if once:
            requests.close()
            os.waitpid(pid, 0)
            return


def preload(packages: Sequence[str], more: Sequence[str] = ()) -> None:
    """Import what processes import. Where that fails, a process that needs it will say why."""
    keeper.make_folders()
    for name in [*PACKAGES, *more, *library_modules(packages), *COURSE_MODULES]:
        with suppress(Exception):
            importlib.import_module(name)
    if cells := sys.modules.get("llmcourse.course.remote.cells"):
        cells.prepare()


def read_library() -> None:
    """Read the library's sources, in which judges look up what a piece may use."""
    if uses := sys.modules.get("llmcourse.course.remote.references"):
        uses.read_library()


def library_modules(packages: Sequence[str]) -> list[str]:
    """Every module of these packages of the library, the course's machinery apart."""
    library: ModuleType = importlib.import_module("llmcourse")
    found = [module.name for module in pkgutil.walk_packages(library.__path__, "llmcourse.", onerror=lambda name: None)]
    inside = tuple(f"{package}." for package in packages)
    return [name for name in found if f"{name}.".startswith(inside) and not name.startswith("llmcourse.course.")]
