#!/usr/bin/env bash
# torch 2.13.0: reading a fresh optimizer's state with `torch.distributed.checkpoint.state_dict` changes what training
# does afterwards.
#
# `get_optimizer_state_dict` fills the state of an optimizer that has none yet by a step with zero gradients and a learning
# rate of 0. The parameters stay as they are, bit for bit, and so nobody looks further. But AdamW now believes that one step
# has been made: its bias correction of the first real step is that of the second. A run that saves a checkpoint at step 0
# is another run than one that does not: after 3 steps weights differ by as much as half a learning rate. Plain
# `optimizer.state_dict()` does nothing of the kind; nor does reading after the first step.
#
# Seen: "weights after the call equal: True; step after 3 steps: 3 without, 4 with; largest difference of a weight 0.024".
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [ -z "${PYTHON:-}" ]; then
    python3 -m venv "$work/venv"; PYTHON="$work/venv/bin/python"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check "torch==2.13.0" "numpy==2.4.6"
fi
"$PYTHON" - <<'EOF'
import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict


def trained(read):
    torch.manual_seed(0)
    model = nn.Linear(8, 4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    before = [p.detach().clone() for p in model.parameters()]
    read(model, optimizer)
    untouched = all(a.equal(b) for a, b in zip(before, model.parameters()))
    for step in range(3):
        x = torch.randn(16, 8, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        (model(x) - x[:, :4]).square().mean().backward()
        optimizer.step()
    return model.weight.detach(), int(optimizer.state[model.weight]["step"]), untouched


plain, n_plain, _ = trained(lambda model, optimizer: optimizer.state_dict())
other, n_other, untouched = trained(get_optimizer_state_dict)
gap = float((plain - other).abs().max())
print(
    f"weights after the call equal: {untouched}; step after 3 steps: {n_plain} without, {n_other} with; "
    f"largest difference of a weight {gap:.3f}"
)
assert torch.__version__.split("+")[0] == "2.13.0", torch.__version__
assert untouched and (n_plain, n_other) == (3, 4) and gap > 1e-3
EOF
