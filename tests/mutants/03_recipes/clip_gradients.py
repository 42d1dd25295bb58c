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


# %% cuts_single_numbers: clips each number by itself
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm(grads)
    if norm > max_norm:
        for grad in grads:
            grad.clamp_(-max_norm, max_norm)
    return norm


# %% no_root: compares the sum of squares with the norm
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = sum((grad.square().sum() for grad in grads), torch.zeros(()))
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm


# %% every_parameter_has_one: a parameter that took no part in the loss stops it
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters]
    norm = total_norm(grads)
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm


# %% divides_by_zero: divides before it asks whether there is anything to scale
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm(grads)
    factor = min(1.0, max_norm / norm.item())
    for grad in grads:
        grad.mul_(factor)
    return norm


# %% refuses_infinity: the norm cannot be measured without clipping
def clip_gradients(parameters, max_norm):
    if not 0 < max_norm < float("inf"):
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm(grads)
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm


# %% a_plain_number: returns a number where a tensor is promised
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = sum(grad.double().square().sum().item() for grad in grads) ** 0.5
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm


# %% in_the_type_of_the_gradients: the norm of bfloat16 gradients is a bfloat16 number
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.zeros(())
    norm = torch.stack([grad.norm() for grad in grads]).norm()
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm


# %% hides_what_is_not_finite: replaces infinite and NaN gradients by zeros before it measures
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    for grad in grads:
        grad.nan_to_num_(0.0, posinf=0.0, neginf=0.0)
    norm = total_norm(grads)
    factor = (max_norm / norm.clamp(min=1e-30)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad))
    return norm


# %% wants_memory_in_order: view(-1) fails on a gradient that is not contiguous
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm([grad.view(-1) for grad in grads])
    factor = (max_norm / norm.clamp(min=1e-30)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad))
    return norm


# %% widened_at_the_end: squares are added in bfloat16, and only the sum becomes float32
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    squares = sum(grad.square().sum() for grad in grads) if grads else torch.zeros(())
    norm = squares.to(torch.promote_types(squares.dtype, torch.float32)).sqrt()
    factor = (max_norm / norm.clamp(min=1e-30)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad))
    return norm


# %% scales_a_flat_copy: the long vector is scaled, and the gradients it was copied from are not
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    flat = [p.grad.reshape(-1) for p in parameters if p.grad is not None]
    norm = total_norm(flat)
    for grad in flat:
        grad.mul_((max_norm / norm.clamp(min=1e-30)).clamp(max=1.0).to(grad))
    return norm


# %% at_least_one_hundredth: norms below a hundredth are not divided by
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = total_norm(grads)
    factor = (max_norm / norm.clamp(min=1e-2)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad))
    return norm


# %% another_memory: gives the gradient new memory, and a bucket that it is a part of does not change
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    parameters = [p for p in parameters if p.grad is not None]
    norm = total_norm([p.grad for p in parameters])
    if norm > max_norm:
        for p in parameters:
            p.grad.data = p.grad * (max_norm / norm).to(p.grad)
    return norm
