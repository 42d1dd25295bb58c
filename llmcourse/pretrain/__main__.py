"""`torchrun -m llmcourse.pretrain CONFIG [section.field=value ...]`: train a model, or go on with it (chapter 7).

Its status: 0 when the run has ended, 75 when it was asked to leave (SIGTERM, SIGUSR1) and saved what it had, 2 for
settings that no run can have, 70 for a rank that hung, 1 for anything else. `torchrun` makes 1 of all but 0; the run's
folder has the outcome in `outcome.json`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence

import torch

from llmcourse.distributed.sharded_checkpoint import last_good
from llmcourse.distributed.torchrun import CannotJoin, joined
from llmcourse.files import CheckpointError
from llmcourse.pretrain.run.engine import pretrain
from llmcourse.pretrain.safety.folder import FolderInUse
from llmcourse.pretrain.safety.stopping import SIGNALS, STOPPED, AskedToLeave, Stopping
from llmcourse.pretrain.safety.waiting import RankLost
from llmcourse.pretrain.safety.whose import piece_that_failed
from llmcourse.pretrain.settings.config import ConfigError, RunConfig, load
from llmcourse.training.loop import NonFiniteLossError

BAD_SETTINGS = 2
EXPECTED = (ConfigError, CannotJoin, FolderInUse, CheckpointError, NonFiniteLossError)
"""Errors whose message says everything."""
LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "remote process exited")
"""What PyTorch says, gloo or NCCL, when the process at the other end of a message is gone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its status."""
    parser = argparse.ArgumentParser(prog="llmcourse.pretrain", description="Train a model, or go on with it.")
    parser.add_argument("config", help="a TOML file, or a plan's JSON file")
    parser.add_argument("changes", nargs="*", metavar="section.field=value", help="fields that are to be others")
    parser.add_argument("--check", type=int, metavar="RANKS", help="only say what a rank of so many would need")
    parser.add_argument("--gpu", help="with --check: refuse what has no room in one of these, such as h100")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    asked = parser.parse_intermixed_args(arguments)
    is_first = os.environ.get("RANK", "0") == "0"
    try:
        config = load(asked.config, asked.changes)
        config.require_ranks(asked.check or int(os.environ.get("WORLD_SIZE", "1")))
    except ConfigError as error:
        if os.environ.get("LOCAL_RANK", "0") == "0":  # the file may be another one on each machine
            print(f"error: {error}", file=sys.stderr)
        return BAD_SETTINGS
    if asked.check:
        from llmcourse.pretrain.run.on_paper import on_paper

        try:
            print(on_paper(config, asked.check, asked.gpu))
        except ConfigError as error:
            print(f"error: {error}", file=sys.stderr)
            return BAD_SETTINGS
        return 0
    return run(config, progress=not asked.quiet, is_first=is_first)


def run(
    config: RunConfig, *, progress: bool = True, is_first: bool = True, signals: Sequence[signal.Signals] = SIGNALS
) -> int:
    """Train as one of the ranks that a launcher has started, or alone; returns the status of this process.

    Args:
        config: The settings.
        progress: Whether the first rank shows a bar.
        is_first: Whether this process tells what all would.
        signals: Which ask the run to leave.
    """
    device = config.run.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    # A launcher sends SIGTERM to all ranks when the first one fails: what is wrong is said all the same.
    with Stopping(signals) as stopping:
        try:
            with joined(device, config.run.timeout_s * 3) as group:
                outcome = pretrain(config, group, progress=progress, tell=tell, stopping=stopping)
        except (Exception, AskedToLeave) as error:
            stopping.finish_steps()
            return tell_what_failed(config, error, is_first)
    if is_first:
        if outcome.is_stopped:
            print(f"asked to leave: saved as {outcome.checkpoint}. Start it again and it goes on.", flush=True)
        else:
            print(f"done: {outcome.checkpoint}", flush=True)
    return STOPPED if outcome.is_stopped else 0


def tell_what_failed(config: RunConfig, error: BaseException, is_first: bool) -> int:
    """Say on which rank, in whose code, and where the last good checkpoint is; returns the status of this process."""
    if isinstance(error, AskedToLeave):
        if is_first:
            tell(f"asked to leave: {error}. Start it again and it goes on.")
        return STOPPED
    if isinstance(error, EXPECTED):
        if is_first:
            print(f"error: {error}", file=sys.stderr, flush=True)
        return BAD_SETTINGS if isinstance(error, ConfigError) else 1
    if getattr(error, "is_of_another_rank", False):
        return 1
    rank, piece = os.environ.get("RANK", "0"), piece_that_failed(error)
    if isinstance(error, RankLost):
        told = f"rank {rank} {error}"
    elif any(said in str(error) for said in LOST):
        told = f"rank {rank} has lost another one, which has said why if it could"
    else:
        traceback.print_exception(error)
        whose = f" in your piece {piece}" if piece else ""
        told = f"rank {rank} failed{whose}: {type(error).__name__}: {error}"
    print(f"error: {told}; {last_good(config.run.folder)}", file=sys.stderr, flush=True)
    return 1


def tell(line: str) -> None:
    """Print a line that others may be waiting for."""
    print(line, flush=True)


def program() -> None:
    """Be a program: SIGTERM, which a launcher sends to those who have not left yet, changes no status any more."""
    status = main()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(status)


if __name__ == "__main__":
    program()
