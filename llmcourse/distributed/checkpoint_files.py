"""A sharded checkpoint as files: what it is called, what it says of itself, whether it is what was written."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from llmcourse.distributed.group import Group
from llmcourse.files import CheckpointError

ABOUT = "run.json"
"""The file of a checkpoint that is written last: step, settings, the optimizer's groups, and every other file's sum."""
UNFINISHED = ".unfinished"
"""How the name of a folder ends in which a checkpoint is being written, or was when its run was killed."""


def sharded_checkpoint_path(folder: str | Path, step: int) -> Path:
    """Where the sharded checkpoint of a run lies.

    Example:
        >>> sharded_checkpoint_path("run", 7).as_posix()
        'run/checkpoints/step-00000007'
    """
    return Path(folder) / "checkpoints" / f"step-{step:08d}"


def all_sharded_checkpoints(folder: str | Path) -> list[Path]:
    """The sharded checkpoints in a run's folder, the one with the fewest steps first."""
    return sorted(path for path in (Path(folder) / "checkpoints").glob("step-*") if path.is_dir())


def last_good(folder: str | Path) -> str:
    """Where the last checkpoint in a run's folder is that has been written to its end, in words.

    Example:
        >>> last_good("a folder that is not there")
        'there is no checkpoint'
    """
    found = all_sharded_checkpoints(folder)
    return f"the last good checkpoint is {found[-1]}" if found else "there is no checkpoint"


def steps_of(path: Path) -> int:
    """How many steps the run had done, by the name of its checkpoint."""
    return int(path.name.removeprefix("step-"))


def sums(folder: Path, pattern: str) -> dict[str, list[int]]:
    """Size and CRC-32 of files by name."""
    return {path.name: _sum(path) for path in sorted(folder.glob(pattern))}


def _sum(path: Path) -> list[int]:
    size = crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            size, crc = size + len(block), zlib.crc32(block, crc)
    return [size, crc]


def read_about(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint says of itself.

    Raises:
        CheckpointError: It does not, or not to the end.
    """
    try:
        return json.loads((checkpoint / ABOUT).read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{checkpoint} is not whole: its {ABOUT} is missing or cut off") from error


def why_damaged(checkpoint: Path, group: Group) -> str | None:
    """Why a checkpoint is not what was written, as far as this rank's share of its files tells."""
    try:
        files = read_about(checkpoint)["files"]
    except CheckpointError as error:
        return str(error)
    for name in sorted(files)[group.rank :: group.size]:
        if not (checkpoint / name).exists():
            return f"{checkpoint} is not whole: its {name} is missing"
        if _sum(checkpoint / name) != files[name]:
            return f"{checkpoint} is damaged: its {name} is not what was written"
    return None
