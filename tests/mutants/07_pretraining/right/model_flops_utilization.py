"""Right solutions of model_flops_utilization that are not written as the library's is."""

# %% for_each_device: what one device does of what it can
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    numbers = [("tokens_per_second", tokens_per_second), ("flops_per_token", flops_per_token), ("n_devices", n_devices), ("peak_flops", peak_flops)]
    for name, number in numbers:
        if not math.isfinite(number) or number < 0 or (number == 0 and name != "tokens_per_second"):
            raise ValueError(f"{name}={number}")
    forward = flops_per_token * tokens_per_second
    done = forward + 2 * forward
    return float(done / n_devices / peak_flops)


# %% seconds: how long the devices would need at best, of the time that they took
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if math.isnan(tokens_per_second) or math.isinf(tokens_per_second) or tokens_per_second < 0:
        raise ValueError(f"tokens_per_second is {tokens_per_second}, which is not a speed")
    for name in ("flops_per_token", "n_devices", "peak_flops"):
        value = locals()[name]
        if math.isnan(value) or math.isinf(value) or value <= 0:
            raise ValueError(f"{name} is {value}, and must be finite and above zero")
    seconds_at_best = 3.0 * flops_per_token / peak_flops
    return seconds_at_best * tokens_per_second / n_devices


# %% one_chain: each number asked in the order of the arguments
def model_flops_utilization(tokens_per_second, flops_per_token, n_devices, peak_flops):
    if not tokens_per_second >= 0 or tokens_per_second == float("inf"):
        raise ValueError("tokens_per_second: " + repr(tokens_per_second))
    if not flops_per_token > 0 or flops_per_token == float("inf"):
        raise ValueError("flops_per_token: " + repr(flops_per_token))
    if not n_devices > 0 or n_devices == float("inf"):
        raise ValueError("n_devices: " + repr(n_devices))
    if not peak_flops > 0 or peak_flops == float("inf"):
        raise ValueError("peak_flops: " + repr(peak_flops))
    return (tokens_per_second / n_devices) * (flops_per_token + 2 * flops_per_token) / peak_flops
