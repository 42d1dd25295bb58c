"""Right solutions of gate_gradient that are not written as the library's is."""

# %% mask: one formula for both, with a mask
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    chosen = torch.zeros_like(logits_SE).scatter(-1, experts_SK, 1.0).bool()
    d = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    s = (logits_SE.masked_fill(~chosen, float("-inf")) if normalise else logits_SE).softmax(-1)
    return s * d - s * (s * d).sum(-1, keepdim=True)


# %% jacobian: the matrix of all derivatives, row by row
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    out = torch.zeros_like(logits_SE)
    for s in range(logits_SE.shape[0]):
        chosen = experts_SK[s]
        p = logits_SE[s][chosen].softmax(0) if normalise else logits_SE[s].softmax(0)
        matrix = torch.diag(p) - torch.outer(p, p)
        if normalise:
            out[s, chosen] = d_weights_SK[s] @ matrix
        else:
            out[s] = d_weights_SK[s] @ matrix[chosen]
    return out


# %% token_by_token: two loops and numbers
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    result = torch.zeros_like(logits_SE)
    for s in range(len(logits_SE)):
        chosen = experts_SK[s]
        over = chosen if normalise else torch.arange(logits_SE.shape[1])
        z = logits_SE[s, over]
        e = torch.exp(z - z.max())
        p = torch.zeros_like(logits_SE[s])
        p[over] = e / e.sum()
        mean = sum(d_weights_SK[s, k] * p[chosen[k]] for k in range(len(chosen)))
        result[s] = -p * mean
        for k in range(len(chosen)):
            result[s, chosen[k]] += p[chosen[k]] * d_weights_SK[s, k]
    return result
