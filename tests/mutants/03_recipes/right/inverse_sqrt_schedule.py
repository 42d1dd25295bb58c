"""Right solutions of inverse_sqrt_schedule."""

# %% the_minimum: both terms of the paper's formula, divided by its peak
def inverse_sqrt_schedule(step, warmup_steps):
    s, w = step + 1, warmup_steps + 1
    return min(s**-0.5, s * w**-1.5) * w**0.5


# %% by_exponents: a power of the quotient, which is linear below 1
def inverse_sqrt_schedule(step, warmup_steps):
    quotient = (step + 1) / (warmup_steps + 1)
    return quotient ** (1 if quotient < 1 else -0.5)
