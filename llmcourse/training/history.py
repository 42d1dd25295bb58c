"""What a run has measured: in memory, a JSON line a row, TensorBoard, Weights & Biases if asked for (chapter 3)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypedDict

from llmcourse.distributed.group import ALONE, Group
from llmcourse.files import write_atomically

FILE = "history.jsonl"
"""What the rows are written to in a run's folder."""


class Row(TypedDict, total=False):
    """What a run knows after a step; what was not looked at is not there.

    Attributes:
        step: Steps done.
        loss: Of the last step's batch, before that step, in nats per token.
        lr: The learning rate of that step, the largest if groups of parameters differ.
        grad_norm: The norm of its gradient before clipping.
        tokens_per_second: Tokens trained on a second, of all processes together, since the row before.
        val_loss: The loss on validation data, in nats per token.
        sample: A text that the model has written.
        skipped: Steps since the row before that were left out, as their loss or gradient was not finite.
        expert_load_max: Of layers with experts, in that step: the largest load of an expert, in multiples of an even
            one.
        dead_experts: How many experts got no token, all layers together.
        dropped_share: The part of all choices that found their expert full.
        router_entropy: Of a token's scores, in nats, mean over tokens and layers.
        balance_loss, z_loss: Without their weights, means over layers; they are no part of `loss`.
    """

    step: int
    loss: float
    lr: float
    grad_norm: float
    tokens_per_second: int
    val_loss: float
    sample: str
    skipped: int
    expert_load_max: float
    dead_experts: int
    dropped_share: float
    router_entropy: float
    balance_loss: float
    z_loss: float


class History:
    """The rows of a run, kept in memory and, in a folder, written at once: a killed run loses no row.

    A context manager, so that an interrupted run leaves TensorBoard's files closed.

    Attributes:
        rows: All rows so far, those of the run that is resumed included.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for done in (0, 2):  # the second run resumes after two steps
        ...         with History(folder, done) as history:
        ...             for step in range(done + 1, 4):
        ...                 history.write({"step": step, "loss": 4.0 / step})
        ...     read_history(folder) == history.rows, [row["step"] for row in history.rows]
        (True, [1, 2, 3])
    """

    def __init__(
        self,
        folder: str | Path | None,
        done: int = 0,
        tensorboard: bool = False,
        group: Group = ALONE,
        wandb: bool = False,
    ):
        """Open a run's history; what an earlier run wrote after `done` steps is dropped, for it is computed again.

        Args:
            folder: Of the run; None keeps the rows in memory only.
            done: Steps done before this run.
            tensorboard: Whether to write TensorBoard's event files too.
            group: Who takes part in the run: every process keeps the rows, the first writes them.
            wandb: Whether to log to Weights & Biases too, as a run with the folder's name; its own settings, such as
                `WANDB_MODE=offline`, hold.

        Raises:
            ValueError: TensorBoard or Weights & Biases is asked for without a folder.
            ModuleNotFoundError: It is asked for and not installed.
        """
        for name, asked in (("tensorboard", tensorboard), ("wandb", wandb)):
            if asked and folder is None:
                raise ValueError(f"folder is None; it must be a folder, as {name} is True")
        self.rows: list[Row] = []
        self._path: Path | None = None
        self._writer: Any = None
        self._logged: Any = None
        if folder is None:
            return
        self.rows = [row for row in read_history(folder) if row["step"] <= done]
        if not group.is_first:
            return
        self._writer = _open_tensorboard(Path(folder), done) if tensorboard else None
        self._logged = _open_wandb(Path(folder)) if wandb else None
        self._path = Path(folder) / FILE
        write_atomically(self._path, _lines(self.rows))

    def __enter__(self) -> "History":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def write(self, row: Row) -> None:
        """Keep a row; `step` is the number of steps done."""
        self.rows.append(row)
        if self._path is not None:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(_lines([row]))
        self._show(row, row["step"])

    def _show(self, seen: Row, step: int) -> None:
        """Write to TensorBoard, and to Weights & Biases."""
        if self._logged is not None:
            self._logged.log({name: value for name, value in seen.items() if name != "step"}, step=step)
        if self._writer is not None:
            for name, value in seen.items():
                add = self._writer.add_text if isinstance(value, str) else self._writer.add_scalar
                if name != "step":
                    add(name, value, step)

    def add(self, seen: Row) -> None:
        """Add to the last row what was looked at only after it was written."""
        self.rows[-1] |= seen
        if self._path is not None:
            write_atomically(self._path, _lines(self.rows))
        self._show(seen, self.rows[-1]["step"])

    def close(self) -> None:
        """Close TensorBoard's files; a row is on its way to the disk as soon as `write` returns."""
        if self._writer is not None:
            self._writer.close()
        if self._logged is not None:
            self._logged.finish()


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def read_history(folder: str | Path) -> list[Row]:
    """The rows that a run has written; what a run that was killed, or a power cut, left half written is left out.

    That is a last line without its end, and zeros, with which file systems fill what never reached the disk.

    Raises:
        ValueError: Another line is no row; the message names the file and the line.

    Example:
        >>> read_history("a folder that is not there")
        []
    """
    path = Path(folder) / FILE
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else [""]
    rows = ((number, line.strip("\0")) for number, line in enumerate(lines[:-1], start=1))
    return [_row(path, number, line) for number, line in rows if line]


def _row(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            return Row(**row)
    except ValueError:
        pass
    shown = line if len(line) <= 60 else f"{line[:60]}..."
    raise ValueError(f"line {number} of {path} is {shown!r}; it must be a JSON object with a step")


def _open_tensorboard(folder: Path, done: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        message = f"TensorBoard is not installed; pip install tensorboard, or leave it, as {FILE} has the same numbers"
        raise ModuleNotFoundError(message) from None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=done + 1)


def _open_wandb(folder: Path) -> Any:
    try:
        import wandb
    except ImportError:
        message = f"wandb is not installed; pip install wandb, or leave it, as {FILE} has the same numbers"
        raise ModuleNotFoundError(message) from None
    # Steps that a resumed run computes again are not logged again: a run there never goes back.
    name = folder.resolve().name
    return wandb.init(project="llmcourse", dir=str(folder), id=name, name=name, resume="allow")
