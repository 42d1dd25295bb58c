"""Builds a room around itself, and becomes the server in it: a few system calls, and no program but Python.

    python -I -S -c "... builder.main()" PLAN REQUESTS [--warm ... | --once] [--dies-with-parent]

It leaves the machine's namespaces for new ones and forks. The fork is the first process of the room's process
namespace: it makes the room's root out of what the plan names, leaves everything else behind, and executes Python again
as the server. The first process only waits for the fork's end. Python is started anew for this, because a process with
a second thread may not make a user namespace, and because nothing of the grader's memory has to be there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Any, NoReturn

from . import linux

NEW_NAMESPACES = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWCGROUP
)
MOUNT_POINT = "/tmp"
"""Where the room's root is mounted before it becomes the root; every system has this folder."""
OUTSIDE = "/.outside"
"""The machine's root, as long as the room is being furnished."""
PRIVATE = linux.MS_NOSUID | linux.MS_NODEV
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}


def main() -> NoReturn:
    """Read the plan, leave, fork, and wait; or say on standard error what the system refused."""
    plan, requests, *options = json.loads(sys.argv[1]), *sys.argv[2:]
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the grader's; what it does with rooms, it says
        if "--dies-with-parent" in options:
            linux.die_with_parent()
        leave(plan["inside_id"])
        pid = os.fork()
        if pid == 0:
            linux.die_with_parent()
            furnish(plan)
            become_server(plan, requests, options)
    except OSError as error:
        sys.exit(f"this system refuses what shuts processes in: {error.strerror or error}")
    linux.close_all_but([])
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os._exit(128 - code if code < 0 else code)


def leave(inside_id: int) -> None:
    """Into new namespaces. Root needs no user namespace for that; everybody else has these rights in a new one only."""
    if os.geteuid() == 0:
        linux.unshare(NEW_NAMESPACES)
        return
    outside = os.geteuid(), os.getegid()
    linux.unshare(NEW_NAMESPACES | linux.CLONE_NEWUSER)
    linux.map_self(*outside, inside_id)


def furnish(plan: dict[str, Any]) -> None:
    """Make the room's root, and lose sight of the machine's."""
    os.umask(0o022)
    socket.sethostname("sandbox")
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", MOUNT_POINT, "tmpfs", PRIVATE, "mode=0755")
    os.mkdir(MOUNT_POINT + OUTSIDE)
    linux.pivot_root(MOUNT_POINT, MOUNT_POINT + OUTSIDE)
    os.chdir("/")
    for path, source in plan["shown"].items():
        show(source, path)
    for path, target in plan["links"].items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)
    for path in plan["covered"]:
        linux.mount("tmpfs", path, "tmpfs", PRIVATE | linux.MS_RDONLY, "mode=0755")
    for path, text in plan["stubs"].items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    _mount_new("tmpfs", plan["scratch"], PRIVATE, "mode=0700")
    _furnish_proc_and_dev()
    linux.umount(OUTSIDE)
    os.rmdir(OUTSIDE)
    linux.make_read_only("/", "/proc/self/mountinfo", recursive=False)


def _furnish_proc_and_dev() -> None:
    _mount_new("proc", "/proc", PRIVATE | linux.MS_NOEXEC)
    os.makedirs("/dev/shm")
    for name in DEVICES:
        if os.path.exists(f"{OUTSIDE}/dev/{name}"):
            show(f"/dev/{name}", f"/dev/{name}")
    _mount_new("devpts", "/dev/pts", linux.MS_NOSUID | linux.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    for name, target in LINKS.items():
        os.symlink(target, f"/dev/{name}")


def show(source: str, path: str) -> None:
    """Show a folder or a file of the machine in the room, read-only, with all that is mounted below it."""
    if os.path.isdir(OUTSIDE + source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o444))
    linux.mount(OUTSIDE + source, path, None, linux.MS_BIND | linux.MS_REC)
    linux.make_read_only(path, f"{OUTSIDE}/proc/self/mountinfo", recursive=True)


def _mount_new(kind: str, path: str, flags: int, data: str | None = None) -> None:
    os.makedirs(path, exist_ok=True)
    linux.mount(kind, path, kind, flags, data)


def become_server(plan: dict[str, Any], requests: str, options: list[str]) -> NoReturn:
    """Execute the server, which keeps the rights over this room that it needs to make rooms in it."""
    linux.close_all_but([int(requests)])
    linux.keep_capabilities_when_executing()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    os.execve(sys.executable, [sys.executable, "-c", plan["server"], requests, *options], plan["environment"])
