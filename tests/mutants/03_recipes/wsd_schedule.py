"""Wrong solutions of wsd_schedule."""

# %% straight: the decay is a line
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = decay_steps or max(1, total_steps // 5)
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * (1 - progress)


# %% root_of_the_rest: slow first and fast at the end
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = decay_steps or max(1, total_steps // 5)
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * math.sqrt(1 - progress)


# %% decays_in_the_warm_up: a long decay begins before the warm-up is over
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = decay_steps or max(1, total_steps // 5)
    progress = min(1.0, max(0.0, (step - total_steps + decay_steps) / decay_steps))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% short_runs: a run of fewer than five steps divides by zero
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = total_steps // 5 if decay_steps is None else decay_steps
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% always_a_fifth: ignores decay_steps
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    start = max(warmup_steps, total_steps - max(1, total_steps // 5))
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% rounds_the_fifth: a run of nine steps decays for two
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = max(1, round(total_steps / 5)) if decay_steps is None else decay_steps
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% no_plateau: the decay begins as soon as the warm-up is over
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% goes_below: the root goes on growing after the end
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = max(1, total_steps // 5) if decay_steps is None else decay_steps
    start = max(warmup_steps, total_steps - decay_steps)
    progress = max(0.0, (step - start) / (total_steps - start))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% floor: min_ratio cuts the decay off
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = max(1, total_steps // 5) if decay_steps is None else decay_steps
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return max(min_ratio, 1 - math.sqrt(progress))


# %% floor_under_the_warm_up: no factor is below min_ratio, not even in the warm-up
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    decay_steps = max(1, total_steps // 5) if decay_steps is None else decay_steps
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return max(min_ratio, min(warm_up(step, warmup_steps), min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))))


# %% a_fifth_of_the_rest: the default counts the steps behind the warm-up
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = max(1, (total_steps - warmup_steps) // 5) if decay_steps is None else decay_steps
    start = max(warmup_steps, total_steps - decay_steps)
    progress = min(1.0, max(0.0, (step - start) / (total_steps - start)))
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% longer_than_the_run: a decay that is longer than the run begins in the middle of itself
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    decay_steps = max(1, total_steps // 5) if decay_steps is None else decay_steps
    if step < max(warmup_steps, total_steps - decay_steps):
        return 1.0
    progress = min(1.0, (step - max(warmup_steps, total_steps - decay_steps)) / min(decay_steps, total_steps))
    return min_ratio if step >= total_steps else min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))


# %% progress_from_the_warm_up: the progress of the decay is counted from the end of the warm-up
def wsd_schedule(step, total_steps, warmup_steps=0, min_ratio=0.0, decay_steps=None):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    if decay_steps is None:
        decay_steps = max(1, total_steps // 5)
    if step < total_steps - decay_steps:
        return 1.0
    progress = min((step - warmup_steps) / (total_steps - warmup_steps), 1.0)
    return min_ratio + (1 - min_ratio) * (1 - math.sqrt(progress))
