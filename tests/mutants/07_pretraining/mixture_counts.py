"""Wrong solutions of mixture_counts."""

# %% rounds_each: the counts need not sum to the cycle
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(Fraction(float(w)) for w in weights.values())
    counts = {name: round(cycle * Fraction(float(w)) / total) for name, w in weights.items()}
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% floors_each: the rows that are left are given to nobody
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(Fraction(float(w)) for w in weights.values())
    counts = {name: math.floor(cycle * Fraction(float(w)) / total) for name, w in weights.items()}
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% rest_to_the_last: what is left goes to one source
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(Fraction(float(w)) for w in weights.values())
    counts = {name: math.floor(cycle * Fraction(float(w)) / total) for name, w in weights.items()}
    counts[list(counts)[-1]] += cycle - sum(counts.values())
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% rest_to_the_largest: what is left goes to the sources with the largest weights
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(Fraction(float(w)) for w in weights.values())
    counts = {name: math.floor(cycle * Fraction(float(w)) / total) for name, w in weights.items()}
    for name in sorted(weights, key=weights.get, reverse=True)[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% rest_to_the_first: what is left goes to whoever comes first
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(Fraction(float(w)) for w in weights.values())
    counts = {name: math.floor(cycle * Fraction(float(w)) / total) for name, w in weights.items()}
    for name in list(weights)[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% in_floats: the quotas are floats
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(weights.values())
    quotas = {name: cycle * w / total for name, w in weights.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% shares_in_floats: first shares, then rows
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = math.fsum(weights.values())
    quotas = {name: w / total * cycle for name, w in weights.items()}
    counts = {name: int(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% as_printed: takes 0.1 for a tenth
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(str(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% rounds_the_fractions: denominators up to a million
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)).limit_denominator() for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% last_of_equals: of equal losses the last source is served first
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    by_loss = sorted(reversed(list(quotas)), key=lambda name: counts[name] - quotas[name])
    for name in by_loss[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% by_the_alphabet: of equal losses the alphabet decides
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: (counts[name] - quotas[name], name))[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% smallest_losses: those that lost least are served
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: quotas[name] - counts[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% a_row_for_each: everybody gets a row first, whatever the weight
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: max(1, math.floor(q)) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: max(0, cycle - sum(counts.values()))]:
        counts[name] += 1
    return counts


# %% silent_zero: a source without a row is kept, without a word
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    return counts


# %% sorted_result: the sources come in the order of their losses
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    by_loss = sorted(quotas, key=lambda name: math.floor(quotas[name]) - quotas[name])
    counts = {name: math.floor(quotas[name]) for name in by_loss}
    for name in by_loss[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% lets_nan_in: asks only whether a weight is at most 0
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or w <= 0 or w == math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    total = sum(weights.values())
    if math.isnan(total):
        return dict.fromkeys(weights, cycle // len(weights))
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% true_is_one: True is a weight
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% names_no_source: the message does not say whose weight it is
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for w in weights.values():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"a weight is {w}; it must be above 0")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: math.floor(q) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts


# %% floats_of_rows: the counts are floats that happen to be whole
def mixture_counts(weights, cycle=1000):
    if not weights or whole("cycle", cycle) < 1:
        raise ValueError(f"cycle is {cycle}, weights are {weights}")
    for name, w in weights.items():
        if isinstance(w, bool) or not isinstance(w, Real) or not 0 < w < math.inf:
            raise ValueError(f"the weight of {name} is {w}")
    exact = {name: Fraction(float(w)) for name, w in weights.items()}
    quotas = {name: cycle * w / sum(exact.values()) for name, w in exact.items()}
    counts = {name: float(q - q % 1) for name, q in quotas.items()}
    for name in sorted(quotas, key=lambda name: counts[name] - quotas[name])[: int(cycle - sum(counts.values()))]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(f"{name} with the weight {weights[name]} gets no row of {cycle}")
    return counts
