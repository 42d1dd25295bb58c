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
