"""Wrong solutions of parallel_feed_forward."""

# %% does_not_leave: gives the rank's own part
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    gate, up = (w.chunk(group.size)[group.rank] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


# %% does_not_enter: the gradient of x is the rank's own
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    gate, up = (w.chunk(group.size)[group.rank] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    y = F.linear(F.silu(F.linear(x_BTD, gate)) * F.linear(x_BTD, up), down)
    return leave_parallel(y, group)


# %% the_other_way_round: enters at the end and leaves at the beginning
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = leave_parallel(x_BTD, group)
    gate, up = (w.chunk(group.size)[group.rank] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    return enter_parallel(F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down), group)


# %% enters_twice: an entrance for each of the two projections
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    gate, up = (w.chunk(group.size)[group.rank] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    hidden = F.silu(F.linear(enter_parallel(x_BTD, group), gate)) * F.linear(enter_parallel(x_BTD, group), up)
    return leave_parallel(F.linear(hidden, down), group)


# %% everything_everywhere: each rank computes the whole network, and all are summed
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    return leave_parallel(F.linear(F.silu(F.linear(x, gate_FD)) * F.linear(x, up_FD), down_DF), group)


# %% mean_of_the_parts: divides by the number of ranks
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    gate, up = (w.chunk(group.size)[group.rank] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    y = F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)
    return leave_parallel(y, group) / group.size


# %% every_nth_unit: gate and up by the step, down by the block
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    gate, up = (w[group.rank :: group.size] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    return leave_parallel(F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down), group)


# %% gate_is_whole: multiplies every unit's gate with the first units of up
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    width = len(gate_FD) // group.size
    gate = gate_FD[:width]
    up = up_FD[group.rank * width : (group.rank + 1) * width]
    down = down_DF[:, group.rank * width : (group.rank + 1) * width]
    return leave_parallel(F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down), group)


# %% gathers_the_hidden: puts the hidden units together in between
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    width = len(gate_FD) // group.size
    mine = slice(group.rank * width, (group.rank + 1) * width)
    hidden = F.silu(F.linear(x, gate_FD[mine])) * F.linear(x, up_FD[mine])
    padded = torch.zeros(*hidden.shape[:-1], len(gate_FD), dtype=hidden.dtype)
    padded = torch.cat([padded[..., : mine.start], hidden, padded[..., mine.stop :]], dim=-1)
    return F.linear(leave_parallel(padded, group), down_DF)


# %% sum_that_is_cut_off: sums by the group itself, past autograd
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    if len(gate_FD) % group.size:
        raise ValueError(f"F is {len(gate_FD)}, ranks are {group.size}")
    x = enter_parallel(x_BTD, group)
    gate, up = (w.chunk(group.size)[group.rank] for w in (gate_FD, up_FD))
    down = down_DF.chunk(group.size, dim=1)[group.rank]
    y = F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)
    return group.all_reduce(y.detach().clone()).wait()


# %% rounds_the_width: no error where the units cannot be shared
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    x = enter_parallel(x_BTD, group)
    width = len(gate_FD) // group.size
    mine = slice(group.rank * width, (group.rank + 1) * width)
    return leave_parallel(F.linear(F.silu(F.linear(x, gate_FD[mine])) * F.linear(x, up_FD[mine]), down_DF[:, mine]), group)


# %% up_from_outside: only the gate reads the entered tensor, the up projection reads x as it came
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    n_hidden = gate_FD.shape[0]
    if n_hidden % group.size:
        raise ValueError(f"F is {n_hidden}; it must be a multiple of the number of ranks, {group.size}")
    each = n_hidden // group.size
    part = slice(group.rank * each, (group.rank + 1) * each)
    gate = F.silu(F.linear(enter_parallel(x_BTD, group), gate_FD[part]))
    up = F.linear(x_BTD, up_FD[part])
    return leave_parallel(F.linear(gate * up, down_DF[:, part]), group)


# %% weights_entered: the weights go through an entrance, too, so that each rank has their whole gradient
def parallel_feed_forward(x_BTD, gate_FD, up_FD, down_DF, group):
    n_hidden = gate_FD.shape[0]
    if n_hidden % group.size:
        raise ValueError(f"F is {n_hidden}; it must be a multiple of the number of ranks, {group.size}")
    each = n_hidden // group.size
    part = slice(group.rank * each, (group.rank + 1) * each)
    x, gate_FD, up_FD, down_DF = (enter_parallel(t, group) for t in (x_BTD, gate_FD, up_FD, down_DF))
    hidden = F.silu(x @ gate_FD[part].T) * (x @ up_FD[part].T)
    return leave_parallel(hidden @ down_DF[:, part].T, group)
