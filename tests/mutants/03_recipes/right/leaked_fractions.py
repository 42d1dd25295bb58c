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
