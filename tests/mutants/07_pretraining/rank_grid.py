"""Wrong solutions of rank_grid."""

# %% replicas_beside_one_another: neighbours are copies of one another
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    shards = n_ranks // (n_expert_ranks * replicas)
    return torch.arange(n_ranks).view(n_expert_ranks, shards, replicas).permute(2, 1, 0).contiguous()


# %% shards_beside_one_another: neighbours have the same experts
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    shards = n_ranks // (n_expert_ranks * replicas)
    return torch.arange(n_ranks).view(replicas, n_expert_ranks, shards).transpose(1, 2).contiguous()


# %% dimensions_exchanged: the experts stand before the shards
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    return torch.arange(n_ranks).view(replicas, n_expert_ranks, -1)


# %% leaves_ranks_out: what does not divide is cut off
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    shards = n_ranks // (n_expert_ranks * replicas)
    return torch.arange(replicas * shards * n_expert_ranks).view(replicas, shards, n_expert_ranks)


# %% each_by_itself: asks whether each number divides, not the product
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % n_expert_ranks or n_ranks % replicas:
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    shards = n_ranks // (n_expert_ranks * replicas)
    return torch.arange(n_ranks)[: replicas * shards * n_expert_ranks].view(replicas, shards, n_expert_ranks)


# %% two_dimensions: replicas and shards in one
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    return torch.arange(n_ranks).view(-1, n_expert_ranks)


# %% as_lists: no tensor
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    return torch.arange(n_ranks).view(replicas, -1, n_expert_ranks).tolist()


# %% int32: another type of numbers
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    return torch.arange(n_ranks, dtype=torch.int32).view(replicas, -1, n_expert_ranks)


# %% floats: a tensor of floats, filled entry by entry
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    grid = torch.zeros(replicas, n_ranks // (n_expert_ranks * replicas), n_expert_ranks)
    for place, rank in enumerate(range(n_ranks)):
        grid.view(-1)[place] = rank
    return grid


# %% minus_times_minus: does not ask whether the numbers are positive
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    each = n_expert_ranks * replicas
    if each == 0 or n_ranks % each:
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    return torch.arange(n_ranks).view(abs(replicas), n_ranks // each, abs(n_expert_ranks))


# %% names_one_number: the message does not say how the ranks were to be cut
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"the grid does not fit {n_ranks} ranks")
    return torch.arange(n_ranks).view(replicas, -1, n_expert_ranks)


# %% names_two_numbers: the message does not say how many ranks there are
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"n_expert_ranks is {n_expert_ranks} and replicas is {replicas}; they must divide the ranks")
    return torch.arange(n_ranks).view(replicas, -1, n_expert_ranks)


# %% from_one: ranks are counted from 1
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    return torch.arange(1, n_ranks + 1).view(replicas, -1, n_expert_ranks)


# %% replicas_of_replicas: forgets that shards are what replicas have left
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    if min(n_ranks, n_expert_ranks, replicas) < 1 or n_ranks % (n_expert_ranks * replicas):
        raise ValueError(f"{n_ranks} ranks, {n_expert_ranks} x {replicas}")
    one = torch.arange(n_ranks).view(-1, n_expert_ranks)
    return one.expand(replicas, *one.shape).clone()


# %% the_error_of_view: the message is PyTorch's, in its own type
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    return torch.arange(n_ranks).view(replicas, -1, n_expert_ranks)
