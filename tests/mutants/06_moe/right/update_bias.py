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


# %% masks: a copy whose parts are moved
def update_bias(bias_E, counts_E, rate):
    new = bias_E.clone()
    off = counts_E.double() - counts_E.double().mean()
    new[off > 0] -= rate
    new[off < 0] += rate
    return new


# %% where: three cases
def update_bias(bias_E, counts_E, rate):
    wide = counts_E.to(torch.float64)
    mean = wide.sum() / wide.numel()
    return torch.where(wide > mean, bias_E - rate, torch.where(wide < mean, bias_E + rate, bias_E))
