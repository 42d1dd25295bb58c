"""Wrong solutions of cosine_schedule."""

# %% from_zero: the wave begins at step 0, under the warm-up
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, step / total_steps)
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% rises_again: the wave goes on after the end
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% floor: min_ratio cuts the wave off
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return max(min_ratio, (1 + math.cos(math.pi * progress)) / 2)


# %% zero_after: the rate is zero once the run is over
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    if step > total_steps:
        return 0.0
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% first_step_at_zero: the warm-up is step / warmup_steps
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return step / warmup_steps
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% ends_early: the last step of the run, not the step after it, has the last factor
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / max(1, total_steps - 1 - warmup_steps))
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% ends_late: progress is counted like the warm-up, so that it never gets to the end
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps + 1))
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% without_pi: the cosine of the progress, which ends at 0.54
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_ratio + (1 - min_ratio) * math.cos(progress)


# %% added_on_top: the wave keeps its height, and the floor is added to it
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_ratio + (1 + math.cos(math.pi * progress)) / 2


# %% remembers_the_run: the length of the first run that it is asked about holds for all
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1, kept={}):
    total_steps = kept.setdefault("total_steps", total_steps)
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% no_less_than_the_floor: the warm-up, too, starts at min_ratio
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return max(min_ratio, warm_up(step, warmup_steps))
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_ratio + (1 - min_ratio) * (1 + math.cos(math.pi * progress)) / 2


# %% a_tensor: computes in float32 and returns a tensor
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    progress = torch.tensor((step - warmup_steps) / (total_steps - warmup_steps)).clamp(max=1.0)
    return min_ratio + (1 - min_ratio) * (1 + torch.cos(torch.pi * progress)) / 2


# %% step_by_step: each factor is that of the step before and a little less
def cosine_schedule(step, total_steps, warmup_steps=0, min_ratio=0.1):
    if step < warmup_steps:
        return warm_up(step, warmup_steps)
    if step == warmup_steps:
        return 1.0
    if step > total_steps:
        return min_ratio
    at = lambda s: math.cos(math.pi * (s - warmup_steps) / (total_steps - warmup_steps))
    return cosine_schedule(step - 1, total_steps, warmup_steps, min_ratio) + (1 - min_ratio) * (at(step) - at(step - 1)) / 2
