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


# %% short_last_batch: the last batch of an epoch is as short as what is left
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    epoch, place = divmod(step, -(-n_windows // batch_size))
    order = epoch_order(n_windows, epoch, seed)
    return order[place * batch_size : (place + 1) * batch_size].copy()


# %% one_border_at_most: a batch holds parts of two epochs and no more
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    epoch, place = divmod(step * batch_size, n_windows)
    two = np.concatenate([epoch_order(n_windows, epoch, seed), epoch_order(n_windows, epoch + 1, seed)])
    return two[place : place + batch_size]


# %% epoch_added_to_the_seed: the next epoch is the first epoch of the next seed
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    epochs, places = np.divmod(np.arange(step * batch_size, (step + 1) * batch_size), n_windows)
    return np.array([epoch_order(n_windows, 0, seed + int(e))[p] for e, p in zip(epochs, places)], dtype=np.int64)


# %% a_list: returns a list of numbers where an array is promised
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    numbers = range(step * batch_size, (step + 1) * batch_size)
    return [int(epoch_order(n_windows, i // n_windows, seed)[i % n_windows]) for i in numbers]


# %% an_empty_batch: a batch of 0 windows is an empty array, not an error
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or n_windows < 1:
        raise ValueError(f"step {step}, n_windows {n_windows}")
    numbers = range(step * batch_size, (step + 1) * batch_size)
    return np.array([epoch_order(n_windows, i // n_windows, seed)[i % n_windows] for i in numbers], dtype=np.int64)


# %% from_the_beginning: writes out every epoch up to the batch
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    end = (step + 1) * batch_size
    row = [w for epoch in range(-(-end // n_windows)) for w in epoch_order(n_windows, epoch, seed).tolist()]
    return np.array(row[end - batch_size : end], dtype=np.int64)


# %% remembers_the_orders: keeps the order of an epoch, and the number of windows is no part of the key
def batch_windows(step, batch_size, n_windows, seed=0, known={}):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    found = []
    for place in range(step * batch_size, (step + 1) * batch_size):
        epoch, i = divmod(place, n_windows)
        if (epoch, seed) not in known:
            known[epoch, seed] = epoch_order(n_windows, epoch, seed)
        found.append(known[epoch, seed][i % len(known[epoch, seed])])
    return np.array(found, dtype=np.int64)


# %% places_in_32_bits: the places of a long run wrap around
def batch_windows(step, batch_size, n_windows, seed=0):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    places = (np.arange(batch_size, dtype=np.uint32) + np.uint32(step * batch_size % 2**32)).astype(np.int64)
    epochs, places = np.divmod(places, n_windows)
    return np.array([epoch_order(n_windows, int(e), seed)[i] for e, i in zip(epochs, places)], dtype=np.int64)


# %% a_seed_of_one: the seed is 1 if none is given
def batch_windows(step, batch_size, n_windows, seed=1):
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, n_windows {n_windows}")
    places = [divmod(place, n_windows) for place in range(step * batch_size, (step + 1) * batch_size)]
    return np.array([epoch_order(n_windows, e, seed)[i] for e, i in places], dtype=np.int64)
