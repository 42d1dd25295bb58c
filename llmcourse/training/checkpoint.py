"""Checkpoints of one process: everything that a run needs to go on as if it had never stopped (chapter 3).

That is the parameters, the optimizer's state and the number of steps done. Data, schedule and random numbers are
functions of the step, so they need nothing.
"""

import warnings
import zipfile
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from llmcourse.distributed.group import ALONE, Group
from llmcourse.files import CheckpointError, write_atomically
from llmcourse.model.weights import load_weights, named_weights
from llmcourse.values import is_plain, plain

PARTS = ("step", "config", "model", "optimizer")


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
        model: Its parameters and buffers are saved, under the same names whether it is compiled or not.
        optimizer: Its state is saved.
        config: The run's settings: numbers, strings and None, in dictionaries, lists and tuples.
        keep: How many checkpoints stay, at least 1; older ones are deleted.

    Returns:
        The file.

    Raises:
        ValueError: `keep` is below 1, or a setting is nothing that could be read back; the message names it.

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
    # `weights_only` reads neither NumPy's numbers nor subclasses of Python's: an optimizer's rate may be one too.
    settings, state = plain(config), plain(optimizer.state_dict())
    for name, value in settings.items():
        if not is_plain(value):
            raise ValueError(f"config[{name!r}] is {value!r}; it must be made of numbers, strings and None")
    path = checkpoint_path(folder, step)
    whole = {"step": int(step), "config": settings, "model": named_weights(model), "optimizer": state}
    write_atomically(path, lambda file: torch.save(whole, file), sync=True)
    # What claims to be of a later step is no reason to delete what has just been written.
    for old in [other for other in all_checkpoints(folder) if other <= path][:-keep]:
        old.unlink()
    return path


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
    return max(all_checkpoints(folder), default=None)


def all_checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoints in a run's folder, the one with the fewest steps first."""
    return sorted((Path(folder) / "checkpoints").glob("step-*.pt"))


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU: `step`, `config`, `model`, `optimizer`.

    Only tensors and plain values are read: a file from a stranger cannot run code.

    Raises:
        CheckpointError: The file is cut off, damaged, or no checkpoint; the message names it.
        OSError: There is no such file, or it may not be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # PyTorch does not look at the sums: a flipped bit would be another weight
        if damaged is not None:
            raise CheckpointError(f"{path} is damaged: its part {damaged} is not what was written")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, CheckpointError):
        raise
    except Exception as error:  # what reading a damaged file ends in can be any error
        why = f"{error}".strip().partition("\n")[0]
        raise CheckpointError(f"{path} cannot be read, it is cut off or no checkpoint ({why})") from error
    missing = [name for name in PARTS if not isinstance(state, dict) or name not in state]
    if missing:
        raise CheckpointError(f"{path} is no checkpoint, as it lacks {', '.join(missing)}")
    return state


def restore(state: dict[str, Any], model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Put a checkpoint's state into a model and, to go on training, into its optimizer.

    Args:
        state: What `load_checkpoint` gives.
        model: Of the same shape as the one saved; one may be compiled and the other not.
        optimizer: Over the model's parameters, of the same kind as the one saved; None to use the model only.
    """
    load_weights(model, state["model"])
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
        """Keep the state after `step` steps; the checkpoint is there for all when `wait` returns."""

    def wait(self) -> None:
        """Wait until what was saved is there."""


class Checkpoints:
    """Checkpoints as whole files, for models that every process has whole: the first process writes, all read.

    Where the newest file is cut off or damaged, the one before counts as the latest, and a warning names the damaged
    one. It is kept under another name (`.damaged` behind it) as soon as the run goes on.

    Args:
        folder: The run's folder, the same for every process.
        group: Who takes part in the run.
        keep: How many checkpoints stay, at least 1.
    """

    def __init__(self, folder: str | Path, group: Group = ALONE, keep: int = 2) -> None:
        self.folder, self.group, self.keep = Path(folder), group, keep
        self._read: tuple[Path, dict[str, Any]] | None = None
        self._damaged: list[Path] = []

    def latest(self) -> Path | None:
        """The checkpoint with the most steps that can be read, None if there is none at all.

        Raises:
            CheckpointError: There are checkpoints, and none can be read: to start afresh would overwrite the run.
        """
        self._damaged = []
        problems = []
        for path in reversed(all_checkpoints(self.folder)):
            try:
                self._state(path)
            except CheckpointError as error:
                self._damaged.append(path)
                problems.append(str(error))
                continue
            if problems and self.group.is_first:
                warnings.warn(f"{'; '.join(problems)}. The run goes on from {path}", stacklevel=2)
            return path
        if problems:
            raise CheckpointError(f"{'; '.join(problems)}; to start afresh take another folder")
        return None

    def settings(self, checkpoint: Path) -> dict[str, Any]:
        """The settings of the run that a checkpoint belongs to."""
        return self._state(checkpoint)["config"]

    def restore(self, checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Put a checkpoint's state into model and optimizer; returns how many steps it has done."""
        state = self._state(checkpoint)
        self._read = None  # as large as the model and its optimizer together
        restore(state, model, optimizer)
        if self.group.is_first:
            for path in self._damaged:
                path.rename(path.with_name(path.name + ".damaged"))
        self._damaged = []
        return state["step"]

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, config: dict[str, Any]) -> Path:
        """Keep the state after `step` steps; the checkpoint is there for all when this returns."""
        path = checkpoint_path(self.folder, step)
        if self.group.is_first:
            save_checkpoint(self.folder, step, model, optimizer, config, self.keep)
        self.group.barrier()
        return path

    def wait(self) -> None:
        """Nothing: what was saved is there."""

    def _state(self, checkpoint: Path) -> dict[str, Any]:
        if self._read is None or self._read[0] != checkpoint:
            self._read = checkpoint, load_checkpoint(checkpoint)
        return self._read[1]
