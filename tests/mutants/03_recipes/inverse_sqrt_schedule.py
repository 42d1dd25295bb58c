"""Wrong solutions of inverse_sqrt_schedule."""

# %% counts_from_zero: s is the step, not the step plus one
def inverse_sqrt_schedule(step, warmup_steps):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return math.sqrt((warmup_steps + 1) / max(step, warmup_steps + 1))


# %% no_root: falls with the inverse of the step
def inverse_sqrt_schedule(step, warmup_steps):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return (warmup_steps + 1) / (step + 1)


# %% from_the_peak: s counts from the end of the warm-up
def inverse_sqrt_schedule(step, warmup_steps):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return 1 / math.sqrt(step - warmup_steps + 1)


# %% not_below_a_hundredth: a floor that nobody asked for
def inverse_sqrt_schedule(step, warmup_steps):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return max(0.05, math.sqrt((warmup_steps + 1) / (step + 1)))
