"""Checkpoints of one process: everything that a run needs to go on as if it had never stopped (chapter 3).

That is the parameters, the optimizer's state, the number of steps done and the state of the random numbers. Data and
schedule are functions of the step, so they need nothing.
"""

import os
from pathlib import Path
from typing import Any

import torch
from torch import nn


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
        raise ValueError(f"keep is {keep}; at least 1 checkpoint must stay")
    path = Path(folder) / "checkpoints" / f"step-{step:08d}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"step": step, "config": _plain(config), "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    state |= {"random": torch.get_rng_state(), "random_cuda": torch.cuda.get_rng_state_all()}
    unfinished = path.with_suffix(".unfinished")
    with open(unfinished, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
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


def latest_checkpoint(folder: str | Path) -> Path | None:
    """The checkpoint with the most steps in a run's folder, None if there is none.

    >>> latest_checkpoint("a folder that is not there") is None
    True
    """
    return max((Path(folder) / "checkpoints").glob("step-*.pt"), default=None)


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU: `step`, `config`, `model`, `optimizer`, `random`, `random_cuda`.

    Only tensors and plain values are read: a file from a stranger cannot run code.
    """
    return torch.load(path, map_location="cpu", weights_only=True)


def restore(state: dict[str, Any], model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Put a checkpoint's state into a model and, to go on training, into its optimizer and the random numbers.

    Args:
        state: What `load_checkpoint` gives.
        model: Of the same shape as the one saved.
        optimizer: Over the model's parameters, of the same kind as the one saved; None to use the model only.
    """
    model.load_state_dict(state["model"])
    if optimizer is not None:
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if len(state["random_cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["random_cuda"])
