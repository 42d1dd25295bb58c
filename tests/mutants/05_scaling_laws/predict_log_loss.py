"""Wrong solutions of predict_log_loss."""

# %% plain_sum: the sum as it stands, which overflows
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.log(np.exp(a - alpha * log_n) + np.exp(b - beta * log_d) + np.exp(e))


# %% no_logarithm: the loss itself
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.exp(np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e))


# %% floor_as_it_is: e is added, not exp(e)
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.log(np.exp(np.logaddexp(a - alpha * log_n, b - beta * log_d)) + e)


# %% plus: exponents with a plus
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.logaddexp(np.logaddexp(a + alpha * log_n, b + beta * log_d), e)


# %% swapped_exponents: beta with N, alpha with D
def predict_log_loss(params, log_n, log_d):
    a, b, e, beta, alpha = np.moveaxis(params[..., None], -2, 0)
    return np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e)


# %% swapped_runs: N and D swapped
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.logaddexp(np.logaddexp(a - alpha * log_d, b - beta * log_n), e)


# %% one_set: the first set of numbers of the batch for all
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = params.reshape(-1, 5)[0]
    one = np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e)
    return np.broadcast_to(one, (*params.shape[:-1], len(log_n))).copy()


# %% flat_batch: a batch of any shape comes out as a list of rows
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = params.reshape(-1, 5).T[..., None]
    found = np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e)
    return found[0] if params.ndim == 1 else found


# %% base_ten: logarithms to the base 10
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e) / np.log(10)


# %% one_top: the largest exponent of the whole batch is taken out of every row
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    x, y = a - alpha * log_n, b - beta * log_d
    top = max(x.max(), y.max(), e.max()) if x.size else 0.0
    return top + np.log(np.exp(x - top) + np.exp(y - top) + np.exp(e - top))


# %% clipped: exponents cut off at 700
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    x, y, z = (np.clip(v, -700, 700) for v in (a - alpha * log_n, b - beta * log_d, e))
    return np.log(np.exp(x) + np.exp(y) + np.exp(z))


# %% narrow: computed in float32
def predict_log_loss(params, log_n, log_d):
    params, log_n, log_d = (np.asarray(v, np.float32) for v in (params, log_n, log_d))
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    return np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e).astype(np.float64)


# %% keeps_float32: numbers in float32 give a prediction in float32
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    return np.logaddexp(np.logaddexp(a - alpha * log_n, b - beta * log_d), e)


# %% largest_of_two: the largest exponent of the two terms alone is taken out, not the floor's
def predict_log_loss(params, log_n, log_d):
    params = np.asarray(params, np.float64)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y = a - alpha * log_n, b - beta * log_d
    m = np.maximum(x, y)
    return m + np.log(np.exp(x - m) + np.exp(y - m) + np.exp(e - m))


# %% takes_out_the_first: the exponent of the first term is taken out, largest or not
def predict_log_loss(params, log_n, log_d):
    params = np.asarray(params, np.float64)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y = a - alpha * log_n, b - beta * log_d
    return x + np.log(1 + np.exp(y - x) + np.exp(e - x))


# %% largest_for_each_set: one exponent is taken out for each set of numbers, not for each run
def predict_log_loss(params, log_n, log_d):
    params = np.asarray(params, np.float64)
    a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    x, y = a - alpha * log_n, b - beta * log_d
    m = np.maximum(np.maximum(x, y).max(axis=-1, keepdims=True), e)
    return m + np.log(np.exp(x - m) + np.exp(y - m) + np.exp(e - m))


# %% float64_at_the_end: computed in the arguments' own type, and float64 by name
def predict_log_loss(params, log_n, log_d):
    a, b, e, alpha, beta = np.moveaxis(params[..., None], -2, 0)
    terms = np.stack(np.broadcast_arrays(a - alpha * log_n, b - beta * log_d, e))
    top = terms.max(axis=0)
    return (top + np.log(np.exp(terms - top).sum(axis=0))).astype(np.float64)


# %% five_rows: with five rows the numbers are taken along the wrong axis
def predict_log_loss(params, log_n, log_d):
    params, log_n, log_d = (np.asarray(x, np.float64) for x in (params, log_n, log_d))
    if params.shape[0] == 5:
        a, b, e, alpha, beta = (p[..., None] for p in params)
    else:
        a, b, e, alpha, beta = (params[..., k, None] for k in range(5))
    terms = np.stack(np.broadcast_arrays(a - alpha * log_n, b - beta * log_d, e))
    top = terms.max(axis=0)
    return top + np.log(np.exp(terms - top).sum(axis=0))
