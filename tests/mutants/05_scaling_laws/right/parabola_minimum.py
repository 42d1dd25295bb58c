"""Right solutions of parabola_minimum that are not written as the library's is."""

# %% polyfit: by np.polyfit, uncentred
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError("fewer than three sizes")
    c, s, h = np.polyfit(log_n, losses, 2)
    if c <= 0:
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
    if not c > 0:
        raise ValueError("no lowest point")
    return middle - s / 2 / c, h - s * s / 4 / c


# %% polynomial: by numpy's polynomial class and its derivative's root
def parabola_minimum(log_n, losses):
    if len(np.unique(log_n)) < 3:
        raise ValueError("fewer than three sizes")
    fit = np.polynomial.Polynomial.fit(log_n, losses, 2)
    if fit.deriv(2)(0.0) <= 0:
        raise ValueError("it opens downwards")
    [x] = fit.deriv().roots()
    return float(np.real(x)), float(fit(np.real(x)))
