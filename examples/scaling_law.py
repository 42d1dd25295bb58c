"""Fit a scaling law to your own runs, a CSV with parameters, tokens and losses, and ask it about a larger budget.

python examples/scaling_law.py book/data/scaling_ladder.csv --where corpus=python --flops 1e15
"""

import argparse

from llmcourse.scaling_laws.fitting import fit_law
from llmcourse.scaling_laws.intervals import bootstrap_fits, optimum_intervals
from llmcourse.scaling_laws.laws import compute_optimal
from llmcourse.scaling_laws.runs import read_runs

parser = argparse.ArgumentParser(description="L = E + A / N^alpha + B / D^beta, fitted to a table of runs.")
parser.add_argument("runs")
parser.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE", help="Only rows that say so.")
parser.add_argument("--flops", type=float, default=1e15, help="The budget to ask about.")
parser.add_argument("--samples", type=int, default=200, help="Of the bootstrap.")
wanted = parser.parse_args()

runs = read_runs(wanted.runs, where=dict(word.split("=", 1) for word in wanted.where))
fit = fit_law(runs.n_params, runs.n_tokens, runs.losses)
law = fit.law
print(f"{len(runs)} runs: L = {law.E:.3f} + {law.A:.4g} / N^{law.alpha:.3f} + {law.B:.4g} / D^{law.beta:.3f}")

n_params, n_tokens = compute_optimal(law, wanted.flops)
print(f"best for {wanted.flops:.3g} operations: {n_params:,.0f} parameters, {n_tokens:,.0f} tokens, "
      f"loss {law.loss(n_params, n_tokens):.3f}")  # fmt: skip
for name, (low, high) in optimum_intervals(bootstrap_fits(runs, fit, wanted.samples), wanted.flops).items():
    print(f"    {name}: 95% of resampled fits lie from {low:.4g} to {high:.4g}")
