"""Wrong solutions of balancing_loss."""

# %% no_factor: the number of experts is forgotten
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% factor_k: k in the place of the number of experts
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = top_k * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% by_rows: counts divided by the choices that are here
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / (len(probs_SE) * top_k)
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% summed: the probabilities are summed over tokens
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.sum(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% averaged: a mean over experts undoes the factor
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).mean()
    return loss * top_k if convention == "huggingface" else loss


# %% swapped: the conventions are swapped
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "switch" else loss


# %% always_switch: the convention is not looked at
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    return len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()


# %% divided: k divides in the other convention
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss / top_k if convention == "huggingface" else loss


# %% detached: no gradient flows
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.detach().mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% recounted: counts are those of the largest probabilities
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    counts_E = torch.bincount(probs_SE.argmax(-1), minlength=probs_SE.shape[1])
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% squares: the squares of the shares, which have no gradient
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * shares_E).sum() + 0 * probs_SE.sum()
    return loss * top_k if convention == "huggingface" else loss


# %% float32: counts divided as PyTorch divides whole numbers, in float32
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.long() / counts_E.long().sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% widened: the result is float64
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.double() / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.double().mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% no_error: any convention is taken
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% softmax_again: another softmax over probabilities
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.softmax(dim=-1).mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% one_element: a tensor of one element is no number
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in ("switch", "huggingface"):
        raise ValueError(f"convention is {convention!r}; it must be 'switch' or 'huggingface'")
    shares_E = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum(0, keepdim=True)
    return loss * top_k if convention == "huggingface" else loss


# %% divides_the_counts_in_place: counts of the probabilities' dtype are changed for the caller
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    f = counts_E.to(probs_SE.dtype)
    f /= f.sum()
    loss = probs_SE.shape[1] * (f * probs_SE.mean(0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% only_experts_that_are_used: the factor is the number of experts that have a token
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    f = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = (counts_E > 0).sum() * (f * probs_SE.mean(0)).sum()
    loss = loss.to(probs_SE.dtype)
    return loss * top_k if convention == "huggingface" else loss


# %% k_from_the_counts: how many a token meets is taken from counts and rows
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    counts = counts_E.to(probs_SE.dtype)
    by = counts.sum() if convention == "switch" else len(probs_SE)
    return probs_SE.shape[1] * torch.dot(counts / by, probs_SE.mean(0))


# %% zero_counts_clamped: experts that nobody chose count as if one had
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    f = counts_E.clamp(min=1).to(probs_SE.dtype) / counts_E.sum()
    loss = probs_SE.shape[1] * (f * probs_SE.mean(0)).sum()
    return loss * top_k if convention == "huggingface" else loss


# %% probabilities_made_to_sum_again: the probabilities of each token are divided by their sum, so their gradient is another
def balancing_loss(probs_SE, counts_E, top_k, *, convention="switch"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    p = probs_SE.mean(0)
    p = p / p.sum()
    f = counts_E.to(probs_SE.dtype) / counts_E.sum()
    loss = probs_SE.shape[1] * (f * p).sum()
    return loss * top_k if convention == "huggingface" else loss
