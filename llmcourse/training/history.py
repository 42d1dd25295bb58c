"""Where the numbers of a run go: memory, one JSON line a row, and TensorBoard if it is asked for (chapter 3)."""

import json
import os
from pathlib import Path
from typing import Any


class Metrics:
    """The rows of a run, kept in memory and, in a folder, written at once: a killed run loses no row.

    Attributes:
        rows: All rows so far, those of the run that is resumed included.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for steps in (3, 2):  # the second run resumes after two steps
        ...         metrics = Metrics(folder, done=0 if steps == 3 else 2)
        ...         for step in range(len(metrics.rows) + 1, 4):
        ...             metrics.write({"step": step, "loss": 4.0 / step})
        ...         metrics.close()
        ...     read_metrics(folder) == metrics.rows, [row["step"] for row in metrics.rows]
        (True, [1, 2, 3])
    """

    def __init__(self, folder: str | Path | None, done: int = 0, tensorboard: bool = False):
        """Open a run's metrics; what an earlier run wrote after `done` steps is dropped, for it is computed again.

        Args:
            folder: Of the run; None keeps the rows in memory only.
            done: Steps done before this run.
            tensorboard: Whether to write TensorBoard's event files too.

        Raises:
            ValueError: TensorBoard is asked for without a folder.
            ModuleNotFoundError: TensorBoard is asked for and not installed.
        """
        if tensorboard and folder is None:
            raise ValueError("tensorboard=True needs a folder for its files")
        self.rows: list[dict[str, Any]] = []
        self._path: Path | None = None
        self._writer = _open_tensorboard(Path(folder), done) if tensorboard else None
        if folder is not None:
            path = Path(folder) / "metrics.jsonl"
            self.rows = [row for row in read_metrics(folder) if row["step"] <= done]
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text("".join(json.dumps(row) + "\n" for row in self.rows), encoding="utf-8")
            os.replace(unfinished, path)
            self._path = path

    def write(self, row: dict[str, Any]) -> None:
        """Keep a row; `step` is the number of steps done."""
        self.rows.append(row)
        if self._path is not None:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        if self._writer is not None:
            for name, value in row.items():
                add = self._writer.add_text if isinstance(value, str) else self._writer.add_scalar
                if name != "step":
                    add(name, value, row["step"])

    def close(self) -> None:
        """Close TensorBoard's files; a row is on its way to the disk as soon as `write` returns."""
        if self._writer is not None:
            self._writer.close()


def read_metrics(folder: str | Path) -> list[dict[str, Any]]:
    """The rows that a run has written; the last line of a run that was killed may be cut, and is left out.

    >>> read_metrics("a folder that is not there")
    []
    """
    path = Path(folder) / "metrics.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else [""]
    return [json.loads(line) for line in lines[:-1]]


def _open_tensorboard(folder: Path, done: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        message = (
            "TensorBoard is not installed: pip install tensorboard, or leave it; metrics.jsonl has the same numbers"
        )
        raise ModuleNotFoundError(message) from None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=done + 1)
