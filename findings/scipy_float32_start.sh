#!/usr/bin/env bash
# SciPy 1.17.1: curve_fit with bounds gives back its start with standard deviations of 0, without a word, in float32.
#
# The slope is found by steps of 1.5e-8, which a function that computes in float32 does not see. So every slope is 0, the
# start is a minimum, and with bounds the covariance is 0 instead of infinite: no OptimizeWarning either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet scipy==1.17.1 numpy
"$folder/env/bin/python" - <<'PYTHON'
import warnings
import numpy as np
import scipy
from scipy.optimize import curve_fit
assert scipy.__version__ == "1.17.1"
TRUE, START = (1.8, 150.0, 0.3), (2.0, 100.0, 0.3)
x = np.geomspace(1e6, 1e9, 30)
y = (TRUE[0] + TRUE[1] * x ** -TRUE[2]) * (1 + 0.002 * np.random.default_rng(0).normal(size=30))

def law(x, E, A, alpha):
    return E + A * x ** -alpha

def narrow(x, E, A, alpha):
    return law(x.astype(np.float32), np.float32(E), np.float32(A), np.float32(alpha))

BOUNDS = ([0, 0, 0], [10, 1e4, 1])
found = {}
for name, f, kw in (("float64", law, {}), ("float64 bounds", law, {"bounds": BOUNDS}), ("float32", narrow, {}), ("float32 bounds", narrow, {"bounds": BOUNDS})):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        p, cov = curve_fit(f, x, y, p0=START, **kw)
    found[name] = (p, np.sqrt(np.diag(cov)), seen)
    print(name, p, np.sqrt(np.diag(cov)), [w.category.__name__ for w in seen])

p, error, seen = found["float32 bounds"]
assert np.allclose(p, START) and (error == 0).all() and not seen, "changed since this was written: the start is no more returned as exact"
assert np.allclose(found["float64 bounds"][0], TRUE, rtol=0.1)
PYTHON
