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
