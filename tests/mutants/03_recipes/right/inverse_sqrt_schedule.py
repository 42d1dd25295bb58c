"""Right solutions of inverse_sqrt_schedule."""

# %% the_minimum: both terms of the paper's formula, divided by its peak
def inverse_sqrt_schedule(step, warmup_steps):
    s, w = step + 1, warmup_steps + 1
    return min(s**-0.5, s * w**-1.5) * w**0.5
