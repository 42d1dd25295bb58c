"""Right solutions of bootstrap_interval that are not written as the library's is."""

# %% choice: draws positions and counts them
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    drawn = random.integers(0, n_points, (n_samples, n_points))
    weights = np.stack([np.bincount(row, minlength=n_points) for row in drawn])
    estimates = np.asarray(estimate(weights))
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


# %% sorted: reads the ends off the sorted estimates
def bootstrap_interval(estimate, n_points, level=0.95, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}")
    random = np.random.default_rng(seed)
    weights = random.multinomial(n_points, [1 / n_points] * n_points, size=n_samples)
    estimates = np.sort(np.asarray(estimate(weights.astype(float))), axis=0)
    cut = int(round((1 - level) / 2 * (n_samples - 1)))
    return estimates[cut], estimates[n_samples - 1 - cut]


# %% by_bincount: a count for each sample, by the legacy generator of its own
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if n_points < 1:
        raise ValueError(f"n_points: {n_points}")
    if not (level > 0 and level < 1):
        raise ValueError(f"level: {level}")
    if n_samples < 1:
        raise ValueError(f"n_samples: {n_samples}")
    draw = np.random.RandomState(seed)
    weights = np.array([np.bincount(draw.randint(0, n_points, n_points), minlength=n_points) for _ in range(n_samples)])
    low, high = np.percentile(estimate(weights), [50 * (1 - level), 50 * (1 + level)], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))
