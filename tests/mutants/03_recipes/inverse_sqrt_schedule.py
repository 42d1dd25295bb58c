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


# %% whole_roots: math.isqrt rounds the root down
def inverse_sqrt_schedule(step, warmup_steps):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return math.isqrt(warmup_steps + 1) / math.isqrt(step + 1)


# %% remembers_the_peak: the peak is computed once, for the first warm-up
def inverse_sqrt_schedule(step, warmup_steps, kept=[]):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    if not kept:
        kept.append(math.sqrt(warmup_steps + 1))
    return min(1.0, kept[0] / math.sqrt(step + 1))


# %% counts_in_32_bits: s is a number of NumPy's, which wraps around
def inverse_sqrt_schedule(step, warmup_steps):
    import numpy as np

    s, w = np.array([step + 1, warmup_steps + 1]).astype(np.int32)
    return float(s / w) if s < w else float(np.sqrt(w / s))
