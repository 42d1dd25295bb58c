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
