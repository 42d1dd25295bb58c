#!/usr/bin/env bash
# torch 2.13.0, CPU, gloo: weights of a model under `fully_shard`, drawn with `normal_` after `torch.manual_seed(0)` on
# every rank, are the same rows on every rank.
#
# One seed on all ranks is what one sets so that all draw the same model, and on a whole model it is right. On DTensors
# that are cut along the first dimension each rank draws its own shard from its own generator, and all generators stand
# at the same place: rank 1's rows are a copy of rank 0's. A matrix of 8 rows on 2 ranks has 4 different ones, its rank is
# 4. Mean and standard deviation look right, every rank sees the same whole weight, nothing is raised; one warning says
# that random operators "may not have complete support". Another seed on each rank gives different rows, and then another
# model for each number of ranks.
#
# Seen: "2 ranks, one seed: 8 rows, 4 different, matrix rank 4, std 1.0; a seed each: 8 different, matrix rank 8".
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [ -z "${PYTHON:-}" ]; then
    python3 -m venv "$work/venv"; PYTHON="$work/venv/bin/python"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check "torch==2.13.0" "numpy==2.4.6"
fi
cat > "$work/ranks.py" <<'EOF'
import os
import warnings

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

warnings.simplefilter("ignore")
dist.init_process_group("gloo")
mesh, rank = init_device_mesh("cpu", (2,)), int(os.environ["RANK"])


def drawn(seed):
    model = nn.Linear(16, 8, bias=False)
    fully_shard(model, mesh=mesh)
    torch.manual_seed(seed)
    with torch.no_grad():
        model.weight.normal_()
    whole = model.weight.full_tensor()
    return len(torch.unique(whole, dim=0)), int(torch.linalg.matrix_rank(whole)), float(whole.std())


(same, same_rank, std), (own, own_rank, _) = drawn(0), drawn(rank)
if rank == 0:
    print(
        f"2 ranks, one seed: 8 rows, {same} different, matrix rank {same_rank}, std {std:.1f}; "
        f"a seed each: {own} different, matrix rank {own_rank}"
    )
    assert torch.__version__.split("+")[0] == "2.13.0", torch.__version__
    assert (same, same_rank, own, own_rank) == (4, 4, 8, 8) and 0.7 < std < 1.3
dist.destroy_process_group()
EOF
"$PYTHON" -m torch.distributed.run --standalone --nproc-per-node 2 "$work/ranks.py"
