#!/usr/bin/env bash
# torch 2.13.0: FlopCounterMode counts no attention at all on a CPU, without a word.
#
# scaled_dot_product_attention runs aten._scaled_dot_product_flash_attention_for_cpu there, an operator that the counter
# has no formula for, and an operator without a formula counts as nothing. So the operations of a model, or a utilization
# made of them, come out too small by all of attention's products: as much as the rest where a sequence is long. With the
# same products spelled out, or on the meta device, where the call falls apart into ordinary products, they are counted.
# The formulas for the kernels of GPUs count five products in the backward pass, as those compute the scores again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet torch==2.13.0 numpy
"$folder/env/bin/python" - <<'PYTHON'
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

BATCH, HEADS, TIME, CHANNELS = 2, 4, 64, 16
PRODUCT = 2 * BATCH * HEADS * TIME * TIME * CHANNELS


def counted(attend, device="cpu"):
    q, k, v = (torch.ones(BATCH, HEADS, TIME, CHANNELS, device=device, requires_grad=True) for _ in range(3))
    with FlopCounterMode(display=False) as counter:
        attend(q, k, v).sum().backward()
    return counter.get_total_flops() / PRODUCT


def fused(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def spelled_out(q, k, v):
    return (q @ k.transpose(-1, -2)).softmax(-1) @ v


found = {
    "fused, CPU": (counted(fused), 0),
    "spelled out, CPU": (counted(spelled_out), 6),
    "fused, meta": (counted(fused, "meta"), 6),
}
print("products of attention that are counted, forward and backward:")
for name, (got, _) in found.items():
    print(f"{name:<20}{got:g}")
changed = [name for name, (got, seen) in found.items() if got != seen]
assert not changed, f"changed since this was written: {changed}"
PYTHON
