"""Wrong solutions of rotary_frequencies."""

# %% half_the_exponent: -i / d instead of -2i / d
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return theta ** (-torch.arange(d_head // 2, dtype=torch.float64) / d_head)


# %% slowest_first: the order is turned round
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return (theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)).flip(0)


# %% in_float32: right to seven digits, and not float64
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return theta ** (-torch.arange(0, d_head, 2) / d_head)


# %% divides_by_the_last: spaces the exponents so that the slowest pair reaches 1 / theta
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return theta ** -torch.linspace(0, 1, d_head // 2, dtype=torch.float64)


# %% any_theta: a base of zero gives infinities
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    return theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)


# %% ignores_theta: 10000 is written into the formula
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return 10000.0 ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)


# %% wavelengths: one over the frequency
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return theta ** (torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)


# %% one_for_each_channel: every frequency twice, ready for both channels of a pair
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    w = theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)
    return torch.cat((w, w))


# %% fits_the_example: a tenth of the last one, as it happens to be for 8 channels and 10000
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return 10.0 ** -torch.arange(d_head // 2, dtype=torch.float64)


# %% remembers_the_first_theta: frequencies are kept from call to call by d_head alone
def rotary_frequencies(d_head, theta=10000.0, kept={}):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    if d_head not in kept:
        kept[d_head] = theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)
    return kept[d_head]


# %% as_a_list: numbers, not a tensor
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return [theta ** (-2 * i / d_head) for i in range(d_head // 2)]


# %% error_without_the_number: the message does not say what was given
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError("d_head must be even")
    if theta <= 0:
        raise ValueError("theta must be positive")
    return theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)


# %% index_of_8_bits: the channels are counted in int8, which ends at 127
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if not theta > 0:
        raise ValueError(f"theta is {theta}")
    index = torch.arange(d_head // 2).to(torch.int8)
    return theta ** (-2 * index.to(torch.float64) / d_head)


# %% hands_out_one_tensor: the frequencies of a size are made once, and every caller gets the same tensor
_made = {}


def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if not theta > 0:
        raise ValueError(f"theta is {theta}")
    if (d_head, theta) not in _made:
        _made[d_head, theta] = theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)
    return _made[d_head, theta]


# %% nan_passes: theta that is NaN is not below 0
def rotary_frequencies(d_head, theta=10000.0):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    if theta <= 0:
        raise ValueError(f"theta is {theta}")
    return theta ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)
