"""Right solutions of grouped_query_attention."""

# %% by_einsum: query heads folded into groups, no head is copied
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    n_batch, n_heads, n_queries, channels = q_BHTC.shape
    n_kv_heads, n_keys = k_BKSC.shape[1:3]
    if n_heads % n_kv_heads != 0:
        raise ValueError(f"{n_heads} query heads cannot share {n_kv_heads} key/value heads equally")
    if scale is None:
        scale = channels**-0.5
    q_BKGTC = q_BHTC.reshape(n_batch, n_kv_heads, n_heads // n_kv_heads, n_queries, channels)
    scores = torch.einsum("bkgtc,bksc->bkgts", q_BKGTC * scale, k_BKSC)
    if mask is not None:
        if mask.dtype == torch.bool:
            mask = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(mask.logical_not(), float("-inf"))
        mask = mask.expand(n_batch, n_heads, n_queries, n_keys).reshape(scores.shape)
        scores = scores + mask
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    weights = weights / weights.sum(-1, keepdim=True)
    return torch.einsum("bkgts,bksc->bkgtc", weights, v_BKSC).reshape(q_BHTC.shape)


# %% head_by_head: a loop over the query heads
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    n_heads, n_kv_heads = q_BHTC.size(1), k_BKSC.size(1)
    if n_heads % n_kv_heads > 0:
        raise ValueError(f"H = {n_heads} is no multiple of K = {n_kv_heads}")
    factor = q_BHTC.size(3) ** -0.5 if scale is None else scale
    outputs = []
    for head in range(n_heads):
        shared = head * n_kv_heads // n_heads
        scores = factor * (q_BHTC[:, head] @ k_BKSC[:, shared].transpose(1, 2))
        if mask is not None:
            full = mask.expand(len(q_BHTC), n_heads, *scores.shape[1:])[:, head]
            scores = torch.where(full, scores, -torch.inf) if full.dtype is torch.bool else scores + full
        outputs.append(F.softmax(scores, dim=2) @ v_BKSC[:, shared])
    return torch.stack(outputs, dim=1)
