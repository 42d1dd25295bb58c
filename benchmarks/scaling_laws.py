"""The fit of a scaling law from many starts at once beside the same starts one by one through SciPy; one process.

Both fit the same 240 made-up runs. The replication's way is one start after another through
`scipy.optimize.minimize(method="L-BFGS-B")`, with the slope found by trying, and a bootstrap with BFGS from one start.
Of SciPy's starts and samples a part is timed, drawn at random, and scaled up: all would take minutes. "The same
minimum" is the lowest objective of all our starts beside the lowest one that SciPy finds from its part and, with tight
tolerances, from our own end.
"""

import statistics
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.timing import row, seconds
from llmcourse.scaling_laws.fitting import DELTA, Fit, fit_law, some_starts, start_grid
from llmcourse.scaling_laws.intervals import bootstrap_fits
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN_UNROUNDED, simulate_runs
from llmcourse.scaling_laws.runs import Runs

N_RUNS, N_SAMPLES, REPEATS = 240, 1000, 3
TIMED_STARTS, TIMED_SAMPLES = 150, 40
SECONDS, RATIO = 5.0, 20.0


def objective(params: np.ndarray, n: np.ndarray, d: np.ndarray, losses: np.ndarray) -> float:
    """The sum of Huber losses as somebody writes it who has one set of numbers."""
    a, b, e, alpha, beta = params
    predicted = np.log(np.exp(a - alpha * np.log(n)) + np.exp(b - beta * np.log(d)) + np.exp(e))
    size = np.abs(np.log(losses) - predicted)
    return float(np.where(size <= DELTA, 0.5 * size**2, DELTA * (size - 0.5 * DELTA)).sum())


def scipy_seconds(minimize: Callable, runs: Runs, seed: int) -> tuple[float, float]:
    """What all starts and samples would take, from a part of each, and the lowest objective found."""
    random = np.random.default_rng(seed)
    grid, data = start_grid(), (runs.n_params, runs.n_tokens, runs.losses)
    starts = grid[random.permutation(len(grid))[:TIMED_STARTS]]
    ends = []
    of_starts = seconds(lambda: ends.extend(minimize(objective, s, data, method="L-BFGS-B").fun for s in starts))
    samples = random.integers(0, N_RUNS, (TIMED_SAMPLES, N_RUNS))
    first = HOFFMANN_UNROUNDED.params
    of_samples = seconds(
        lambda: [minimize(objective, first, tuple(x[picked] for x in data), method="BFGS") for picked in samples]
    )
    scaled = of_starts * len(grid) / TIMED_STARTS + of_samples * N_SAMPLES / TIMED_SAMPLES
    return scaled, float(np.nanmin(ends))


def ours(runs: Runs) -> Fit:
    """All 4,500 starts, and 1,000 fits of samples."""
    fit = fit_law(runs.n_params, runs.n_tokens, runs.losses, starts=start_grid())
    bootstrap_fits(runs, fit, n_samples=N_SAMPLES)
    return fit


def main() -> bool:
    """Print the table."""
    runs = simulate_runs(BESIROGLU, n_runs=N_RUNS, noise=0.003, seed=0)
    print(f"scaling laws: {N_RUNS} runs, s, median of {REPEATS} (smallest to largest)")

    def spread(values: list[float]) -> str:
        return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"

    some = some_starts(500)
    times = [
        seconds(lambda: fit_law(runs.n_params, runs.n_tokens, runs.losses, starts=some)) for _ in range(1 + REPEATS)
    ][1:]
    met = row("500 starts", [spread(times)], f"under {SECONDS:g} s", max(times) < SECONDS)
    try:
        from scipy.optimize import minimize
    except ImportError:
        print("SciPy is not installed: no ratio")
        return met
    fit = ours(runs)
    warnings.simplefilter("ignore", RuntimeWarning)  # SciPy's starts overflow
    own, theirs, lowest = [], [], np.inf
    for seed in range(REPEATS):
        own.append(seconds(lambda: ours(runs)))
        took, found = scipy_seconds(minimize, runs, seed)
        theirs.append(took)
        lowest = min(lowest, found)
    data = (runs.n_params, runs.n_tokens, runs.losses)
    tight = {"xatol": 1e-10, "fatol": 1e-16, "maxiter": 20000, "maxfev": 20000}
    polished = minimize(objective, fit.law.params, data, method="Nelder-Mead", options=tight).fun
    row("4,500 starts, 1,000 samples", [f"ours {spread(own)}", f"SciPy, scaled up {spread(theirs)}"])
    ratio = [b / a for a, b in zip(own, theirs)]
    met &= row("times as fast", [spread(ratio)], f"at least {RATIO:g}", min(ratio) >= RATIO)
    same = fit.objective <= min(lowest, polished) * (1 + 1e-6)
    told = f"ours {fit.objective:.9g}, SciPy's {lowest:.9g}, ours polished {polished:.9g}"
    return row("lowest objective", [told + "   "], "none lower by 1e-6", same) and met


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
