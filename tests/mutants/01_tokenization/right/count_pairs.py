"""Right solutions of count_pairs that are not written as the library's is."""

# %% by_index: indices, a plain dictionary on the way, a Counter at the end
def count_pairs(words):
    found = defaultdict(int)
    for ids in words:
        for i in range(1, len(ids)):
            found[ids[i - 1], ids[i]] += words[ids]
    return Counter(found)


# %% sum_of_counters: one Counter a word, scaled and added up
def count_pairs(words: Mapping[tuple[int, ...], int]) -> Counter:
    from itertools import pairwise

    total = Counter()
    for ids, frequency in words.items():
        total.update({pair: times * frequency for pair, times in Counter(pairwise(ids)).items()})
    return total


# %% defaultdict: a slice for each position, and a Counter made of a defaultdict
def count_pairs(words):
    found = defaultdict(int)
    for ids in words:
        for i in range(1, len(ids)):
            found[tuple(ids[i - 1 : i + 1])] += words[ids]
    return Counter(found)
