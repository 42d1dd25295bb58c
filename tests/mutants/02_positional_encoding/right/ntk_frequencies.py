"""Right solutions of ntk_frequencies that are not written as the library's is."""

# %% per_pair: slows each pair by its own power of the factor
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"{factor} would shrink the context")
    if d_head <= 2:
        raise ValueError(f"a head of {d_head} channels has one pair")
    index = torch.arange(d_head // 2, dtype=torch.float64)
    return rotary_frequencies(d_head, theta) * factor ** (-index / (d_head // 2 - 1))


# %% by_formula: the larger base, then a list of its powers
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    import math

    if factor < 1:
        raise ValueError(f"factor = {factor} is below 1")
    if d_head < 4:
        raise ValueError(f"d_head = {d_head} leaves one pair")
    log_base = math.log(theta) + d_head / (d_head - 2) * math.log(factor)
    return torch.tensor([math.exp(-2 * i / d_head * log_base) for i in range(d_head // 2)], dtype=torch.float64)
