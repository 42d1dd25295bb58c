"""Right solutions of minhash_signature that are not written as the library's is."""

# %% table: the whole table of K times S at once
def minhash_signature(shingles_S, a_K, b_K):
    if not shingles_S.size:
        raise ValueError("0 members have no smallest hash")
    hashes_KS = np.multiply.outer(a_K, shingles_S.astype(np.uint64)) + b_K[:, None]
    return np.right_shift(hashes_KS, 32).min(axis=1).astype(np.uint32)


# %% plain_loop: Python's integers
def minhash_signature(shingles_S, a_K, b_K):
    members = [int(x) for x in shingles_S]
    if not members:
        raise ValueError("0 members have no smallest hash")
    least = [min((int(a) * x + int(b)) % 2**64 for x in members) >> 32 for a, b in zip(a_K, b_K)]
    return np.array(least, dtype=np.uint32)


# %% another_message: the error does not name a number
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) < 1:
        raise ValueError("an empty set has no smallest member")
    members = shingles_S.astype(np.uint64)
    return np.array([((a * members + b) >> np.uint64(32)).min() for a, b in zip(a_K, b_K)]).astype(np.uint32)


# %% leaves_it_to_numpy: the minimum of nothing is a ValueError of NumPy's
def minhash_signature(shingles_S, a_K, b_K):
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)], dtype=np.uint32)
