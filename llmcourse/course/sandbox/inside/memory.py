"""How much memory all processes of a namespace hold together."""

from __future__ import annotations

import os


def above(limit: int) -> int:
    """Bytes of memory that the processes of this namespace hold, its first apart, if that is above the limit; else 0.

    What a process holds is quick to read; what it shares with its forks is not, and only needed when the sum of the
    former is above the limit.
    """
    pids = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    if sum(_kilobytes(f"/proc/{pid}/status", (b"RssAnon:", b"RssShmem:")) for pid in pids) * 1024 <= limit:
        return 0
    used = sum(_kilobytes(f"/proc/{pid}/smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:")) for pid in pids) * 1024
    return used if used > limit else 0


def _kilobytes(path: str, names: tuple[bytes, ...]) -> int:
    """The sum of some lines of a file of /proc; 0 for a process that has ended."""
    try:
        with open(path, "rb") as file:
            return sum(int(line.split()[1]) for line in file.read().splitlines() if line.startswith(names))
    except (FileNotFoundError, ProcessLookupError):
        return 0
