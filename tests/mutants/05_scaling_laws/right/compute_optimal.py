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
