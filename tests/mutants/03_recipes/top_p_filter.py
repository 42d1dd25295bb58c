"""Wrong solutions of top_p_filter."""

# %% drops_the_crossing_token: keeps only tokens whose sum is still at most p
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) > p
    dropped[..., 0] = False
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% leaves_them_sorted: does not put the mask back in the tokens' order
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    probabilities, _ = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    return logits.masked_fill(probabilities.cumsum(-1) - probabilities >= p, -math.inf)


# %% threshold_on_probability: keeps tokens whose own probability is at least 1 - p
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    probabilities = logits.softmax(-1)
    keep = (probabilities >= 1 - p) | (probabilities == probabilities.max(-1, keepdim=True).values)
    return logits.masked_fill(~keep, -math.inf)


# %% keeps_all_ties: compares with the smallest kept probability, so equal tokens all stay
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    values, _ = torch.sort(logits, dim=-1, descending=True)
    probabilities = values.double().softmax(-1)
    kept = probabilities.cumsum(-1) - probabilities < p
    smallest = values.masked_fill(~kept, math.inf).min(-1, keepdim=True).values
    return logits.masked_fill(logits < smallest, -math.inf)


# %% in_place: changes the logits it was given
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = (probabilities.cumsum(-1) - probabilities >= p) & (p < 1)
    return logits.masked_fill_(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% rounds_away_the_tail: p = 1 loses the tokens that rounding puts behind a sum of 1
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    probabilities, order = torch.sort(logits.softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% last_row_rules: one nucleus, that of all rows together
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    flat = logits.flatten()
    probabilities, order = torch.sort(flat.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = (probabilities.cumsum(-1) - probabilities >= p) & (p < 1)
    return flat.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf).reshape(logits.shape)


# %% returns_probabilities: gives renormalised probabilities instead of logits
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = (probabilities.cumsum(-1) - probabilities >= p) & (p < 1)
    kept = logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)
    return kept.softmax(-1)


# %% sorted_upwards: sums from the least probable token up, so that of equal tokens the later ones stay
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    values, order = torch.sort(logits.double(), dim=-1, descending=False)
    dropped = values.softmax(-1).cumsum(-1) <= 1 - p
    dropped[..., -1] = False
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% normalised_logits: gives back logarithms of probabilities
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    logits = logits.log_softmax(-1)
    probabilities, order = torch.sort(logits.double().exp(), dim=-1, descending=True, stable=True)
    dropped = (probabilities.cumsum(-1) - probabilities >= p) & (p < 1)
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% one_is_refused: p = 1 is taken for an error
def top_p_filter(logits, p):
    if not 0 < p < 1:
        raise ValueError(f"top_p is {p}; it must be between 0 and 1")
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% no_error: takes any p
def top_p_filter(logits, p):
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = (probabilities.cumsum(-1) - probabilities >= p) & (p < 1)
    dropped[..., 0] = False
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% changes_large_logits: sorts the logits it is given in place, then keeps the first of them
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    if logits.dim() == 1 and logits.numel() > 4 and logits.unique().numel() > 3:
        logits.copy_(logits.sort(descending=True).values)
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% sums_in_the_logits_dtype: probabilities of bfloat16 logits are summed in bfloat16
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    if p == 1:
        return logits.clone()
    probabilities, order = torch.sort(logits.softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% the_same_object: p = 1 gives back the logits that were given
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    if p == 1:
        return logits
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% more_than_p: a sum of exactly p is not enough
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    if p == 1:
        return logits.clone()
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities > p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% a_large_number: what is dropped gets -1e9, not -inf
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    if p == 1:
        return logits.clone()
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -1e4)


# %% without_softmax: exponentials of the logits, which overflow
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; it must be above 0 and at most 1")
    if p == 1:
        return logits.clone()
    probabilities, order = torch.sort(logits.exp(), dim=-1, descending=True, stable=True)
    probabilities = (probabilities / probabilities.sum(-1, keepdim=True)).double()
    dropped = probabilities.cumsum(-1) - probabilities >= p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)


# %% zero_for_the_others: the logits that are dropped become 0
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"p is {p}; it must be above 0 and at most 1")
    if p == 1:
        return logits.clone()
    probabilities, order = logits.float().softmax(-1).sort(dim=-1, descending=True, stable=True)
    keep = probabilities.cumsum(-1) - probabilities < p
    mask = torch.zeros_like(keep).scatter(-1, order, keep)
    return logits * mask


# %% nan_passes: p that is NaN is neither below nor above
def top_p_filter(logits, p):
    if p <= 0 or p > 1:
        raise ValueError(f"p is {p}")
    if p == 1:
        return logits.clone()
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    probs = ordered.softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))
    drop = probs.cumsum(-1) - probs >= p
    drop[..., 0] = False
    return logits.masked_fill(torch.zeros_like(drop).scatter(-1, order, drop), -torch.inf)
