"""Wrong solutions of sharded_norm."""

# %% own_norm: the norm of this rank's shards
def sharded_norm(shards, replicated=(), group=ALONE):
    tensors = [*shards, *replicated]
    return math.sqrt(sum((float(tensor.float().square().sum()) for tensor in tensors), 0.0))


# %% sum_of_norms: adds roots
def sharded_norm(shards, replicated=(), group=ALONE):
    norm = math.sqrt(square_sum(shards))
    return group.sum(norm) + math.sqrt(square_sum(replicated))


# %% replicated_everywhere: counts what every rank has once a rank
def sharded_norm(shards, replicated=(), group=ALONE):
    return math.sqrt(group.sum(square_sum(shards) + square_sum(replicated)))


# %% no_root: the sum of the squares
def sharded_norm(shards, replicated=(), group=ALONE):
    return group.sum(square_sum(shards)) + square_sum(replicated)


# %% mean_over_ranks: divides by the number of ranks
def sharded_norm(shards, replicated=(), group=ALONE):
    return math.sqrt(group.sum(square_sum(shards)) / group.size + square_sum(replicated))


# %% narrow_squares: squares and adds up in the dtype of the shards
def sharded_norm(shards, replicated=(), group=ALONE):
    def squares(tensors):
        return sum((float(tensor.square().sum()) for tensor in tensors), 0.0)

    return math.sqrt(group.sum(squares(shards)) + squares(replicated))


# %% forgets_replicated: leaves out what every rank has
def sharded_norm(shards, replicated=(), group=ALONE):
    return math.sqrt(group.sum(square_sum(shards)))


# %% gathers_everything: sends all shards to everybody
def sharded_norm(shards, replicated=(), group=ALONE):
    shards = list(shards)
    flat = torch.cat([shard.float().reshape(-1) for shard in shards]) if shards else torch.zeros(0)
    longest = int(max(group.gather(len(flat))))
    whole = group.all_gather(torch.cat([flat, flat.new_zeros(longest - len(flat))])).wait()
    return math.sqrt(square_sum([whole]) + square_sum(replicated))


# %% a_tensor: returns a tensor
def sharded_norm(shards, replicated=(), group=ALONE):
    return torch.tensor(group.sum(square_sum(shards)) + square_sum(replicated)).sqrt()


# %% hides_infinity: takes what is not finite for zero
def sharded_norm(shards, replicated=(), group=ALONE):
    clean = [shard.nan_to_num(0.0, 0.0, 0.0) for shard in shards]
    return math.sqrt(group.sum(square_sum(clean)) + square_sum(replicated))


# %% nobody_is_empty: the largest norm of a rank's shards
def sharded_norm(shards, replicated=(), group=ALONE):
    norms = [float(shard.float().norm()) for shard in shards]
    return math.sqrt(group.sum(max(norms) ** 2) + square_sum(replicated))


# %% read_twice: looks how many there are first, and a generator is used up then
def sharded_norm(shards, replicated=(), group=ALONE):
    n = sum(t.numel() for t in shards)
    total = 0.0
    if n > 0:
        total = sum(float((t.float() ** 2).sum()) for t in shards)
    total = group.sum(total)
    total += sum(float((t.float() ** 2).sum()) for t in replicated)
    return math.sqrt(total)


# %% shards_travel: gathers all shards on every rank, and takes the norm of them
def sharded_norm(shards, replicated=(), group=ALONE):
    everything = [t for some in group.gather(list(shards)) for t in some] + list(replicated)
    return math.sqrt(sum(t.float().square().sum().item() for t in everything))
