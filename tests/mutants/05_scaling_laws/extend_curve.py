"""Wrong solutions of extend_curve."""

# %% no_floor: a straight line through the logarithms
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    return float(np.exp(np.polyval(np.polyfit(np.log(x), np.log(y), 1), np.log(target_flops))))


# %% line_in_log: a straight line in the logarithm of C
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    return float(np.polyval(np.polyfit(np.log(x), y, 1), np.log(target_flops)))


# %% parabola_in_log: a parabola in the logarithm of C, which turns up again
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    return float(np.polyval(np.polyfit(np.log(x), y, 2), np.log(target_flops)))


# %% known_floor: Chinchilla's floor for everybody
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    line = np.polyfit(np.log(x), np.log(np.maximum(y - 1.69, 1e-6)), 1)
    return float(1.69 + np.exp(np.polyval(line, np.log(target_flops))))


# %% known_exponent: the exponent is 0.15
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    columns = np.stack([np.ones(len(x)), (x / x.max()) ** -0.15], axis=1)
    floor, factor = np.linalg.lstsq(columns, y, rcond=None)[0]
    return float(floor + factor * (target_flops / x.max()) ** -0.15)


# %% coarse: ten exponents
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    best = (math.inf, 0.0)
    for g in np.linspace(0.05, 1.0, 10):
        columns = np.stack([np.ones(len(x)), (x / x.max()) ** -g], axis=1)
        solution = np.linalg.lstsq(columns, y, rcond=None)[0]
        error = float(((columns @ solution - y) ** 2).sum())
        if error < best[0]:
            best = error, float(solution @ [1.0, (target_flops / x.max()) ** -g])
    return best[1]


# %% narrow: no exponent below 0.1
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    best = (math.inf, float(y.min()))
    for g in np.geomspace(0.1, 2.0, 1500):
        columns = np.stack([np.ones(len(x)), (x / x.max()) ** -g], axis=1)
        solution = np.linalg.lstsq(columns, y, rcond=None)[0]
        error = float(((columns @ solution - y) ** 2).sum())
        if solution.min() >= 0 and error < best[0]:
            best = error, float(solution @ [1.0, (target_flops / x.max()) ** -g])
    return best[1]


# %% floor_only: the fitted floor, however far the target
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(set(x.tolist())) < 3:
        raise ValueError(f"flops has {len(set(x.tolist()))} different values")
    best = (math.inf, float(y.min()))
    for g in np.geomspace(0.01, 2.0, 1500):
        columns = np.stack([np.ones(len(x)), (x / x.max()) ** -g], axis=1)
        solution = np.linalg.lstsq(columns, y, rcond=None)[0]
        error = float(((columns @ solution - y) ** 2).sum())
        if solution.min() >= 0 and error < best[0]:
            best = error, float(solution[0])
    return best[1]


# %% last_three: takes the last three runs of the list as given
def extend_curve(flops, losses, target_flops):
    if len(set(list(flops))) < 3:
        raise ValueError(f"flops has {len(set(list(flops)))} different values")
    (a, b, c), (x, y, z) = list(flops)[-3:], list(losses)[-3:]
    step = (c / a) ** 0.5
    ratio = (y - z) / (x - y)
    floor = x - (x - y) / (1 - ratio)
    power = -math.log(ratio) / math.log(step)
    return float(floor + (x - floor) * (target_flops / a) ** -power)


# %% two_are_enough: fits two runs, too
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(x) < 2:
        raise ValueError(f"flops has {len(x)} values")
    best = (math.inf, float(y.min()))
    for g in np.geomspace(0.01, 2.0, 1500):
        columns = np.stack([np.ones(len(x)), (x / x.max()) ** -g], axis=1)
        solution = np.linalg.lstsq(columns, y, rcond=None)[0]
        error = float(((columns @ solution - y) ** 2).sum())
        if solution.min() >= 0 and error < best[0]:
            best = error, float(solution @ [1.0, (target_flops / x.max()) ** -g])
    return best[1]


# %% counts_repeats: the same run three times counts as three
def extend_curve(flops, losses, target_flops):
    x, y = np.array(flops, dtype=float), np.array(losses, dtype=float)
    if len(x) < 3:
        raise ValueError(f"flops has {len(x)} values")
    best = (math.inf, float(y.min()) if len(y) else 0.0)
    for g in np.geomspace(0.01, 2.0, 1500):
        columns = np.stack([np.ones(len(x)), (x / x.max()) ** -g], axis=1)
        solution = np.linalg.lstsq(columns, y, rcond=None)[0]
        error = float(((columns @ solution - y) ** 2).sum())
        if solution.min() >= 0 and error < best[0]:
            best = error, float(solution @ [1.0, (target_flops / x.max()) ** -g])
    return best[1]


# %% floor_below_zero: nothing keeps the floor at or above 0
def extend_curve(flops, losses, target_flops):
    c, y = np.asarray(flops, float), np.asarray(losses, float)
    if len(np.unique(c)) < 3:
        raise ValueError(f"there are {len(np.unique(c))} different flops; there must be at least 3")
    top, best = c.max(), None
    for g in np.geomspace(0.01, 2, 1500):
        columns = np.stack([np.ones_like(c), (c / top) ** -g], axis=1)
        found = np.linalg.lstsq(columns, y, rcond=None)[0]
        error = ((columns @ found - y) ** 2).sum()
        if best is None or error < best[0]:
            best = error, *found, g
    _, floor, k, g = best
    return float(floor + k * (target_flops / top) ** -g)


# %% relative_errors: least squares of the logarithms
def extend_curve(flops, losses, target_flops):
    c, y = np.asarray(flops, float), np.asarray(losses, float)
    if len(np.unique(c)) < 3:
        raise ValueError(f"there are {len(np.unique(c))} different flops; there must be at least 3")
    top, best = c.max(), None
    weight = 1 / y
    for g in np.geomspace(0.01, 2, 1500):
        x = (c / top) ** -g
        columns = np.stack([np.ones_like(c), x], axis=1)
        floor, k = np.linalg.lstsq(columns * weight[:, None], y * weight, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, (x * weight).sum() / ((x * weight) ** 2).sum()
        if k < 0:
            floor, k = weight.sum() / (weight**2).sum(), 0.0
        error = ((np.log(np.maximum(floor + k * x, 1e-12)) - np.log(y)) ** 2).sum()
        if best is None or error < best[0]:
            best = error, floor, k, g
    _, floor, k, g = best
    return float(floor + k * (target_flops / top) ** -g)


# %% one_loss_for_a_budget: of runs with one compute only the last one counts
def extend_curve(flops, losses, target_flops):
    runs = dict(zip(flops, losses))
    if len(runs) < 3:
        raise ValueError(f"there are {len(runs)} different flops; there must be at least 3")
    c, y = np.array(list(runs), float), np.array(list(runs.values()), float)
    top, best = c.max(), None
    for g in np.geomspace(0.01, 2, 1500):
        x = (c / top) ** -g
        floor, k = np.linalg.lstsq(np.stack([np.ones_like(c), x], axis=1), y, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, (x @ y) / (x @ x)
        error = ((floor + k * x - y) ** 2).sum()
        if best is None or error < best[0]:
            best = error, floor, k, g
    _, floor, k, g = best
    return float(floor + k * (target_flops / top) ** -g)


# %% through_three_points: the curve passes through the first, the middle and the last run
def extend_curve(flops, losses, target_flops):
    order = np.argsort(flops)
    c, y = np.asarray(flops, float)[order], np.asarray(losses, float)[order]
    if len(np.unique(c)) < 3:
        raise ValueError(f"there are {len(np.unique(c))} different flops; there must be at least 3")
    pick = [0, len(c) // 2, len(c) - 1]
    c, y = c[pick], y[pick]
    top, best = c.max(), None
    for g in np.geomspace(0.01, 2, 1500):
        x = (c / top) ** -g
        floor, k = np.linalg.lstsq(np.stack([np.ones_like(c), x], axis=1), y, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, (x @ y) / (x @ x)
        error = ((floor + k * x - y) ** 2).sum()
        if best is None or error < best[0]:
            best = error, floor, k, g
    _, floor, k, g = best
    return float(floor + k * (target_flops / top) ** -g)


# %% hundredths: exponents are tried in steps of a hundredth
def extend_curve(flops, losses, target_flops):
    if len(set(flops)) < 3:
        raise ValueError(f"there are {len(set(flops))} different flops; at least 3 are needed")
    c, y = np.asarray(flops, float), np.asarray(losses, float)
    unit, best = c.max(), None
    for g in np.arange(1, 200) / 100:
        x = (c / unit) ** -g
        floor, k = np.linalg.lstsq(np.stack([np.ones_like(x), x], axis=1), y, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, x @ y / (x @ x)
        error = ((floor + k * x - y) ** 2).sum()
        if best is None or error < best[0]:
            best = error, floor + k * (target_flops / unit) ** -g
    return float(best[1])


# %% no_unit: operations as they are, so that the column of C^-g is nothing beside the ones
def extend_curve(flops, losses, target_flops):
    if len(set(flops)) < 3:
        raise ValueError(f"there are {len(set(flops))} different flops; at least 3 are needed")
    c, y = np.asarray(flops, float), np.asarray(losses, float)
    best = (math.inf, 0.0)
    for g in np.geomspace(0.01, 2, 2000):
        x = c**-g
        floor, k = np.linalg.lstsq(np.stack([np.ones_like(x), x], axis=1), y, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, x @ y / (x @ x)
        best = min(best, (((floor + k * x - y) ** 2).sum(), floor + k * target_flops**-g))
    return float(best[1])


# %% up_to_seven_tenths: the search ends at an exponent of 0.7
def extend_curve(flops, losses, target_flops):
    if len(set(flops)) < 3:
        raise ValueError(f"there are {len(set(flops))} different flops; at least 3 are needed")
    c, y = np.asarray(flops, float), np.asarray(losses, float)
    unit, best = c.max(), (math.inf, 0.0)
    for g in np.geomspace(0.005, 0.7, 2000):
        x = (c / unit) ** -g
        floor, k = np.linalg.lstsq(np.stack([np.ones_like(x), x], axis=1), y, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, x @ y / (x @ x)
        best = min(best, (((floor + k * x - y) ** 2).sum(), floor + k * (target_flops / unit) ** -g))
    return float(best[1])
