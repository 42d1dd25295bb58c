"""Right solutions of clip_gradients."""

# %% sum_of_squares: adds the squares of all numbers
def clip_gradients(parameters, max_norm):
    if max_norm <= 0:
        raise ValueError(f"max_norm must be above 0, not {max_norm}")
    grads = [p.grad for p in list(parameters) if p.grad is not None]
    norm = sum((grad.pow(2).sum() for grad in grads), torch.zeros(())).sqrt()
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm


# %% one_long_vector: writes all gradients one after the other and measures that
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"a largest norm of {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    flat = torch.cat([grad.flatten() for grad in grads])
    norm = flat.to(torch.promote_types(flat.dtype, torch.float32)).norm()
    if norm.item() > max_norm:
        for grad in grads:
            grad.copy_(grad * (max_norm / norm).to(grad.dtype))
    return norm
