"""Wrong solutions of huber_objective."""

# %% mean: the mean over runs
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).mean(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).mean(-1) for s in slopes], axis=-1)


# %% mean_value: the mean as the value, the slope of the sum
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).mean(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% squares: squares everywhere
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = (residual**2 / 2).sum(-1)
    pull = -residual
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% absolute: absolute values everywhere
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = (delta * size).sum(-1)
    pull = -delta * np.sign(residual)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% jump: a line without its offset
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * size).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% over_delta: divided by delta, as smooth_l1_loss is
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = 1 / delta * np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta) / delta
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% slope_sign: the slope with the other sign
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% alpha_sign: alpha and beta with a plus in the slope
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, of_n * log_n, of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% terms: the terms themselves for their shares
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x), np.exp(y), np.exp(z)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% unclipped: the slope of squares
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -residual
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% losses: residuals of losses, not of their logarithms
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = np.exp(log_loss) - np.exp(predicted)
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% fixed_delta: a thousandth whatever was said
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    delta = 1e-3
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


# %% half_missing: the square without its half
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% overflow: the sum as it stands
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.log(np.exp(x) + np.exp(y) + np.exp(z))
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n * log_n, -of_d * log_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% no_log_n: the slopes of alpha and beta without ln N and ln D
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y, z = a - alpha * log_n, b - beta * log_d, e + 0 * log_n
    predicted = np.logaddexp(np.logaddexp(x, y), z)
    residual = log_loss - predicted
    size = np.abs(residual)
    value = np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(residual, -delta, delta)
    of_n, of_d, of_e = np.exp(x - predicted), np.exp(y - predicted), np.exp(z - predicted)
    slopes = [of_n, of_d, of_e, -of_n, -of_d]
    return value, np.stack([(pull * s).sum(-1) for s in slopes], axis=-1)


# %% numerical: slopes by trying, with steps that are too coarse
def huber_objective(params, log_n, log_d, log_loss, delta=1e-3):
    params = np.asarray(params, float)
    def value(p):
        r = np.abs(log_loss - predict_log_loss(p, log_n, log_d))
        return np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)).sum(-1)
    gradient = np.stack([(value(params + 1e-4 * row) - value(params)) / 1e-4 for row in np.eye(5)], axis=-1)
    return value(params), gradient


# %% keeps_float32: in float32 where the numbers are
def huber_objective(params, log_n, log_d, log_loss, delta=DELTA):
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y = a - alpha * log_n, b - beta * log_d
    p = np.logaddexp(np.logaddexp(x, y), e)
    r = log_loss - p
    slope = -np.clip(r, -delta, delta)
    bounded = np.minimum(np.abs(r), delta)
    value = (bounded * (np.abs(r) - bounded / 2)).sum(-1)
    u, v = slope * np.exp(x - p), slope * np.exp(y - p)
    parts = [u, v, slope * np.exp(e - p), -log_n * u, -log_d * v]
    return value, np.stack([part.sum(-1) for part in parts], axis=-1)


# %% float64_at_the_end: computed in the arguments' own type, and float64 by name
def huber_objective(params, log_n, log_d, log_loss, delta=DELTA):
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y = a - alpha * log_n, b - beta * log_d
    p = np.logaddexp(np.logaddexp(x, y), e)
    r = log_loss - p
    size = np.abs(r)
    value = np.where(size <= delta, r * r / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(r, -delta, delta)
    sx, sy, se = np.exp(x - p), np.exp(y - p), np.exp(e - p)
    gradient = np.stack([(pull * s).sum(-1) for s in (sx, sy, se, -sx * log_n, -sy * log_d)], axis=-1)
    return value.astype(np.float64), gradient.astype(np.float64)


# %% squeezed: axes of length 1 are dropped
def huber_objective(params, log_n, log_d, log_loss, delta=DELTA):
    params, log_n, log_d, log_loss = (np.asarray(v, np.float64) for v in (params, log_n, log_d, log_loss))
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y = a - alpha * log_n, b - beta * log_d
    p = predict_log_loss(params, log_n, log_d)
    r = log_loss - p
    size = np.abs(r)
    value = np.where(size <= delta, r * r / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(r, -delta, delta)
    sx, sy, se = np.exp(x - p), np.exp(y - p), np.exp(e - p)
    gradient = np.stack([(pull * s).sum(-1) for s in (sx, sy, se, -sx * log_n, -sy * log_d)], axis=-1)
    return np.squeeze(value), np.squeeze(gradient)


# %% five_rows: with five rows the numbers are taken along the wrong axis
def huber_objective(params, log_n, log_d, log_loss, delta=DELTA):
    params, log_n, log_d, log_loss = (np.asarray(v, np.float64) for v in (params, log_n, log_d, log_loss))
    numbers = params if len(params) == 5 else np.moveaxis(params, -1, 0)
    a, b, e, alpha, beta = (p[..., None] for p in numbers)
    x, y = a - alpha * log_n, b - beta * log_d
    p = np.logaddexp(np.logaddexp(x, y), e)
    r = log_loss - p
    size = np.abs(r)
    value = np.where(size <= delta, r * r / 2, delta * (size - delta / 2)).sum(-1)
    pull = -np.clip(r, -delta, delta)
    sx, sy, se = np.exp(x - p), np.exp(y - p), np.exp(e - p)
    gradient = np.stack([(pull * s).sum(-1) for s in (sx, sy, se, -sx * log_n, -sy * log_d)], axis=-1)
    return value, gradient
