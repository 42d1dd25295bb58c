"""Wrong solutions of adamw_step."""

# %% epsilon_inside: epsilon stands inside the root
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / (1 - betas[0] ** step) / (v / (1 - betas[1] ** step) + eps).sqrt())


# %% coupled: the decay goes into the gradient, as in Adam
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    grad = grad + weight_decay * param
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps))


# %% stores_the_corrected: the moments that are stored are the corrected ones
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad).div_(1 - betas[0] ** step)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2).div_(1 - betas[1] ** step)
    param.sub_(lr * m / (v.sqrt() + eps))


# %% rebinds: makes new moments and leaves the caller's as they were
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad**2
    param.sub_(lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps))


# %% decays_after: the decay is taken from the parameter after it moved
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps))
    param.mul_(1 - lr * weight_decay)


# %% changes_the_gradient: squares the gradient in place
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad.square_())
    param.sub_(lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps))
