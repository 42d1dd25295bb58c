#!/usr/bin/env bash
# torch 2.13.0, CPU, gloo: under `fully_shard`, `optimizer.zero_grad()` does not forget a micro-batch whose gradients were
# not sent yet.
#
# Gradients that are added up with `set_requires_gradient_sync(False)` are kept whole, outside of `.grad`: after the
# backward pass `weight.grad` is None on every rank. So `zero_grad()`, with or without `set_to_none`, finds nothing to
# clear, and the next backward pass that is sent adds the old gradients to its own. A program that meets a bad micro-batch
# (a NaN, an error of the loader), calls `zero_grad()` and goes on, takes the bad one into the next step all the same.
# Under `DistributedDataParallel.no_sync()` the gradients stand in `.grad`, and `zero_grad()` clears them.
#
# Seen: "gradient of 100 unsent, zero_grad(), then 1: fully_shard 101.0 (grad between: None), set_to_none=False 101.0,
# bfloat16 101.0; DDP 1.0".
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
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.nn.parallel import DistributedDataParallel

warnings.simplefilter("ignore")
dist.init_process_group("gloo")
mesh, ones = init_device_mesh("cpu", (2,)), torch.ones(1, 8)


def sharded(policy, set_to_none):
    model = nn.Linear(8, 8, bias=False)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model.set_requires_gradient_sync(False)
    (100 * model(ones).float().sum()).backward()
    between = model.weight.grad
    optimizer.zero_grad(set_to_none=set_to_none)
    model.set_requires_gradient_sync(True)
    model(ones).float().sum().backward()
    return between, model.weight.grad.full_tensor()[0, 0].item()


def replicated():
    model = DistributedDataParallel(nn.Linear(8, 8, bias=False))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with model.no_sync():
        (100 * model(ones).sum()).backward()
    optimizer.zero_grad()
    model(ones).sum().backward()
    return model.module.weight.grad[0, 0].item()


between, plain = sharded(MixedPrecisionPolicy(), True)
_, zeroed = sharded(MixedPrecisionPolicy(), False)
_, half = sharded(MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32), True)
copies = replicated()
if int(os.environ["RANK"]) == 0:
    print(
        f"gradient of 100 unsent, zero_grad(), then 1: fully_shard {plain} (grad between: {between}), "
        f"set_to_none=False {zeroed}, bfloat16 {half}; DDP {copies}"
    )
    assert torch.__version__.split("+")[0] == "2.13.0", torch.__version__
    assert (between, plain, zeroed, half, copies) == (None, 101.0, 101.0, 101.0, 1.0)
dist.destroy_process_group()
EOF
"$PYTHON" -m torch.distributed.run --standalone --nproc-per-node 2 "$work/ranks.py"
