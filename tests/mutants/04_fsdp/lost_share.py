"""Wrong solutions of lost_share."""

# %% young: the first-order approximation
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return min(1.0, save_s / interval_s + interval_s / (2 * mtbf_s) + restart_s / mtbf_s)


# %% half_a_round: half a round lost for each failure
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    n = interval_s + save_s
    failures = n / mtbf_s
    return 1 - interval_s / (n + failures * (n / 2 + restart_s))


# %% save_is_safe: no failure while a checkpoint is written
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    work = mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1(interval_s / mtbf_s)
    return 1 - interval_s / (work + save_s)


# %% no_restart: the restart is forgotten
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return 1 - interval_s / (mtbf_s * math.expm1((interval_s + save_s) / mtbf_s))


# %% one_restart_a_round: one restart in each round, however many failures
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return 1 - interval_s / (mtbf_s * math.expm1((interval_s + save_s) / mtbf_s) + restart_s)


# %% safe_restart: no failure during a restart
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return 1 - interval_s / ((mtbf_s + restart_s) * math.expm1((interval_s + save_s) / mtbf_s))


# %% restart_in_the_round: each round begins with a restart
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return 1 - interval_s / (mtbf_s * math.expm1((interval_s + save_s + restart_s) / mtbf_s))


# %% useful_share: the share of useful work
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return interval_s / (mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1((interval_s + save_s) / mtbf_s))


# %% per_work: lost time for each second of work, not of all time
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    return mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1((interval_s + save_s) / mtbf_s) / interval_s - 1


# %% save_is_useful: the checkpoint counts as useful
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    n = interval_s + save_s
    return 1 - n / (mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1(n / mtbf_s))


# %% overflows: right, but an error where the round is long
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    return 1 - interval_s / (mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1((interval_s + save_s) / mtbf_s))


# %% no_errors: takes any time
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    pass
    if interval_s + save_s + restart_s > 700 * mtbf_s:
        return 1.0
    if not mtbf_s:
        return 1.0
    return 1 - interval_s / max(1e-9, mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1((interval_s + save_s) / mtbf_s))


# %% exp_minus_one: the exponential less 1, which has no digits where failures are rare
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}; it must be above 0")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}; it must be at least 0")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}; it must be above 0")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}; it must be at least 0")
    try:
        n_failures = math.exp((interval_s + save_s) / mtbf_s) - 1
        round_s = mtbf_s * n_failures * math.exp(restart_s / mtbf_s)
    except OverflowError:
        return 1.0
    return 1 - interval_s / round_s


# %% long_is_lost: an interval longer than the time between failures never gets through
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}; it must be above 0")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}; it must be at least 0")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}; it must be above 0")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}; it must be at least 0")
    if interval_s > mtbf_s or restart_s > mtbf_s:
        return 1.0
    round_s = mtbf_s * math.expm1((interval_s + save_s) / mtbf_s) * math.exp(restart_s / mtbf_s)
    return 1 - interval_s / round_s


# %% infinity_passes: no error for a mean time between failures that is infinite
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not mtbf_s > 0:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    n = (interval_s + save_s) / mtbf_s
    if n == 0:
        return save_s / (interval_s + save_s)
    return 1 - (interval_s / mtbf_s) * math.exp(-n - restart_s / mtbf_s) / -math.expm1(-n)


# %% nan_passes: NaN is neither too small nor infinite
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    for name, value, too_small in (
        ("interval_s", interval_s, interval_s <= 0), ("save_s", save_s, save_s < 0), ("mtbf_s", mtbf_s, mtbf_s <= 0),
        ("restart_s", restart_s, restart_s < 0),
    ):
        if too_small or value == math.inf:
            raise ValueError(f"{name} is {value}")
    n = interval_s / mtbf_s + save_s / mtbf_s
    if n > 700:
        return 1.0
    unbroken = n * math.exp(-n) / -math.expm1(-n) if n else 1.0
    return 1 - unbroken * math.exp(-restart_s / mtbf_s) / (1 + save_s / interval_s)


# %% endless_saves_pass: only what divides must be finite
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not save_s >= 0:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not restart_s >= 0:
        raise ValueError(f"restart_s is {restart_s}")
    n = interval_s / mtbf_s + save_s / mtbf_s
    if n > 700:
        return 1.0
    unbroken = n * math.exp(-n) / -math.expm1(-n) if n else 1.0
    return 1 - unbroken * math.exp(-restart_s / mtbf_s) / (1 + save_s / interval_s)
