"""Whether processes can be shut in on this machine, found out by doing it."""

from __future__ import annotations

import os
import select
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import llmcourse
from llmcourse.course.sandbox.errors import SandboxUnavailable
from llmcourse.course.sandbox.forkserver import MAX_MESSAGE, Server
from llmcourse.course.sandbox.policy import Limits

TRIAL_S = 20.0

SWITCHES = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces"),
    ("/proc/sys/user/max_pid_namespaces", "0", "user.max_pid_namespaces"),
    ("/proc/sys/user/max_net_namespaces", "0", "user.max_net_namespaces"),
    ("/proc/sys/user/max_mnt_namespaces", "0", "user.max_mnt_namespaces"),
)
"""What a system forbids namespaces with: a file, the value in it that forbids, and its name for `sysctl`."""


@dataclass(frozen=True)
class Availability:
    """Which ways of starting a process work here, best first, and why none does."""

    ways: tuple[str, ...]
    reason: str = ""


@cache
def available() -> Availability:
    """Try it: a process is shut in by all the steps that shut in any. The answer holds for this process's life.

    Both ways take the same steps, so there is one trial. A warm server that cannot start after all says why when it is
    started.
    """
    try:
        _try()
    except SandboxUnavailable as error:
        switches = "".join(f"; {name} = {value} forbids namespaces" for name, value in forbidding())
        return Availability((), " ".join(f"{error}{switches}".split()))
    return Availability(("warm", "cold"))


def forbidding() -> list[tuple[str, str]]:
    """The system's switches that forbid namespaces, and what they stand on; for root, only those that bind root."""
    found = []
    for path, forbids, name in SWITCHES:
        binds = name.startswith("user.") or os.geteuid() != 0
        if binds and os.path.exists(path):
            value = Path(path).read_text(encoding="ascii").strip()
            if value == forbids:
                found.append((name, value))
    return found


def _try() -> None:
    if sys.platform != "linux":
        raise SandboxUnavailable(f"processes can be shut in on Linux only; this is {sys.platform}")
    server = Server(Path(llmcourse.__file__).resolve().parent, "--once")
    try:
        trial = server.start(Limits(), None, {}, owned=True)
        try:
            if not select.select([trial.control], [], [], TRIAL_S)[0]:
                raise SandboxUnavailable(f"a trial was not shut in after {TRIAL_S:g} s")
            trial.check(trial.control.recv(MAX_MESSAGE))
        finally:
            trial.control.close()
    finally:
        server.close()
