"""Right solutions of sort_by_expert, written differently."""


# %% one_expert_after_another: nonzero for each expert
def sort_by_expert(experts_SK, n_experts):
    for number in experts_SK.flatten().tolist():
        if number < 0 or number >= n_experts:
            raise ValueError(f"expert {number} is not among 0 to {n_experts - 1}")
    flat = experts_SK.reshape(-1)
    parts = [(flat == e).nonzero().flatten() for e in range(n_experts)]
    return torch.cat(parts), torch.tensor([len(part) for part in parts])


# %% python: lists and their sort
def sort_by_expert(experts_SK, n_experts):
    flat = experts_SK.flatten().tolist()
    for number in flat:
        if number not in range(n_experts):
            raise ValueError(f"expert is {number}")
    order = sorted(range(len(flat)), key=lambda i: flat[i])
    return torch.tensor(order, dtype=torch.int64), torch.tensor([flat.count(e) for e in range(n_experts)], dtype=torch.int64)


# %% keys: one key a choice makes any sort a stable one
def sort_by_expert(experts_SK, n_experts):
    flat = experts_SK.reshape(-1)
    wrong = flat[(flat < 0) | (flat >= n_experts)]
    if len(wrong):
        raise ValueError(f"expert is {wrong[0].item()}")
    keys = flat * (len(flat) + 1) + torch.arange(len(flat))
    return keys.argsort(), torch.zeros(n_experts, dtype=torch.int64).index_add(0, flat, torch.ones_like(flat))
