"""Wrong solutions of linear_schedule."""

# %% from_zero: the line begins at step 0, under the warm-up
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return 1 - (1 - min_ratio) * min(1.0, step / total_steps)


# %% goes_below: the line goes on after the end
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return 1 - (1 - min_ratio) * (step - warmup_steps) / (total_steps - warmup_steps)


# %% floor: min_ratio cuts the line off
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return max(min_ratio, 1 - (step - warmup_steps) / (total_steps - warmup_steps))


# %% ends_early: reaches the end one step too soon
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / max(1, total_steps - 1 - warmup_steps))
    return 1 - (1 - min_ratio) * progress


# %% ends_late: the line is one step too long
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps + 1))
    return 1 - (1 - min_ratio) * progress


# %% ignores_the_floor: always goes to zero
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    return 1 - min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))


# %% zero_after: the factor is zero once the run is over
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    if step > total_steps:
        return 0.0
    return 1 - (1 - min_ratio) * (step - warmup_steps) / (total_steps - warmup_steps)


# %% warms_up_from_zero: the first step has the factor 0 and trains nothing
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return step / warmup_steps
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return 1 - (1 - min_ratio) * progress


# %% starts_at_the_floor: the warm-up goes from min_ratio to 1
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return min_ratio + (1 - min_ratio) * warm_up(step, warmup_steps)
    return 1 - (1 - min_ratio) * min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))


# %% remembers_the_slope: the slope is kept by the length of the run, and the warm-up is no part of the key
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, kept={}):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    slope = kept.setdefault((total_steps, min_ratio), (1 - min_ratio) / (total_steps - warmup_steps))
    return max(min_ratio, 1 - slope * (step - warmup_steps))


# %% divides_whole_numbers: the progress is counted in whole percent
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    percent = 100 * (min(step, total_steps) - warmup_steps) // (total_steps - warmup_steps)
    return 1 - (1 - min_ratio) * percent / 100
