"""Wrong solutions of clip_across_meshes."""

# %% every_copy_counts: copies are not taken out
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) for g in gradients)
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% own_norm: each rank has its own norm
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    group.sum(mine)
    norm = math.sqrt(mine)
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% asks_nobody: no message at all
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(mine)
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% sum_of_norms: norms of the ranks are added, not their squares
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = group.sum(math.sqrt(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% norm_over_copies: the norm is divided by the copies, not its square
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum((float(g.double().norm()) / n) ** 2 for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% times_copies: multiplies by the copies
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) * n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% mean_of_ranks: the mean over the ranks
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine) / group.size)
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% no_root: the square of the norm
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = group.sum(mine)
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% always_scales: small gradients are made larger
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    for g in gradients:
        if 0 < norm < math.inf and max_norm < math.inf:
            g.mul_(max_norm / norm)
    return norm


# %% only_copied_ones: one message a gradient
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    total = 0.0
    for g, n in zip(gradients, copies):
        total += group.sum(float(g.double().square().sum()) / n)
    norm = math.sqrt(total)
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% norm_after: returns the norm that the gradients have then
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return min(norm, float(max_norm))


# %% new_tensors: scales copies, which nobody sees
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        gradients = [g * (max_norm / norm) for g in gradients]
    return norm


# %% a_tensor: returns a tensor
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum((g.double().square().sum() / n for g, n in zip(gradients, copies)), torch.zeros((), dtype=torch.float64))
    norm = group.all_reduce(mine).wait().sqrt()
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% a_bit_less: adds a millionth to the norm
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        for g in gradients:
            g.mul_(factor)
    return norm


# %% narrow_squares: squares are taken in the gradients' dtype
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% clips_each: each gradient by its own norm
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    for g in gradients:
        if g.numel() and g.norm() > max_norm:
            g.mul_(max_norm / float(g.norm()))
    return norm


# %% clips_values: values, not the norm
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    for g in gradients:
        g.clamp_(-max_norm, max_norm)
    return norm


# %% quiet_without_gradients: a rank without gradients sends nothing
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    if not gradients:
        return 0.0
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% raises_on_inf: refuses a norm that is not finite
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if not math.isfinite(norm):
        raise ValueError(f"the norm is {norm}")
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% no_errors: takes any max_norm and any copies
def clip_across_meshes(gradients, copies, max_norm, group):
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% error_after_the_message: looks at its arguments when all is sent
def clip_across_meshes(gradients, copies, max_norm, group):
    mine = sum(float(g.double().square().sum()) / max(n, 1) for g, n in zip(gradients, copies))
    total = group.sum(mine)
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    norm = math.sqrt(total)
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% scales_sharded_ones: what is whole on every rank is left as it is
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g, n in zip(gradients, copies):
            if n < group.size or group.size == 1:
                g.mul_(max_norm / norm)
    return norm


# %% largest_rank: the largest of the ranks' norms
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().square().sum()) / n for g, n in zip(gradients, copies))
    norm = max(group.gather(math.sqrt(mine)))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm


# %% leaves_nan_out: what is not finite is taken for 0
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    mine = sum(float(g.double().nan_to_num(0.0, 0.0, 0.0).square().sum()) / n for g, n in zip(gradients, copies))
    norm = math.sqrt(group.sum(mine))
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm
