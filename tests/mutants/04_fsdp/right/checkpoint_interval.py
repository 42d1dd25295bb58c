"""Right solutions of checkpoint_interval that are not written as the library's is."""

# %% newton: Newton's steps on the logarithm
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    d = save_s / mtbf_s
    x = math.sqrt(2 * d) if d < 0.5 else 1 - math.exp(-1 - d)
    if x == 1:
        return mtbf_s
    for _ in range(60):
        x = min(max(x + (math.log1p(-x) + x + d) * (1 - x) / x, x / 2), (1 + x) / 2)
    return x * mtbf_s


# %% golden: the smallest lost share by golden section, on a logarithmic axis
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    d = save_s / mtbf_s

    def cost(u):
        x = math.exp(u)
        # the logarithm of time for each second of work, less what it is without failures
        n = x + d
        return n + math.log(-math.expm1(-n)) - u

    low, high = math.log(d) / 2 - 8, 0.0
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(150):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if cost(a) <= cost(b):
            high = b
        else:
            low = a
    x = math.exp((low + high) / 2)
    for _ in range(5 if x < 0.99 else 0):  # the minimum is flat: polish on the slope
        x += (math.log1p(-x) + x + d) * (1 - x) / x
    return x * mtbf_s


# %% lambert: the lower branch of x + log(1 - x), by a fixed number of halvings of 1 - x
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    d = save_s / mtbf_s
    small, large = -60.0, 0.0  # the logarithm of x
    for _ in range(200):
        u = (small + large) / 2
        x = math.exp(u)
        if x < 1 and math.log1p(-x) + x > -d:
            small = u
        else:
            large = u
    return mtbf_s * math.exp(small)
