"""Folders for the time of a run, which the next run removes when this one was killed.

Each holds a file that its process has locked; the system lets go of the lock when the process ends, however that
happens, so a folder whose lock can be had is nobody's any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX, HELD = "llmcourse-run-", ".held"


class Scratch:
    """A folder in the system's temporary directory, as long as this process wants it.

    Args:
        kind: What it is for, as a part of its name.
    """

    def __init__(self, kind: str):
        self.name = tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-")
        self._held = os.open(Path(self.name, HELD), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def cleanup(self) -> None:
        """Remove it, with all that is in it."""
        shutil.rmtree(self.name, ignore_errors=True)
        with suppress(OSError):
            os.close(self._held)


def remove_left_over() -> list[str]:
    """Remove the folders of runs that were killed; returns their names."""
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            held = os.open(folder / HELD, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:  # just being made, or somebody else's
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
        finally:
            os.close(held)
    return removed
