"""How sure is the law of Hoffmann et al.'s runs? What `llmcourse.scaling_laws.extrapolation.chinchilla` holds.

The runs were read off a figure by Besiroglu et al. (2024), who publish them with their code, as
`data/svg_extracted_data.csv` in the repository epoch-research/analyzing-chinchilla; they are no part of this course. As
they do, the five highest losses are left out.

    python -m studies.chinchilla_fits FILE
"""

import sys

import numpy as np

from llmcourse.scaling_laws.extrapolation import log_residuals
from llmcourse.scaling_laws.fitting import fit_law
from llmcourse.scaling_laws.intervals import bootstrap_fits
from llmcourse.scaling_laws.laws import BESIROGLU
from llmcourse.scaling_laws.runs import read_runs

N_BOOT = 1000
N_LEFT_OUT = 5


def main() -> None:
    """Print the constants; some minutes on one core."""
    runs = read_runs(sys.argv[1]).without_largest_losses(N_LEFT_OUT)
    fit = fit_law(runs.n_params, runs.n_tokens, runs.losses)
    fits = bootstrap_fits(runs, fit, n_samples=N_BOOT, seed=0)
    print(f"{len(runs)} runs, {runs.n_params.min():.3g} to {runs.n_params.max():.3g} parameters, ", end="")
    print(f"{runs.n_tokens.min():.3g} to {runs.n_tokens.max():.3g} tokens; {fit}")
    print("fits: mean", fits.mean(0).tolist(), "standard deviation", fits.std(0, ddof=1).tolist())
    factor = np.linalg.cholesky(np.cov(fits.T))
    print("factor of the covariance:", factor.round(7).tolist())
    shares = (np.arange(20) + 0.5) / 20
    print("residuals:", np.quantile(log_residuals(BESIROGLU, runs), shares).round(5).tolist())


if __name__ == "__main__":
    main()
