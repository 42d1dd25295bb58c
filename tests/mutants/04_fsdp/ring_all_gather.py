"""Wrong solutions of ring_all_gather."""

# %% in_the_order_they_came: own shard first, then its predecessors
def ring_all_gather(shard, group):
    import torch
    n, parts, now = group.size, [shard], shard
    for _ in range(n - 1):
        now = group.exchange(now, (group.rank + 1) % n, (group.rank - 1) % n)
        parts.append(now)
    return torch.cat(parts)


# %% everybody_to_everybody: no ring
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    for away in range(1, n):
        parts[(me - away) % n] = group.exchange(shard, (me + away) % n, (me - away) % n)
    return torch.cat([parts[r] for r in range(n)])


# %% sends_only_its_own: passes on nothing
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    for step in range(n - 1):
        parts[(me - step - 1) % n] = group.exchange(shard, (me + 1) % n, (me - 1) % n)
    return torch.cat([parts[r] for r in range(n)])


# %% one_step_too_many: N steps, of which the last brings back its own
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    if n == 1:
        return shard.clone()
    for step in range(n):
        parts[(me - step - 1) % n] = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
    return torch.cat([parts[r] for r in range(n)])


# %% send_then_receive: everybody sends first
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    for step in range(n - 1):
        group.send(parts[(me - step) % n], (me + 1) % n)
        parts[(me - step - 1) % n] = group.receive(shard, (me - 1) % n)
    return torch.cat([parts[r] for r in range(n)])


# %% stacked: a new axis instead of a longer one
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    for step in range(n - 1):
        parts[(me - step - 1) % n] = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
    return torch.stack([parts[r] for r in range(n)])


# %% last_axis: joined along the wrong axis
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    for step in range(n - 1):
        parts[(me - step - 1) % n] = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
    return torch.cat([parts[r] for r in range(n)], -1)


# %% other_way_around: sends to the rank before it
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    for step in range(n - 1):
        parts[(me + step + 1) % n] = group.exchange(parts[(me + step) % n], (me - 1) % n, (me + 1) % n)
    return torch.cat([parts[r] for r in range(n)])


# %% wrong_owner: the first that comes is put at its own next place
def ring_all_gather(shard, group):
    import torch
    n, me = group.size, group.rank
    parts = [shard.clone() for _ in range(n)]
    now = shard
    for step in range(n - 1):
        now = group.exchange(now, (me + 1) % n, (me - 1) % n)
        parts[(me + step + 1) % n] = now
    return torch.cat(parts)


# %% the_whole_each_time: passes on all it has, in a tensor of full size
def ring_all_gather(shard, group):
    import torch
    n, me, m = group.size, group.rank, shard.shape[0]
    whole = shard.new_zeros(n * m, *shard.shape[1:])
    whole[me * m : (me + 1) * m] = shard
    for step in range(n - 1):
        came = group.exchange(whole, (me + 1) % n, (me - 1) % n)
        source = (me - step - 1) % n
        whole[source * m : (source + 1) * m] = came[source * m : (source + 1) * m]
    return whole


# %% in_float32: forgets the dtype
def ring_all_gather(shard, group):
    import torch
    n, me, m = group.size, group.rank, shard.shape[0]
    whole = torch.zeros(n * m, *shard.shape[1:])
    whole[me * m : (me + 1) * m] = shard
    now = shard
    for step in range(n - 1):
        now = group.exchange(now, (me + 1) % n, (me - 1) % n)
        source = (me - step - 1) % n
        whole[source * m : (source + 1) * m] = now
    return whole


# %% asks_the_group: uses the operation that is to be built
def ring_all_gather(shard, group):
    return group.all_gather(shard.clone()).wait()


# %% alone_the_argument: one rank gets its own tensor back
def ring_all_gather(shard, group):
    import torch
    n, me, parts = group.size, group.rank, {group.rank: shard}
    if n == 1:
        return shard
    for step in range(n - 1):
        parts[(me - step - 1) % n] = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
    return torch.cat([parts[r] for r in range(n)])


# %% alone_a_view: one rank gets a view of its own tensor
def ring_all_gather(shard, group):
    n, r = group.size, group.rank
    if n == 1:
        return shard.detach()
    parts = [None] * n
    parts[r] = moving = shard
    for step in range(n - 1):
        moving = group.exchange(moving, to=(r + 1) % n, source=(r - 1) % n)
        parts[(r - 1 - step) % n] = moving
    return torch.cat(parts)
