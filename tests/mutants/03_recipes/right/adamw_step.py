"""Right solutions of adamw_step."""

# %% by_assignment: computes everything out of place and copies it back
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    m[...] = betas[0] * m + (1 - betas[0]) * grad
    v[...] = betas[1] * v + (1 - betas[1]) * grad * grad
    mean, square = m / (1 - betas[0] ** step), v / (1 - betas[1] ** step)
    param.copy_(param - lr * weight_decay * param - lr * mean / (square.sqrt() + eps))
