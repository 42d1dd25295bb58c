"""Right solutions of effective_tokens that are not written as the library's is."""

# %% where: two cases
def effective_tokens(unique, seen, r_star=15.39):
    unique = np.array(unique, dtype=np.float64)
    seen = np.array(seen, dtype=np.float64)
    for name, value in (("unique", unique), ("seen", seen), ("r_star", np.array(r_star))):
        if not np.all(value > 0):
            raise ValueError(f"{name} is {float(np.min(value))}; it must be above 0")
    rounds = np.maximum(seen - unique, 0) / unique
    repeated = unique * (1 - r_star * np.expm1(-rounds / r_star))
    return np.where(seen < unique, seen, repeated)[()]


# %% integral: the integral of the decaying worth, by an exponential series for small arguments
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = np.broadcast_arrays(np.asarray(unique, float), np.asarray(seen, float))
    if not (unique > 0).all():
        raise ValueError(f"unique is {unique.min()}; it must be above 0")
    if not (seen > 0).all():
        raise ValueError(f"seen is {seen.min()}; it must be above 0")
    if not r_star > 0:
        raise ValueError(f"r_star is {r_star}; it must be above 0")
    once = np.minimum(unique, seen)
    x = (seen - once) / once / r_star
    small = x < 1e-4
    mean_weight = np.where(small, 1 - x / 2 + x**2 / 6, (1 - np.exp(-x)) / np.where(small, 1.0, x))
    return once + (seen - once) * mean_weight


# %% sinh: with the hyperbolic sine, which keeps its digits too
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = np.float64(unique), np.float64(seen)
    for name, value in {"unique": unique, "seen": seen, "r_star": np.float64(r_star)}.items():
        if not np.all(value > 0):
            raise ValueError(f"{name} is {np.min(value)}; it must be above 0")
    once = np.minimum(unique, seen)
    half = np.minimum((seen / once - 1) / r_star / 2, 300)
    return once * (1 + 2 * r_star * np.exp(-half) * np.sinh(half))


# %% repeats_from_zero: repetitions cut off at 0, the first pass apart
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    given = {"unique": np.asarray(unique, dtype=float), "seen": np.asarray(seen, dtype=float), "r_star": np.asarray(r_star, dtype=float)}
    for name, values in given.items():
        if not (values > 0).all():
            raise ValueError(f"{name} is {values[~(values > 0)]}; it must be above 0")
    u, s, r = given.values()
    again = np.maximum(s / u - 1, 0)
    return np.where(s <= u, s, u) + u * r * -np.expm1(-again / r)


# %% where_repeated: both cases computed, one chosen
def effective_tokens(unique, seen, r_star: float = R_STAR_DATA):
    if not r_star > 0:
        raise ValueError(f"r_star is {r_star}; it must be above 0")
    u = np.multiply(unique, 1.0, dtype=np.float64)
    s = np.multiply(seen, 1.0, dtype=np.float64)
    if not np.min(u) > 0:
        raise ValueError(f"unique is {unique}; all of it must be above 0")
    if not np.min(s) > 0:
        raise ValueError(f"seen is {seen}; all of it must be above 0")
    epochs = s / u
    repeated = u * (1 - r_star * np.expm1((1 - np.maximum(epochs, 1)) / r_star))
    return np.where(epochs < 1, s, repeated)[()]
