"""Right solutions of absolute_discounting that are not written as the library's is."""

# %% what_is_given: counts what each token gives up
def absolute_discounting(counts_V, lower_V, discount):
    if discount < 0 or discount > 1:
        raise ValueError(f"a discount of {discount}")
    counts = np.asarray(counts_V, dtype=np.float64)
    if not counts.any():
        return np.asarray(lower_V, dtype=np.float64).copy()
    given = np.minimum(counts, discount)
    return (counts - given + given.sum() * lower_V) / counts.sum()
