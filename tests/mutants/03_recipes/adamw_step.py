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


# %% corrects_one_step_ahead: the power is step + 1, as if the first step were number 0
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    m_hat, v_hat = m / (1 - betas[0] ** (step + 1)), v / (1 - betas[1] ** (step + 1))
    param.sub_(lr * m_hat / (v_hat.sqrt() + eps))


# %% epsilon_before_the_correction: the correction is moved into the rate, and epsilon goes to the uncorrected root
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_(grad, alpha=1 - betas[0])
    v.mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
    rate = lr * math.sqrt(1 - betas[1] ** step) / (1 - betas[0] ** step)
    param.addcdiv_(m, v.sqrt().add_(eps), value=-rate)


# %% decays_by_lambda: the decay is not multiplied by the learning rate, as in the paper's algorithm
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps))


# %% number_by_number: a loop that works for vectors alone
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    for i in range(len(param)):
        g = grad[i].item()
        m[i] = betas[0] * m[i].item() + (1 - betas[0]) * g
        v[i] = betas[1] * v[i].item() + (1 - betas[1]) * g * g
        m_hat, v_hat = m[i].item() / (1 - betas[0] ** step), v[i].item() / (1 - betas[1] ** step)
        param[i] = param[i].item() * (1 - lr * weight_decay) - lr * m_hat / (math.sqrt(v_hat) + eps)


# %% counts_its_calls: keeps a counter of its own instead of looking at `step`
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    adamw_step.calls = getattr(adamw_step, "calls", 0) + 1
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    m_hat, v_hat = m / (1 - betas[0] ** adamw_step.calls), v / (1 - betas[1] ** adamw_step.calls)
    param.sub_(lr * m_hat / (v_hat.sqrt() + eps))


# %% flattens_a_copy: reshape copies a parameter that is not contiguous, and only the copy moves
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    p, g, first, second = (x.reshape(-1) for x in (param, grad, m, v))
    p.mul_(1 - lr * weight_decay)
    first.mul_(betas[0]).add_((1 - betas[0]) * g)
    second.mul_(betas[1]).add_((1 - betas[1]) * g**2)
    p.sub_(lr * first / (1 - betas[0] ** step) / ((second / (1 - betas[1] ** step)).sqrt() + eps))


# %% matrices_alone_decay: leaves vectors out of the decay, which is for the caller to choose
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    if param.ndim > 1:
        param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps))


# %% waits_for_a_gradient: where the gradient is zero nothing happens, as in a sparse optimizer
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    seen = grad != 0
    param.mul_(1 - lr * weight_decay)
    m[seen] = betas[0] * m[seen] + (1 - betas[0]) * grad[seen]
    v[seen] = betas[1] * v[seen] + (1 - betas[1]) * grad[seen] ** 2
    move = lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps)
    param[seen] -= move[seen]


# %% larger_of_the_two: epsilon is the least value of the root instead of being added
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / (1 - betas[0] ** step) / (v / (1 - betas[1] ** step)).sqrt().clamp(min=max(eps, 1e-12)))


# %% another_memory: gives the parameter new memory, which whoever holds the old one does not see
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    move = lr * m / (1 - betas[0] ** step) / ((v / (1 - betas[1] ** step)).sqrt() + eps)
    param.data = param * (1 - lr * weight_decay) - move


# %% keeps_the_corrections: computes the corrections once for each step number, whatever the betas are
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay, kept={}):
    if step not in kept:
        kept[step] = 1 - betas[0] ** step, 1 - betas[1] ** step
    param.mul_(1 - lr * weight_decay)
    m.mul_(betas[0]).add_((1 - betas[0]) * grad)
    v.mul_(betas[1]).add_((1 - betas[1]) * grad**2)
    param.sub_(lr * m / kept[step][0] / ((v / kept[step][1]).sqrt() + eps))
