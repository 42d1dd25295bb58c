"""Right solutions of cosine_schedule."""

# %% by_half_angle: (1 + cos x) / 2 is the square of cos(x / 2)
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if step >= total_steps:
        return min_ratio
    share = math.cos(math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)) ** 2
    return share + (1 - share) * min_ratio


# %% mean_of_both_ends: the middle between peak and floor, and a swing around it
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    rising = warm_up(step, warmup_steps)
    if rising < 1:
        return rising
    angle = math.pi * (min(step, total_steps) - warmup_steps) / (total_steps - warmup_steps)
    return (1 + min_ratio) / 2 + (1 - min_ratio) / 2 * math.cos(angle)


# %% clamps_in_numpy: a progress that is clipped on both sides, as a number of NumPy's
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    import numpy as np

    progress = np.clip((step - warmup_steps) / (total_steps - warmup_steps), 0.0, 1.0)
    falling = min_ratio + 0.5 * (1 - min_ratio) * (1 + np.cos(np.pi * progress))
    return min((step + 1) / (warmup_steps + 1), 1.0) if step < warmup_steps else float(falling)
