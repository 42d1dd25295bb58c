"""Right solutions of fit_power_law that are not written as the library's is."""

# %% polyfit: NumPy's own line
def fit_power_law(x, y):
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape:
        raise ValueError(f"y has the shape {y.shape}; it must be {x.shape}")
    for name, values in (("x", x), ("y", y)):
        for value in values:
            if not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
    if len(np.unique(x)) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values at least")
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(intercept)), float(slope)


# %% lstsq: a design matrix, with logarithms of base two
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y has the shape {y.shape}; it must be {x.shape}")
    if x.size < 2 or x.min() == x.max():
        raise ValueError(f"x is {x.tolist()}; it must have two different values at least")
    design = np.column_stack([np.ones(len(x)), np.log2(x)])
    (intercept, slope), *_ = np.linalg.lstsq(design, np.log2(y), rcond=None)
    return float(2.0**intercept), float(slope)


# %% weighted_slopes: the slopes between all pairs, weighted by the square of their distance
def fit_power_law(x, y):
    pairs = [(float(a), float(b)) for a, b in zip(x, y, strict=False)]
    if len(x) != len(y):
        raise ValueError(f"y has {len(y)} values; it must have {len(x)}")
    for a, b in pairs:
        if not a > 0:
            raise ValueError(f"x is {a}; it must be above 0")
        if not b > 0:
            raise ValueError(f"y is {b}; it must be above 0")
    if len({a for a, _ in pairs}) < 2:
        raise ValueError(f"x is {list(x)}; it must have two different values at least")
    logs = [(float(np.log(a)), float(np.log(b))) for a, b in pairs]
    above = sum((u - s) * (v - t) for u, v in logs for s, t in logs)
    below = sum((u - s) ** 2 for u, _ in logs for s, _ in logs)
    slope = above / below
    rest = sum(v - slope * u for u, v in logs) / len(logs)
    return float(np.exp(rest)), slope


# %% base_ten: logarithms to the base 10, a least-squares problem
def fit_power_law(x, y):
    xs, ys = [float(v) for v in x], [float(v) for v in y]
    if len(xs) != len(ys):
        raise ValueError(f"{len(xs)} values of x, {len(ys)} values of y")
    for name, values in (("x", xs), ("y", ys)):
        for value in values:
            if not value > 0:
                raise ValueError(f"{name} has the value {value}, which is not above 0")
    if len(set(xs)) < 2:
        raise ValueError(f"all of x is {xs}: no two differ")
    u, v = np.log10(xs), np.log10(ys)
    middle = u.mean()
    (exponent, height), *_ = np.linalg.lstsq(np.column_stack([u - middle, np.ones(len(u))]), v, rcond=None)
    return float(10 ** (height - exponent * middle)), float(exponent)


# %% covariance: the slope from numpy's covariance
def fit_power_law(x, y):
    x, y = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"x has the shape {x.shape}, y has {y.shape}")
    for name, v in {"x": x, "y": y}.items():
        wrong = ~(v > 0)
        if wrong.any():
            raise ValueError(f"{name} is {v[wrong][0]}; it must be above 0")
    if np.unique(x).size <= 1:
        raise ValueError(f"no two x differ: {x}")
    u, v = np.log(x), np.log(y)
    table = np.cov(u, v)
    exponent = table[0, 1] / table[0, 0]
    return np.exp(v.mean() - exponent * u.mean()), exponent
