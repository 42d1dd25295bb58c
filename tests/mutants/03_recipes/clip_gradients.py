"""Wrong solutions of clip_gradients."""

# %% each_by_itself: every tensor is clipped by its own norm
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    parameters = [p for p in parameters if p.grad is not None]
    norm = total_norm([p.grad for p in parameters])
    for p in parameters:
        p.grad.mul_(min(1.0, max_norm / max(1e-30, p.grad.norm().item())))
    return norm


# %% scales_up: small gradients are made larger
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm(grads)
    for grad in grads:
        grad.mul_(max_norm / norm.clamp(min=1e-30))
    return norm


# %% iterates_twice: an iterator is empty the second time
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    norm = total_norm([p.grad for p in parameters if p.grad is not None])
    for p in parameters:
        if p.grad is not None and norm > max_norm:
            p.grad.mul_(max_norm / norm)
    return norm


# %% after: returns the norm after clipping
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm(grads)
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return total_norm(grads)


# %% new_tensors: binds new gradients to the parameters
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    parameters = [p for p in parameters if p.grad is not None]
    norm = total_norm([p.grad for p in parameters])
    for p in parameters:
        p.grad = p.grad * (max_norm / norm.clamp(min=1e-30)).clamp(max=1.0)
    return norm


# %% adds_norms: adds the norms instead of their squares
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = sum((grad.norm() for grad in grads), torch.zeros(()))
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm
