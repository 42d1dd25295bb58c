"""Right solutions of leaked_fractions that are not written as the library's is."""

# %% python_sets: a set of numbers and a sum
def leaked_fractions(train_shingles, validation_shingles):
    known = set()
    for some in train_shingles:
        known.update(some.tolist())
    shares = np.zeros(len(validation_shingles))
    for number, own in enumerate(validation_shingles):
        if own.size:
            shares[number] = sum(x in known for x in own.tolist()) / own.size
    return shares


# %% all_at_once: one look-up for all documents, then a mean for each
def leaked_fractions(train_shingles, validation_shingles):
    sizes = np.array([len(own) for own in validation_shingles], dtype=np.int64)
    if not sizes.sum() or not len(train_shingles):
        return np.zeros(len(sizes))
    is_known = np.isin(np.concatenate(validation_shingles), np.concatenate(train_shingles))
    owners = np.repeat(np.arange(len(sizes)), sizes)
    return np.bincount(owners, weights=is_known, minlength=len(sizes)) / np.maximum(sizes, 1)


# %% by_isin: one sorted array of all that training has seen
def leaked_fractions(train_shingles, validation_shingles):
    everything = np.concatenate(list(train_shingles)) if len(train_shingles) > 0 else np.array([], dtype=np.int64)
    return np.array(
        [float(np.isin(own, everything).sum()) / len(own) if own.size else 0.0 for own in validation_shingles], dtype=float
    )
