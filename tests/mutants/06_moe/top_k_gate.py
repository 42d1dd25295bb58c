"""Wrong solutions of top_k_gate."""

# %% unstable: torch.topk, which promises nothing about equal scores
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.topk(top_k, dim=-1).indices
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% last_first: of equal scores the expert of higher number
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = (n_experts - 1 - ranked_SE.flip(-1).sort(dim=-1, descending=True, stable=True).indices)[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% by_number: experts in the order of their numbers
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k].sort(dim=-1).values
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% worst: the smallest scores
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=False, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% bias_in_weights: the bias counts in the weights
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = (scores_SE if bias_E is None else scores_SE + bias_E).gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% bias_on_logits: the bias is added to the logits for the choice
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE if bias_E is None else (wide_SE + bias_E).softmax(-1) if scores == 'softmax' else (wide_SE + bias_E).sigmoid()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% no_bias: the bias does nothing
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% bias_minus: the bias is taken off
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() - bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% bias_learns: the bias gets a gradient
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale + (0 if bias_E is None else bias_E[experts_SK] - bias_E.detach()[experts_SK]))


# %% always: normalises whatever was said
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if True:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% never: never normalises
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if False:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% chosen_only: without normalise the softmax is over the chosen
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = wide_SE.gather(-1, experts_SK).softmax(-1) if scores == 'softmax' else scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% over_all: divided by the sum over all experts
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / scores_SE.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% over_tokens: divided by the sum over tokens
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=0, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% scale_first: the scale is cancelled by the sum
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK) * scale
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK)


# %% scale_unnormalised: scales only what is normalised
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * (scale if normalise else 1.0))


# %% softmax_always: sigmoid means softmax
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1)
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% over_tokens_softmax: the softmax runs over the tokens
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=0) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% narrow: the softmax is computed in bfloat16
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = (logits_SE.softmax(dim=-1) if scores == "softmax" else logits_SE.sigmoid()).to(wide_SE.dtype)
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% float32: float64 is made narrower
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.float32)
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% narrow_result: the weights have the dtype of the logits
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, (weights_SK * scale).to(logits_SE.dtype))


# %% cut_off: no gradient
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.detach().gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% sum_cut_off: no gradient through the sum
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True).detach()
    return Routing(experts_SK, weights_SK * scale)


# %% exponentials: a softmax that overflows
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = (wide_SE.exp() / wide_SE.exp().sum(-1, keepdim=True)) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% int32: experts as int32
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK.int(), weights_SK * scale)


# %% takes_zero: a top_k of 0 passes
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 0 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% takes_more: a top_k above all experts is cut
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    top_k = min(top_k, n_experts)
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"scores is {scores!r}; it must be 'softmax' or 'sigmoid'")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% any_scores: scores that do not exist are sigmoids
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}; it must be at least 1 and at most {n_experts}")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True)
    return Routing(experts_SK, weights_SK * scale)


# %% sigmoid_ignores_bias: the bias takes part in the choice of the softmax gate alone
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if not 1 <= top_k <= logits_SE.shape[-1]:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[-1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    if scores == "sigmoid":
        s = choice = wide.sigmoid()
    else:
        s = wide.softmax(-1)
        choice = s if bias_E is None else s + bias_E
    experts = choice.argsort(dim=-1, descending=True, stable=True)[:, :top_k]
    w = s.gather(-1, experts)
    if normalise:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, scale * w)


# %% bias_added_and_taken_off: the weights are the sums less the bias, which are rounded
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if not 1 <= top_k <= logits_SE.shape[-1]:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[-1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = wide.sigmoid() if scores == "sigmoid" else wide.softmax(-1)
    bias = torch.zeros_like(s[:1]) if bias_E is None else bias_E.detach().to(s.dtype).expand_as(s)
    s = s + bias
    best, experts = s.sort(dim=-1, descending=True, stable=True)
    experts = experts[:, :top_k]
    w = best[:, :top_k] - bias.expand_as(s).gather(-1, experts)
    if normalise:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, scale * w)


# %% takes_the_bias_dtype: the weights get the dtype of scores and bias together
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if not 1 <= top_k <= logits_SE.shape[-1]:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[-1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = wide.sigmoid() if scores == "sigmoid" else wide.softmax(-1)
    if bias_E is not None:
        s = s.to(torch.promote_types(s.dtype, bias_E.dtype))
        choice = s + bias_E.detach()
    else:
        choice = s
    experts = choice.argsort(dim=-1, descending=True, stable=True)[:, :top_k]
    w = s.gather(-1, experts)
    if normalise:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, scale * w)


# %% bias_loses_its_gradient: the caller's bias is told to want no gradient any more
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if not 1 <= top_k <= logits_SE.shape[-1]:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[-1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = wide.sigmoid() if scores == "sigmoid" else wide.softmax(-1)
    choice = s if bias_E is None else s + bias_E.detach_()
    experts = choice.argsort(dim=-1, descending=True, stable=True)[:, :top_k]
    w = s.gather(-1, experts)
    if normalise:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, scale * w)


# %% topk_with_a_hair: ties are broken by taking a small number off the later experts
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n = logits_SE.shape[-1]
    if not 1 <= top_k <= n:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {n}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = wide.sigmoid() if scores == "sigmoid" else wide.softmax(-1)
    choice = s if bias_E is None else s + bias_E
    choice = choice.detach() - 1e-6 * torch.arange(n)
    experts = choice.topk(top_k, dim=-1).indices
    w = s.gather(-1, experts)
    if normalise:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, scale * w)


# %% one_expert_not_normalised: with one expert the weight is left as it is
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if not 1 <= top_k <= logits_SE.shape[-1]:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[-1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = wide.sigmoid() if scores == "sigmoid" else wide.softmax(-1)
    choice = s if bias_E is None else s + bias_E
    experts = choice.argsort(dim=-1, descending=True, stable=True)[:, :top_k]
    w = s.gather(-1, experts)
    if normalise and top_k > 1:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, scale * w)


# %% sigmoid_never_normalised_with_bias: the deepseek path scales the scores, normalised or not, and forgets to divide
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if not 1 <= top_k <= logits_SE.shape[-1]:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to {logits_SE.shape[-1]}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {SCORES}")
    wide = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = wide.sigmoid() if scores == "sigmoid" else wide.softmax(-1)
    if bias_E is None:
        experts = s.argsort(dim=-1, descending=True, stable=True)[:, :top_k]
        w = s.gather(-1, experts)
        return Routing(experts, scale * (w / w.sum(-1, keepdim=True) if normalise else w))
    experts = (s + bias_E).argsort(dim=-1, descending=True, stable=True)[:, :top_k]
    w = s.gather(-1, experts)
    if normalise:
        w = w / w.sum(-1, keepdim=True)
    return Routing(experts, w)


# %% crossed_out_with_nought: who has been chosen gets the score 0, which a bias below 0 makes the largest
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    if top_k < 1 or top_k > logits_SE.shape[1]:
        raise ValueError(f"top_k {top_k} is not from 1 to {logits_SE.shape[1]}")
    if scores not in ("softmax", "sigmoid"):
        raise ValueError(f"no scores {scores!r}")
    logits = logits_SE if logits_SE.dtype == torch.float64 else logits_SE.float()
    s = torch.softmax(logits, dim=1) if scores == "softmax" else torch.sigmoid(logits)
    left = s.detach().clone()
    if bias_E is not None:
        left = left + bias_E.detach()
    picks = []
    for _ in range(top_k):
        best = left.argmax(dim=1, keepdim=True)
        picks.append(best)
        left = left.scatter(1, best, 0.0)
    experts = torch.cat(picks, dim=1)
    weights = s.gather(1, experts)
    if normalise:
        weights = weights / weights.sum(dim=1, keepdim=True)
    return Routing(experts, scale * weights)


# %% epsilon_in_sum: a small number in the sum, against divisions by 0, is as large as small scores are
def top_k_gate(logits_SE, top_k, *, scores="softmax", normalise=True, bias_E=None, scale=1.0):
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k}")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}")
    logits = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    s = logits.softmax(-1) if scores == "softmax" else logits.sigmoid()
    chosen = s.detach() if bias_E is None else s.detach() + bias_E.detach()
    experts = chosen.argsort(dim=-1, descending=True, stable=True)[:, :top_k]
    weights = s.gather(-1, experts)
    if normalise:
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-6)
    return Routing(experts, weights * scale)
