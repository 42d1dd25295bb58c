"""Right solutions of train_bpe_naive that are not written as the library's is."""

# %% parallel_lists: words in a list beside their counts, sorted candidates, own counting and own checks
def train_bpe_naive(word_counts, vocab_size):
    if vocab_size < 256:
        raise ValueError(f"vocab_size must be at least 256, got {vocab_size}")
    if len(word_counts) == 0:
        raise ValueError("there is nothing to learn from")
    if min(word_counts.values()) < 1:
        raise ValueError(f"counts below 1: {[n for n in word_counts.values() if n < 1]}")
    spelled = [[BYTE_IDS[byte] for byte in word] for word in word_counts]
    frequency = list(word_counts.values())
    merges = []
    for new_id in range(256, vocab_size):
        total = {}
        for ids, n in zip(spelled, frequency):
            for i in range(len(ids) - 1):
                pair = ids[i], ids[i + 1]
                total[pair] = total.get(pair, 0) + n
        if not total:
            return merges
        most = max(total.values())
        best = sorted(pair for pair, n in total.items() if n == most)[0]
        merges.append(best)
        for ids in spelled:
            for i in range(len(ids)):
                if tuple(ids[i : i + 2]) == best:
                    ids[i : i + 2] = [new_id]
    return merges


# %% generator: an endless source of merges, of which as many are taken as fit
def train_bpe_naive(word_counts, vocab_size):
    from itertools import count, islice

    def learned(words):
        for new_id in count(256):
            counts = count_pairs(words)
            if not counts:
                return
            best = max(counts, key=lambda pair: (counts[pair], -pair[0], -pair[1]))
            yield best
            words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}

    return list(islice(learned(split_bytes(word_counts, vocab_size)), vocab_size - 256))


# %% sorted_by_two_keys: two stable sorts, a while True, and words as lists
def train_bpe_naive(word_counts: Mapping[bytes, int], vocab_size: int) -> list[Pair]:
    start = split_bytes(word_counts, vocab_size)
    words, weights = list(start), list(start.values())
    merges: list[Pair] = []
    for new_id in range(256, vocab_size):
        counts: Counter = Counter()
        for ids, weight in zip(words, weights):
            for a, b in zip(ids[:-1], ids[1:]):
                counts[(a, b)] += weight
        ranked = sorted(sorted(counts), key=counts.__getitem__, reverse=True)
        if not ranked:
            return merges
        merges.append(ranked[0])
        words = [merge_pair(list(ids), ranked[0], new_id) for ids in words]
    return merges
