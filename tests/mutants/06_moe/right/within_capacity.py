"""Right solutions of within_capacity, written differently."""


# %% queue: one after another
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% one_hot: running counts of one-hot choices
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    queue = experts_SK.t().reshape(-1)
    ones = (queue[:, None] == torch.arange(n_experts)).long()
    places = (ones.cumsum(0) * ones).sum(1)
    return (places <= capacity).view(top_k, n_tokens).t()


# %% by_expert: the first so many of each expert
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    queue = experts_SK.transpose(0, 1).reshape(-1)
    keep = torch.zeros(n_tokens * top_k, dtype=torch.bool)
    for e in range(n_experts):
        keep[torch.nonzero(queue == e).flatten()[:capacity]] = True
    return keep.reshape(top_k, n_tokens).transpose(0, 1)
