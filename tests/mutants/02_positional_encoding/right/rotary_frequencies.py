"""Right solutions of rotary_frequencies that are not written as the library's is."""

# %% by_logarithm: exponentials of a scaled logarithm
def rotary_frequencies(d_head, theta=10000.0):
    if d_head <= 0 or d_head & 1:
        raise ValueError(f"{d_head} channels do not make pairs")
    if not theta > 0:
        raise ValueError(f"a base of {theta} is not allowed")
    import math

    return torch.tensor([math.exp(-2 * i / d_head * math.log(theta)) for i in range(d_head // 2)], dtype=torch.float64)


# %% powers_of_one_ratio: each pair is slower than the one before by the same ratio
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2 == 1:
        raise ValueError(f"d_head has to be even, not {d_head}")
    if not theta > 0:
        raise ValueError(f"theta has to be positive, not {theta}")
    ratio, frequencies = theta ** (-2 / d_head), [1.0]
    while len(frequencies) < d_head // 2:
        frequencies.append(frequencies[-1] * ratio)
    return torch.tensor(frequencies, dtype=torch.float64)
