"""Wrong solutions of near_duplicates."""

# %% any_band: a band of one document may meet another band of the other
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    buckets = defaultdict(set)
    for band in np.split(signatures_NK, n_bands, axis=1):
        for number, row in enumerate(band):
            buckets[tuple(row.tolist())].add(number)
    pairs = {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% candidates_are_enough: the threshold is not looked at
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[tuple(row.tolist())].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted(pairs)


# %% all_pairs: compares everything, in spite of the bands
def near_duplicates(signatures_NK, n_bands, threshold):
    n, n_hashes = signatures_NK.shape
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    found = []
    for i in range(n):
        for j in range(i + 1, n):
            if signatures_NK[i, 0] != signatures_NK[j, 0] and threshold > 1:
                continue
            same = signatures_NK[i] == signatures_NK[j]
            if same.reshape(n_bands, -1).all(1).any() and same.mean() >= threshold:
                found.append((i, j))
    return found


# %% above_the_threshold: a share equal to the threshold does not count
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[tuple(row.tolist())].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() > threshold)


# %% once_a_band: a pair that meets in two bands is listed twice
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = []
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[tuple(row.tolist())].append(number)
        pairs += [(i, j) for members in buckets.values() for i in members for j in members if i < j]
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% interleaved: a band takes every n_bands-th number instead of neighbours
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for start in range(n_bands):
        buckets = defaultdict(list)
        for number, row in enumerate(signatures_NK[:, start::n_bands]):
            buckets[tuple(row.tolist())].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% with_the_first_only: in a bucket, each document is compared with the first one alone
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        first = {}
        for number, row in enumerate(band):
            earlier = first.setdefault(tuple(row.tolist()), number)
            if earlier < number:
                pairs.add((earlier, number))
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% digits_joined: a band's key is its numbers written side by side, without anything between them
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band.tolist()):
            buckets["".join(map(str, row))].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% share_of_bands: the threshold is compared with the share of equal bands, not of equal numbers
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    met = defaultdict(int)
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[tuple(row.tolist())].append(number)
        for members in buckets.values():
            for place, j in enumerate(members):
                for i in members[:place]:
                    met[i, j] += 1
    return sorted(pair for pair, n in met.items() if n / n_bands >= threshold)


# %% as_they_come: pairs in the order in which the bands give them
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = {}
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[tuple(row.tolist())].append(number)
        for members in buckets.values():
            pairs.update({(i, j): None for i in members for j in members if i < j})
    return [(i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold]


# %% sums_for_keys: bands with the same sum are candidates
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[int(row.sum())].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% sorted_numbers: the order within a band is forgotten
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[tuple(sorted(row.tolist()))].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% rounded_to_float: a band's numbers become float32
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, n_bands, axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[row.astype(np.float32).tobytes()].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% negative_bands: a negative number of bands divides, too
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands == 0 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs = set()
    for band in np.split(signatures_NK, abs(n_bands), axis=1):
        buckets = defaultdict(list)
        for number, row in enumerate(band):
            buckets[row.tobytes()].append(number)
        pairs |= {(i, j) for members in buckets.values() for i in members for j in members if i < j}
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)


# %% neighbours_in_a_bucket: compares each document with the one before it in its bucket
def near_duplicates(signatures_NK, n_bands, threshold):
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands}")
    pairs, latest = set(), {}
    for number, row in enumerate(np.split(signatures_NK, n_bands, axis=1)):
        for j, band in enumerate(row):
            i = latest.get((number, band.tobytes()))
            if i is not None:
                pairs.add((i, j))
            latest[number, band.tobytes()] = j
    return sorted((i, j) for i, j in pairs if (signatures_NK[i] == signatures_NK[j]).mean() >= threshold)
