#!/usr/bin/env bash
# transformers 5.23.0 with torch 2.13.0: with "eager" experts a backward pass writes all weights once for each expert.
#
# The experts of Mixtral are one tensor (E, 2F, D). The eager way picks `gate_up_proj[expert]` in a loop. The gradient
# of a pick is a tensor as large as *all* experts, zeros but for one; PyTorch makes one for each pick and adds them up.
# So what a backward pass writes there grows with the square of the number of experts. "grouped_mm", the default, makes
# no such tensor. The loop is not slow because it is a loop: `for w in weight.unbind()` picks the same slices, and its
# gradient is one stack.
#
# PYTHON names an interpreter that has torch 2.13.0 and transformers 5.23.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 numpy transformers==5.23.0
    PYTHON="$folder/env/bin/python"
fi
"$PYTHON" - <<'PYTHON'
import torch
import transformers
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock

assert torch.__version__.split("+")[0] == "2.13.0"
assert transformers.__version__ == "5.23.0"


class Picks(TorchDispatchMode):
    """Elements written by gradients of picks."""

    written = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if "select_backward" in str(function):
            self.written += result.numel()
        return result


def written(weights, loss):
    with Picks() as picks:
        loss().backward()
    return picks.written / sum(weight.numel() for weight in weights)


def block(n_experts, way):
    torch.manual_seed(0)
    config = MixtralConfig(
        hidden_size=16, intermediate_size=32, num_local_experts=n_experts, num_experts_per_tok=2,
        experts_implementation=way,
    )
    layer = MixtralSparseMoeBlock(config)
    torch.nn.init.normal_(layer.gate.weight)
    for weight in layer.experts.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    x = torch.randn(1, 2048, 16)

    def loss():
        out = layer(x)
        return (out[0] if isinstance(out, tuple) else out).square().mean()

    return written(list(layer.experts.parameters()), loss)


def unbound(n_experts):
    weight = torch.randn(n_experts, 16, 16, requires_grad=True)
    x = torch.randn(4, 16)
    return written([weight], lambda: sum((x @ one).square().mean() for one in weight.unbind()))


found = {
    "eager, 4 experts": (block(4, "eager"), 4.0),
    "eager, 16 experts": (block(16, "eager"), 16.0),
    "grouped_mm, 16 experts": (block(16, "grouped_mm"), 0.0),
    "weight.unbind(), 16 experts": (unbound(16), 0.0),
}
for name, (got, _) in found.items():
    print(f"{name:<28}{got:g} times all weights written by gradients of picks")
changed = [name for name, (got, seen) in found.items() if got != seen]
assert not changed, f"changed since this was written: {changed}"
PYTHON
