"""Right solutions of huber_objective that are not written as the library's is."""

# %% logaddexp: shares by differences of logarithms
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params, np.float64)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% autograd: PyTorch's own gradient
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    import torch

    p = torch.tensor(np.asarray(params, np.float64), requires_grad=True)
    n, d, y = (torch.tensor(np.array(values, np.float64)) for values in (log_n, log_d, log_loss))
    a, b, e, alpha, beta = (p[..., k, None] for k in range(5))
    terms = torch.broadcast_tensors(a - alpha * n, b - beta * d, e)
    r = y - torch.logsumexp(torch.stack(terms), 0)
    value = torch.where(r.abs() <= delta, r**2 / 2, delta * (r.abs() - delta / 2)).sum(-1)
    (gradient,) = torch.autograd.grad(value.sum(), p)
    return np.array(value.detach().numpy()), np.array(gradient.numpy())


# %% jacobian: the derivatives of all predictions as one array, and a product
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params, np.float64)
    predicted = predict_log_loss(params, log_n, log_d)
    shape = predicted.shape
    share_n = np.exp(params[..., 0, None] - params[..., 3, None] * log_n - predicted)
    share_d = np.exp(params[..., 1, None] - params[..., 4, None] * log_d - predicted)
    share_e = np.broadcast_to(np.exp(params[..., 2, None] - predicted), shape)
    jacobian = np.stack([share_n, share_d, share_e, -share_n * log_n, -share_d * log_d], axis=-1)
    off = predicted - log_loss
    inside = np.minimum(np.abs(off), delta)
    value = inside**2 / 2 + delta * (np.abs(off) - inside)
    return value.sum(-1), np.einsum("...p,...pk->...k", np.sign(off) * inside, jacobian)


# %% einsum: derivatives of the predictions in one array
def huber_objective(params, log_n, log_d, log_loss, delta=DELTA):
    params = np.asarray(params, np.float64)
    n, d, wanted = np.asarray(log_n, np.float64), np.asarray(log_d, np.float64), np.asarray(log_loss, np.float64)
    p = predict_log_loss(params, n, d)
    r = p - wanted
    pull = np.minimum(delta, np.maximum(-delta, r))
    value = (pull * r - pull**2 / 2).sum(axis=-1)
    first = np.exp(params[..., [0]] - params[..., [3]] * n - p)
    second = np.exp(params[..., [1]] - params[..., [4]] * d - p)
    third = np.exp(params[..., [2]] - p)
    jacobian = np.stack([first, second, third, -n * first, -d * second], axis=-2)
    return value, np.einsum("...kp,...p->...k", jacobian, pull)


# %% one_set_after_another: a loop over rows
def huber_objective(params, log_n, log_d, log_loss, delta=DELTA):
    params = np.asarray(params).astype(float)
    log_n, log_d, log_loss = (np.asarray(x).astype(float) for x in (log_n, log_d, log_loss))
    values, slopes = [], []
    for a, b, e, alpha, beta in params.reshape(-1, 5):
        terms = np.array([a - alpha * log_n, b - beta * log_d, np.full(len(log_n), e)])
        top = terms.max(0)
        weight = np.exp(terms - top)
        share = weight / weight.sum(0)
        residual = log_loss - (top + np.log(weight.sum(0)))
        inside = np.abs(residual) <= delta
        value = (residual[inside] ** 2).sum() / 2 + (delta * (np.abs(residual[~inside]) - delta / 2)).sum()
        slope = -np.where(inside, residual, delta * np.sign(residual))
        by_term = share @ slope
        values.append(value)
        slopes.append([*by_term, -(share[0] * log_n) @ slope, -(share[1] * log_d) @ slope])
    shape = params.shape[:-1]
    return np.array(values).reshape(shape), np.array(slopes).reshape(*shape, 5)
