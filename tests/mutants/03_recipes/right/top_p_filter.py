"""Right solutions of top_p_filter that are not written as the library's is."""

# %% row_by_row: plain Python on each row
def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"p is {p}, but must lie in (0, 1]")
    rows = logits.reshape(-1, logits.shape[-1])
    result = rows.clone() if p == 1 else torch.full_like(rows, float("-inf"))
    if p < 1:
        for number, row in enumerate(rows):
            share = torch.softmax(row.double(), 0).tolist()
            total = 0.0
            for token in sorted(range(len(share)), key=lambda i: (-share[i], i)):
                if total >= p:
                    break
                result[number, token] = row[token]
                total += share[token]
    return result.reshape(logits.shape)


# %% without_sorting: sums for each token the probabilities of those that come before it
def top_p_filter(logits, p):
    if not (p > 0 and p <= 1):
        raise ValueError(f"p = {p} is not in (0, 1]")
    result = logits.clone()
    if p < 1:
        share = logits.double().softmax(-1)
        mine, other = share[..., :, None], share[..., None, :]
        smaller_id = torch.ones(share.shape[-1], share.shape[-1]).tril(-1).bool()
        comes_first = (other > mine) | ((other == mine) & smaller_id)
        before = torch.where(comes_first, other, 0.0).sum(-1)
        result[before >= p] = float("-inf")
    return result


# %% in_float32: sorted logits, sums in float32, a mask gathered back
def top_p_filter(logits, p):
    if not p > 0.0 or p > 1.0:
        raise ValueError(f"the share {p} is not above 0 and at most 1")
    if p == 1:
        return logits.detach().clone()
    values, order = logits.float().sort(dim=-1, descending=True, stable=True)
    shares = values.softmax(-1)
    keep = torch.ones_like(order, dtype=torch.bool)
    keep[..., 1:] = shares.cumsum(-1)[..., :-1] < p
    return torch.where(keep.gather(-1, order.argsort(-1)), logits, torch.full_like(logits, float("-inf")))
