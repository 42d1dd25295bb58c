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
