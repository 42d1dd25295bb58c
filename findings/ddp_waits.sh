#!/usr/bin/env bash
# torch 2.13.0: DistributedDataParallel waits for other ranks in two places where one would not look for it.
#
# 1. A model that has buffers (BatchNorm's statistics) sends them in its forward pass, also in eval mode and under
#    no_grad. Evaluating on rank 0 alone, as scripts like to do between two steps, stands still until the time-out,
#    which is half an hour by default, and then says that something was not sent in time. Without buffers it works. The
#    way around is to call `model.module`.
# 2. A parameter whose shape is not that of rank 0 is found at the start, as documented, but not by everybody: the other
#    ranks raise an error that says "params[0]", and rank 0, which agrees with itself, waits for them until the time-out.
#    Unlike *numbers* of parameters are told by all ranks.
#
# PYTHON names an interpreter that has torch 2.13.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 numpy
    PYTHON="$folder/env/bin/python"
fi
cat > "$folder/ranks.py" <<'PYTHON'
import os
import sys
import time
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

LIMIT_S = 5.0


def outcome(rank, action):
    """What came of an action, or "waits" where it ended with the time-out; all ranks stay until then."""
    began = time.monotonic()
    try:
        action()
        found = "done"
    except RuntimeError as error:
        # A rank that raises at once has had no time-out of its own; "sizes" is the word of its message.
        found = "told" if "sizes" in str(error) or "params" in str(error) else "waits"
    time.sleep(max(0.0, 4 * LIMIT_S - (time.monotonic() - began)))
    return found


def evaluate_on_rank_0(rank, layers):
    model = DistributedDataParallel(nn.Sequential(nn.Linear(2, 4), *layers)).eval()

    def action():
        if rank == 0:
            with torch.no_grad():
                model(torch.ones(3, 2))

    return outcome(rank, action)


CASES = {
    "evaluation with buffers": lambda rank: evaluate_on_rank_0(rank, [nn.BatchNorm1d(4)]),
    "evaluation without": lambda rank: evaluate_on_rank_0(rank, [nn.LayerNorm(4)]),
    "another shape": lambda rank: outcome(rank, lambda: DistributedDataParallel(nn.Linear(2, 3 + rank))),
    "another number": lambda rank: outcome(
        rank, lambda: DistributedDataParallel(nn.Sequential(*[nn.Linear(2, 2) for _ in range(1 + rank)]))
    ),
}
name, rank, store = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
assert torch.__version__.startswith("2.13.0")
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2, timeout=timedelta(seconds=LIMIT_S))
os.write(1, f"{name}|{rank}|{CASES[name](rank)}\n".encode())  # in one piece: two ranks write to one file
os._exit(0)
PYTHON
number=0
for name in "evaluation with buffers" "evaluation without" "another shape" "another number"; do
    number=$((number + 1))
    "$PYTHON" "$folder/ranks.py" "$name" 0 "$folder/store$number" >> "$folder/found" 2> /dev/null &
    "$PYTHON" "$folder/ranks.py" "$name" 1 "$folder/store$number" >> "$folder/found" 2> /dev/null
    wait
done
sort "$folder/found" | tee "$folder/sorted"
diff "$folder/sorted" - << 'SEEN'
another number|0|told
another number|1|told
another shape|0|waits
another shape|1|told
evaluation with buffers|0|waits
evaluation with buffers|1|done
evaluation without|0|done
evaluation without|1|done
SEEN
