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


# %% always_float64: measures and returns in float64, whatever the gradients are
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError("max_norm has to be a positive number")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = torch.tensor(sum(grad.double().square().sum().item() for grad in grads) ** 0.5, dtype=torch.float64)
    if norm > max_norm:
        for grad in grads:
            grad.mul_(max_norm / norm.item())
    return norm


# %% leaves_it_to_pytorch: PyTorch's own function, with the norm measured before
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError("the limit must be positive")
    parameters = [p for p in parameters if p.grad is not None]
    norm = total_norm(p.grad for p in parameters)
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return norm
