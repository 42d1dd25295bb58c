"""Files that are whole or not there: whoever reads one sees the old content or the new, never a part."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or could not be written; the message says which, and why."""


def write_atomically(
    path: str | Path, content: str | bytes | Callable[[BinaryIO], object], *, sync: bool = False
) -> None:
    """Write a file under another name in the same folder, then rename it: a rename within a folder is atomic.

    A process that is killed while it writes leaves what was there before. Two writers at the same time do not mix; the
    last one to finish wins.

    Args:
        path: The file; its folder is made where there is none.
        content: A text (written as UTF-8, its line ends unchanged), bytes, or a function that writes to an open file.
        sync: Force the bytes to the disk first, so that the file outlives the machine's power, not only this process.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atomically(Path(folder, "runs", "note.txt"), "done")
        ...     Path(folder, "runs", "note.txt").read_text(), len(os.listdir(Path(folder, "runs")))
        ('done', 1)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".unfinished")
    try:
        with os.fdopen(handle, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(unfinished, 0o644)  # a temporary file is its owner's alone
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
