"""Wrong solutions of device_hours."""

# %% seconds: not in hours
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / (peak_flops * mfu)


# %% minutes: divides by 60 once
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / (peak_flops * mfu) / 60


# %% multiplies_mfu: a lower utilization makes the run shorter
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / peak_flops * mfu / 3600


# %% no_mfu: at the peak
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / peak_flops / 3600


# %% per_cent: 40 is taken for 40 per cent
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 100:
        raise ValueError(f"mfu is {mfu}")
    return flops / (peak_flops * (mfu / 100 if mfu > 1 else mfu)) / 3600


# %% lets_nan_pass: compares so that NaN is no fault
def device_hours(flops, peak_flops, mfu):
    if flops < 0 or flops == math.inf:
        raise ValueError(f"flops is {flops}")
    if peak_flops <= 0 or peak_flops == math.inf:
        raise ValueError(f"peak_flops is {peak_flops}")
    if mfu <= 0 or mfu > 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / (peak_flops * mfu) / 3600


# %% whole_hours: cut to whole hours
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}")
    return flops // (peak_flops * mfu) // 3600


# %% no_full_use: refuses a utilization of 1
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu < 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / (peak_flops * mfu) / 3600


# %% no_empty_run: refuses a run of no operations
def device_hours(flops, peak_flops, mfu):
    if not (math.isfinite(flops) and flops > 0):
        raise ValueError(f"flops is {flops}")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops}")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}")
    return flops / (peak_flops * mfu) / 3600


# %% vague_error: an error that names nothing
def device_hours(flops, peak_flops, mfu):
    if not (0 <= flops < math.inf and 0 < peak_flops < math.inf and 0 < mfu <= 1):
        raise ValueError("a number is out of range")
    return flops / (peak_flops * mfu) / 3600


# %% whole_zero: a run without operations takes the whole number 0
def device_hours(flops, peak_flops, mfu):
    if not 0 <= flops < math.inf:
        raise ValueError(f"flops is {flops}; it must be at least 0")
    if not 0 < peak_flops < math.inf:
        raise ValueError(f"peak_flops is {peak_flops}; it must be above 0")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}; it must be above 0 and at most 1")
    if not flops:
        return 0
    return flops / (peak_flops * mfu) / 3600


# %% free_run_first: no operations return before the other numbers are looked at
def device_hours(flops, peak_flops, mfu):
    if flops == 0:
        return 0.0
    for name, value in (("flops", flops), ("peak_flops", peak_flops)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}; it must be above 0 and finite")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}; it must be above 0 and at most 1")
    return flops / (peak_flops * mfu * 3600)


# %% whole_per_cents: the utilization is looked at in whole per cents
def device_hours(flops, peak_flops, mfu):
    if not 0 <= flops < math.inf:
        raise ValueError(f"flops is {flops}; it must be at least 0")
    if not 0 < peak_flops < math.inf:
        raise ValueError(f"peak_flops is {peak_flops}; it must be above 0")
    if math.isnan(mfu) or not 1 <= round(100 * mfu) <= 100:
        raise ValueError(f"mfu is {mfu}; it must be above 0 and at most 1")
    return flops / (peak_flops * mfu * 3600)


# %% whole_hours_are_int: hours without a fraction come back as an int
def device_hours(flops, peak_flops, mfu):
    if not 0 <= flops < math.inf:
        raise ValueError(f"flops is {flops}; it must be at least 0")
    if not 0 < peak_flops < math.inf:
        raise ValueError(f"peak_flops is {peak_flops}; it must be above 0")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}; it must be above 0 and at most 1")
    hours = flops / (peak_flops * mfu * 3600)
    return int(hours) if hours and hours == int(hours) else hours


# %% a_percent_is_a_share: an mfu from 1 to 1.005 is let through as a rounding of 100 %
def device_hours(flops, peak_flops, mfu):
    if not 0 <= flops < math.inf:
        raise ValueError(f"flops is {flops}; it must be at least 0")
    if not 0 < peak_flops < math.inf:
        raise ValueError(f"peak_flops is {peak_flops}; it must be above 0")
    if not 0 < mfu <= 1.005:
        raise ValueError(f"mfu is {mfu}; it must be above 0 and at most 1")
    return flops / (peak_flops * min(mfu, 1.0) * 3600)


# %% only_large_peaks: a peak below a gigaflop a second is taken for a unit mixed up
def device_hours(flops, peak_flops, mfu):
    if not 0 <= flops < math.inf:
        raise ValueError(f"flops is {flops}; it must be at least 0")
    if not 1e9 <= peak_flops < math.inf:
        raise ValueError(f"peak_flops is {peak_flops}; it must be operations a second")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu}; it must be above 0 and at most 1")
    return flops / peak_flops / mfu / 3600
