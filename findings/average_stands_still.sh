#!/usr/bin/env bash
# torch 2.13.0: the moving average of a bfloat16 model never moves.
#
# `torch.optim.swa_utils.AveragedModel` keeps its average in the dtype of the model that it copies. With a decay of 0.999
# an update adds a thousandth of the gap; bfloat16 has steps of a 128th to a 256th of the number itself, so that the sum
# rounds back to what it was unless the gap is several times as large as the weight. There is no warning, and the average
# goes on to be copied, evaluated and saved: it is the weights that the model had at the first update. The same holds of
# the plain mean (SWA), which stops when it has some 200 terms. In float32 both are right. To keep the average of such a
# model in float32 is refused: the ready-made `get_ema_multi_avg_fn` raises at the second update, and so it takes a
# function of one's own.
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
"$PYTHON" -W error - <<'PYTHON'
import copy

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

assert torch.__version__.startswith("2.13.0")
BEFORE, AFTER, N_UPDATES = 1.0, 1.25, 5_000


def averaged(dtype, n_before=1, kept=None, **how):
    """What the average of weights is that were 1 for some updates and 1.25 for the rest."""
    model = torch.nn.Linear(8, 8, bias=False, dtype=dtype)
    average = AveragedModel(copy.deepcopy(model).to(kept or dtype), **how)
    for n in range(N_UPDATES):
        with torch.no_grad():
            model.weight.fill_(BEFORE if n < n_before else AFTER)
        average.update_parameters(model)
    return average.module.weight[0, 0].item()


for decay in (0.99, 0.999, 0.9999):
    right = AFTER - (AFTER - BEFORE) * decay ** (N_UPDATES - 1)
    full, half = (averaged(dtype, multi_avg_fn=get_ema_multi_avg_fn(decay)) for dtype in (torch.float32, torch.bfloat16))
    own = averaged(torch.bfloat16, kept=torch.float32, avg_fn=lambda old, new, _: old.lerp(new.float(), 1 - decay))
    print(f"decay {decay}: {right:.3f} is right; float32 {full:.3f}, bfloat16 {half:.3f}, one's own function {own:.3f}")
    assert abs(full - right) < 1e-3 and abs(own - right) < 1e-3 and half == BEFORE, "changed since this was written"

right = (500 * BEFORE + (N_UPDATES - 500) * AFTER) / N_UPDATES
full, half = (averaged(dtype, 500, multi_avg_fn=get_swa_multi_avg_fn()) for dtype in (torch.float32, torch.bfloat16))
print(f"plain mean: {right:.3f} is right; float32 {full:.3f}, bfloat16 {half:.3f}")
assert abs(full - right) < 1e-3 and half == BEFORE, "changed since this was written"

try:
    averaged(torch.bfloat16, kept=torch.float32, multi_avg_fn=get_ema_multi_avg_fn(0.999))
except RuntimeError as error:
    print(f"kept in float32, by the ready-made function: {error}")
else:
    raise AssertionError("changed since this was written: an average in float32 of a bfloat16 model is taken")
PYTHON
