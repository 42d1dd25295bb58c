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


# %% token_by_token: plain Python
def absolute_discounting(counts_V, lower_V, discount):
    if not (discount >= 0 and discount <= 1):
        raise ValueError(f"{discount} is no share")
    counts, lower = [float(n) for n in counts_V], [float(p) for p in lower_V]
    total = sum(counts)
    given = sum(min(n, discount) for n in counts)
    mixed = [(max(n - discount, 0.0) + given * p) / total for n, p in zip(counts, lower)] if total else lower
    return np.array(mixed, dtype=np.float64)
