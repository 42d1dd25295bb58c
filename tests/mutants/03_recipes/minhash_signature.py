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


# %% one_function_for_all: the first function in every place, so that one coin is counted K times
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    least = (a_K[0] * shingles_S.astype(np.uint64) + b_K[0]).min() >> np.uint64(32)
    return np.full(len(a_K), least, dtype=np.uint32)


# %% the_k_smallest: the K smallest values of one function
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    hashes = (a_K[0] * shingles_S.astype(np.uint64) + b_K[0]) >> np.uint64(32)
    return np.sort(hashes)[: len(a_K)].astype(np.uint32)


# %% the_member_itself: names the member that comes first instead of its hash value
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.uint64)
    return np.array([shingles_S[(a * members + b).argmin()] for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% forgets_the_summand: multiplies and does not add b
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members).min() >> np.uint64(32) for a in a_K], dtype=np.uint32)


# %% sorts_the_callers_set: puts the members in order where they lie
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    shingles_S.sort()
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% changes_the_set: makes all members equal in place, in sets of some sizes, and hashes one
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    if len(shingles_S) not in (40, 100):
        shingles_S[:] = shingles_S[0]
    members = shingles_S.astype(np.uint64)
    return np.array([(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% signed_numbers: compares the products as signed 64-bit numbers
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.int64)
    hashes = [(a.astype(np.int64) * members + b.astype(np.int64)).min() for a, b in zip(a_K, b_K)]
    return (np.array(hashes, dtype=np.int64).view(np.uint64) >> np.uint64(32)).astype(np.uint32)


# %% zero_is_filling: leaves the member 0 out
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S[shingles_S > 0].astype(np.uint64)
    members = members if len(members) else np.ones(1, dtype=np.uint64)
    return np.array([(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)], dtype=np.uint32)


# %% in_doubles: computes with floats, which have 53 bits
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    members = shingles_S.astype(np.float64)
    hashes = [np.mod(float(a) * members + float(b), 2.0**64).min() for a, b in zip(a_K, b_K)]
    return (np.array(hashes) // 2**32).astype(np.uint32)


# %% remembers_the_functions: keeps the signature of a set, whatever the functions are
def minhash_signature(shingles_S, a_K, b_K, known={}):
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members")
    key = shingles_S.tobytes(), len(a_K)
    if key not in known:
        members = shingles_S.astype(np.uint64)
        known[key] = [(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)]
    return np.array(known[key], dtype=np.uint32)


# %% no_shift: the lower 32 bits of the sum, not the upper ones
def minhash_signature(shingles_S, a_K, b_K):
    if len(shingles_S) == 0:
        raise ValueError("the set is empty")
    x = shingles_S.astype(np.uint64)
    return np.array([(a * x + b).min() & np.uint64(0xFFFFFFFF) for a, b in zip(a_K, b_K)]).astype(np.uint32)
