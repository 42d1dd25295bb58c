"""Right solutions of adamw_step."""

# %% by_assignment: computes everything out of place and copies it back
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    m[...] = betas[0] * m + (1 - betas[0]) * grad
    v[...] = betas[1] * v + (1 - betas[1]) * grad * grad
    mean, square = m / (1 - betas[0] ** step), v / (1 - betas[1] ** step)
    param.copy_(param - lr * weight_decay * param - lr * mean / (square.sqrt() + eps))


# %% corrected_numbers: follows the docstring line by line, with numbers for the corrections
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    param -= lr * weight_decay * param
    for moment, beta, seen in ((m, betas[0], grad), (v, betas[1], grad * grad)):
        moment *= beta
        moment += (1 - beta) * seen
    correction_1, correction_2 = (1 - beta**step for beta in betas)
    param -= lr * (m / correction_1) / ((v / correction_2) ** 0.5 + eps)


# %% numbers_in_the_rate: epsilon is scaled with the correction that went into the rate
def adamw_step(param, grad, m, v, step, *, lr, betas, eps, weight_decay):
    m.copy_(grad.lerp(m, betas[0]))
    v.copy_(grad.square().lerp(v, betas[1]))
    root = math.sqrt(1 - betas[1] ** step)
    move = (lr * root / (1 - betas[0] ** step)) * m / (v.sqrt() + eps * root)
    param.copy_(param.mul(1 - lr * weight_decay).sub(move))
