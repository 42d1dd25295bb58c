"""How much memory all processes of a namespace hold together."""

from __future__ import annotations

import os

SOCKET_BYTES = 416 << 10
"""What can wait in a socket, in both directions, where the system's settings are as usual."""


def above(limit: int) -> int:
    """Bytes of memory that the processes of this namespace hold, its first apart, if that is above the limit; else 0.

    A socket counts with all that can wait in it: that is memory of the system's, which belongs to no process.

    What a process holds is quick to read; what it shares with its forks is not, and only needed when the sum of the
    former is above the limit.
    """
    pids = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    in_sockets = _sockets() * SOCKET_BYTES
    if in_sockets + sum(_kilobytes(f"/proc/{pid}/status", (b"RssAnon:", b"RssShmem:")) for pid in pids) * 1024 <= limit:
        return 0
    used = (
        in_sockets + sum(_kilobytes(f"/proc/{pid}/smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:")) for pid in pids) * 1024
    )
    return used if used > limit else 0


def _sockets() -> int:
    """How many sockets there are in this network namespace, also those that are on their way from one process to
    another."""
    try:
        with open("/proc/net/sockstat", encoding="ascii") as file:
            return int(file.readline().split()[2])
    except (OSError, IndexError, ValueError):
        return 0


def _kilobytes(path: str, names: tuple[bytes, ...]) -> int:
    """The sum of some lines of a file of /proc; 0 for a process that has ended."""
    try:
        with open(path, "rb") as file:
            return sum(int(line.split()[1]) for line in file.read().splitlines() if line.startswith(names))
    except (FileNotFoundError, ProcessLookupError):
        return 0
