"""Right solutions of cosine_schedule."""

# %% by_half_angle: (1 + cos x) / 2 is the square of cos(x / 2)
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if step >= total_steps:
        return min_ratio
    share = math.cos(math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)) ** 2
    return share + (1 - share) * min_ratio
