"""Runs a command where no process can make a namespace, as on systems that forbid it: `python without_namespaces.py
COMMAND`.

A filter of system calls stands for the system: whatever the command starts is refused what unshare(2) does, and the
flags of clone(2) that do the same. clone3(2), whose flags a filter cannot see, is said not to exist.
"""

import os
import platform
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from llmcourse.course.sandbox.inside import linux, seccomp

CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3, NO_SUCH_CALL = 435, 0x00050026
JUMP_IF_ANY = 0x45
NAMESPACES = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
)


def program() -> bytes:
    """The filter's instructions."""
    machine = platform.machine()
    rows = [
        (seccomp.LOAD, 0, 0, seccomp.NUMBER),
        (seccomp.JUMP_IF_EQUAL, 0, 1, CLONE3),
        (seccomp.RETURN, 0, 0, NO_SUCH_CALL),
        (seccomp.JUMP_IF_EQUAL, 0, 1, seccomp.REFUSED[machine]["unshare"]),
        (seccomp.RETURN, 0, 0, seccomp.REFUSE),
        (seccomp.JUMP_IF_EQUAL, 0, 3, CLONE[machine]),
        (seccomp.LOAD, 0, 0, seccomp.FIRST_ARGUMENT),
        (JUMP_IF_ANY, 0, 1, NAMESPACES),
        (seccomp.RETURN, 0, 0, seccomp.REFUSE),
        (seccomp.RETURN, 0, 0, seccomp.ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *row) for row in rows)


if __name__ == "__main__":
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(program())
    os.execvp(sys.argv[1], sys.argv[1:])
