"""Right solutions of batch_windows that are not written as the library's is."""

# %% joins_epochs: writes the epochs that the batch touches one behind the other and cuts
def batch_windows(step, batch_size, n_windows, seed=0):
    for value, least in ((step, 0), (batch_size, 1), (n_windows, 1)):
        if value < least:
            raise ValueError(f"{value} is below {least}")
    start = step * batch_size
    first, last = start // n_windows, (start + batch_size - 1) // n_windows
    row = np.concatenate([epoch_order(n_windows, epoch, seed) for epoch in range(first, last + 1)])
    begin = start - first * n_windows
    return row[begin : begin + batch_size].astype(np.int64)


# %% one_by_one: asks for each window
def batch_windows(step: int, batch_size: int, n_windows: int, seed: int = 0) -> np.ndarray:
    if min(step, batch_size - 1, n_windows - 1) < 0:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    numbers = range(step * batch_size, step * batch_size + batch_size)
    return np.array([epoch_order(n_windows, i // n_windows, seed)[i % n_windows] for i in numbers], dtype=np.int64)


# %% slice_by_slice: fills the batch with one slice of an epoch after the other
def batch_windows(step, batch_size, n_windows, seed=0):
    for name, value, least in (("step", step, 0), ("batch_size", batch_size, 1), ("n_windows", n_windows, 1)):
        if value < least:
            raise ValueError(f"{name} is {value}, below {least}")
    parts, left = [], batch_size
    epoch, start = divmod(step * batch_size, n_windows)
    while left > 0:
        part = epoch_order(n_windows, epoch, seed)[start : start + left]
        parts.append(part)
        left, epoch, start = left - len(part), epoch + 1, 0
    return np.concatenate(parts).astype(np.int64)
