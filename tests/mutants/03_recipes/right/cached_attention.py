"""Right solutions of cached_attention."""

# %% masks_the_whole_cache: attends to all slots and hides the unfilled ones
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    n_new, room = q_BHTC.shape[2], cache.keys_BKSC.shape[2]
    slots = torch.arange(room)
    places = torch.arange(cache.length, cache.length + n_new)
    if places[-1] >= room:
        raise ValueError(f"{cache.length + n_new} positions do not fit into {room}")
    cache.keys_BKSC[:, :, places] = k_BKTC
    cache.values_BKSC[:, :, places] = v_BKTC
    scores = torch.zeros(n_new, room, dtype=q_BHTC.dtype)
    if bias is not None:
        scores = F.pad(bias, (0, room - bias.shape[-1]))
    scores = scores.masked_fill(slots[None, :] > places[:, None], -math.inf)
    return grouped_query_attention(q_BHTC, cache.keys_BKSC, cache.values_BKSC, scores, scale)


# %% token_by_token: one query after the other, each over the slots up to its own
def cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, bias=None, scale=None):
    keys, values, start = cache
    room, n_new = keys.shape[2], q_BHTC.shape[2]
    if start + n_new > room:
        raise ValueError(f"position {start + n_new} is past the end of a cache with room for {room}")
    outputs = []
    for t in range(n_new):
        here = start + t
        keys[:, :, here].copy_(k_BKTC[:, :, t])
        values[:, :, here].copy_(v_BKTC[:, :, t])
        row = None if bias is None else bias[..., t : t + 1, : here + 1]
        seen = keys[:, :, : here + 1], values[:, :, : here + 1]
        outputs.append(F.scaled_dot_product_attention(q_BHTC[:, :, [t]], *seen, row, scale=scale, enable_gqa=True))
    return torch.cat(outputs, dim=2)
