"""Right solutions of training_memory."""

# %% step_by_step: one thing after the other
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    from math import ceil

    if stage not in range(4):
        raise ValueError(f"no stage {stage}")
    if n_parameters < 1:
        raise ValueError(f"{n_parameters} parameters")
    if n_ranks < 1:
        raise ValueError(f"{n_ranks} ranks")
    shard = (n_parameters + n_ranks - 1) // n_ranks
    weights = gradients = optimizer = n_parameters
    if stage > 0:
        optimizer = shard
    if stage > 1:
        gradients = shard
    if stage > 2:
        weights = shard
    w, g, o = bytes_each
    return TrainingMemory(ceil(weights * w), ceil(gradients * g), ceil(optimizer * o))


# %% a_plain_tuple: the three numbers without names
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3) or n_parameters < 1 or n_ranks < 1:
        raise ValueError(f"stage {stage}, {n_parameters} parameters, {n_ranks} ranks")
    full, extra = divmod(n_parameters, n_ranks)
    part = full + bool(extra)
    sizes = {0: (n_parameters,) * 3, 1: (n_parameters, n_parameters, part), 2: (n_parameters, part, part), 3: (part,) * 3}
    return tuple(int(-((-count * each) // 1)) for count, each in zip(sizes[stage], bytes_each))
