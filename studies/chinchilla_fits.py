"""How sure is the law of Hoffmann et al.'s runs? What `llmcourse.scaling_laws.extrapolation.chinchilla` holds.

The runs were read off a figure by Besiroglu et al. (2024), who publish them with their code, as
`data/svg_extracted_data.csv` in the repository epoch-research/analyzing-chinchilla; they are no part of this course. As
they do, the five highest losses are left out.

    python -m studies.chinchilla_fits FILE
"""

import csv
import sys
from pathlib import Path

import numpy as np

from llmcourse.scaling_laws.extrapolation import log_residuals
from llmcourse.scaling_laws.intervals import bootstrap_fits
from llmcourse.scaling_laws.laws import BESIROGLU
from llmcourse.scaling_laws.runs import Runs

N_BOOT = 1000
N_LEFT_OUT = 5


def main() -> None:
    """Print the constants; some minutes on one core."""
    path = Path(sys.argv[1])
    with path.open(encoding="utf-8", newline="") as file:
        table = [row for row in csv.DictReader(file) if row["Model Size"]]
    n_params, flops, losses = (
        np.array([float(row[name]) for row in table]) for name in ("Model Size", "Training FLOP", "loss")
    )
    kept = losses < np.sort(losses)[-N_LEFT_OUT]
    n_params, flops, losses = n_params[kept], flops[kept], losses[kept]
    n_tokens = flops / 6 / n_params
    runs = Runs(n_params, n_tokens, losses, flops, np.arange(1, len(losses) + 1), N_LEFT_OUT)
    fits = bootstrap_fits(n_params, n_tokens, losses, n_boot=N_BOOT, seed=0)
    print(f"{len(losses)} runs, {n_params.min():.3g} to {n_params.max():.3g} parameters, ", end="")
    print(f"{n_tokens.min():.3g} to {n_tokens.max():.3g} tokens")
    print("fits: mean", fits.mean(0).tolist(), "standard deviation", fits.std(0, ddof=1).tolist())
    factor = np.linalg.cholesky(np.cov(fits.T))
    print("factor of the covariance:", factor.round(7).tolist())
    shares = (np.arange(20) + 0.5) / 20
    print("residuals:", np.quantile(log_residuals(BESIROGLU, runs), shares).round(5).tolist())


if __name__ == "__main__":
    main()
