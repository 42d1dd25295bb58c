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


# %% not_divided_by_the_peak: the paper's formula as it stands there
def inverse_sqrt_schedule(step, warmup_steps):
    s, w = step + 1, warmup_steps + 1
    return min(s**-0.5, s * w**-1.5)


# %% warm_up_steps_for_w: the wave is joined one step off, and falls to zero without a warm-up
def inverse_sqrt_schedule(step, warmup_steps):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return math.sqrt(warmup_steps / (step + 1))


# %% constant_without_warm_up: a guard against dividing by zero that nobody needs
def inverse_sqrt_schedule(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return math.sqrt((warmup_steps + 1) / (step + 1))


# %% no_warm_up: starts at the peak
def inverse_sqrt_schedule(step, warmup_steps):
    return min(1.0, math.sqrt((warmup_steps + 1) / (step + 1)))
