"""Wrong solutions of minhash_signature."""

# %% maximum: keeps the largest hash value
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).max() >> np.uint64(32) for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% low_half: cuts the hash to 32 bits instead of taking the high half
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).astype(np.uint32).min() for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% empty_is_the_largest: an empty set gets a signature
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        return np.full(len(a_K), 2**32 - 1, dtype=np.uint32)
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% wrong_axis: the minimum over the functions, one number a member
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    hashes = a_K[:, None] * shingles_S.astype(np.uint64) + b_K[:, None]
    return (hashes.min(0) >> np.uint64(32)).astype(np.uint32)


# %% wide_result: right numbers, as uint64
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)])
