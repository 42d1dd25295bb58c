"""Wrong solutions of absolute_discounting."""

# %% backoff: the shorter context counts for unseen tokens only
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + np.where(counts_V > 0, 0, (1 - kept.sum() / total) * lower_V)


# %% one_discount: the weight is that of a single discount
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    return np.maximum(counts_V - discount, 0) / total + discount / total * lower_V


# %% weight_by_types: takes a whole discount of every seen token, also of a count below it
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    weight = discount * (counts_V > 0).sum() / total
    return np.maximum(counts_V - discount, 0) / total + weight * lower_V


# %% divides_by_zero: an unseen context gives not a number
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = np.float64(counts_V.sum())
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% stupid_backoff: what was not seen gets a share of the shorter context, and nothing sums to 1
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    return np.where(counts_V > 0, counts_V / total, 0.4 * lower_V)


# %% evenly: what was given up is spread over all tokens alike
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) / len(counts_V)


# %% normalised_over_the_unseen: the weight is shared out among the tokens that were not seen
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts_V - discount, 0)
    unseen = np.where(counts_V > 0, 0.0, lower_V)
    shares = unseen / unseen.sum() if unseen.any() else np.asarray(lower_V)
    return kept / total + (1 - kept.sum() / total) * shares


# %% linear_interpolation: the discount is a share of every probability, not of a count
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    return (1 - discount) * counts_V / total + discount * np.asarray(lower_V)


# %% open_interval: a discount of 0 or 1 is refused
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 < discount < 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% as_narrow_as_the_lower_one: an unseen context gives the dtype of the shorter one
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return lower_V.copy()
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% hands_out_the_lower_one: an unseen context gives back the array that was given
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.asarray(lower_V, dtype=np.float64)
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% seen_at_least_twice: a token that was seen once counts as not seen
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.where(counts_V > 1, counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% counts_in_int32: large counts wrap around
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    counts = counts_V.astype(np.int32) if (counts_V == counts_V.round()).all() else counts_V
    total = counts.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% whole_counts: a fraction of a count is cut off
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    counts = counts_V.astype(np.int64)
    total = counts.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


# %% takes_off_in_place: lowers the counts that it was given, where they are no whole numbers
def absolute_discounting(counts_V, lower_V, discount):
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount}")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = counts_V if counts_V.dtype == np.float64 else counts_V.astype(np.float64)
    kept -= discount
    np.maximum(kept, 0, out=kept)
    return kept / total + (1 - kept.sum() / total) * lower_V
