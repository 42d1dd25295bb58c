"""Right solutions of top_k_gate that are not written as the library's is."""

# %% argsort: ranks by minus the score
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = torch.argsort(-ranked_SE, dim=-1, stable=True)[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% one_by_one: takes the best expert, hides it, takes the next
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if top_k < 1 or top_k > logits_SE.size(1):
        raise ValueError(f"cannot choose {top_k} of {logits_SE.size(1)} experts")
    if scores == "softmax":
        score = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
        score = (score - score.logsumexp(1, keepdim=True)).exp()
    elif scores == "sigmoid":
        score = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32)).sigmoid()
    else:
        raise ValueError(f"no scores {scores}")
    left = score.detach().clone()
    if bias_E is not None:
        left = left + bias_E.detach()
    chosen = []
    for _ in range(top_k):
        best = left.max(dim=1, keepdim=True).values
        number = torch.arange(left.size(1)).expand_as(left)
        first = torch.where(left == best, number, left.size(1)).min(dim=1, keepdim=True).values
        chosen.append(first)
        left = left.scatter(1, first, float("-inf"))
    experts = torch.cat(chosen, dim=1)
    weights = torch.take_along_dim(score, experts, 1)
    total = weights.sum(1, keepdim=True) if normalise else 1.0
    return Routing(experts, scale * (weights / total))
