"""The folder of a run: who writes to it, and how the run ended (chapter 7)."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmcourse.distributed.group import Group
from llmcourse.files import write_atomically
from llmcourse.pretrain.safety.stopping import AskedToLeave
from llmcourse.pretrain.settings.config import FILE, ConfigError, RunConfig, changes, read_run, write_run

LOCK, OUTCOME = ".lock", "outcome.json"


class FolderInUse(RuntimeError):
    """Another process writes to the folder of a run; the message says which."""


@contextmanager
def own_folder(config: RunConfig, group: Group) -> Iterator[Path]:
    """The folder of a run, this run's alone until the end of the block.

    The first rank holds a lock, which the system takes back when that process ends, however it ends. A folder that is
    there must belong to the same run; its settings that may change become these.

    Raises:
        FolderInUse: Another run is writing to it, on every rank.
        ConfigError: It belongs to a run with other settings (the message names them), on every rank.
    """
    folder, lock, wrong = Path(config.run.folder), None, None
    if group.is_first:
        try:
            lock = _locked(folder)
            _require_same_run(config, folder)
            _tidy(folder)
            write_run(config, folder)
            (folder / OUTCOME).unlink(missing_ok=True)
        except (OSError, FolderInUse, ConfigError) as error:
            wrong = error
    try:
        if told := next((error for error in group.gather(wrong) if error is not None), None):
            raise told
        yield folder
    except AskedToLeave:
        if lock is not None:
            write_outcome(folder, "stopped")
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _locked(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
        os.close(handle)
        raise FolderInUse(f"{folder} is being written to by {holder}; wait for it, or take another folder") from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
    return handle


def _tidy(folder: Path) -> None:
    """Delete files that a run which was killed was about to write."""
    for left in folder.glob(".*.unfinished"):
        left.unlink()


def _require_same_run(config: RunConfig, folder: Path) -> None:
    if not (folder / FILE).exists():
        return
    if changed := changes(read_run(folder), config):
        raise ConfigError(f"{folder} belongs to a run with other settings: {', '.join(changed)}; take another folder")


def write_outcome(folder: Path, outcome: str, **more: Any) -> None:
    """Keep how a run ended: "finished", "stopped" (it can go on) or "failed", and what else there is to say."""
    write_atomically(folder / OUTCOME, json.dumps({"outcome": outcome, **more}, indent=1) + "\n")


def read_outcome(folder: str | Path) -> dict[str, Any] | None:
    """How a run ended; None where it has not, or was killed."""
    path = Path(folder) / OUTCOME
    return json.loads(path.read_text()) if path.exists() else None
