"""Wrong solutions of alibi_slopes."""

# %% one_rule: the rule for powers of two, used for every number
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    return 2.0 ** (-8 * torch.arange(1, n_heads + 1, dtype=torch.float64) / n_heads)


# %% starts_at_one: the first slope is 1
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    return 2.0 ** (-8 * torch.arange(n_heads, dtype=torch.float64) / n_heads)


# %% takes_neighbours: the missing slopes are the first ones of the larger series, not every other
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, n_heads - power + 1)]
    return 2.0 ** -torch.tensor(exponents, dtype=torch.float64)


# %% sorted: the right slopes in another order
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, 2 * power + 1, 2)][: n_heads - power]
    return 2.0 ** -torch.tensor(sorted(exponents), dtype=torch.float64)


# %% fixed_ratio: every number of heads has 1/2, 1/4, 1/8
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    return 2.0 ** -torch.arange(1, n_heads + 1, dtype=torch.float64)


# %% in_float32: not float64
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, 2 * power + 1, 2)][: n_heads - power]
    return 2.0 ** -torch.tensor(exponents)


# %% nothing_for_negatives: an empty tensor for no heads
def alibi_slopes(n_heads):
    if n_heads == 0:
        raise ValueError("n_heads is 0")
    power = 1 << max(n_heads.bit_length() - 1, 0)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, 2 * power + 1, 2)][: max(n_heads - power, 0)]
    return 2.0 ** -torch.tensor(exponents, dtype=torch.float64)


# %% rounds_up: the first slopes of the next power of two
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads - 1).bit_length()
    return 2.0 ** (-8 * torch.arange(1, n_heads + 1, dtype=torch.float64) / power)


# %% takes_the_even_ones: the second, fourth, ... of the larger series, which are there already
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(2, 2 * power + 1, 2)][: n_heads - power]
    return 2.0 ** -torch.tensor(exponents, dtype=torch.float64)


# %% missing_ones_from_eight: the slopes that are missing always come from the series for 8 heads
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [2 * h + 1 for h in range(n_heads - power)]
    return 2.0 ** -torch.tensor(exponents, dtype=torch.float64)


# %% negative: the slopes carry the minus of the bias
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}")
    power = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, 2 * power + 1, 2)][: n_heads - power]
    return -(2.0 ** -torch.tensor(exponents, dtype=torch.float64))


# %% eight_over_h: the exponent is -8 / h
def alibi_slopes(n_heads):
    if n_heads < 1:
        raise ValueError(f"n_heads is {n_heads}; it must be at least 1")
    p = 1 << (n_heads.bit_length() - 1)
    slopes = [2.0 ** (-8 / h) for h in range(1, p + 1)]
    more = [2.0 ** (-8 / h) for h in range(1, 2 * p + 1)]
    return torch.tensor(slopes + more[::2][: n_heads - p], dtype=torch.float64)
