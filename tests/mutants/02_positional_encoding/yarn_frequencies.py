"""Wrong solutions of yarn_frequencies."""

# %% upside_down: interpolates the fast pairs
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w / factor + (1 - keep) * w


# %% one_ramp: the ramp over rotations for both names
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    if ramp not in RAMPS:
        raise ValueError(f"ramp {ramp}")
    w = rotary_frequencies(d_head, theta)
    keep = ((original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)).clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% no_clamp: shares below 0 and above 1
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    return keep * w + (1 - keep) * w / factor


# %% no_two_pi: counts radians as rotations
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / r) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% does_not_round: the ends of the ramp over dimensions are not rounded to pairs
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(index[0], 0), min(index[1], d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% divides_by_zero: low and high may be equal
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% fixed_betas: 32 and 1 are written into the formula
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - 1) / 31
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (32, 1)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% mixes_the_wavelengths: the share is of the wavelengths, not of the frequencies
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return w / (keep + (1 - keep) * factor)


# %% rounds_inwards: the ramp over dimensions begins after `low` and ends before `high`
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.ceil(index[0]), 0), min(math.floor(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% ends_at_the_last_pair: high is cut to the last pair, not to d_head - 1
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head // 2 - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% high_without_limit: high is not cut
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), math.ceil(index[1])
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% low_below_zero: low is not cut
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = math.floor(index[0]), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% theta_of_the_paper: 10000 is written into the logarithm
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(10000)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% sharpens_too: the attention factor is multiplied into the frequencies
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return (0.1 * math.log(factor) + 1) * (keep * w + (1 - keep) * w / factor)


# %% any_other_ramp: whatever is not "rotations" is the ramp over dimensions
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    else:
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta)) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% counts_channels: the index counts channels, not pairs
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    _check_factor(factor)
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        index = [d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / math.log(theta) for r in (beta_fast, beta_slow)]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        high = high if high != low else low + 0.001
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp {ramp}")
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor


# %% betas_exchanged: in the ramp "dimensions" low comes from beta_slow and high from beta_fast
def yarn_frequencies(
    d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"
):
    if factor < 1:
        raise ValueError(f"factor is {factor}; it must be at least 1")
    if ramp not in RAMPS:
        raise ValueError(f"ramp is {ramp!r}; it must be one of {RAMPS}")
    w = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        keep = (original_max_seq_len * w / (2 * math.pi) - beta_slow) / (beta_fast - beta_slow)
    else:
        low, high = (
            d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta))
            for r in (beta_slow, beta_fast)
        )
        low, high = max(math.floor(low), 0), min(math.ceil(high), d_head - 1)
        high += 0.001 * (low == high)
        keep = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    keep = keep.clamp(0, 1)
    return keep * w + (1 - keep) * w / factor
