#!/usr/bin/env bash
# torchdata 0.11.0 with torch 2.13.0: a resumed StatefulDataLoader finishes its epoch right, and draws other epochs
# after it.
#
# `StatefulDataLoader(data, shuffle=True, generator=g)` is there to go on where a run was stopped. Its state holds the
# order of the epoch and how far it is, and a fresh loader that loads it gives the very batches that were missing: that
# is what one tests. But without workers (`num_workers=0`, the default) the generator is then not where the
# uninterrupted run has it, and every later epoch is in an order that the uninterrupted run never had. With a worker the
# same program is right, and so it is without a generator of one's own. A run over several epochs cannot be repeated
# across a stop, and where runs of several ranks were stopped at different points of an epoch, their orders part.
#
# Seen: "no worker: rest of the epoch right True, next three epochs right [False, False, False]; one worker: True,
# [True, True, True]; no worker, no generator: True, [True, True, True]".
#
# PYTHON names an interpreter that has torchdata 0.11.0 and torch 2.13.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 torchdata==0.11.0 numpy
    PYTHON="$folder/env/bin/python"
fi
cat > "$folder/loader.py" <<'PYTHON'
import warnings
from importlib.metadata import version

import torch

warnings.simplefilter("ignore")
from torchdata.stateful_dataloader import StatefulDataLoader  # noqa: E402


def loader(workers, own):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0) if own else None
    return StatefulDataLoader(list(range(12)), batch_size=3, shuffle=True, generator=generator, num_workers=workers)


def epoch(batches):
    return [number for batch in batches for number in batch.tolist()]


def resumed(workers, own):
    whole = loader(workers, own)
    wanted = [epoch(whole) for _ in range(4)]
    stopped = loader(workers, own)
    batches = iter(stopped)
    first = epoch([next(batches), next(batches)])
    state = stopped.state_dict()
    fresh = loader(workers, own)
    fresh.load_state_dict(state)
    return first + epoch(fresh) == wanted[0], [epoch(fresh) == order for order in wanted[1:]]


if __name__ == "__main__":
    assert version("torchdata") == "0.11.0" and torch.__version__.split("+")[0] == "2.13.0"
    alone, worker, without = resumed(0, True), resumed(1, True), resumed(0, False)
    print(
        f"no worker: rest of the epoch right {alone[0]}, next three epochs right {alone[1]}; one worker: {worker[0]}, "
        f"{worker[1]}; no worker, no generator: {without[0]}, {without[1]}"
    )
    right = (True, [True] * 3)
    assert alone == (True, [False] * 3) and worker == without == right, "changed since this was written"
PYTHON
"$PYTHON" -W ignore "$folder/loader.py"
