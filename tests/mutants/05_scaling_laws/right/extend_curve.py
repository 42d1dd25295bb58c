"""Right solutions of extend_curve that are not written as the library's is."""

# %% golden: golden section for the exponent, in its logarithm
def extend_curve(flops, losses, target_flops):
    x = np.log(np.array(list(flops), dtype=float))
    y = np.array(list(losses), dtype=float)
    n = len(np.unique(x))
    if n < 3:
        raise ValueError(f"only {n} different budgets")
    top = x.max()

    def solve(u):
        g = math.exp(u)
        p = np.exp(-g * (x - top))
        dp, dy = p - p.mean(), y - y.mean()
        k = max(0.0, (dp @ dy) / (dp @ dp))
        e = y.mean() - k * p.mean()
        if e < 0:
            e, k = 0.0, (p @ y) / (p @ p)
        return ((e + k * p - y) ** 2).sum(), e + k * math.exp(-g * (math.log(target_flops) - top))

    # a coarse grid finds the valley, the golden section its bottom
    grid = np.linspace(math.log(0.008), math.log(3.0), 300)
    at = min(range(300), key=lambda i: solve(grid[i])[0])
    low, high = grid[max(0, at - 1)], grid[min(299, at + 1)]
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(80):
        a, b = high - golden * (high - low), low + golden * (high - low)
        if solve(a)[0] <= solve(b)[0]:
            high = b
        else:
            low = a
    return float(solve((low + high) / 2)[1])


# %% floors: a grid of floors, the exponent by a weighted line through the logarithms, refined twice
def extend_curve(flops, losses, target_flops):
    c = np.array(list(flops), dtype=float)
    y = np.array(list(losses), dtype=float)
    if len(set(c.tolist())) < 3:
        raise ValueError(f"flops has {len(set(c.tolist()))} different values; it must have at least 3")
    x = np.log(c / c.max())

    def line(floor):
        excess = y - floor
        slope, start = np.polyfit(x, np.log(excess), 1, w=excess)
        return ((floor + np.exp(start + slope * x) - y) ** 2).sum(), start, slope

    low, high = 0.0, float(y.min()) * (1 - 1e-9)
    best = 0.0
    for _ in range(12):
        tried = np.linspace(low, high, 400)
        best = min(tried, key=lambda floor: line(floor)[0])
        width = (high - low) / 399
        low, high = max(0.0, best - 2 * width), min(float(y.min()) * (1 - 1e-9), best + 2 * width)
    _, start, slope = line(best)
    return float(best + math.exp(start + slope * math.log(target_flops / c.max())))


# %% one_fine_grid: fifteen hundred exponents, and no second look
def extend_curve(flops, losses, target_flops):
    c, y = np.asarray(flops, float), np.asarray(losses, float)
    if len(np.unique(c)) < 3:
        raise ValueError(f"there are {len(np.unique(c))} different flops; there must be at least 3")
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


# %% all_at_once: all exponents in one array, lines by sums
def extend_curve(flops, losses, target_flops):
    c, y = np.array(list(flops), dtype=float), np.array(list(losses), dtype=float)
    different = len(np.unique(c))
    if different < 3:
        raise ValueError(f"{different} different budgets are too few for three unknowns")
    g = np.geomspace(0.004, 4, 6000)[:, None]
    unit = np.exp(np.log(c).mean())
    x = np.exp(-g * np.log(c / unit))
    mean = x.mean(1, keepdims=True)
    k = ((x - mean) * (y - y.mean())).sum(1, keepdims=True) / ((x - mean) ** 2).sum(1, keepdims=True)
    floor = y.mean() - k * mean
    through_zero = (x * y).sum(1, keepdims=True) / (x * x).sum(1, keepdims=True)
    k, floor = np.where(floor < 0, through_zero, k), np.maximum(floor, 0.0)
    best = ((floor + k * x - y) ** 2).sum(1).argmin()
    return float(floor[best, 0] + k[best, 0] * np.exp(-g[best, 0] * math.log(target_flops / unit)))


# %% grid_then_halving: a coarse grid, then a finer one around the best, four times
def extend_curve(flops, losses, target_flops):
    if len({float(c) for c in flops}) < 3:
        raise ValueError(f"only {len({float(c) for c in flops})} different flops")
    unit = max(flops)
    x0, y = np.array([c / unit for c in flops]), np.array(losses, dtype=float)

    def fit(g):
        x = x0**-g
        matrix = np.column_stack([np.ones(len(x)), x])
        floor, k = np.linalg.lstsq(matrix, y, rcond=None)[0]
        if floor < 0:
            floor, k = 0.0, (x @ y) / (x @ x)
        return ((matrix @ [floor, k] - y) ** 2).sum(), floor, k

    low, high = math.log(0.003), math.log(4.0)
    for _ in range(5):
        grid = np.linspace(low, high, 120)
        at = min(range(120), key=lambda i: fit(math.exp(grid[i]))[0])
        low, high = grid[max(at - 1, 0)], grid[min(at + 1, 119)]
    g = math.exp(grid[at])
    _, floor, k = fit(g)
    return float(floor + k * (target_flops / unit) ** -g)
