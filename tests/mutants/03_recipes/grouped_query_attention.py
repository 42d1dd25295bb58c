"""Wrong solutions of grouped_query_attention."""

# %% repeats_heads_in_turn: query heads 0, K, 2K share a head instead of neighbours
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat(1, group, 1, 1), v_BKSC.repeat(1, group, 1, 1)
    scores = q_BHTC @ k.mT * (scale or q_BHTC.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% softmax_over_queries: the weights of a key sum to 1, not those of a query
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (scale or q_BHTC.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-2) @ v


# %% ignores_scale: always 1 / sqrt(C)
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * q_BHTC.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% no_softmax_guard: exponentials without subtracting the largest score overflow
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (scale or q_BHTC.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    weights = torch.exp(scores)
    return weights / weights.sum(-1, keepdim=True) @ v


# %% mask_upside_down: hides where the mask is True
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (scale or q_BHTC.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores.masked_fill(mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% keys_in_turn: the values are shared rightly, the keys are not
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat(1, group, 1, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% scaled_by_d_model: divides by the root of the model's width, all heads together
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    n_heads, channels = q_BHTC.shape[1], q_BHTC.shape[3]
    group, rest = divmod(n_heads, k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {n_heads}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * ((n_heads * channels) ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% mask_after_softmax: hidden weights become 0, and the others no longer sum to 1
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None and mask.dtype != torch.bool:
        scores = scores + mask
    weights = scores.softmax(-1)
    if mask is not None and mask.dtype == torch.bool:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ v


# %% mask_before_scale: a mask of numbers is scaled too
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return (scores * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)).softmax(-1) @ v


# %% no_error_of_its_own: lets PyTorch complain about heads that do not divide
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group = q_BHTC.shape[1] // k_BKSC.shape[1]
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% scales_in_place: changes the queries that it was given
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    q_BHTC *= q_BHTC.shape[-1] ** -0.5 if scale is None else scale
    scores = q_BHTC @ k.mT
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% softmax_in_float32: rounds the weights of float64 inputs
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1, dtype=torch.float32).to(q_BHTC.dtype) @ v


# %% zero_is_no_scale: takes a scale of 0 for none given
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    group, rest = divmod(q_BHTC.shape[1], k_BKSC.shape[1])
    if rest:
        raise ValueError(f"{k_BKSC.shape[1]} does not divide {q_BHTC.shape[1]}")
    k, v = k_BKSC.repeat_interleave(group, 1), v_BKSC.repeat_interleave(group, 1)
    scores = q_BHTC @ k.mT * (scale or q_BHTC.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% one_mask_for_all_heads: a mask with four dimensions is taken to have one head
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    n_heads, n_kv_heads = q_BHTC.shape[1], k_BKSC.shape[1]
    if n_heads % n_kv_heads:
        raise ValueError(f"{n_kv_heads} does not divide {n_heads}")
    k, v = (x.repeat_interleave(n_heads // n_kv_heads, dim=1) for x in (k_BKSC, v_BKSC))
    scores = q_BHTC @ k.mT * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        mask = mask[:, :1] if mask.ndim == 4 else mask
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% wants_memory_in_order: view fails on queries that were transposed, as a model's are
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    (b, h, t, c), n = q_BHTC.shape, k_BKSC.shape[1]
    if h % n:
        raise ValueError(f"{n} does not divide {h}")
    k, v = (x.repeat_interleave(h // n, dim=1) for x in (k_BKSC, v_BKSC))
    scores = torch.bmm(q_BHTC.view(b * h, t, c), k.view(b * h, -1, c).mT).view(b, h, t, -1)
    scores = scores * (c**-0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1) @ v


# %% guards_rows_that_see_nothing: subtracts the mean, not the largest score, before the exponentials
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    n_heads, n_kv_heads = q_BHTC.shape[1], k_BKSC.shape[1]
    if n_heads % n_kv_heads:
        raise ValueError(f"{n_kv_heads} does not divide {n_heads}")
    k, v = (x.repeat_interleave(n_heads // n_kv_heads, dim=1) for x in (k_BKSC, v_BKSC))
    scores = q_BHTC @ k.mT * (q_BHTC.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores - scores.mean(-1, keepdim=True)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    weights = scores.exp()
    return weights / weights.sum(-1, keepdim=True) @ v


# %% softmax_over_heads: the softmax runs over the axis of the heads
def grouped_query_attention(q_BHTC, k_BKSC, v_BKSC, mask=None, scale=None):
    H, K, C = q_BHTC.shape[1], k_BKSC.shape[1], q_BHTC.shape[-1]
    if H % K:
        raise ValueError(f"{K} key/value heads do not divide {H} query heads")
    k, v = (x.repeat_interleave(H // K, dim=1) for x in (k_BKSC, v_BKSC))
    scores = q_BHTC @ k.mT * (1 / math.sqrt(C) if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(1) @ v
