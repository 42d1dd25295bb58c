#!/usr/bin/env bash
# torch 2.13.0: who looks for layers by what they can do meets a compiled layer twice.
#
# `torch.compile(layer)` gives a module around the layer, and passes every question for an attribute on to it. Both are
# in `modules()` and `named_modules()`. So a loop such as `for m in model.modules(): if hasattr(m, "after_step")` calls
# the method of one layer twice, though no module appears twice in the list; a counter or a bias moves twice a step.
# `layer.compile()`, which compiles in place, has no such second module. Nothing has to run for that, and nothing warns.
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
from torch import nn

assert torch.__version__.split("+")[0] == "2.13.0"


class Counter(nn.Module):
    steps = 0

    def after_step(self):
        self.steps += 1


def steps_counted(compiled):
    layer = Counter()
    if compiled == "in place":
        layer.compile()
    model = nn.Sequential(torch.compile(layer) if compiled == "around" else layer)
    assert len(list(model.modules())) == len(set(model.modules()))
    for module in model.modules():
        if hasattr(module, "after_step"):
            module.after_step()
    return layer.steps


found = {"not compiled": (steps_counted(None), 1), "layer.compile()": (steps_counted("in place"), 1),
         "torch.compile(layer)": (steps_counted("around"), 2)}
for name, (got, _) in found.items():
    print(f"{name:<24}{got} steps counted in one")
changed = [name for name, (got, seen) in found.items() if got != seen]
assert not changed, f"changed since this was written: {changed}"
PYTHON
