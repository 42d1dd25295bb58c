"""What a process may use and what it can see: the same for every way of starting one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from llmcourse.course.environment import ONE_THREAD, SMALL_VARIABLE, WORKSPACE_VARIABLE
from llmcourse.course.sandbox.inside import keeper

INSIDE = "/opt/sandbox/inside"
"""Where the scripts of `inside` are, in the room."""
INSIDE_LIBRARY = "/library"
"""Where the library is, in the room."""
INSIDE_ID = 1000
"""The user and the group of a process, as it sees them."""
OUTSIDE_ID = 64_983
"""The same as seen from outside when the grader is root: a number that nobody has."""

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sys/devices/system/cpu")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
STUBS = {
    "/etc/passwd": f"root:x:0:0::/:/bin/false\nlearner:x:{INSIDE_ID}:{INSIDE_ID}::{keeper.SCRATCH}/home:/bin/sh\n",
    "/etc/group": f"root:x:0:\nlearner:x:{INSIDE_ID}:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
"""Small files in the place of the machine's own."""


@dataclass(frozen=True)
class Limits:
    """What a process and all that it starts may use. Wall time and output are the caller's to limit.

    Attributes:
        memory_bytes: Private memory of each process (RLIMIT_DATA), and memory of all its processes together, which is
            looked at a few times a second: the process is ended when it is above.
        processes: Processes and threads together.
        open_files: Descriptors of each process.
        file_bytes: Size of one file.
        cpu_seconds: Processor time of each process, and of all its processes together.
        cores: How much processor time they get together in a second; who has used more stands still meanwhile. 0 for as
            much as there is.
        scratch_bytes: Size of the scratch folder, and of /dev/shm; both are memory that `memory_bytes` does not count.

    Raises:
        ValueError: A limit is too small for a process to start under it.
    """

    memory_bytes: int = 3 << 30
    processes: int = 128
    open_files: int = 512
    file_bytes: int = 256 << 20
    cpu_seconds: int = 900
    cores: int = 1
    scratch_bytes: int = 512 << 20

    def __post_init__(self) -> None:
        least = {
            "memory_bytes": 512 << 20,
            "processes": 32,
            "open_files": 64,
            "file_bytes": 1 << 20,
            "cpu_seconds": 1,
            "cores": 0,
            "scratch_bytes": 1 << 20,
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least[field.name]:
                raise ValueError(
                    f"{field.name}={value!r}: a process needs an integer of at least {least[field.name]:,}"
                )


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """All the variables that a process has; none of them is the grader's.

    Raises:
        TypeError: A name or a value of `extra` is not a string.
    """
    scratch = keeper.SCRATCH
    for name, value in extra.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"environment variable {name!r}={value!r}: both must be strings")
    return {
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "USER": "learner",
        "HOME": f"{scratch}/home",
        "TMPDIR": f"{scratch}/tmp",
        "IPYTHONDIR": f"{scratch}/ipython",
        "MPLCONFIGDIR": f"{scratch}/matplotlib",
        WORKSPACE_VARIABLE: f"{scratch}/workspace",
        SMALL_VARIABLE: "1",
        "PYTHONPATH": INSIDE_LIBRARY,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **ONE_THREAD,
        **extra,
    }


def visible_paths() -> list[Path]:
    """What of this machine a process sees, read-only, under the same path: the system's programs and this Python.

    Never the folder around a virtual environment, or around an interpreter that lies in somebody's home.
    """
    system = [Path(path) for path in (*SYSTEM_FOLDERS, *SYSTEM_FILES) if os.path.lexists(path)]
    python = [Path(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix)]
    python += [path.resolve() for path in python]
    return [*system, *(path for path in dict.fromkeys(python) if not path.is_relative_to("/usr"))]


def package_of(library: Path) -> Path:
    """The package in a library folder: all of the folder that a process sees, whatever else stands there.

    Raises:
        ValueError: There is no package `llmcourse` in the folder.
    """
    package = Path(library).resolve() / "llmcourse"
    if not (package / "__init__.py").is_file():
        raise ValueError(f"library={str(library)!r}: it must hold a package `llmcourse`")
    return package
