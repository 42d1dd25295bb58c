"""Right solutions of compute_optimal that are not written as the library's is."""

# %% powers: the formula of the paper as it stands
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    a, b = law.exponents
    g = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    pairs = np.asarray(flops, np.float64) / flops_per_param_token
    return g * pairs**a, pairs**b / g


# %% from_slopes: N from the equation of slopes, D from what is left of the budget
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    pairs = np.asarray(flops, np.float64) / flops_per_param_token
    n = (law.alpha * law.A / law.beta / law.B * pairs**law.beta) ** (1 / (law.alpha + law.beta))
    return n, pairs / n


# %% bisection: halves the logarithm of N until the slopes are equal
def compute_optimal(law, flops, flops_per_param_token=6.0):
    if not np.all(np.asarray(flops) > 0):
        raise ValueError(f"flops is {flops}")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}")
    log_pairs = np.log(np.asarray(flops, np.float64) / flops_per_param_token)
    low, high = log_pairs * 0 - 400.0, log_pairs * 0 + 400.0
    for _ in range(200):
        x = (low + high) / 2
        too_small = np.log(law.alpha * law.A) - law.alpha * x > np.log(law.beta * law.B) - law.beta * (log_pairs - x)
        low, high = np.where(too_small, x, low), np.where(too_small, high, x)
    n, d = np.exp(low), np.exp(log_pairs - low)
    return (n, d) if np.ndim(n) else (float(n), float(d))


# %% tokens_from_the_rest: N by the formula, D by what is left of the budget
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    if not flops_per_param_token > 0:
        raise ValueError(f"{flops_per_param_token} operations for each parameter and token")
    budgets = np.array(flops, dtype=np.float64)
    for budget in budgets.ravel():
        if not budget > 0:
            raise ValueError(f"a budget of {budget:g}; it must be above 0")
    pairs = budgets / flops_per_param_token
    log_ratio = np.log(law.alpha) + np.log(law.A) - np.log(law.beta) - np.log(law.B)
    n = np.exp((log_ratio + law.beta * np.log(pairs)) / (law.alpha + law.beta))
    d = pairs / n
    if np.ndim(flops) == 0:
        return float(n), float(d)
    return n, d


# %% plain_powers: numbers and arrays apart
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    if isinstance(flops, np.ndarray):
        pairs = flops.astype(np.float64) / flops_per_param_token if flops_per_param_token else flops
        bad = flops[~(flops > 0)]
        if bad.size:
            raise ValueError(f"budgets {bad.tolist()} are not above 0")
    else:
        if not flops > 0:
            raise ValueError(f"flops is {flops}; it must be above 0")
        pairs = float(flops) / flops_per_param_token if flops_per_param_token else 0.0
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    both = law.alpha + law.beta
    g = (law.alpha * law.A / law.beta / law.B) ** (1 / both)
    return g * pairs ** (law.beta / both), pairs ** (law.alpha / both) / g


# %% as_given: arrays are taken as they are, but for float32; a whole number of 25 digits is divided in Python
def compute_optimal(law, flops, flops_per_param_token=FLOPS_PER_PARAM_TOKEN):
    c = np.asarray(flops)
    if c.dtype == np.float32:
        c = c.astype(np.float64)
    if not np.all(c > 0):
        raise ValueError(f"flops is {flops}; it must be above 0")
    if not flops_per_param_token > 0:
        raise ValueError(f"flops_per_param_token is {flops_per_param_token}; it must be above 0")
    total = law.alpha + law.beta
    log_g = math.log(law.alpha * law.A / (law.beta * law.B)) / total
    pairs = np.log(c / flops_per_param_token)
    n, d = np.exp(log_g + law.beta / total * pairs), np.exp(law.alpha / total * pairs - log_g)
    return (float(n), float(d)) if c.ndim == 0 else (n, d)
