"""Wrong solutions of bootstrap_interval."""

# %% dirichlet: weights that are no whole numbers
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.dirichlet(np.ones(n_points), size=n_samples) * n_points
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% permutations: orders of the runs, each of them once
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = np.stack([np.bincount(random.permutation(n_points), minlength=n_points) for _ in range(n_samples)])
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% subsets: eighty in a hundred runs without replacement
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    k = max(1, int(0.8 * n_points))
    weights = np.stack([np.bincount(random.permutation(n_points)[:k], minlength=n_points) for _ in range(n_samples)])
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% poisson: numbers of any sum
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.poisson(1.0, (n_samples, n_points))
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% one_tail: all that is cut off is cut off at each end
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [1 - level, level], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% normal: a multiple of the standard deviation
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    from statistics import NormalDist
    z = NormalDist().inv_cdf((1 + level) / 2)
    low, high = estimates.mean(0) - z * estimates.std(0), estimates.mean(0) + z * estimates.std(0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% two_sigma: two standard deviations at any level
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = estimates.mean(0) - 2 * estimates.std(0), estimates.mean(0) + 2 * estimates.std(0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% extremes: the smallest and the largest estimate
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = estimates.min(0), estimates.max(0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% all_together: one interval for all numbers
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2])
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% own_seed: the same samples whatever the seed
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(0)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% no_seed: other samples each time
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng()
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% hundred: a hundred samples whatever was said
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=100)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% fewer_draws: one run fewer in each sample
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(max(n_points - 1, 1), [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% reversed: the interval turned over
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    middle = np.median(estimates, axis=0)
    low, high = 2 * middle - high, 2 * middle - low
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% global_state: sets the seed of numpy's own generator
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    np.random.seed(seed)
    random = np.random
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% no_errors: takes any level
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    random = np.random.default_rng(seed)
    n_points, n_samples = max(1, n_points), max(1, n_samples)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, np.clip([(1 - level) / 2, (1 + level) / 2], 0, 1), axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% one_by_one: asks for one sample after another
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    estimates = []
    for _ in range(n_samples):
        weights = random.multinomial(n_points, np.full(n_points, 1 / n_points)).astype(float)
        estimates.append(np.asarray(estimate(weights[None]))[0])
    tail = (1 - level) / 2
    low, high = np.quantile(np.array(estimates), [tail, 1 - tail], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% looks_first: asks the estimate once with all runs, to see its shape, and then with the samples
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    shape = np.shape(estimate(np.ones((1, n_points))))[1:]
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    found = np.asarray(estimate(weights)).reshape(n_samples, *shape)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% more_is_better: never fewer than a thousand samples
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    n_samples = max(n_samples, 1000)
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    low, high = np.quantile(estimate(weights), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% one_number_of_one: an estimate of shape (k, 1) loses its axis
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    found = np.squeeze(estimate(weights))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% nan_is_a_level: a level of NaN is let through
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if level <= 0 or level >= 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    found = np.sort(np.asarray(estimate(weights)), axis=0)
    if level != level:
        return found[0], found[-1]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% with_the_runs_themselves: the first sample is no sample: every run once
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    weights = np.concatenate([np.ones((1, n_points), weights.dtype), weights])
    low, high = np.quantile(estimate(weights), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% two_at_least: one run is refused
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 2:
        raise ValueError(f"n_points is {n_points}; it must be at least 2")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    low, high = np.quantile(estimate(weights), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% per_cent_welcome: a level above 1 is taken for per cent
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if level > 1:
        level = level / 100
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    weights = np.random.default_rng(seed).multinomial(n_points, np.full(n_points, 1 / n_points), size=n_samples)
    low, high = np.quantile(estimate(weights), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


# %% last_never: the last run is never drawn in a large table
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    for name, value, good in (("n_points", n_points, n_points >= 1), ("level", level, 0 < level < 1), ("n_samples", n_samples, n_samples >= 1)):
        if not good:
            raise ValueError(f"{name} is {value}")
    picks = np.random.default_rng(seed).integers(0, max(1, n_points - 1), (n_samples, n_points))
    weights = np.stack([np.bincount(row, minlength=n_points) for row in picks])
    low, high = np.quantile(estimate(weights), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
