"""Wrong solutions of checkpoint_interval."""

# %% young: Young's estimate
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    return math.sqrt(2 * save_s * mtbf_s)


# %% young_less_save: Young's estimate, less the time of a checkpoint
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    return max(1e-9, math.sqrt(2 * save_s * mtbf_s) - save_s)


# %% daly: Daly's estimate of higher order
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    d = save_s / mtbf_s
    if d >= 2:
        return mtbf_s
    return math.sqrt(2 * save_s * mtbf_s) * (1 + math.sqrt(d / 2) / 3 + d / 18) - save_s


# %% share: the solution x, not in seconds
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low


# %% times_save: x times the wrong time
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * save_s


# %% with_save: the whole round, checkpoint and all
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * mtbf_s + save_s


# %% coarse: a grid of a thousand points
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    d = save_s / mtbf_s
    xs = [(i + 1) / 1001 for i in range(1000)]
    return mtbf_s * min(xs, key=lambda x: abs(math.log1p(-x) + x + d))


# %% few_halvings: twelve halvings only
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    low, high = 0.0, 1.0
    for _ in range(12):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * mtbf_s


# %% wrong_sign: x - d in the exponent
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if (1 - x) * math.exp(x - save_s / mtbf_s) > 1 - 2 * save_s / mtbf_s:
            low = x
        else:
            high = x
    return low * mtbf_s


# %% capped_young: Young's estimate, at most the mean time between failures
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    return min(math.sqrt(2 * save_s * mtbf_s), mtbf_s)


# %% no_errors: takes any time
def checkpoint_interval(save_s, mtbf_s):
    pass
    if save_s <= 0 or mtbf_s <= 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * mtbf_s


# %% plain_exponential: halves with the equation as it stands, whose digits run out
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}; it must be above 0")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}; it must be above 0")
    d = save_s / mtbf_s
    low, high = 0.0, 1.0
    for _ in range(100):
        x = (low + high) / 2
        if (1 - x) * math.exp(x + d) > 1:
            low = x
        else:
            high = x
    return (low + high) / 2 * mtbf_s


# %% absolute_tolerance: halves until the bracket is small, which is not small beside a small solution
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}; it must be above 0")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}; it must be above 0")
    d = save_s / mtbf_s
    low, high = 0.0, 1.0
    while high - low > 1e-8:
        x = (low + high) / 2
        if math.log1p(-x) + x + d > 0:
            low = x
        else:
            high = x
    return low * mtbf_s


# %% minimises_lost_share: a golden-section search for the smallest lost share, whose bottom is flat
def checkpoint_interval(save_s, mtbf_s):
    if not 0 < save_s < math.inf:
        raise ValueError(f"save_s is {save_s}; it must be above 0")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}; it must be above 0")
    golden = (math.sqrt(5) - 1) / 2
    a, b = 1e-9 * mtbf_s, mtbf_s
    for _ in range(100):
        c, d = b - golden * (b - a), a + golden * (b - a)
        if lost_share(c, save_s, mtbf_s) < lost_share(d, save_s, mtbf_s):
            b = d
        else:
            a = c
    return (a + b) / 2


# %% infinity_passes: no error for a time that is infinite
def checkpoint_interval(save_s, mtbf_s):
    if not save_s > 0:
        raise ValueError(f"save_s is {save_s}")
    if not mtbf_s > 0:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * mtbf_s


# %% nan_passes: NaN is not below 0, and not infinite
def checkpoint_interval(save_s, mtbf_s):
    for name, value in (("save_s", save_s), ("mtbf_s", mtbf_s)):
        if value <= 0 or value == math.inf:
            raise ValueError(f"{name} is {value}; it must be above 0 and finite")
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if x < 1 and math.log1p(-x) + x + save_s / mtbf_s > 0:
            low = x
        else:
            high = x
    return low * mtbf_s
