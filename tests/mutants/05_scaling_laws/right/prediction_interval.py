"""Right solutions of prediction_interval that are not written as the library's is."""

# %% run_by_run: a loop over runs, with the law in plain form
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level {level} is out of range")
    a, b, e, alpha, beta = (np.asarray(params)[:, i] for i in range(5))
    rows = []
    for n, d in zip(log_n, log_d):
        laws = np.exp(a - alpha * n) + np.exp(b - beta * d) + np.exp(e)
        losses = np.sort(np.outer(laws, np.exp(residuals)).ravel())
        rows.append([np.quantile(losses, share) for share in ((1 - level) / 2, 0.5, 1 - (1 - level) / 2)])
    return np.array(rows).reshape(len(rows), 3)


# %% logs: quantiles of the logarithms
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level!r}")
    logs = np.add.outer(residuals, predict_log_loss(params, log_n, log_d))
    half = 50 * level
    return np.exp(np.percentile(logs, [50 - half, 50, 50 + half], axis=(0, 1)).T)


# %% sorted_by_hand: the quantile from the two neighbours
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not (level > 0 and level < 1):
        raise ValueError(f"level is {level!r}; it must be above 0 and below 1")
    predicted = predict_log_loss(params, log_n, log_d)
    many = np.concatenate([np.exp(predicted + r) for r in residuals])
    many.sort(axis=0)

    def at(share):
        place = share * (len(many) - 1)
        below = int(place)
        above = min(below + 1, len(many) - 1)
        return many[below] + (place - below) * (many[above] - many[below])

    return np.column_stack([at((1 - level) / 2), at(0.5), at((1 + level) / 2)])


# %% run_by_run_too: each run by itself, losses multiplied
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not (level > 0 and level < 1):
        raise ValueError(f"level is {level}; a share between 0 and 1 is wanted")
    shares = (1 - level) / 2, 0.5, (1 + level) / 2
    rows = []
    for n, d in zip(log_n, log_d):
        losses = np.exp(predict_log_loss(params, np.array([n]), np.array([d])))
        rows.append(np.quantile(np.outer(losses, np.exp(residuals)), shares))
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


# %% quantiles_of_logarithms: the exponential keeps the order, so it comes last
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = np.asarray(predict_log_loss(params, log_n, log_d), np.float64)
    futures = np.add.outer(np.asarray(residuals, np.float64), logs)
    flat = futures.reshape(-1, logs.shape[-1])
    outside = (1 - level) / 2
    return np.exp(np.quantile(flat, [outside, 0.5, 1 - outside], axis=0)).T
