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


# %% picks_counted: which runs, then how often each
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    if not n_points >= 1:
        raise ValueError(f"n_points is {n_points}; it must be at least 1")
    if not (level > 0 and level < 1):
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    if not n_samples >= 1:
        raise ValueError(f"n_samples is {n_samples}; it must be at least 1")
    draw = np.random.default_rng(seed)
    counts = np.zeros((n_samples, n_points))
    rows = np.repeat(np.arange(n_samples), n_points)
    np.add.at(counts, (rows, draw.integers(n_points, size=rows.size)), 1)
    found = np.asarray(estimate(counts))
    outside = (1 - level) / 2
    return np.quantile(found, outside, axis=0), np.quantile(found, 1 - outside, axis=0)


# %% legacy_generator: an older generator of its own, percentiles
def bootstrap_interval(estimate, n_points, level=LEVEL, n_samples=1000, seed=0):
    checks = [("n_points", n_points, n_points >= 1), ("n_samples", n_samples, n_samples >= 1), ("level", level, 0.0 < level < 1.0)]
    bad = [f"{name} is {value}" for name, value, good in checks if not good]
    if bad:
        raise ValueError("; ".join(bad))
    state = np.random.RandomState(seed)
    weights = np.array([np.bincount(state.choice(n_points, n_points), minlength=n_points) for _ in range(n_samples)])
    low, high = np.percentile(estimate(weights), [50 * (1 - level), 50 * (1 + level)], axis=0)
    return (low, high)
