"""Right solutions of near_duplicates that are not written as the library's is."""

# %% sorted_bands: sorts the rows of each band, equal ones stand side by side
def near_duplicates(signatures_NK, n_bands, threshold):
    n, n_hashes = signatures_NK.shape
    if n_bands < 1 or n_hashes % n_bands != 0:
        raise ValueError(f"{n_bands} bands cannot be cut from {n_hashes} numbers")
    n_rows, found = n_hashes // n_bands, set()
    for start in range(0, n_hashes, n_rows):
        keyed = sorted((tuple(row[start : start + n_rows]), i) for i, row in enumerate(signatures_NK.tolist()))
        first = 0
        for place in range(1, n + 1):
            if place == n or keyed[place][0] != keyed[first][0]:
                members = [i for _, i in keyed[first:place]]
                for a in range(len(members)):
                    for b in range(a + 1, len(members)):
                        found.add((members[a], members[b]))
                first = place
    close = [(i, j) for i, j in found if np.count_nonzero(signatures_NK[i] == signatures_NK[j]) >= threshold * n_hashes]
    close.sort()
    return close


# %% one_dictionary: the number of the band is part of the key, and pairs are tested as they are found
def near_duplicates(signatures_NK, n_bands, threshold):
    rows = [tuple(row) for row in signatures_NK.tolist()]
    width = signatures_NK.shape[1]
    if not (n_bands >= 1 and width % n_bands == 0):
        raise ValueError(f"cannot cut {width} numbers into {n_bands} bands")
    size, seen, judged = width // n_bands, {}, {}
    for j, row in enumerate(rows):
        for band in range(n_bands):
            earlier = seen.setdefault((band, row[band * size : (band + 1) * size]), [])
            for i in earlier:
                if (i, j) not in judged:
                    judged[i, j] = sum(a == b for a, b in zip(rows[i], row)) / width >= threshold
            earlier.append(j)
    return sorted(pair for pair in judged if judged[pair])


# %% by_unique: numbers each band's rows with NumPy, then sorts documents by that number
def near_duplicates(signatures_NK, n_bands, threshold):
    n, width = signatures_NK.shape
    if n_bands <= 0 or width % n_bands:
        raise ValueError(f"{width} numbers do not make {n_bands} bands")
    found = set()
    if n:
        for band in signatures_NK.reshape(n, n_bands, -1).swapaxes(0, 1):
            _, bucket = np.unique(band, axis=0, return_inverse=True)
            bucket = np.asarray(bucket).reshape(-1)
            order = np.argsort(bucket, kind="stable")
            for members in np.split(order, np.flatnonzero(np.diff(bucket[order])) + 1):
                found |= {(int(i), int(j)) for a, i in enumerate(members) for j in members[a + 1 :]}
    return sorted((i, j) for i, j in found if np.mean(signatures_NK[i] == signatures_NK[j]) >= threshold)
