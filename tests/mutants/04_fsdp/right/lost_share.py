"""Right solutions of lost_share that are not written as the library's is."""

# %% without_overflow: exponentials of negative numbers only
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    n = (interval_s + save_s) / mtbf_s
    a, b = math.exp(-n), math.exp(-restart_s / mtbf_s)
    return 1 - (interval_s / mtbf_s) * a * b / -math.expm1(-n)


# %% by_failures: seconds of a round, then failures times a restart
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    def until(n):
        return mtbf_s * math.expm1(n / mtbf_s) if n / mtbf_s < 700 else math.inf

    work = until(interval_s + save_s)
    total = work + work / mtbf_s * until(restart_s) if restart_s else work
    return 1 - interval_s / total


# %% in_logarithms: the logarithm of the useful share
def lost_share(interval_s, save_s, mtbf_s, restart_s=0.0):
    if not 0 < interval_s < math.inf:
        raise ValueError(f"interval_s is {interval_s}")
    if not 0 <= save_s < math.inf:
        raise ValueError(f"save_s is {save_s}")
    if not 0 < mtbf_s < math.inf:
        raise ValueError(f"mtbf_s is {mtbf_s}")
    if not 0 <= restart_s < math.inf:
        raise ValueError(f"restart_s is {restart_s}")
    n = (interval_s + save_s) / mtbf_s
    log_useful = math.log(interval_s / mtbf_s) - restart_s / mtbf_s - n - math.log(-math.expm1(-n))
    return 1 - math.exp(log_useful)
