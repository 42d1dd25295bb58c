#!/usr/bin/env bash
# torch 2.13.0, CPU: gradients of LayerNorm and of an embedding are added up in bfloat16, token after token.
#
# A bfloat16 sum of ones stops at 256, and so PyTorch adds up bfloat16 in float32 nearly everywhere: in a bias of
# Linear, RMSNorm's weight, a broadcast sum, `index_select`. Not so in the backward passes of LayerNorm and of an
# embedding (`nn.Embedding`, `weight[ids]`): with a gradient of 1 at each of 4096 tokens a shift of LayerNorm gets 256
# for 4096, and so does the row of a token that fills the batch. With real gradients, frequent tokens get the worst
# rows. Threads add up their own tokens: LayerNorm's answer grows with the number of threads, 256, 512, 1024. No
# parameter has to be bfloat16 for that: under autocast LayerNorm gets what a Linear put out, and its float32 bias gets
# a float32 gradient of 256. Training goes on, with norms that hardly learn; nothing warns, and on another machine it is
# another number.
#
# Seen: "of 4096: LayerNorm bias 256, under autocast 256 (torch.float32), with 2 threads 512, with 4 threads 1024;
# embedding 256, weight[ids] 256 | Linear bias 4096, RMSNorm 4096, index_select 4096".
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
import torch.nn.functional as F
from torch import nn

assert torch.__version__.split("+")[0] == "2.13.0"
TOKENS, WIDTH = 4096, 64
bf16 = torch.bfloat16
ones = torch.ones(TOKENS, WIDTH, dtype=bf16)
ids = torch.zeros(TOKENS, dtype=torch.long)


def layer_norm(threads, dtype=bf16):
    torch.set_num_threads(threads)
    norm = nn.LayerNorm(WIDTH, dtype=dtype)
    with torch.autocast("cpu", dtype=bf16, enabled=dtype != bf16):
        out = norm(ones)
    out.backward(torch.ones_like(out))
    torch.set_num_threads(1)
    assert norm.bias.grad.dtype == dtype
    return norm.bias.grad[0].item()


def linear_bias():
    layer = nn.Linear(WIDTH, WIDTH, dtype=bf16)
    layer(ones).backward(ones)
    return layer.bias.grad[0].item()


def rms_norm():
    norm = nn.RMSNorm(WIDTH, dtype=bf16)
    norm(ones).backward(ones)
    return norm.weight.grad[0].item()


def row(pick):
    table = torch.zeros(3, WIDTH, dtype=bf16, requires_grad=True)
    pick(table).backward(ones)
    return table.grad[0, 0].item()


norms = [layer_norm(1), layer_norm(1, torch.float32), layer_norm(2), layer_norm(4)]
rows = [row(lambda table: F.embedding(ids, table)), row(lambda table: table[ids])]
right = [linear_bias(), rms_norm(), row(lambda table: table.index_select(0, ids))]
print(
    "of 4096: LayerNorm bias {:.0f}, under autocast {:.0f} (torch.float32), with 2 threads {:.0f}, with 4 threads "
    "{:.0f}; embedding {:.0f}, weight[ids] {:.0f} | Linear bias {:.0f}, RMSNorm {:.0f}, index_select {:.0f}".format(
        *norms, *rows, *right
    )
)
assert norms == [256, 256, 512, 1024], ("changed since this was written", norms)
assert rows == [256, 256] and all(abs(sum_ - 4096) < 64 for sum_ in right), ("changed", rows, right)
PYTHON
