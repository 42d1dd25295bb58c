#!/usr/bin/env bash
# torch 2.13.0: with a learning rate that is a tensor, all parameter groups have one learning rate.
#
# With `fused=True` or `capturable=True` optimizers take `lr` as a tensor, so that a compiled or captured step need not
# be made anew when it changes. An optimizer of several groups then puts that one tensor into each of them, and a
# scheduler writes into it. Schedulers with a rule for each group, LambdaLR with a list of functions and OneCycleLR with
# a list of peaks, write all rules into the same tensor: the last one holds for all groups. Halving by hand,
# `group["lr"] *= 0.5` in a loop over the groups, halves it once for each group. With a float both work. The tensor is
# the caller's own as well, so a second optimizer made with it is steered by the first one's scheduler. Nothing warns;
# what is logged is what is used, only not what was asked for.
#
# Seen: "after one step of LambdaLR, factors 0.5 and 0.1: float [0.5, 0.1], tensor [0.1, 0.1] | peaks 1.0 and 0.25:
# float [1.0, 0.25], tensor [0.25, 0.25] | halved in a loop: float [0.5, 0.5], tensor [0.25, 0.25] | the caller's tensor
# is now 0.1".
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
"$PYTHON" - <<'PYTHON'
import torch
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR

assert torch.__version__.split("+")[0] == "2.13.0"


def two_groups(lr):
    weight, bias = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    return AdamW([{"params": [weight]}, {"params": [bias], "weight_decay": 0.0}], lr=lr, fused=True)


def rates(optimizer):
    return [round(float(group["lr"]), 4) for group in optimizer.param_groups]


def lambdas(lr):
    optimizer = two_groups(lr)
    scheduler = LambdaLR(optimizer, [lambda step: 0.5**step, lambda step: 0.1**step])
    optimizer.step()
    scheduler.step()
    return rates(optimizer)


def peaks(lr):
    optimizer = two_groups(lr)
    scheduler = OneCycleLR(optimizer, max_lr=[1.0, 0.25], total_steps=5, pct_start=0.4)
    optimizer.step()
    scheduler.step()
    return rates(optimizer)


def halved(lr):
    optimizer = two_groups(lr)
    for group in optimizer.param_groups:
        group["lr"] *= 0.5
    return rates(optimizer)


own = torch.tensor(1.0)
found = [(lambdas(1.0), lambdas(own)), (peaks(1.0), peaks(torch.tensor(1.0))), (halved(1.0), halved(torch.tensor(1.0)))]
(a, b), (c, d), (e, f) = found
print(
    f"after one step of LambdaLR, factors 0.5 and 0.1: float {a}, tensor {b} | peaks 1.0 and 0.25: float {c}, tensor "
    f"{d} | halved in a loop: float {e}, tensor {f} | the caller's tensor is now {own.item():.1f}"
)
seen = [([0.5, 0.1], [0.1, 0.1]), ([1.0, 0.25], [0.25, 0.25]), ([0.5, 0.5], [0.25, 0.25])]
assert found == seen and abs(own.item() - 0.1) < 1e-6, ("changed since this was written", found, own)
PYTHON
