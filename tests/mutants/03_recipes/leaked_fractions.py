"""Wrong solutions of leaked_fractions."""

# %% best_match: the largest overlap with one training document
def leaked_fractions(train_shingles, validation_shingles):
    found = []
    for own in validation_shingles:
        shares = [np.isin(own, known).mean() for known in train_shingles] if len(own) else []
        found.append(max(shares, default=0.0))
    return np.array(found)


# %% jaccard: divides by the union
def leaked_fractions(train_shingles, validation_shingles):
    known = {int(x) for some in train_shingles for x in some}
    found = []
    for own in validation_shingles:
        mine = {int(x) for x in own}
        found.append(len(mine & known) / len(mine | known) if mine else 0.0)
    return np.array(found)


# %% empty_is_nan: a document without shingles gives 0 / 0
def leaked_fractions(train_shingles, validation_shingles):
    known = np.unique(np.concatenate(train_shingles)) if len(train_shingles) else np.array([])
    return np.array([np.isin(own, known).sum() / np.float64(len(own)) for own in validation_shingles])


# %% no_training_set: fails where there are no training documents
def leaked_fractions(train_shingles, validation_shingles):
    known = np.unique(np.concatenate(train_shingles))
    return np.array([np.isin(own, known).mean() if len(own) else 0.0 for own in validation_shingles])


# %% of_the_training_set: divides by the number of the training set's shingles
def leaked_fractions(train_shingles, validation_shingles):
    known = {int(x) for some in train_shingles for x in some}
    return np.array([len({int(x) for x in own} & known) / max(1, len(known)) for own in validation_shingles])


# %% remembers_earlier_calls: the set of known shingles lives as long as the function
def leaked_fractions(train_shingles, validation_shingles, known=set()):
    for some in train_shingles:
        known |= {int(x) for x in some}
    return np.array([sum(int(x) in known for x in own) / max(1, len(own)) for own in validation_shingles])


# %% mean_over_training_documents: averages the overlaps with the single documents
def leaked_fractions(train_shingles, validation_shingles):
    found = np.zeros(len(validation_shingles))
    for number, own in enumerate(validation_shingles):
        if len(own) and len(train_shingles):
            found[number] = np.mean([np.isin(own, known).mean() for known in train_shingles])
    return found


# %% yes_or_no: tells whether anything leaked, not how much
def leaked_fractions(train_shingles, validation_shingles):
    known = {int(x) for some in train_shingles for x in some}
    return np.array([float(any(int(x) in known for x in own)) for own in validation_shingles])


# %% a_list: returns a list of numbers where an array is promised
def leaked_fractions(train_shingles, validation_shingles):
    known = {int(x) for some in train_shingles for x in some}
    return [sum(int(x) in known for x in own) / max(1, len(own)) for own in validation_shingles]


# %% counts_twice: what stands in two training documents counts twice
def leaked_fractions(train_shingles, validation_shingles):
    found = [sum(np.isin(own, known).sum() for known in train_shingles) / max(1, len(own)) for own in validation_shingles]
    return np.minimum(np.array(found, dtype=np.float64), 1.0)


# %% wants_sorted_sets: searches in the training shingles as they come
def leaked_fractions(train_shingles, validation_shingles):
    found = []
    for own in validation_shingles:
        hit = np.zeros(len(own), dtype=bool)
        for known in train_shingles:
            if len(known):
                places = np.minimum(np.searchsorted(known, own), len(known) - 1)
                hit |= known[places] == own
        found.append(hit.mean() if len(own) else 0.0)
    return np.array(found, dtype=np.float64)


# %% in_float32: the shares have seven digits
def leaked_fractions(train_shingles, validation_shingles):
    known = {int(x) for some in train_shingles for x in some}
    shares = [sum(int(x) in known for x in own) / max(1, len(own)) for own in validation_shingles]
    return np.array(shares, dtype=np.float32).astype(np.float64)


# %% sorts_the_callers_sets: puts the shingles in order where they lie
def leaked_fractions(train_shingles, validation_shingles):
    known = np.unique(np.concatenate([*train_shingles, np.empty(0, dtype=np.uint32)]))
    found = []
    for own in validation_shingles:
        own.sort()
        found.append(np.isin(own, known).mean() if len(own) else 0.0)
    return np.array(found, dtype=np.float64)
