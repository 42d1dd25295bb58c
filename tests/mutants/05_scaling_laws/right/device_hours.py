"""Right solutions of device_hours that are not written as the library's is."""

# %% bounds: one table of bounds
def device_hours(flops, peak_flops, mfu):
    inf = float("inf")
    for name, value, fits in (
        ("flops", flops, 0 <= flops < inf),
        ("peak_flops", peak_flops, 0 < peak_flops < inf),
        ("mfu", mfu, 0 < mfu <= 1),
    ):
        if not fits:
            raise ValueError(f"{name} = {value} is out of range")
    seconds = flops / peak_flops / mfu
    return seconds / 60 / 60


# %% per_hour: operations of an hour
def device_hours(flops, peak_flops, mfu):
    if math.isnan(mfu) or mfu <= 0 or mfu > 1:
        raise ValueError(f"utilization must be in (0, 1], got {mfu}")
    if math.isnan(peak_flops) or math.isinf(peak_flops) or peak_flops <= 0:
        raise ValueError(f"peak must be positive, got {peak_flops}")
    if math.isnan(flops) or math.isinf(flops) or flops < 0:
        raise ValueError(f"flops must not be negative, got {flops}")
    an_hour = 3600 * mfu * peak_flops
    return flops / an_hour


# %% one_after_another: seconds at the peak, then the utilization, then hours
def device_hours(flops, peak_flops, mfu):
    if math.isnan(flops) or math.isinf(flops) or flops < 0:
        raise ValueError(f"a run of {flops} operations")
    if math.isnan(peak_flops) or math.isinf(peak_flops) or peak_flops <= 0:
        raise ValueError(f"a peak of {peak_flops} operations a second")
    if math.isnan(mfu) or mfu <= 0 or mfu > 1:
        raise ValueError(f"a utilization of {mfu}")
    seconds = float(flops) / peak_flops
    return seconds / mfu / 3600.0


# %% loop: bounds in a table
def device_hours(flops: float, peak_flops: float, mfu: float) -> float:
    bounds = {"flops": flops >= 0, "peak_flops": peak_flops > 0, "mfu": 0 < mfu <= 1}
    given = {"flops": flops, "peak_flops": peak_flops, "mfu": mfu}
    for name, good in bounds.items():
        if not (good and math.isfinite(given[name])):
            raise ValueError(f"{name} is {given[name]}; it is out of range")
    operations_an_hour = peak_flops * mfu * 60 * 60
    return flops / operations_an_hour
