"""Wrong solutions of compute_optimal."""

# %% swapped_exponents: a and b swapped
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.alpha / (law.alpha + law.beta), law.beta / (law.alpha + law.beta)
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops) / flops_per_param_token
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% inverse_g: G upside down
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.beta * law.B / (law.alpha * law.A)) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops) / flops_per_param_token
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% without_exponents_in_g: A / B in the place of alpha A / beta B
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.A / law.B) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops) / flops_per_param_token
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% no_root: G without its root
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = law.alpha * law.A / (law.beta * law.B)
    pairs = np.asarray(flops) / flops_per_param_token
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% no_six: the budget as N D
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops) * (flops_per_param_token / 6.0) ** -1
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% always_six: six operations whatever was said
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops) / 6.0
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% g_in_both: G multiplies both
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops) / flops_per_param_token
    n, d = g * pairs**a, g * pairs**b
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% twenty: twenty tokens for each parameter
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    n = np.sqrt(np.asarray(flops) / flops_per_param_token / 20)
    d = 20 * n
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% equal_terms: A / N^alpha = B / D^beta, not their slopes
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    pairs = np.asarray(flops) / flops_per_param_token
    n = (law.A / law.B * pairs**law.beta) ** (1 / (law.alpha + law.beta))
    d = pairs / n
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% coarse_grid: the best of a hundred sizes
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    pairs = np.asarray(flops, float) / flops_per_param_token
    step = np.geomspace(1e-3, 1e3, 100)
    n = np.sqrt(pairs)[..., None] * step
    k = law.loss(n, pairs[..., None] / n).argmin(axis=-1)
    n = np.take_along_axis(n, np.asarray(k)[..., None], axis=-1)[..., 0]
    d = pairs / n
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% no_errors: takes any budget
def compute_optimal(law, flops, flops_per_param_token=6.0):
    a, b = law.exponents
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.abs(np.asarray(flops) / flops_per_param_token)
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% one_budget: only the first budget is looked at for errors
def compute_optimal(law, flops, flops_per_param_token=6.0):
    budgets = np.asarray(flops, float)
    if not budgets.ravel()[0] > 0:
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.abs(budgets / flops_per_param_token)
    n, d = g * pairs**a, pairs**b / g
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% nan_is_a_budget: NaN is not above 0, and is let through
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    flops = np.asarray(flops, np.float64)
    if np.any(flops <= 0):
        raise ValueError(f"flops is {flops.min()}; it must be above 0")
    if flops_per_param_token <= 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = flops / flops_per_param_token
    a = law.beta / (law.alpha + law.beta)
    return g * pairs**a, pairs ** (1 - a) / g


# %% keeps_float32: budgets in float32 give models in float32
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}; it must be above 0")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = flops / flops_per_param_token
    a = law.beta / (law.alpha + law.beta)
    return g * pairs**a, pairs ** (1 - a) / g


# %% arrays_with_nan_pass: NaN is looked for in a single budget, not in an array of them
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    c = np.asarray(flops, np.float64)
    if (c <= 0).any() or (c.ndim == 0 and math.isnan(c)):
        raise ValueError(f"flops is {flops}; it must be above 0")
    a = law.beta / (law.alpha + law.beta)
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = c / flops_per_param_token
    n, d = g * pairs**a, pairs ** (1 - a) / g
    return (float(n), float(d)) if c.ndim == 0 else (n, d)


# %% whole_pairs: the budget buys whole pairs of a parameter and a token
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    c = np.asarray(flops, np.float64)
    if not np.all(c > 0):
        raise ValueError(f"flops is {flops}; it must be above 0")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    total = law.alpha + law.beta
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / total)
    pairs = c // flops_per_param_token
    n, d = g * pairs ** (law.beta / total), pairs ** (law.alpha / total) / g
    return (float(n), float(d)) if c.ndim == 0 else (n, d)


# %% float64_at_the_end: budgets in float32 are computed in float32
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}; it must be above 0")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    total = law.alpha + law.beta
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / total)
    pairs = flops / flops_per_param_token
    n, d = g * pairs ** (law.beta / total), pairs ** (law.alpha / total) / g
    return (n.astype(np.float64), d.astype(np.float64)) if isinstance(flops, np.ndarray) else (n, d)


# %% one_budget_is_a_number: an array of one budget gives two floats
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    c = np.asarray(flops, np.float64)
    if not np.all(c > 0):
        raise ValueError(f"flops is {flops}; it must be above 0")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    total = law.alpha + law.beta
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / total)
    pairs = c / flops_per_param_token
    n, d = g * pairs ** (law.beta / total), pairs ** (law.alpha / total) / g
    return (n.item(), d.item()) if c.size == 1 else (n, d)
