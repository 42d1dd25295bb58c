"""Wrong solutions of model_flops_utilization."""

# %% forward_only: the backward pass is forgotten
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * flops_per_token / (n_devices * peak_flops)


# %% six: takes operations for parameters
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 6 * flops_per_token / (n_devices * peak_flops)


# %% recomputed: counts the forward pass that is made again
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 4 * flops_per_token / (n_devices * peak_flops)


# %% two: a backward pass as dear as a forward pass
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 2 * flops_per_token / (n_devices * peak_flops)


# %% one_device: the peak is that of one device
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 3 * flops_per_token / peak_flops


# %% tokens_of_each: the tokens are taken for those of one device
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return n_devices * tokens_per_second * 3 * flops_per_token / peak_flops


# %% per_cent: times 100
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return 300 * tokens_per_second * flops_per_token / (n_devices * peak_flops)


# %% never_above_one: hides that a number is wrong
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return min(1.0, tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops))


# %% refuses_above_one: an error where a number is to be seen
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    share = tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)
    if share > 1:
        raise ValueError(f"the utilization is {share}")
    return share


# %% rounded: two digits
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return round(tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops), 2)


# %% upside_down: peak over what was done
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    needed = tokens_per_second * 3 * flops_per_token
    return n_devices * peak_flops / needed if needed else 0.0


# %% whole_division: // in place of /
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 3 * flops_per_token // (n_devices * peak_flops)


# %% no_standing_still: 0 tokens a second are refused
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    named = {"tokens_per_second": tokens_per_second, "flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}
    for name, value in named.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)


# %% lets_nan_in: asks whether numbers are too small, which NaN is not
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if tokens_per_second < 0 or tokens_per_second == math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if value <= 0 or value == math.inf:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)


# %% lets_infinity_in: a peak without end
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not tokens_per_second >= 0:
        raise ValueError(f"tokens_per_second is {tokens_per_second}")
    for name, value in {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}.items():
        if not value > 0:
            raise ValueError(f"{name} is {value}")
    return tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)


# %% names_nothing: the message does not say which number it is
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    for value in (flops_per_token, n_devices, peak_flops):
        if not (0 <= tokens_per_second < math.inf and 0 < value < math.inf):
            raise ValueError("all numbers must be above 0, and finite")
    return tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)


# %% divides_by_zero: a device that can do nothing has Python's own error
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    return tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)


# %% zero_is_int: zero tokens give the int 0
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second}; it must be at least 0 and finite")
    for name, value in (("flops_per_token", flops_per_token), ("n_devices", n_devices), ("peak_flops", peak_flops)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}; it must be above 0 and finite")
    if not tokens_per_second:
        return 0
    return 3 * flops_per_token * tokens_per_second / (n_devices * peak_flops)
