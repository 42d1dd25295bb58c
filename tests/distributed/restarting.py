"""A program for `torchrun` that trains with checkpoints; one of its ranks is killed, once, by itself.

`restarting.py FOLDER KILL_AT`: the last rank of the first attempt ends itself when it is to read batch KILL_AT. The
first rank writes the history to FOLDER/result.json.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from llmcourse.data import Batches
from llmcourse.distributed.group import Group
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.distributed.torchrun import joined
from llmcourse.files import write_atomically
from llmcourse.training import train
from tests.training.ranks import CONFIG, make_batches, make_model


class Deadly(Batches):
    """Batches of which one ends the process that reads it."""

    kill_at = -1

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Any:
        if step == self.kill_at and rank == world_size - 1 and os.environ.get("TORCHELASTIC_RESTART_COUNT") == "0":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().batch(step, rank, world_size)


def losses(folder: str, group: Group) -> list[float]:
    """Train, or go on; the loss of each step."""
    rows = train(
        make_model(0.1), make_batches(Deadly), CONFIG, group=group, folder=folder, progress=False,
        checkpoints=ShardedCheckpoints(Path(folder), group),
    )  # fmt: skip
    return [row["loss"] for row in rows]


def main() -> None:
    Deadly.kill_at = int(sys.argv[2])
    with joined(timeout_s=60) as group:
        told = {"losses": losses(sys.argv[1], group), "attempt": int(os.environ["TORCHELASTIC_RESTART_COUNT"])}
        if group.is_first:
            write_atomically(Path(sys.argv[1], "result.json"), json.dumps(told))


if __name__ == "__main__":
    main()
