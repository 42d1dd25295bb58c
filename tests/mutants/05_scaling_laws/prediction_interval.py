"""Wrong solutions of prediction_interval."""

# %% of_the_law: the interval of the law, without what a single run differs by
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    losses = np.exp(predict_log_loss(params, log_n, log_d))
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% one_law: the residuals around the mean of the constants
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(np.mean(params, axis=0), log_n, log_d)
    losses = np.exp(predicted[None, :] + residuals[:, None])
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% quantiles_of_constants: the quantiles of each constant by itself, and their predictions
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    shares = [(1 - level) / 2, 0.5, (1 + level) / 2]
    ends = predict_log_loss(np.quantile(params, shares, axis=0), log_n, log_d)
    return np.exp(np.sort(ends, axis=0) + np.quantile(residuals, shares)[:, None]).T


# %% one_tail: the quantiles 1 - level and level
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(losses, [1 - level, 0.5, level], axis=0).T


# %% normal: mean and standard deviation, as if the losses were normal
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    from statistics import NormalDist

    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    z = NormalDist().inv_cdf((1 + level) / 2)
    mean, spread = losses.mean(0), losses.std(0)
    return np.stack([mean - z * spread, mean, mean + z * spread], axis=1)


# %% mean_in_the_middle: the mean in the place of the median
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    low, high = np.quantile(losses, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.stack([low, losses.mean(0), high], axis=1)


# %% residuals_to_losses: the residuals are added to the losses, not to their logarithms
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    losses = np.exp(predict_log_loss(params, log_n, log_d))
    losses = (losses[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% subtracted: the law less the residuals
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] - residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% ends_added: the ends of the law's interval, with the ends of the residuals' interval
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    shares = [(1 - level) / 2, 0.5, (1 + level) / 2]
    laws = np.quantile(predict_log_loss(params, log_n, log_d), shares, axis=0)
    return np.exp(laws + np.quantile(residuals, shares)[:, None]).T


# %% all_runs_together: one interval for all runs
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None])
    ends = np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return np.tile(ends, (len(log_n), 1))


# %% transposed: (3, n_runs) in the place of (n_runs, 3)
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)


# %% log_losses: the logarithms are returned
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    logs = (predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(logs, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% always_ninety: the level is not used
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(losses, [0.05, 0.5, 0.95], axis=0).T


# %% percent: any level, and quantiles of the wrong numbers where it is one
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    level = min(max(level, 0.0), 1.0)
    predicted = predict_log_loss(params, log_n, log_d)
    losses = np.exp(predicted[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% paired: the first fit with the first residual, the second with the second
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; it must be between 0 and 1")
    predicted = predict_log_loss(params, log_n, log_d)
    n = min(len(predicted), len(residuals))
    losses = np.exp(predicted[:n] + np.asarray(residuals)[:n, None])
    return np.quantile(losses, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% nan_is_a_level: a level of NaN is let through
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if level <= 0 or level >= 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if level != level:
        level = 0.9
    logs = predict_log_loss(params, log_n, log_d)
    futures = np.exp(logs[:, None, :] + np.asarray(residuals)[None, :, None]).reshape(-1, logs.shape[-1])
    return np.quantile(futures, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% whole_per_cents: the ends are rounded to whole per cents
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = predict_log_loss(params, log_n, log_d)
    futures = np.exp(logs[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    ends = [round(50 * (1 - level)), 50, round(50 * (1 + level))]
    return np.percentile(futures, ends, axis=0).T


# %% same_fit_once: fits that are the same count once
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = predict_log_loss(np.unique(params, axis=0), log_n, log_d)
    futures = np.exp(logs[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(futures, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% same_residual_once: residuals that are the same count once
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = predict_log_loss(params, log_n, log_d)
    futures = np.exp(logs[:, None, :] + np.unique(residuals)[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(futures, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% centred_residuals: the residuals' mean is taken off when there are many
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = predict_log_loss(params, log_n, log_d)
    own = residuals - residuals.mean() if len(params) > 1 else residuals
    futures = np.exp(logs[:, None, :] + own[None, :, None]).reshape(-1, len(log_n))
    return np.quantile(futures, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% a_sample_of_many: of more than 50,000 futures a sample
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = predict_log_loss(params, log_n, log_d)
    futures = (logs[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    if len(futures) > 50_000:
        futures = np.random.default_rng(0).choice(futures, 2000)
    return np.quantile(np.exp(futures), [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0).T


# %% middle_of_the_ends: the middle is the mean of the two ends in logarithms
def prediction_interval(params, residuals, log_n, log_d, level=0.9):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    logs = predict_log_loss(params, log_n, log_d)
    futures = np.exp(logs[:, None, :] + residuals[None, :, None]).reshape(-1, len(log_n))
    low, high = np.quantile(futures, [(1 - level) / 2, (1 + level) / 2], axis=0)
    middle = np.exp(np.median(logs, axis=0) + np.median(residuals))
    return np.stack([low, middle, high], axis=1)
