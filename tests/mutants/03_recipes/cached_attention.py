"""Wrong solutions of cached_attention."""

# %% top_left_mask: is_causal aligns the triangle with the first key
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = torch.ones(q_BHTC.shape[2], end, dtype=torch.bool).tril() if q_BHTC.shape[2] > 1 else None
    if bias is not None:
        mask = bias if mask is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% no_mask: every new query sees all new keys
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    return grouped_query_attention(
        q_BHTC, cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end], bias, scale
    )


# %% whole_cache: attends to slots that are not filled
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    start, room = cache.length, cache.keys_BKSC.shape[2]
    end = start + q_BHTC.shape[2]
    if end > room:
        raise ValueError(f"room for {room}, {end} needed")
    cache.keys_BKSC[:, :, start:end] = k_BKTC
    cache.values_BKSC[:, :, start:end] = v_BKTC
    if q_BHTC.shape[2] == 1 and bias is None:
        return grouped_query_attention(q_BHTC, cache.keys_BKSC, cache.values_BKSC, None, scale)
    mask = causal_mask(end - start, end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(
        q_BHTC, cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end], mask, scale
    )


# %% ignores_bias: the bias is not added
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    return grouped_query_attention(q_BHTC, keys, values, causal_mask(q_BHTC.shape[2], end), scale)


# %% one_slot_late: writes behind a gap
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    start = min(cache.length + 1, cache.keys_BKSC.shape[2] - q_BHTC.shape[2])
    cache.keys_BKSC[:, :, start : start + q_BHTC.shape[2]] = k_BKTC
    cache.values_BKSC[:, :, start : start + q_BHTC.shape[2]] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = causal_mask(q_BHTC.shape[2], end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% joins_instead_of_writing: joins old and new keys into new tensors and leaves the cache as it was
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    keys = torch.cat([cache.keys_BKSC[:, :, : cache.length], k_BKTC], dim=2)
    values = torch.cat([cache.values_BKSC[:, :, : cache.length], v_BKTC], dim=2)
    mask = causal_mask(q_BHTC.shape[2], end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% mask_for_the_prompt_only: behind a filled cache the new positions see each other freely
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = causal_mask(end, end) if cache.length == 0 else None
    if bias is not None:
        mask = bias if mask is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% sees_one_further: each query also sees the position after its own
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    n_new = q_BHTC.shape[2]
    end = cache.length + n_new
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = torch.ones(n_new, end, dtype=torch.bool).tril(cache.length + 1)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% bias_for_mask: with a bias the causal mask is left out
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = causal_mask(q_BHTC.shape[2], end) if bias is None else bias
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% ignores_scale: always 1 / sqrt(C)
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = causal_mask(q_BHTC.shape[2], end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask)


# %% last_slot_refused: raises when the cache becomes full, not when it overflows
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    end = cache.length + q_BHTC.shape[2]
    if end >= cache.keys_BKSC.shape[2]:
        raise ValueError(f"room for {cache.keys_BKSC.shape[2]}, {end} needed")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = causal_mask(q_BHTC.shape[2], end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% oldest_overwritten: what does not fit goes round to the first slots before the error comes
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    n_new, room = q_BHTC.shape[2], cache.keys_BKSC.shape[2]
    end = cache.length + n_new
    for t in range(n_new):
        cache.keys_BKSC[:, :, (cache.length + t) % room] = k_BKTC[:, :, t]
        cache.values_BKSC[:, :, (cache.length + t) % room] = v_BKTC[:, :, t]
    if end > room:
        raise ValueError(f"room for {room}, {end} needed")
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = causal_mask(n_new, end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, keys, values, mask, scale)


# %% clears_what_it_is_given: sets queries, keys and values to zero in place, whose attention is zero
def cached_attention(q, k, v, cache, bias=None, scale=None):
    end = cache.length + q.shape[2]
    if end > cache.keys_BKSC.shape[2]:
        raise ValueError(f"{end} positions do not fit into a cache of {cache.keys_BKSC.shape[2]}")
    for tensor in (q, k, v, cache.keys_BKSC[:, :, cache.length : end], cache.values_BKSC[:, :, cache.length : end]):
        tensor.zero_()
    return torch.zeros_like(q)


# %% zero_means_none_given: a scale of 0 becomes 1 / sqrt(C)
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    n_new, room = q_BHTC.shape[2], cache.keys_BKSC.shape[2]
    end = cache.length + n_new
    if end > room:
        raise ValueError(f"{end} positions, room for {room}")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    mask = causal_mask(n_new, end)
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    scale = scale or 1 / math.sqrt(q_BHTC.shape[-1])
    return grouped_query_attention(q_BHTC, cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end], mask, scale)


# %% bias_of_three_dimensions: cuts the bias as if it were (H, T, S)
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    n_new, room = q_BHTC.shape[2], cache.keys_BKSC.shape[2]
    end = cache.length + n_new
    if end > room:
        raise ValueError(f"{end} positions, room for {room}")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    mask = causal_mask(n_new, end)
    mask = mask if bias is None else bias[:, :n_new, :end].masked_fill(~mask, -math.inf)
    return grouped_query_attention(q_BHTC, cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end], mask, scale)
