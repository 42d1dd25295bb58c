"""Wrong solutions of gate_gradient."""

# %% always: as if normalised
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if True:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% never: as if not normalised
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if False:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% swapped: the other way round
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if not normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% chosen_hear: not normalised, those that were not chosen hear nothing
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    chosen = torch.zeros_like(logits_SE).scatter(-1, experts_SK, 1.0)
    return chosen * probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% no_sum: the sum over the chosen is missing
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK)
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE)


# %% plain_sum: the sum without its weights
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - d_weights_SK.sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - d_probs_SE.sum(dim=-1, keepdim=True))


# %% plus: plus the sum
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK + (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE + (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% over_tokens: the sum runs over the tokens
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=0, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=0, keepdim=True))


# %% probs: normalised, with the scores over all instead of the weights
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.softmax(dim=-1).gather(-1, experts_SK)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% denominator: normalised, the sum is taken for a constant
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        probs_SE = logits_SE.softmax(-1)
        total = probs_SE.gather(-1, experts_SK).sum(-1, keepdim=True)
        d_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK / total)
        return probs_SE * (d_SE - (d_SE * probs_SE).sum(-1, keepdim=True))
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% no_scatter: the gradient of the K weights stays in the first K columns
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).index_copy(-1, torch.arange(experts_SK.shape[-1]), d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% sorted: takes the experts for sorted by number
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    experts_SK = experts_SK.sort(-1).values
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% sigmoid: the derivative of a sigmoid
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (1 - weights_SK) * d_weights_SK
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (1 - probs_SE) * d_probs_SE


# %% descends: the step, not the gradient
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, -d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return -probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% underflow: normalised, divides scores that may both be 0
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = (lambda p: p / p.sum(-1, keepdim=True))(logits_SE.softmax(-1).gather(-1, experts_SK))
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% exponentials: a softmax that overflows
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = (lambda e: e / e.sum(-1, keepdim=True))(logits_SE.gather(-1, experts_SK).exp())
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = (lambda e: e / e.sum(-1, keepdim=True))(logits_SE.exp())
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% autograd: asks PyTorch
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    moving = logits_SE.detach().clone().requires_grad_()
    weights = moving.softmax(-1).gather(-1, experts_SK) if not normalise else moving.gather(-1, experts_SK).softmax(-1)
    return torch.autograd.grad(weights, moving, d_weights_SK)[0]


# %% float32: computes in float32
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    logits_SE, d_weights_SK = logits_SE.float(), d_weights_SK.float()
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


# %% mean: the mean over tokens
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK) / len(logits_SE)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True)) / len(logits_SE)


# %% masked_softmax_over_batch: the sum is taken over the whole batch
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    d = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    if normalise:
        logits_SE = torch.full_like(logits_SE, float("-inf")).scatter(-1, experts_SK, logits_SE.gather(-1, experts_SK))
    p = logits_SE.softmax(-1)
    return p * (d - (d * p).sum())


# %% mean_of_the_arriving: the mean of what arrives is taken off, right where all weights are equal
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        w = logits_SE.gather(-1, experts_SK).softmax(-1)
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, w * (d_weights_SK - d_weights_SK.mean(-1, keepdim=True)))
    p = logits_SE.softmax(-1)
    d = torch.zeros_like(p).scatter(-1, experts_SK, d_weights_SK)
    return p * (d - (d * p).sum(-1, keepdim=True))


# %% changes_what_arrives: takes the sum off in the caller's gradient
def gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=True):
    if normalise:
        w = logits_SE.gather(-1, experts_SK).softmax(-1)
        d_weights_SK -= (w * d_weights_SK).sum(-1, keepdim=True)
        return torch.zeros_like(logits_SE).scatter_(-1, experts_SK, w * d_weights_SK)
    p = logits_SE.softmax(-1)
    d = torch.zeros_like(p).scatter(-1, experts_SK, d_weights_SK)
    return p * (d - (d * p).sum(-1, keepdim=True))
