"""Wrong solutions of effective_tokens."""

# %% epochs_for_repetitions: R is the number of epochs, so that text read once is already repeated once
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return once - once * r_star * np.expm1(-(seen / once) / r_star)


# %% no_first_pass: the repetitions without the first reading
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return -once * r_star * np.expm1(-(seen / once - 1) / r_star)


# %% forgets_to_stop: a run that ends early has a negative number of repetitions
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    return unique - unique * r_star * np.expm1(-(seen / unique - 1) / r_star)


# %% clipped_repetitions: no negative repetitions, but all of the text counts
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    return unique - unique * r_star * np.expm1(-np.maximum(seen / unique - 1, 0) / r_star)


# %% whole_passes: parts of a pass do not count
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return once - once * r_star * np.expm1(-np.floor(seen / once - 1) / r_star)


# %% wrong_decay: exp(-R * r_star)
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return once + once * r_star * (1 - np.exp(-(seen / once - 1) * r_star))


# %% forgets_r_star: the factor before the parenthesis is missing
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return once - once * np.expm1(-(seen / once - 1) / r_star)


# %% loses_digits: 1 - exp(-x) as it stands
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return once + once * r_star * (1 - np.exp(-(seen / once - 1) / r_star))


# %% fixed_r_star: always 15.39
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return once - once * 15.39 * np.expm1(-(seen / once - 1) / 15.39)


# %% per_token: the worth of one token, not of all
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    return 1 - r_star * np.expm1(-(seen / once - 1) / r_star)


# %% numbers_only: arrays are not taken
def effective_tokens(unique, seen, r_star=15.39):
    for name, value in (("unique", unique), ("seen", seen), ("r_star", r_star)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    once = min(unique, seen)
    return once - once * r_star * math.expm1(-(seen / once - 1) / r_star)


# %% no_errors: takes anything
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = np.asarray(unique, float), np.asarray(seen, float)
    with np.errstate(all="ignore"):
        once = np.minimum(unique, seen)
        return once - once * r_star * np.expm1(-(seen / once - 1) / r_star)


# %% sum_of_epochs: adds up whole epochs with the weight of their beginning
def effective_tokens(unique, seen, r_star=15.39):
    unique, seen = above_zero("unique", unique), above_zero("seen", seen)
    above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    repetitions = seen / once - 1
    return once + once * (1 - np.exp(-repetitions / r_star)) / (1 - np.exp(-1 / r_star))


# %% whole_division: whole numbers are divided as whole numbers
def effective_tokens(unique, seen, r_star=15.39):
    above_zero("unique", unique), above_zero("seen", seen), above_zero("r_star", r_star)
    once = np.minimum(unique, seen)
    is_whole = all(np.asarray(value).dtype.kind in "iu" for value in (unique, seen))
    repetitions = (seen // once if is_whole else seen / once) - 1
    return once - once * r_star * np.expm1(-repetitions / r_star)


# %% nan_is_above_zero: NaN is let through
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    unique, seen = np.asarray(unique, np.float64), np.asarray(seen, np.float64)
    for name, values in (("unique", unique), ("seen", seen), ("r_star", np.asarray(r_star, float))):
        if (values <= 0).any():
            raise ValueError(f"{name} is {values.min()}; it must be above 0")
    unique = np.minimum(unique, seen)
    return unique - unique * r_star * np.expm1(-(seen / unique - 1) / r_star)


# %% keeps_float32: arrays in float32 give a worth in float32
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    for name, values in (("unique", unique), ("seen", seen), ("r_star", r_star)):
        if not np.all(np.asarray(values) > 0):
            raise ValueError(f"{name} is {values}; it must be above 0")
    unique = np.minimum(unique, seen)
    return unique - unique * r_star * np.expm1(-(seen / unique - 1) / r_star)


# %% nothing_read: a run that has read nothing is worth nothing, without an error
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    unique, seen = np.asarray(unique, np.float64), np.asarray(seen, np.float64)
    if not (unique > 0).all():
        raise ValueError(f"unique is {unique.min()}; it must be above 0")
    if not (seen >= 0).all():
        raise ValueError(f"seen is {seen.min()}; it must not be negative")
    if not r_star > 0:
        raise ValueError(f"r_star is {r_star}; it must be above 0")
    again = np.maximum(seen / unique - 1, 0)
    return np.minimum(unique, seen) - unique * r_star * np.expm1(-again / r_star)


# %% seen_as_it_was_given: where nothing is repeated the tokens come back in the shape of seen, not of both
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    unique, seen = np.asarray(unique, np.float64), np.asarray(seen, np.float64)
    for name, values in (("unique", unique), ("seen", seen), ("r_star", np.asarray(r_star, float))):
        if not (values > 0).all():
            raise ValueError(f"{name} is {values[~(values > 0)]}; it must be above 0")
    if (seen <= unique).all():
        return seen[()].copy()
    unique = np.minimum(unique, seen)
    return unique - unique * r_star * np.expm1(-(seen / unique - 1) / r_star)


# %% vectorized_by_the_first: np.vectorize takes the type of the first result, a whole number where nothing is repeated
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    for name, value in (("unique", unique), ("seen", seen), ("r_star", r_star)):
        if not np.all(np.asarray(value) > 0):
            raise ValueError(f"{name} is {value}; it must be above 0")

    def one(u, s):
        if s <= u:
            return s
        return u - u * r_star * math.expm1(-(s / u - 1) / r_star)

    return np.float64(np.vectorize(one)(unique, seen)) if np.ndim(unique) == np.ndim(seen) == 0 else np.vectorize(one)(unique, seen).astype(np.float64)


# %% float64_at_the_end: computed in the arguments' own type, and float64 by name
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    for name, value in (("unique", unique), ("seen", seen), ("r_star", r_star)):
        if not np.all(np.asarray(value) > 0):
            raise ValueError(f"{name} is {value}; it must be above 0")
    own = np.minimum(unique, seen)
    repeats = seen / own - 1
    return np.float64(1) * (own - own * r_star * np.expm1(-repeats / r_star)).astype(np.float64)


# %% no_array_of_one: an array of one number comes back as a number
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    u, s = np.asarray(unique, np.float64), np.asarray(seen, np.float64)
    for name, value, array in (("unique", unique, u), ("seen", seen, s), ("r_star", r_star, np.asarray(r_star))):
        if not (array > 0).all():
            raise ValueError(f"{name} is {value}; it must be above 0")
    own = np.minimum(u, s)
    worth = own - own * r_star * np.expm1(-(s / own - 1) / r_star)
    return float(worth.item()) if worth.size == 1 and worth.ndim < 2 and np.ndim(unique) == 0 else worth


# %% digits_lost_in_the_repeats: seen / unique - 1 is all right, but the whole is unique * (1 + r_star) less a large number
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    u, s = np.asarray(unique, np.float64), np.asarray(seen, np.float64)
    for name, value, array in (("unique", unique, u), ("seen", seen, s), ("r_star", r_star, np.asarray(r_star))):
        if not (array > 0).all():
            raise ValueError(f"{name} is {value}; it must be above 0")
    own = np.minimum(u, s)
    repeats = s / own - 1
    if r_star > 1e8:
        return own + own * repeats * (1 - repeats / r_star / 2)
    return own + own * r_star * (1 - np.exp(-repeats / r_star))


# %% worth_at_most_seen: repetitions below a hundredth of a pass are dropped as rounding
def effective_tokens(unique, seen, r_star=R_STAR_DATA):
    u, s = np.asarray(unique, np.float64), np.asarray(seen, np.float64)
    for name, value, array in (("unique", unique, u), ("seen", seen, s), ("r_star", r_star, np.asarray(r_star))):
        if not (array > 0).all():
            raise ValueError(f"{name} is {value}; it must be above 0")
    own = np.minimum(u, s)
    repeats = np.round(s / own - 1, 2)
    return own - own * r_star * np.expm1(-repeats / r_star)
