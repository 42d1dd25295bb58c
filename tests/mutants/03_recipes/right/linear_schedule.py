"""Right solutions of linear_schedule."""

# %% what_is_left: counts the steps that are left
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    rising = (step + 1) / (warmup_steps + 1)
    left = max(0, total_steps - step) / (total_steps - warmup_steps)
    return rising if step < warmup_steps else left + min_ratio * (1 - left)


# %% between_two_points: the value of a line through the peak and the end
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    if step < warmup_steps:
        return 1 - (warmup_steps - step) / (warmup_steps + 1)
    at = min(step, total_steps)
    return ((total_steps - at) * 1.0 + (at - warmup_steps) * min_ratio) / (total_steps - warmup_steps)
