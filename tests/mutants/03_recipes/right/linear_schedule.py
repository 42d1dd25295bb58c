"""Right solutions of linear_schedule."""

# %% what_is_left: counts the steps that are left
def linear_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0):
    rising = (step + 1) / (warmup_steps + 1)
    left = max(0, total_steps - step) / (total_steps - warmup_steps)
    return rising if step < warmup_steps else left + min_ratio * (1 - left)
