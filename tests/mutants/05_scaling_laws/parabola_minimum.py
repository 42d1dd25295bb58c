"""Wrong solutions of parabola_minimum."""

# %% argmin: the best run
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    if np.polyfit(log_n, losses, 2)[0] <= 0:
        raise ValueError("opens downwards")
    k = int(np.argmin(losses))
    return float(log_n[k]), float(losses[k])


# %% sign: the lowest point on the other side of zero
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = s / (2 * c)
    return float(x), float(c * x * x + s * x + h)


# %% without_two: minus the slope over the curvature
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = -s / c
    return float(x), float(c * x * x + s * x + h)


# %% kept_inside: never outside of the runs
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = min(max(-s / (2 * c), log_n.min()), log_n.max())
    return float(x), float(c * x * x + s * x + h)


# %% three_lowest: through the three lowest runs
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    three = np.argsort(losses)[:3]
    c, s, h = np.polyfit(log_n[three], losses[three], 2)
    if c <= 0 or np.polyfit(log_n, losses, 2)[0] <= 0:
        raise ValueError("opens downwards")
    x = -s / (2 * c)
    return float(x), float(c * x * x + s * x + h)


# %% through_three: through the ends and the middle
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    order = np.argsort(log_n)[[0, len(log_n) // 2, -1]]
    c, s, h = np.polyfit(log_n[order], losses[order], 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = -s / (2 * c)
    return float(x), float(c * x * x + s * x + h)


# %% any_curvature: a parabola that opens downwards has its highest point taken
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    x = -s / (2 * c)
    return float(x), float(c * x * x + s * x + h)


# %% counts_runs: three runs of two sizes are taken
def parabola_minimum(log_n, losses):
    if len(log_n) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = -s / (2 * c)
    return float(x), float(c * x * x + s * x + h)


# %% of_logarithms: a parabola of the logarithm of the loss
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    low = losses.min() - 1
    c, s, h = np.polyfit(log_n, np.log(losses - low), 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = -s / (2 * c)
    return float(x), float(np.exp(c * x * x + s * x + h) + low)


# %% best_loss: the parabola's place, the best run's loss
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
        raise ValueError("opens downwards")
    return float(-s / (2 * c)), float(losses.min())


# %% parameters: gives parameters, not their logarithm
def parabola_minimum(log_n, losses):
    if len(set(log_n.tolist())) < 3:
        raise ValueError("too few")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
        raise ValueError("opens downwards")
    x = -s / (2 * c)
    return float(np.exp(x)), float(c * x * x + s * x + h)


# %% mean_of_repeats: runs of one size are averaged before the fit, and then count once
def parabola_minimum(log_n, losses):
    sizes, where = np.unique(log_n, return_inverse=True)
    if len(sizes) < 3:
        raise ValueError(f"log_n has {len(sizes)} different values; there must be at least 3")
    losses = np.bincount(where, losses) / np.bincount(where)
    middle = sizes.mean()
    c, s, h = np.polyfit(sizes - middle, losses, 2)
    if c <= 1e-9 * np.ptp(losses):
        raise ValueError(f"the parabola's curvature is {c}; it must be above 0")
    return float(middle - s / (2 * c)), float(h - s * s / (4 * c))


# %% straight_line_by_luck: compares the curvature with 0 exactly, and rounding makes it a little above
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError(f"there are {len(np.unique(log_n))} different sizes; at least 3 are needed")
    middle = log_n.mean()
    c, s, h = np.polyfit(log_n - middle, losses, 2)
    if c <= 0:
        raise ValueError(f"the parabola's curvature is {c:.3g}; it must be above 0")
    return float(middle - s / (2 * c)), float(h - s * s / (4 * c))


# %% flat_is_no_valley: a curvature below a thousandth is taken for a straight line
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError(f"there are {len(np.unique(log_n))} different sizes; at least 3 are needed")
    middle = log_n.mean()
    c, s, h = np.polyfit(log_n - middle, losses, 2)
    if c < 1e-3:
        raise ValueError(f"the parabola's curvature is {c:.3g}; it must be above 0")
    return float(middle - s / (2 * c)), float(h - s * s / (4 * c))


# %% sizes_rounded: sizes that agree to two digits after the point count as one
def parabola_minimum(log_n, losses):
    if len(set(np.round(log_n, 2).tolist())) < 3:
        raise ValueError("fewer than three different sizes")
    middle = log_n.mean()
    c, s, h = np.polyfit(log_n - middle, losses, 2)
    if c <= 1e-12:
        raise ValueError(f"the parabola's curvature is {c:.3g}; it must be above 0")
    return float(middle - s / (2 * c)), float(h - s * s / (4 * c))


# %% uncentred: normal equations of x^2, x and 1 as they are
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError(f"there are {len(np.unique(log_n))} different sizes; at least 3 are needed")
    columns = np.stack([log_n**2, log_n, np.ones_like(log_n)], axis=1)
    c, s, h = np.linalg.solve(columns.T @ columns, columns.T @ losses)
    if c <= 1e-12:
        raise ValueError(f"the parabola's curvature is {c:.3g}; it must be above 0")
    return float(-s / (2 * c)), float(h - s * s / (4 * c))


# %% three_runs_exactly: through the lowest run and its neighbours
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError(f"there are {len(np.unique(log_n))} different sizes; at least 3 are needed")
    middle = log_n.mean()
    x = log_n - middle
    if len(x) > 7:
        order = np.argsort(x)
        low = int(np.clip(np.argmin(losses[order]), 3, len(x) - 4))
        keep = order[low - 3 : low + 4]
        x, losses = x[keep], losses[keep]
    c, s, h = np.polyfit(x, losses, 2)
    if c <= 1e-12:
        raise ValueError(f"the parabola's curvature is {c:.3g}; it must be above 0")
    return float(middle - s / (2 * c)), float(h - s * s / (4 * c))
