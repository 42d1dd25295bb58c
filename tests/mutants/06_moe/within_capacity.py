"""Wrong solutions of within_capacity."""


# %% token_by_token: both choices of a token before the next token's
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for s in range(n_tokens) for k in range(top_k)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% one_more: one more than there is room
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) <= capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% one_less: one less than there is room
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) + 1 < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% last_first: the last tokens find room
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in reversed(range(n_tokens))]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% worst_first: last choices before first ones
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in reversed(range(top_k)) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% dropped: True for who is dropped
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) >= capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% each_rank_apart: first and second choices have room of their own
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get((e, k), 0) < capacity
        served[e, k] = served.get((e, k), 0) + 1
    return keep


# %% no_error: no room at all is taken
def within_capacity(experts_SK, n_experts, capacity):
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% negative_only: only negative room is refused
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 0:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep


# %% whole_tokens: a token that loses a choice loses all
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep & keep.all(1, keepdim=True)


# %% flat: one row of answers
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep.flatten()


# %% numbers: ones and zeros
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep.long()


# %% fits_or_not: an expert that is asked too often serves nobody
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    counts = torch.bincount(experts_SK.flatten(), minlength=n_experts)
    return (counts <= capacity)[experts_SK]


# %% transposed: answers in the order of the queue
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    keep, served = torch.zeros(n_tokens, top_k, dtype=torch.bool), {}
    for s, k in [(s, k) for k in range(top_k) for s in range(n_tokens)]:
        e = int(experts_SK[s, k])
        keep[s, k] = served.get(e, 0) < capacity
        served[e] = served.get(e, 0) + 1
    return keep.t().reshape(n_tokens, top_k)


# %% in_total: so many choices in all
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    n_tokens, top_k = experts_SK.shape
    places = torch.arange(n_tokens * top_k).view(top_k, n_tokens).t()
    return places < capacity * n_experts


# %% narrow_count: the running count is kept in a dtype that cannot count far
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}; it must be at least 1")
    n, k = experts_SK.shape
    flat = experts_SK.t().reshape(-1)
    hot = torch.nn.functional.one_hot(flat, n_experts).to(torch.bfloat16)
    place = (hot.cumsum(0) * hot).sum(-1)
    return (place <= capacity).view(k, n).t()


# %% whole_token_dropped: a token that loses its first choice loses all
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}; it must be at least 1")
    n, k = experts_SK.shape
    hot = torch.nn.functional.one_hot(experts_SK.t().reshape(-1), n_experts)
    keep = ((hot.cumsum(0) * hot).sum(-1) <= capacity).view(k, n).t()
    return keep & keep[:, :1]


# %% late_tokens_first: within second choices the latest token comes first
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}; it must be at least 1")
    n, k = experts_SK.shape
    queue = [(s, c) for c in range(k) for s in (range(n) if c == 0 else reversed(range(n)))]
    keep, served = torch.zeros(n, k, dtype=torch.bool), [0] * n_experts
    for s, c in queue:
        e = int(experts_SK[s, c])
        keep[s, c] = served[e] < capacity
        served[e] += 1
    return keep


# %% goes_to_the_next: who is dropped stands in the queue of its next expert once more, and fills it
def within_capacity(experts_SK, n_experts, capacity):
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}; it must be at least 1")
    n, k = experts_SK.shape
    keep, served = torch.zeros(n, k, dtype=torch.bool), [0] * n_experts
    for c in range(k):
        for s in range(n):
            e = int(experts_SK[s, c])
            keep[s, c] = served[e] < capacity
            served[e] += 1
            if not keep[s, c]:
                served[(e + 1) % n_experts] += 1
    return keep


# %% nothing_unchecked: without tokens the capacity is not looked at
def within_capacity(experts_SK, n_experts, capacity):
    if not experts_SK.numel():
        return torch.zeros(experts_SK.shape, dtype=torch.bool)
    if capacity < 1:
        raise ValueError(f"capacity is {capacity}")
    S, K = experts_SK.shape
    ones = torch.nn.functional.one_hot(experts_SK.T.reshape(-1), n_experts)
    place = (ones.cumsum(0) * ones).sum(1)
    return (place <= capacity).reshape(K, S).T
