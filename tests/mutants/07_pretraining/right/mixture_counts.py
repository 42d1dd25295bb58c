"""Right solutions of mixture_counts that are not written as the library's is."""

# %% in_integers: floats as numerators over one denominator
def mixture_counts(weights, cycle=1000):
    if len(weights) == 0:
        raise ValueError("no source")
    if int(cycle) != cycle or cycle < 1:
        raise ValueError(f"cycle is {cycle}; a whole number from 1 on is wanted")
    ratios = []
    for name, w in weights.items():
        if type(w) not in (int, float) or not (w > 0 and math.isfinite(w)):
            raise ValueError(f"source {name}: weight {w}")
        ratios.append(float(w).as_integer_ratio())
    common = math.lcm(*(bottom for _, bottom in ratios))
    tops = [top * (common // bottom) for top, bottom in ratios]
    total = sum(tops)
    counts = [cycle * top // total for top in tops]
    losses = [cycle * top % total for top in tops]
    left = cycle - sum(counts)
    for place in sorted(range(len(tops)), key=lambda i: (-losses[i], i))[:left]:
        counts[place] += 1
    if 0 in counts:
        name = list(weights)[counts.index(0)]
        raise ValueError(f"{name}: the weight {weights[name]} is too small")
    return dict(zip(weights, counts))


# %% one_by_one: the source that lost most is looked for as long as a row is left
def mixture_counts(weights, cycle=1000):
    cycle = whole("cycle", cycle)
    if not weights or cycle < 1:
        raise ValueError(f"{len(weights)} sources share {cycle} rows")
    for name in weights:
        w = weights[name]
        if isinstance(w, bool) or not isinstance(w, (int, float)) or math.isnan(w) or math.isinf(w) or w <= 0:
            raise ValueError(f"weights[{name!r}] is {w!r}, which is no weight")
    total = sum(map(Fraction, weights.values()))
    quotas = {name: Fraction(w) * cycle / total for name, w in weights.items()}
    counts, waiting = {name: int(q) for name, q in quotas.items()}, list(weights)
    while sum(counts.values()) < cycle:
        served = max(waiting, key=lambda name: quotas[name] - counts[name])
        waiting.remove(served)
        counts[served] += 1
    for name in counts:
        if not counts[name]:
            raise ValueError(f"weights[{name!r}] is {weights[name]!r}, and gives no row of {cycle}")
    return counts


# %% in_decimals: with more digits than any float has
def mixture_counts(weights, cycle=1000):
    import decimal

    if not weights:
        raise ValueError("weights must not be empty")
    cycle = whole("cycle", cycle)
    if not cycle >= 1:
        raise ValueError(f"cycle={cycle}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"weight of {name}: {w}")
    with decimal.localcontext() as context:
        context.prec = 3000
        exact = {name: decimal.Decimal(float(w)) for name, w in weights.items()}
        total = sum(exact.values())
        parts = {name: divmod(w * cycle, total) for name, w in exact.items()}
        counts = {name: int(rows) for name, (rows, _) in parts.items()}
        order = sorted(parts, key=lambda name: -parts[name][1])
    for name in order[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} has the weight {weights[name]} and no row")
    return counts
