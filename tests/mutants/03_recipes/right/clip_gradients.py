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
