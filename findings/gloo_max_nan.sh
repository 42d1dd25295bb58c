#!/usr/bin/env bash
# torch 2.13.0, gloo: the largest of 1, NaN and 3 over three ranks is 1.
#
# `torch.maximum` and `x.max()` give NaN where one number is NaN. `all_reduce` with MAX or MIN compares in pairs, around
# a ring, and a comparison with NaN is false: whether NaN survives, disappears, or takes another rank's number with it,
# depends on which rank holds it. A check "did any rank meet a NaN" by MAX is answered no, on every rank alike. What
# stands on it inherits this: the maximum of a DTensor, and the inf norm of sharded gradients, so that
# `clip_grad_norm_(..., norm_type=inf, error_if_nonfinite=True)` finds a finite norm, here even one that misses the
# largest gradient, and scales on. SUM keeps every NaN.
#
# Seen: "MAX of [nan, 2, 3]: nan, [1, nan, 3]: 1.0, [1, 2, nan]: 2.0; SUM: nan nan nan | a DTensor with one NaN: max
# 2.0, sum nan | gradients with one NaN: inf norm 1.0, no error, 2-norm nan".
#
# PYTHON names an interpreter that has torch 2.13.0; without it one is installed.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$work/env"
    "$work/env/bin/pip" install --quiet torch==2.13.0 numpy
    PYTHON="$work/env/bin/python"
fi
cat > "$work/ranks.py" <<'EOF'
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

dist.init_process_group("gloo")
rank, nan = dist.get_rank(), float("nan")
mesh = init_device_mesh("cpu", (3,))


def over_ranks(holder, op):
    number = torch.tensor(nan if rank == holder else float(rank + 1))
    dist.all_reduce(number, op)
    return number.item()


def norm(norm_type, **settings):
    weight = nn.Parameter(distribute_tensor(torch.zeros(3), mesh, [Shard(0)]))
    weight.grad = distribute_tensor(torch.tensor([1.0, nan, 3.0]), mesh, [Shard(0)])
    return nn.utils.clip_grad_norm_([weight], 1.0, norm_type=norm_type, **settings).full_tensor().item()


largest = [over_ranks(holder, dist.ReduceOp.MAX) for holder in range(3)]
sums = [over_ranks(holder, dist.ReduceOp.SUM) for holder in range(3)]
numbers = distribute_tensor(torch.tensor([1.0, 2.0, nan]), mesh, [Shard(0)])
top, total = numbers.max().full_tensor().item(), numbers.sum().full_tensor().item()
inf_norm, two_norm = norm(float("inf"), error_if_nonfinite=True), norm(2.0)
if rank == 0:
    print(
        f"MAX of [nan, 2, 3]: {largest[0]}, [1, nan, 3]: {largest[1]}, [1, 2, nan]: {largest[2]}; SUM: {sums[0]} "
        f"{sums[1]} {sums[2]} | a DTensor with one NaN: max {top}, sum {total} | gradients with one NaN: inf norm "
        f"{inf_norm}, no error, 2-norm {two_norm}"
    )
    assert torch.__version__.split("+")[0] == "2.13.0", torch.__version__
    finite = [number == number for number in (*largest, *sums, top, total, inf_norm, two_norm)]
    seen = [False, True, True, False, False, False, True, False, True, False]
    assert finite == seen and largest[1] == 1.0, ("changed since this was written", largest, finite)
dist.destroy_process_group()
EOF
"$PYTHON" -m torch.distributed.run --standalone --nproc-per-node 3 "$work/ranks.py"
