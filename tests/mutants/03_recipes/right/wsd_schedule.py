"""Right solutions of wsd_schedule."""

# %% phase_by_phase: one return a phase
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    length = max(1, total_steps // 5) if decay_steps is None else decay_steps
    length = min(length, total_steps - warmup_steps)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if step <= total_steps - length:
        return 1.0
    if step >= total_steps:
        return min_ratio
    return 1 - (1 - min_ratio) * ((step - total_steps + length) / length) ** 0.5


# %% counts_what_is_left: looks from the end of the run
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if decay_steps is None:
        decay_steps = total_steps // 5 or 1
    length = min(decay_steps, total_steps - warmup_steps)
    left = min(length, max(0, total_steps - step))
    falling = 1.0 - (1.0 - left / length) ** 0.5
    return warm_up(step, warmup_steps) * falling + min_ratio * (1 - falling)
