"""Checkpoints that every rank writes a part of, and that any number of ranks can read (chapter 4).

PyTorch's distributed checkpoint (DCP) knows which rows of a sharded tensor lie in which file. What it leaves to its
caller is here:

- A checkpoint is a folder that gets its name when all ranks have written their parts. A second save into one folder
  that stops half-way would leave parts of both, which DCP loads as a mixture and says nothing.
- What is not sharded must be the same on all ranks: DCP would keep one rank's, and choose it by the sizes of others.
- DCP's error is not an `Exception`, so that `except Exception` lets it pass.
- A file that was cut off or changed is found by its sum, before anything is put into the model.
"""

from __future__ import annotations

import functools
import json
import secrets
import shutil
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.tensor import DTensor

from llmcourse.distributed.boxes import SlicesLoaded, SlicesSaved
from llmcourse.distributed.checkpoint_files import (
    ABOUT,
    UNFINISHED,
    all_sharded_checkpoints,
    last_good,
    read_about,
    sharded_checkpoint_path,
    steps_of,
    sums,
    why_damaged,
)
from llmcourse.distributed.checkpoint_state import (
    MODEL,
    places_of,
    require_agreement,
    require_same_groups,
    restore_optimizer,
    room_for,
    tensors_of,
    values_of,
)
from llmcourse.distributed.flat import Place
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.links import Processes
from llmcourse.distributed.shards import shards_of
from llmcourse.files import CheckpointError, write_atomically
from llmcourse.values import is_plain, plain

# DCP warns a process that is alone, and was told so. (`catch_warnings` is not for threads.)
warnings.filterwarnings("ignore", "torch.distributed is disabled, unavailable or uninitialized", UserWarning)


class ShardedCheckpoints:
    """Checkpoints as folders, of models that are in shards or whole, whatever strategy of `parallelize` trains them.

    Takes the place of `Checkpoints` in `train(..., checkpoints=...)`. Every process of the group calls each method at
    the same time. A run may go on with another number of processes, and under another strategy: what "zero1", "zero2"
    or "fsdp" saves has the same names and shapes in it as what "fsdp2" does, or a single process with a whole model.
    Each process writes its slices of the weights, and of what the optimizer keeps for them.

    Args:
        folder: The run's folder, the same for every process.
        group: Who takes part in the run.
        keep: How many of the newest checkpoints stay, at least 1.
        keep_every: Those whose steps are a multiple of this stay for good; None for none.
        belongs_to: What a checkpoint must have in common with the run that goes on from it, besides model and
            optimizer, such as the tokenizer: texts by name.
        in_background: Whether `save` returns as soon as the state has been copied, and writes while the run goes on. A
            checkpoint is then there when the next one is begun, when `wait` returns, or at the run's last step.

    Raises:
        ValueError: `keep` or `keep_every` is below 1, or the group's ranks are no processes.
    """

    def __init__(
        self,
        folder: str | Path,
        group: Group = ALONE,
        keep: int = 2,
        *,
        keep_every: int | None = None,
        belongs_to: Mapping[str, str] | None = None,
        in_background: bool = False,
    ) -> None:
        if keep < 1:
            raise ValueError(f"keep is {keep!r}; it must be at least 1")
        if keep_every is not None and keep_every < 1:
            raise ValueError(f"keep_every is {keep_every!r}; it must be at least 1, or None")
        if group.link is not None and not hasattr(group.link, "group"):
            raise ValueError(f"the group's link is {type(group.link).__name__}; it must be of real processes")
        self.folder, self.group, self.keep, self.keep_every = Path(folder), group, keep, keep_every
        self.belongs_to = dict(belongs_to or {})
        self._damaged: list[Path] = []
        self._writer = ThreadPoolExecutor(1, "checkpoint") if in_background else None
        # Messages of their own: those of a background write must not meet those of the training that goes on.
        self._writers = _for_background(group) if in_background else group
        self._pending: Future[Path] | None = None

    def latest(self) -> Path | None:
        """The checkpoint with the most steps that is whole, None if there is none at all.

        Each process holds a part of the files against the sums that were written. Where the newest is damaged the one
        before counts, and a warning names the damaged one; it is put aside as soon as the run goes on.

        Raises:
            CheckpointError: There are checkpoints, and none is whole: to start afresh would overwrite the run.
        """
        self.wait()
        self._damaged = []
        found = all_sharded_checkpoints(self.folder)
        if len({tuple(names) for names in self.group.gather([path.name for path in found])}) > 1:
            return max(found, default=None)  # the loop holds the ranks' answers against each other, and says so
        problems: list[str] = []
        for path in reversed(found):
            told = self.group.gather(why_damaged(path, self.group))
            if not any(told):
                if problems and self.group.is_first:
                    warnings.warn(f"{'; '.join(problems)}. The run goes on from {path}", stacklevel=2)
                return path
            self._damaged.append(path)
            problems.append(next(filter(None, told)))
        if problems:
            raise CheckpointError(f"{'; '.join(problems)}; to start afresh take another folder")
        return None

    def settings(self, checkpoint: Path) -> dict[str, Any]:
        """The settings of the run that a checkpoint belongs to."""
        return _with_tuples(read_about(checkpoint)["config"])

    def restore(self, checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Put a checkpoint's state into model and optimizer, which may be sharded in another way than they were.

        Returns:
            How many steps it has done.

        Raises:
            CheckpointError: It is of another model or optimizer (nothing has been changed), or cannot be read.
        """
        about = read_about(checkpoint)
        theirs = about.get("belongs_to", {})
        for name, ours in self.belongs_to.items():
            if theirs.get(name) != ours:
                raise CheckpointError(f"{checkpoint} is of another {name}: {theirs.get(name)}, and the run has {ours}")
        saved = self._all(lambda: dcp.FileSystemReader(checkpoint).read_metadata(), f"read {checkpoint}", self.group)
        require_same_groups(model, optimizer, about, checkpoint)
        tensors = room_for(model, saved.state_dict_metadata, checkpoint)
        planner = SlicesLoaded(places_of(model, tensors))
        self._all(
            lambda: dcp.load(tensors, checkpoint_id=checkpoint, planner=planner, **_among(self.group)),
            f"read {checkpoint}", self.group,
        )  # fmt: skip
        restore_optimizer(model, optimizer, tensors, about)
        if shards := shards_of(model):
            shards.refresh()
        if self.group.is_first:
            for path in self._damaged:
                path.rename(path.with_name(f".{path.name}.damaged"))
        self._damaged = []
        return int(about["step"])

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, config: dict[str, Any]) -> Path:
        """Keep the state after `step` steps.

        Returns:
            The folder. Unless it is written in the background it is there, for all, when this returns.

        Raises:
            CheckpointError: A rank could not write its part (the message names it), now or in the background since the
                last call; the checkpoints before are untouched.
            ValueError: What must be the same on all ranks is not, or a setting could not be read back; the message
                names it.
        """
        self.wait()
        settings = plain(config)
        if wrong := [name for name, value in settings.items() if not is_plain(value)]:
            raise ValueError(
                f"config[{wrong[0]!r}] is {config[wrong[0]]!r}; it must be made of numbers, strings and None"
            )
        tensors = tensors_of(model, optimizer)
        places = places_of(model, tensors)
        whole = {name: t for name, t in tensors.items() if name not in places and not isinstance(t, DTensor)}
        require_agreement(whole, self.group)
        about = {
            "step": int(step), "config": settings, "belongs_to": self.belongs_to, **values_of(model, optimizer)
        }  # fmt: skip
        path = sharded_checkpoint_path(self.folder, step)
        unfinished = self._new_folder(path)
        if self._writer is None:
            return self._finish(unfinished, path, about, lambda: _save(tensors, places, unfinished, self.group))
        planner = SlicesSaved(places)
        copied = dcp.async_save(tensors, checkpoint_id=unfinished, planner=planner, **_among(self._writers))
        self._pending = self._writer.submit(self._finish, unfinished, path, about, copied.result)
        if step == config.get("steps"):
            self.wait()
        return path

    def wait(self) -> None:
        """Wait until what is written in the background is there.

        Raises:
            CheckpointError: A rank could not write its part.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _finish(self, unfinished: Path, path: Path, about: dict[str, Any], write: Callable[[], Any]) -> Path:
        """Write into a folder under another name; the first rank gives it its own when all are done."""
        group = self._writers
        try:
            self._all(write, f"write {path}", group)
            told = group.gather(sums(unfinished, f"__{group.rank}_*"))
            files = {name: total for part in told for name, total in part.items()}
            publish = functools.partial(self._publish, unfinished, path, about, files) if group.is_first else _nothing
            self._all(publish, f"write {path}", group)
        except CheckpointError as error:
            if group.is_first:
                shutil.rmtree(unfinished, ignore_errors=True)
            raise CheckpointError(f"{error}; {last_good(self.folder)}") from error
        return path

    def _publish(self, unfinished: Path, path: Path, about: dict[str, Any], files: dict[str, list[int]]) -> None:
        """Give a folder, in which all ranks have written, its name, and delete checkpoints that are not kept."""
        files |= sums(unfinished, ".metadata")
        write_atomically(unfinished / ABOUT, json.dumps({**about, "files": files}), sync=True)
        shutil.rmtree(path, ignore_errors=True)
        unfinished.rename(path)
        # What claims to be of a later step is no reason to delete what has just been written.
        for old in [other for other in all_sharded_checkpoints(self.folder) if other <= path][: -self.keep]:
            if self.keep_every is None or steps_of(old) % self.keep_every:
                shutil.rmtree(old)

    def _new_folder(self, path: Path) -> Path:
        """An empty folder beside a checkpoint to be, which every rank sees when this returns; older ones are removed.

        Its name is new each time: a rank of an earlier attempt that has not noticed yet that it is alone must not write
        into it.
        """
        made = path.with_name(f".{path.name}.{self.group.gather(secrets.token_hex(4))[0]}{UNFINISHED}")

        def make() -> None:
            for left in path.parent.glob(f".step-*{UNFINISHED}"):
                shutil.rmtree(left, ignore_errors=True)
            made.mkdir(parents=True)

        self._all(make if self.group.is_first else _nothing, f"write {path}", self.group)
        return made

    @staticmethod
    def _all(work: Callable[[], Any], what: str, group: Group) -> Any:
        """Do something on every rank; if it fails on one, all raise the same error."""
        failed = result = None
        try:
            result = work()
        except (Exception, CheckpointException) as error:
            failed = _reason(error, group.rank)
        if wrong := dict.fromkeys(filter(None, group.gather(failed))):
            raise CheckpointError(f"could not {what} ({'; '.join(wrong)})")
        return result


def read_weights(checkpoint: str | Path) -> dict[str, torch.Tensor]:
    """The weights and buffers of the model in a sharded checkpoint, whole, read by this process alone.

    No model is needed for it, and nothing that the optimizer keeps is read.

    Args:
        checkpoint: Its folder, as `sharded_checkpoint_path` says.

    Returns:
        Tensors on the CPU by the names that the model had, in the dtypes in which they were saved.

    Raises:
        CheckpointError: The checkpoint is not whole, damaged, or cannot be read; the message names it.

    Example:
        >>> import tempfile
        >>> model = nn.Linear(2, 1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     saved = ShardedCheckpoints(folder).save(3, model, torch.optim.SGD(model.parameters()), {})
        ...     weights = read_weights(saved)
        >>> weights["weight"].equal(model.weight), weights["bias"].shape
        (True, torch.Size([1]))
    """
    checkpoint = Path(checkpoint)
    if why := why_damaged(checkpoint, ALONE):
        raise CheckpointError(why)

    def read() -> dict[str, torch.Tensor]:
        saved = dcp.FileSystemReader(checkpoint).read_metadata().state_dict_metadata
        tensors = {
            name: torch.zeros(entry.size, dtype=entry.properties.dtype)
            for name, entry in saved.items()
            if name.startswith(MODEL)
        }
        dcp.load(tensors, checkpoint_id=checkpoint, planner=SlicesLoaded({}), **_among(ALONE))
        return {name.removeprefix(MODEL): tensor for name, tensor in tensors.items()}

    return ShardedCheckpoints._all(read, f"read {checkpoint}", ALONE)


def _nothing() -> None:
    """What ranks other than the first do where only that one has something to do."""


def _save(tensors: dict[str, Any], places: Mapping[str, Place], folder: Path, group: Group) -> None:
    dcp.save(tensors, checkpoint_id=folder, planner=SlicesSaved(places), **_among(group))


def _among(group: Group) -> dict[str, Any]:
    """How DCP is told who takes part."""
    return {"no_dist": True} if group.link is None else {"process_group": group.link.group}  # type: ignore[attr-defined]


def _for_background(group: Group) -> Group:
    """The same processes with messages of their own, which travel between CPUs."""
    if group.link is None:
        return group
    members = dist.get_process_group_ranks(group.link.group or dist.group.WORLD)  # type: ignore[attr-defined]
    link = Processes(dist.new_group(members, backend="gloo", use_local_synchronization=True))
    return replace(group, device=torch.device("cpu"), link=link)


def _with_tuples(value: Any) -> Any:
    """Settings as they were: JSON has lists where settings have tuples."""
    if isinstance(value, dict):
        return {name: _with_tuples(inner) for name, inner in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _reason(error: BaseException, rank: int) -> str:
    """The reason at the bottom of an error, and the rank it comes from: DCP tells every rank of all that failed."""
    for failed_rank, (inner, _) in getattr(error, "failures", {}).items():
        return _reason(inner, failed_rank)
    return f"rank {rank}: {type(error).__name__}: {error}".strip().partition("\n")[0]
