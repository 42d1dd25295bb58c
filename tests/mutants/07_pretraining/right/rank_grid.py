"""Right solutions of rank_grid that are not written as the library's is."""

# %% by_arithmetic: the number of each place is computed
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    numbers = (n_ranks, n_expert_ranks, replicas)
    if any(number < 1 for number in numbers) or n_ranks % (n_expert_ranks * replicas) != 0:
        raise ValueError("(n_ranks, n_expert_ranks, replicas) is (%d, %d, %d); the last two must divide the first" % numbers)
    shards = n_ranks // n_expert_ranks // replicas
    r = torch.arange(replicas)[:, None, None]
    s = torch.arange(shards)[None, :, None]
    e = torch.arange(n_expert_ranks)
    return (r * shards + s) * n_expert_ranks + e


# %% lists_of_lists: three loops
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    for value in (n_ranks, n_expert_ranks, replicas):
        if value < 1:
            raise ValueError(f"{value} is below 1 in n_ranks={n_ranks}, n_expert_ranks={n_expert_ranks}, replicas={replicas}")
    shards, rest = divmod(n_ranks, n_expert_ranks * replicas)
    if rest:
        raise ValueError(f"n_ranks={n_ranks} is no multiple of n_expert_ranks={n_expert_ranks} times replicas={replicas}")
    ranks = iter(range(n_ranks))
    return torch.tensor([[[next(ranks) for _ in range(n_expert_ranks)] for _ in range(shards)] for _ in range(replicas)])


# %% in_chunks: cut twice, then stacked
def rank_grid(n_ranks, n_expert_ranks=1, replicas=1):
    each = n_expert_ranks * replicas
    if not (n_ranks > 0 and n_expert_ranks > 0 and replicas > 0 and n_ranks % each == 0):
        raise ValueError(f"{n_ranks} ranks cannot be {replicas} replicas with experts over {n_expert_ranks}")
    copies = torch.arange(n_ranks).split(n_ranks // replicas)
    return torch.stack([torch.stack(copy.split(n_expert_ranks)) for copy in copies])
