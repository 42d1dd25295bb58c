"""Checkpoints of one process: everything that a run needs to go on as if it had never stopped (chapter 3).

That is the parameters, the optimizer's state and the number of steps done. Data, schedule and random numbers are
functions of the step, so they need nothing.
"""

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from llmcourse.distributed.group import ALONE, Group
from llmcourse.files import write_atomically


def save_checkpoint(
    folder: str | Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: dict[str, Any],
    keep: int = 2,
) -> Path:
    """Write a checkpoint that is either whole or not there.

    It is written under another name, forced to the disk, and renamed: a rename within a folder is atomic, so a run that
    is killed while it writes leaves the checkpoint before this one untouched.

    Args:
        folder: The run's folder; made if it is not there.
        step: Steps done.
        model: Its parameters and buffers are saved.
        optimizer: Its state is saved.
        config: The run's settings, as plain numbers and strings.
        keep: How many checkpoints stay, at least 1; older ones are deleted.

    Returns:
        The file.

    Raises:
        ValueError: `keep` is below 1.

    Example:
        >>> import tempfile
        >>> model = nn.Linear(2, 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save_checkpoint(folder, 7, model, torch.optim.SGD(model.parameters(), lr=0.1), {})
        ...     path.name, load_checkpoint(path)["step"], latest_checkpoint(folder) == path
        ('step-00000007.pt', 7, True)
    """
    if keep < 1:
        raise ValueError(f"keep is {keep!r}; it must be at least 1")
    path = checkpoint_path(folder, step)
    state = {"step": step, "config": _plain(config), "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    write_atomically(path, lambda file: torch.save(state, file), sync=True)
    for old in sorted(path.parent.glob("step-*.pt"))[:-keep]:
        old.unlink()
    return path


def _plain(value: Any) -> Any:
    """Settings without subclasses of int, as `asdict` of a `ModelConfig` has: `weights_only` refuses to read them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def checkpoint_path(folder: str | Path, step: int) -> Path:
    """Where the checkpoint of a run lies.

    Example:
        >>> checkpoint_path("run", 7).as_posix()
        'run/checkpoints/step-00000007.pt'
    """
    return Path(folder) / "checkpoints" / f"step-{step:08d}.pt"


def latest_checkpoint(folder: str | Path) -> Path | None:
    """The checkpoint with the most steps in a run's folder, None if there is none.

    Example:
        >>> latest_checkpoint("a folder that is not there") is None
        True
    """
    return max((Path(folder) / "checkpoints").glob("step-*.pt"), default=None)


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU: `step`, `config`, `model`, `optimizer`.

    Only tensors and plain values are read: a file from a stranger cannot run code.
    """
    return torch.load(path, map_location="cpu", weights_only=True)


def restore(state: dict[str, Any], model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Put a checkpoint's state into a model and, to go on training, into its optimizer.

    Args:
        state: What `load_checkpoint` gives.
        model: Of the same shape as the one saved.
        optimizer: Over the model's parameters, of the same kind as the one saved; None to use the model only.
    """
    model.load_state_dict(state["model"])
    if optimizer is not None:
        optimizer.load_state_dict(state["optimizer"])


class CheckpointStore(Protocol):
    """Where the training loop keeps the state of a run. Every process of a run calls each method at the same time."""

    def latest(self) -> Path | None:
        """The checkpoint with the most steps, None if there is none."""

    def settings(self, checkpoint: Path) -> dict[str, Any]:
        """The settings of the run that a checkpoint belongs to."""

    def restore(self, checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Put a checkpoint's state into model and optimizer; returns how many steps it has done."""

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, config: dict[str, Any]) -> Path:
        """Keep the state after `step` steps; the checkpoint is there for all when this returns."""


class Checkpoints:
    """Checkpoints as whole files, for models that every process has whole: the first process writes, all read.

    Args:
        folder: The run's folder, the same for every process.
        group: Who takes part in the run.
        keep: How many checkpoints stay, at least 1.
    """

    def __init__(self, folder: str | Path, group: Group = ALONE, keep: int = 2) -> None:
        self.folder, self.group, self.keep = Path(folder), group, keep
        self._read: tuple[Path, dict[str, Any]] | None = None

    def latest(self) -> Path | None:
        """The checkpoint with the most steps, None if there is none."""
        return latest_checkpoint(self.folder)

    def settings(self, checkpoint: Path) -> dict[str, Any]:
        """The settings of the run that a checkpoint belongs to."""
        return self._state(checkpoint)["config"]

    def restore(self, checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Put a checkpoint's state into model and optimizer; returns how many steps it has done."""
        state = self._state(checkpoint)
        self._read = None  # as large as the model and its optimizer together
        restore(state, model, optimizer)
        return state["step"]

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, config: dict[str, Any]) -> Path:
        """Keep the state after `step` steps; the checkpoint is there for all when this returns."""
        path = checkpoint_path(self.folder, step)
        if self.group.is_first:
            save_checkpoint(self.folder, step, model, optimizer, config, self.keep)
        self.group.barrier()
        return path

    def _state(self, checkpoint: Path) -> dict[str, Any]:
        if self._read is None or self._read[0] != checkpoint:
            self._read = checkpoint, load_checkpoint(checkpoint)
        return self._read[1]
