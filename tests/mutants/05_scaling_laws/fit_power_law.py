"""Wrong solutions of fit_power_law."""

# %% logarithm_of_the_coefficient: the intercept as it stands
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(v.mean() - slope * u.mean()), float(slope)


# %% exchanged: the exponent first
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(slope), float(np.exp(v.mean() - slope * u.mean()))


# %% sign: the exponent with its sign turned
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(np.exp(v.mean() - slope * u.mean())), float(-slope)


# %% through_the_origin: no intercept
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return 1.0, float((u * v).sum() / (u * u).sum())


# %% ends_only: the line through the first and the last point
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    slope = (v[-1] - v[0]) / (u[-1] - u[0])
    return float(np.exp(v[0] - slope * u[0])), float(slope)


# %% linear: least squares of y itself, by a few steps from the fit of the logarithms
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    a, b = np.exp(v.mean() - slope * u.mean()), slope
    for _ in range(200):
        f = a * x**b
        j = np.stack([f / a, f * u], axis=1)
        a, b = np.array([a, b]) + np.linalg.lstsq(j, y - f, rcond=None)[0]
    return float(a), float(b)


# %% other_regression: log x against log y, turned round
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    slope = ((v - v.mean()) ** 2).sum() / ((u - u.mean()) * (v - v.mean())).sum()
    return float(np.exp(v.mean() - slope * u.mean())), float(slope)


# %% decimal_and_natural: the coefficient with the wrong base
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(10 ** (v.mean() - slope * u.mean())), float(slope)


# %% mean_slope: the mean of the slopes between neighbours
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    order = np.argsort(u)
    slope = (np.diff(v[order]) / np.diff(u[order])).mean()
    return float(np.exp(v.mean() - slope * u.mean())), float(slope)


# %% no_errors: logarithms of anything
def fit_power_law(x, y):
    x, y = np.abs(np.asarray(x, float)) + 1e-300, np.abs(np.asarray(y, float)) + 1e-300
    n = min(len(x), len(y))
    u, v = np.log(x[:n]), np.log(y[:n])
    if np.ptp(u) == 0:
        return float(y.mean()), 0.0
    slope, intercept = np.polyfit(u, v, 1)
    return float(np.exp(intercept)), float(slope)


# %% flat_for_one_x: equal x give an exponent of 0
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    u, v = np.log(x), np.log(y)
    spread = ((u - u.mean()) ** 2).sum()
    slope = ((u - u.mean()) * (v - v.mean())).sum() / spread if spread else 0.0
    return float(np.exp(v.mean() - slope * u.mean())), float(slope)


# %% median_slope: the median of the slopes between all pairs
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if x.shape != y.shape:
        raise ValueError(f"y is of the shape {y.shape}; it must be that of x")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"x is {x.tolist()}; it must have two different values")
    u, v = np.log(x), np.log(y)
    slopes = [(b - d) / (a - c) for a, b in zip(u, v) for c, d in zip(u, v) if a > c]
    slope = float(np.median(slopes))
    return float(np.exp(np.median(v - slope * u))), slope


# %% nearly_equal: small numbers, and numbers that differ in the sixth digit, are taken for equal
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y; there must be as many")
    if np.allclose(x, x[0]):
        raise ValueError(f"all x are {x[0]}; two must differ")
    exponent, height = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(height)), float(exponent)


# %% ends_must_differ: the first and the last x are compared
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y; there must be as many")
    if x[0] == x[-1]:
        raise ValueError(f"all x are {x[0]}; two must differ")
    exponent, height = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(height)), float(exponent)


# %% one_point_is_a_law: one point passes, with a NaN
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y; there must be as many")
    if len(x) > 1 and (x == x[0]).all():
        raise ValueError(f"all x are {x[0]}; two must differ")
    u, v = np.log(x) - np.log(x).mean(), np.log(y) - np.log(y).mean()
    with np.errstate(all="ignore"):
        exponent = (u * v).sum() / (u * u).sum()
    return float(np.exp(np.log(y).mean() - exponent * np.log(x).mean())), float(exponent)


# %% nan_is_above_zero: a NaN among the values gives a law of NaN
def fit_power_law(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    if (x <= 0).any() or (y <= 0).any():
        raise ValueError(f"a value is {min(x.min(), y.min())}; it must be above 0")
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y; there must be as many")
    if (x == x[0]).all():
        raise ValueError(f"all x are {x[0]}; two must differ")
    u, v = np.log(x), np.log(y)
    exponent = np.cov(u, v, bias=True)[0, 1] / u.var()
    return float(np.exp(v.mean() - exponent * u.mean())), float(exponent)


# %% mean_of_repeats: values at one x are averaged first, and then count once
def fit_power_law(x, y):
    x, y = above_zero("x", x), above_zero("y", y)
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y; there must be as many")
    u, where = np.unique(np.log(x), return_inverse=True)
    if len(u) < 2:
        raise ValueError(f"all x are {x[0]}; two must differ")
    v = np.bincount(where, np.log(y)) / np.bincount(where)
    exponent, height = np.polyfit(u, v, 1)
    return float(np.exp(height)), float(exponent)


# %% no_dtype: numbers become an array as they are, so whole numbers of 21 digits become objects
def fit_power_law(x, y):
    x, y = np.asarray(x), np.asarray(y)
    for name, values in (("x", x), ("y", y)):
        if not np.all(values > 0):
            raise ValueError(f"{name} is {values}; each must be above 0")
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y")
    if len(set(x.tolist())) < 2:
        raise ValueError(f"all x are {x.tolist()}; two must differ")
    exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(intercept)), float(exponent)


# %% more_y_than_x: pairs them up, and what is left of y is forgotten
def fit_power_law(x, y):
    pairs = list(zip(x, y))
    if len(pairs) < len(x):
        raise ValueError(f"there are {len(x)} x and {len(y)} y; as many y are needed")
    for a, b in pairs:
        if not a > 0 or not b > 0:
            raise ValueError(f"x {a}, y {b}: both must be above 0")
    if len(set(x)) < 2:
        raise ValueError(f"x is {list(x)}; two must differ")
    u, v = np.log(np.array(pairs, float)).T
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(np.exp(v.mean() - slope * u.mean())), float(slope)


# %% nearly_the_same: x that differ by less than a ten-thousandth count as equal
def fit_power_law(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    for name, values in (("x", x), ("y", y)):
        if not np.all(values > 0):
            raise ValueError(f"{name} is {values}; each must be above 0")
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y")
    if len(x) == 0 or np.allclose(x, x[0], rtol=1e-4, atol=0):
        raise ValueError(f"x is {x.tolist()}; two must differ")
    exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(intercept)), float(exponent)


# %% nothing_given: no points at all end in an error of another kind
def fit_power_law(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    for name, values in (("x", x), ("y", y)):
        if not np.all(values > 0):
            raise ValueError(f"{name} is {values}; each must be above 0")
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} x and {len(y)} y")
    if (x == x[0]).all():
        raise ValueError(f"x is {x.tolist()}; two must differ")
    exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(intercept)), float(exponent)


# %% one_y_for_all: a single y is stretched to all x
def fit_power_law(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    for name, values in (("x", x), ("y", y)):
        if not np.all(values > 0):
            raise ValueError(f"{name} is {values}; each must be above 0")
    if y.size != x.size and y.size != 1:
        raise ValueError(f"there are {len(x)} x and {len(y)} y")
    if len(np.unique(x)) < 2:
        raise ValueError(f"x is {x.tolist()}; two must differ")
    u, v = np.broadcast_arrays(np.log(x), np.log(y))
    exponent, intercept = np.polyfit(u, v, 1)
    return float(np.exp(intercept)), float(exponent)
