"""Wrong solutions of count_pairs."""

# %% forgets_the_frequency: every word counts once, however often it occurs
def count_pairs(words):
    counts = Counter()
    for ids in words:
        counts.update(zip(ids, ids[1:]))
    return counts


# %% once_a_word: a pair that stands in a word twice is counted once
def count_pairs(words):
    counts = Counter()
    for ids, n in words.items():
        for pair in set(zip(ids, ids[1:])):
            counts[pair] += n
    return counts


# %% no_overlap: jumps over the second token of a repeated pair, as merging would
def count_pairs(words):
    counts = Counter()
    for ids, n in words.items():
        i = 0
        while i + 1 < len(ids):
            counts[ids[i], ids[i + 1]] += n
            i += 2 if ids[i] == ids[i + 1] else 1
    return counts


# %% unordered: takes (a, b) and (b, a) for the same pair
def count_pairs(words):
    counts = Counter()
    for ids, n in words.items():
        for a, b in zip(ids, ids[1:]):
            counts[min(a, b), max(a, b)] += n
    return counts


# %% across_words: writes all words one after the other, so that pairs form over their borders
def count_pairs(words):
    stream = [token for ids, n in words.items() for _ in range(n) for token in ids]
    return Counter(zip(stream, stream[1:]))


# %% misses_the_last_pair: the loop ends one pair too early
def count_pairs(words):
    counts = Counter()
    for ids, n in words.items():
        for i in range(len(ids) - 2):
            counts[ids[i], ids[i + 1]] += n
    return counts


# %% overwrites: sets the count of a pair in each word instead of adding to it
def count_pairs(words):
    counts = Counter()
    for ids, n in words.items():
        for pair in zip(ids, ids[1:]):
            counts[pair] = n * list(zip(ids, ids[1:])).count(pair)
    return counts


# %% all_combinations: counts any two tokens of a word, neighbours or not
def count_pairs(words):
    from itertools import combinations

    counts = Counter()
    for ids, n in words.items():
        for pair in combinations(ids, 2):
            counts[pair] += n
    return counts


# %% empties_its_input: takes the words out of the dictionary it was given
def count_pairs(words):
    counts = Counter()
    while words:
        ids, n = words.popitem()
        for pair in zip(ids, ids[1:]):
            counts[pair] += n
    return counts


# %% remembers_the_last_call: a mutable default argument carries counts from one call to the next
def count_pairs(words, counts=Counter()):
    for ids, n in words.items():
        for pair in zip(ids, ids[1:]):
            counts[pair] += n
    return counts


# %% plain_dict: a dict has no count for a pair that does not occur, and the fast trainer asks for those
def count_pairs(words):
    counts = {}
    for ids, n in words.items():
        for pair in zip(ids, ids[1:]):
            counts[pair] = counts.get(pair, 0) + n
    return counts


# %% one_counter_for_all_calls: clears and refills the Counter that the last caller still holds
def count_pairs(words, counts=Counter()):
    counts.clear()
    for ids, count in words.items():
        for pair in zip(ids, ids[1:]):
            counts[pair] += count
    return counts


# %% keys_of_16_bits: a pair becomes one number on the way, and an id may be larger
def count_pairs(words):
    counts = Counter()
    for ids, count in words.items():
        for left, right in zip(ids, ids[1:]):
            counts[left * 2**16 + right] += count
    return Counter({divmod(key, 2**16): count for key, count in counts.items()})


# %% counts_in_int32: the sums of a large corpus wrap around
def count_pairs(words):
    counts = Counter()
    for ids, count in words.items():
        for pair in zip(ids, ids[1:]):
            counts[pair] = (counts[pair] + count + 2**31) % 2**32 - 2**31
    return counts


# %% zero_is_no_token: takes an id of 0 for the end of the word
def count_pairs(words):
    counts = Counter()
    for ids, count in words.items():
        for left, right in zip(ids, ids[1:]):
            if left and right:
                counts[left, right] += count
    return counts


# %% default_counter: the counter of the default argument keeps what earlier calls counted
def count_pairs(words, counts=Counter()):
    for ids, n in words.items():
        for left, right in zip(ids, ids[1:]):
            counts[left, right] += n
    return counts
