#!/usr/bin/env bash
# torch 2.13.0, CPU: a token whose keys are all masked by a large negative number gets a gradient n times too large.
#
# A mask of floats hides a key by a number such as `torch.finfo(dtype).min` or -1e9. Where a row hides all n keys, as
# the rows of left padding under a causal mask do, each score is that number, and attention is the mean of the values.
# So it is in the forward pass of `scaled_dot_product_attention`. Its backward pass on a CPU computes the weights anew
# from the sum that the forward pass kept, the number plus log n, which in float32 is the number: each weight comes out
# as 1 instead of 1 / n. Gradients of values, keys and queries are n times too large, 64 here and as many as the text
# has tokens. The MATH backend is right, and so is -1e4, which float32 can add log 64 to. A mask of booleans gives such
# rows 0 and no gradient. It is seen where padded rows count: in a mean over all positions, a pooled text, a loss that
# does not ignore padding.
#
# Seen: "64 keys, all masked, sum of the weights by which values get a gradient (1 is right): finfo.min 64.0, -1e9 64.0,
# -1e4 1.0; MATH 1.0, 1.0, 1.0; bfloat16, finfo.min 64.0 | largest error of the output 0.0000".
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
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

assert torch.__version__.split("+")[0] == "2.13.0"
N = 64
torch.manual_seed(0)
q, k, v = torch.randn(3, 1, 1, N, 8)


def weights_and_error(hidden, way, dtype=torch.float32):
    """The sum of the first row's weights as its gradient has them, and the output's distance from the values' mean."""
    mask = torch.ones(N, N).tril().log().nan_to_num(neginf=hidden)
    mask[0] = hidden
    values = v.to(dtype).clone().requires_grad_()
    with way:
        out = F.scaled_dot_product_attention(q.to(dtype), k.to(dtype), values, attn_mask=mask.to(dtype))[0, 0, 0]
    out[0].backward()
    return values.grad[..., 0].float().sum().item(), (out.detach() - values.detach().mean(2)[0, 0]).abs().max().item()


lowest = torch.finfo(torch.float32).min
usual = [weights_and_error(hidden, nullcontext())[0] for hidden in (lowest, -1e9, -1e4)]
math = [weights_and_error(hidden, sdpa_kernel(SDPBackend.MATH))[0] for hidden in (lowest, -1e9, -1e4)]
half, _ = weights_and_error(torch.finfo(torch.bfloat16).min, nullcontext(), torch.bfloat16)
_, error = weights_and_error(lowest, nullcontext())
print(
    "64 keys, all masked, sum of the weights by which values get a gradient (1 is right): finfo.min {:.1f}, -1e9 "
    "{:.1f}, -1e4 {:.1f}; MATH {:.1f}, {:.1f}, {:.1f}; bfloat16, finfo.min {:.1f} | largest error of the "
    "output {:.4f}".format(
        *usual, *math, half, error
    )
)
right = [abs(sum_ - 1) < 0.01 for sum_ in (usual[2], *math)]
wrong = [abs(sum_ - N) < 0.5 for sum_ in (usual[0], usual[1], half)]
assert all(right) and all(wrong) and error < 1e-5, ("changed since this was written", usual, math, half, error)
PYTHON
