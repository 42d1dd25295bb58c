"""Wrong solutions of batch_windows."""

# %% drops_the_rest: each epoch ends with its last full batch
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    per_epoch = max(1, n_windows // batch_size)
    epoch, place = divmod(step, per_epoch)
    order = epoch_order(n_windows, epoch, seed)
    return order[np.arange(place * batch_size, (place + 1) * batch_size) % n_windows].astype(np.int64)


# %% same_order: every epoch in the order of the first
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    places = np.arange(step * batch_size, (step + 1) * batch_size) % n_windows
    return epoch_order(n_windows, 0, seed)[places]


# %% one_order_a_batch: the windows of the next epoch are taken in the order of this one
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    places = np.arange(step * batch_size, (step + 1) * batch_size)
    return epoch_order(n_windows, int(places[0] // n_windows), seed)[places % n_windows]


# %% with_replacement: draws a batch anew at each step
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    return np.random.default_rng([seed, step]).integers(0, n_windows, batch_size)


# %% ignores_the_seed: the same order for every seed
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    epochs, places = np.divmod(np.arange(step * batch_size, (step + 1) * batch_size), n_windows)
    return np.array([epoch_order(n_windows, int(e))[p] for e, p in zip(epochs, places)], dtype=np.int64)


# %% a_view_of_the_order: hands out the array that is kept for the next call
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    start = step * batch_size
    epoch, place = divmod(start, n_windows)
    if place + batch_size <= n_windows:
        order = epoch_order(n_windows, epoch, seed)
        return order[place : place + batch_size]
    epochs, places = np.divmod(np.arange(start, start + batch_size), n_windows)
    return np.array([epoch_order(n_windows, int(e), seed)[p] for e, p in zip(epochs, places)], dtype=np.int64)
