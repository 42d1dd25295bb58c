"""Right solutions of update_bias that are not written as the library's is."""

# %% whole_numbers: the sum compared with E times the count, in whole numbers
def update_bias(bias_E, counts_E, rate):
    whole_E = counts_E.long()
    ahead_E = whole_E * len(whole_E) - whole_E.sum()
    return bias_E - rate * ahead_E.sign().to(bias_E.dtype)


# %% two_comparisons: number by number
def update_bias(bias_E, counts_E, rate):
    counts = [int(c) for c in counts_E.tolist()]
    mean = sum(counts) / len(counts)
    step = torch.tensor([rate if c < mean else -rate if c > mean else 0.0 for c in counts], dtype=bias_E.dtype)
    return bias_E + step
