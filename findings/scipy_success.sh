#!/usr/bin/env bash
# SciPy 1.17.1: `success` of minimize misleads both ways where a function is far below 1.
#
# L-BFGS-B stops when a step gains less than ftol * max(|before|, |after|, 1): an absolute tolerance for a sum of Huber
# losses near 1e-3, and more so for their mean. It then reports success at several times the lowest value. BFGS on ten
# thousand times the sum reaches the minimum, and reports failure ("precision loss").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet scipy==1.17.1 numpy
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import scipy
from scipy.optimize import minimize

assert scipy.__version__ == "1.17.1"

random = np.random.default_rng(0)
log_n, log_d = random.uniform(16, 23, 60), random.uniform(20, 26, 60)
TRUE = np.array([np.log(406.4), np.log(410.7), np.log(1.69), 0.34, 0.28])


def predict(p):
    return np.logaddexp(np.logaddexp(p[0] - p[3] * log_n, p[1] - p[4] * log_d), p[2])


log_loss = predict(TRUE) + random.normal(0, 0.003, 60)


def total(p):
    size = np.abs(log_loss - predict(p))
    return np.where(size <= 1e-3, size**2 / 2, 1e-3 * (size - 5e-4)).sum()


START = np.array([5, 5, 0.5, 0.5, 0.5])
lowest = minimize(lambda p: 1e8 * total(p), TRUE, method="L-BFGS-B", options={"maxiter": 5000}).x
lowest = total(lowest)
found = {}
for name, scale in (("mean", 1 / 60), ("sum", 1.0), ("1e4 sum", 1e4), ("1e8 sum", 1e8)):
    for method in ("L-BFGS-B", "BFGS"):
        done = minimize(lambda p: scale * total(p), START, method=method, options={"maxiter": 5000})
        found[name, method] = (total(done.x) / lowest, done.success, done.message)
        print(f"{name:<8} {method:<9} {found[name, method][0]:8.4f} times the lowest, success={done.success}: {done.message}")

mean, total_, scaled = (found[name, "L-BFGS-B"] for name in ("mean", "sum", "1e4 sum"))
changed = [
    told
    for told, holds in {
        "the mean stops early and says success": mean[0] > 1.5 and mean[1],
        "the sum stops early and says success": total_[0] > 1.05 and total_[1],
        "ten thousand sums reach the minimum": scaled[0] < 1.0001,
        "BFGS reaches the minimum of 1e4 sums and says failure": found["1e4 sum", "BFGS"][0] < 1.0001
        and not found["1e4 sum", "BFGS"][1],
    }.items()
    if not holds
]
assert not changed, f"changed since this was written: not so any more: {changed}"
PYTHON
