"""Wrong solutions of update_bias."""

# %% wrong_way: the busy become busier
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + rate * (wide_E - wide_E.mean()).sign().to(bias_E.dtype)


# %% by_how_much: by how far it is off
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + rate * (wide_E.mean() - wide_E).to(bias_E.dtype)


# %% median: compared with the median
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + rate * (wide_E.median() - wide_E).sign().to(bias_E.dtype)


# %% centred: centred afterwards
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    new_E = bias_E + rate * (wide_E.mean() - wide_E).sign().to(bias_E.dtype)
    return new_E - new_E.mean()


# %% never_stays: who has the mean goes up
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + rate * torch.where(wide_E > wide_E.mean(), -1.0, 1.0).to(bias_E.dtype)


# %% goes_down: who has the mean goes down
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + rate * torch.where(wide_E < wide_E.mean(), 1.0, -1.0).to(bias_E.dtype)


# %% only_down: nobody goes up
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E - rate * (wide_E > wide_E.mean()).to(bias_E.dtype)


# %% only_up: nobody goes down
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + rate * (wide_E < wide_E.mean()).to(bias_E.dtype)


# %% in_place: the old bias is changed
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    bias_E += rate * (wide_E.mean() - wide_E).sign().to(bias_E.dtype)
    return bias_E


# %% forgets: the old bias is forgotten
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return rate * (wide_E.mean() - wide_E).sign().to(bias_E.dtype)


# %% float32: counts compared in float32
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.float()
    return bias_E + rate * (wide_E.mean() - wide_E).sign().to(bias_E.dtype)


# %% widened: the result is float64
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E.double() + rate * (wide_E.mean() - wide_E).sign()


# %% whole_mean: the mean is rounded down
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.long()
    return bias_E + rate * (wide_E.sum() // len(wide_E) - wide_E).sign().to(bias_E.dtype)


# %% relative: the bias grows by a factor
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E * (1 + rate * (wide_E.mean() - wide_E).sign().to(bias_E.dtype))


# %% fixed_rate: the rate is not looked at
def update_bias(bias_E, counts_E, rate):
    wide_E = counts_E.double()
    return bias_E + 0.25 * (wide_E.mean() - wide_E).sign().to(bias_E.dtype)


# %% mean_of_those_in_use: experts that nobody chose are left out of the mean
def update_bias(bias_E, counts_E, rate):
    counts = counts_E.double()
    return bias_E + rate * torch.sign(counts[counts > 0].mean() - counts).to(bias_E.dtype)


# %% nobody_stays: an expert without a token gets nothing
def update_bias(bias_E, counts_E, rate):
    counts = counts_E.double()
    step = torch.sign(counts.mean() - counts).to(bias_E.dtype)
    return bias_E + rate * step * (counts > 0)


# %% narrow_step: the step is made in float32 and added to a float64 bias
def update_bias(bias_E, counts_E, rate):
    counts = counts_E.double()
    step = torch.sign(counts.mean() - counts).float() * rate
    return (bias_E + step).to(bias_E.dtype)


# %% the_same_tensor: with an even load the old tensor itself is given back
def update_bias(bias_E, counts_E, rate):
    counts = counts_E.double()
    if (counts == counts.mean()).all():
        return bias_E
    return bias_E + rate * torch.sign(counts.mean() - counts).to(bias_E.dtype)


# %% product_overflows: compares E times a count with the sum, in the dtype of the counts
def update_bias(bias_E, counts_E, rate):
    off = counts_E.sum(dtype=counts_E.dtype) - counts_E * len(counts_E)
    return bias_E + rate * torch.sign(off).to(bias_E.dtype)


# %% almost_even_stays: who is within half a token of the mean stays
def update_bias(bias_E, counts_E, rate):
    off = counts_E.double().mean() - counts_E.double()
    return bias_E + rate * torch.where(off.abs() < 0.5, 0.0, off.sign()).to(bias_E.dtype)
