#!/usr/bin/env bash
# torch 2.13.0, CPU, gloo: under `fully_shard` an expert learns from the tokens that another rank sent to another
# expert.
#
# A mixture whose experts are modules calls only those that have tokens. Where each rank happens to use another expert,
# each has one gradient to send, of one size, and `fully_shard` sums them up: it goes by what is there, not by whose it
# is. Each rank's shard of its own expert gets the mean of two different experts' gradients, and the other expert None.
# The experts have to be of one shape, as experts are; then nothing is raised, outputs are right, `clip_grad_norm_`
# runs, and it goes on for as many steps as the routing is uneven. With `fully_shard` on each expert even outputs are
# wrong: ranks gather one weight out of pieces of two. `set_reduce_scatter_unused_params(True)` mends the first, calling
# every expert, if need be with 0 rows, mends both. (pytorch/pytorch issue 158719 is about the case in which this stops
# with an error.)
#
# Seen: "tokens of 1 for expert 0 on rank 0, of 10 for expert 1 on rank 1; true gradients 0.5 and 5.0; block sharded:
# rank 0 has [5.5, None], rank 1 [None, 5.5]; unused sent too: [0.5, 5.0]; every expert called: [0.5, 5.0] | each expert
# sharded: outputs right: [False, False]".
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
import warnings

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

warnings.simplefilter("ignore")
dist.init_process_group("gloo")
rank, mesh = dist.get_rank(), init_device_mesh("cpu", (2,))


class Experts(nn.Module):
    """Two experts; the tokens of a rank all go to the expert of its number."""

    def __init__(self, call_all):
        super().__init__()
        torch.manual_seed(0)
        self.experts = nn.ModuleList(nn.Linear(4, 4, bias=False) for _ in range(2))
        self.call_all = call_all

    def forward(self, x):
        out = self.experts[rank](x)
        return out + self.experts[1 - rank](x[:0]).sum() if self.call_all else out


def gradients(call_all=False, send_unused=False, each=False):
    model = Experts(call_all)
    x = torch.full((1, 4), 1.0 if rank == 0 else 10.0)
    true = model.experts[rank](x).detach().clone()
    for part in (*(model.experts if each else ()), model):
        fully_shard(part, mesh=mesh)
    if send_unused:
        model.set_reduce_scatter_unused_params(True)
    out = model(x)
    right = torch.allclose(out, true, atol=1e-6)
    out.sum().backward()
    grads = [expert.weight.grad for expert in model.experts]
    return [None if grad is None else grad.to_local()[0, 0].item() for grad in grads], right


def everybodys(value):
    values = [None, None]
    dist.all_gather_object(values, value)
    return values


block = everybodys(gradients())
unused = everybodys(gradients(send_unused=True))
called = everybodys(gradients(call_all=True))
each = everybodys(gradients(each=True))
if rank == 0:
    mixed, whole, all_called = ([grads for grads, _ in found] for found in (block, unused, called))
    print(
        f"tokens of 1 for expert 0 on rank 0, of 10 for expert 1 on rank 1; true gradients 0.5 and 5.0; block sharded: "
        f"rank 0 has {mixed[0]}, rank 1 {mixed[1]}; unused sent too: {whole[0]}; every expert called: {all_called[0]} | each "
        f"expert sharded: outputs right: {[right for _, right in each]}"
    )
    assert torch.__version__.split("+")[0] == "2.13.0", torch.__version__
    assert all(right for found in (block, unused, called) for _, right in found), "changed"
    assert mixed == [[5.5, None], [None, 5.5]], "changed since this was written"
    assert whole == all_called == [[0.5, 5.0]] * 2, "changed since this was written"
    assert not all(right for _, right in each), "changed since this was written"
dist.destroy_process_group()
EOF
"$PYTHON" -m torch.distributed.run --standalone --nproc-per-node 2 "$work/ranks.py"
