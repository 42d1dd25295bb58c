"""Right solutions of alibi_slopes that are not written as the library's is."""

# %% recursive: as the authors' own code
def alibi_slopes(n_heads):
    import math

    if n_heads < 1:
        raise ValueError(f"there is no model with {n_heads} heads")
    power = 2 ** int(math.log2(n_heads))
    ratio = 2 ** (-8 / power)
    slopes = [ratio**h for h in range(1, power + 1)]
    if power < n_heads:
        finer = alibi_slopes(2 * power)[::2]
        return torch.cat((torch.tensor(slopes, dtype=torch.float64), finer[: n_heads - power]))
    return torch.tensor(slopes, dtype=torch.float64)


# %% head_by_head: each head's slope from its own number
def alibi_slopes(n_heads):
    if not n_heads >= 1:
        raise ValueError(f"n_heads = {n_heads}, but a model has at least one")
    power = 1
    while 2 * power <= n_heads:
        power *= 2
    slopes = torch.empty(n_heads, dtype=torch.float64)
    for head in range(n_heads):
        exponent = 8 * (head + 1) if head < power else 4 * (2 * (head - power) + 1)
        slopes[head] = 0.5 ** (exponent / power)
    return slopes
