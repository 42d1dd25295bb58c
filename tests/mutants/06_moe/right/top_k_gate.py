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


# %% ranks_by_comparison: an expert's rank is the number of those that are better, or as good and before it
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_tokens, n = logits_SE.shape
    if top_k not in range(1, n + 1):
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {n}")
    if scores == "softmax":
        s = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32)).softmax(-1)
    elif scores == "sigmoid":
        s = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32)).sigmoid()
    else:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    with torch.no_grad():
        by = s + (0 if bias_E is None else bias_E)
        before = torch.ones(n, n, dtype=torch.bool).tril(-1)
        better = (by[:, None, :] > by[:, :, None]) | ((by[:, None, :] == by[:, :, None]) & before)
        rank = better.sum(-1)
        hot = (rank[:, None, :] == torch.arange(top_k)[None, :, None])
        experts = hot.long().argmax(-1)
    w = torch.einsum("ske,se->sk", hot.to(s.dtype), s)
    total = w.sum(-1, keepdim=True) if normalise else 1.0
    return Routing(experts_SK=experts, weights_SK=scale * w / total)


# %% flipped_stable_sort: ascending by the negative, indexed by rows
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if top_k < 1 or logits_SE.shape[1] < top_k:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE + torch.zeros((), dtype=torch.float32)
    if wide.dtype in (torch.bfloat16, torch.float16):
        wide = wide.float()
    s = {"softmax": lambda: (wide - wide.logsumexp(1, keepdim=True)).exp(), "sigmoid": wide.sigmoid}[scores]()
    key = -s if bias_E is None else -(s + bias_E)
    experts = torch.sort(key.detach(), dim=1, stable=True).indices.narrow(1, 0, top_k)
    w = s[torch.arange(len(s))[:, None], experts]
    if normalise:
        w = torch.nn.functional.normalize(w, p=1, dim=1, eps=0.0)
    return Routing(experts, w.mul(scale))
