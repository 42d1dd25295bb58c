"""Right solutions of parabola_minimum that are not written as the library's is."""

# %% polyfit: by np.polyfit, uncentred
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError("fewer than three sizes")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 1e-9:
        raise ValueError("it opens downwards")
    x = -s / (2 * c)
    return x, h + s * x / 2


# %% normal_equations: by the normal equations of centred sizes
def parabola_minimum(log_n, losses):
    log_n, losses = np.asarray(log_n), np.asarray(losses)
    if len(set(log_n.tolist())) < 3:
        raise ValueError("fewer than three sizes")
    middle = log_n.mean()
    x = log_n - middle
    table = np.vander(x, 3)
    c, s, h = np.linalg.solve(table.T @ table, table.T @ losses)
    if not c > 1e-9:
        raise ValueError("no lowest point")
    return middle - s / 2 / c, h - s * s / 4 / c


# %% polynomial: by numpy's polynomial class and its derivative's root
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError("fewer than three sizes")
    fit = np.polynomial.Polynomial.fit(log_n, losses, 2)
    if fit.deriv(2)(0.0) <= 1e-9:
        raise ValueError("it opens downwards")
    [x] = fit.deriv().roots()
    return float(np.real(x)), float(fit(np.real(x)))


# %% orthogonal: polynomials that are orthogonal on the points
def parabola_minimum(log_n, losses):
    x, y = np.asarray(log_n, float), np.asarray(losses, float)
    if np.unique(x).size < 3:
        raise ValueError("at least three different sizes are needed")
    middle, scale = x.mean(), np.ptp(x)
    u = (x - middle) / scale
    shift = (u**3).sum() / (u**2).sum()
    q = u**2 - shift * u - (u**2).mean()
    level, slope, bend = y.mean(), (u @ y) / (u @ u), (q @ y) / (q @ q)
    if bend <= 1e-10 * np.abs(y).max():
        raise ValueError(f"the curvature is {bend}: no lowest point")
    at = (shift - slope / bend) / 2
    return middle + scale * at, level + slope * at + bend * (at**2 - shift * at - (u**2).mean())


# %% library: numpy's Polynomial, its derivative and its root
def parabola_minimum(log_n, losses):
    if len({float(x) for x in log_n}) < 3:
        raise ValueError(f"{len({float(x) for x in log_n})} sizes have no parabola")
    p = np.polynomial.Polynomial.fit(log_n, losses, 2)
    if not p.coef[2] > 1e-10 * max(1e-300, float(np.max(np.abs(losses)))):
        raise ValueError("it opens downwards, or is a line")
    (at,) = p.deriv().roots()
    return float(at), float(p(at))
