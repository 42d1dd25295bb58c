"""Right solutions of balancing_loss that are not written as the library's is."""

# %% dot: a scalar product
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    f = counts_E.to(probs_SE) / counts_E.to(probs_SE).sum()
    factor = probs_SE.shape[1] * (top_k if convention == "huggingface" else 1)
    return factor * torch.dot(f, probs_SE.mean(0))


# %% loop: expert by expert
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    n_tokens, n_experts = probs_SE.shape
    total = sum(int(count) for count in counts_E)
    loss = probs_SE.new_zeros(())
    for e in range(n_experts):
        loss = loss + (float(counts_E[e]) / total) * (probs_SE[:, e].sum() / n_tokens)
    return n_experts * (top_k if convention == "huggingface" else 1) * loss


# %% matrix_times_vector: each token's part first, then the mean
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    factor = {"switch": 1, "huggingface": top_k}.get(convention)
    if factor is None:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    shares_E = (counts_E.double() / counts_E.double().sum()).to(probs_SE.dtype).detach()
    return factor * len(counts_E) * (probs_SE @ shares_E).mean()


# %% einsum_of_all: the sum over tokens and experts at once, divided at last
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    n_tokens, n_experts = probs_SE.shape
    with torch.no_grad():
        f_E = counts_E.to(torch.float64)
        f_E = f_E * n_experts / (f_E.sum() * n_tokens)
        if convention == "huggingface":
            f_E = f_E * top_k
    return torch.einsum("se,e->", probs_SE, f_E.to(probs_SE))
