"""Right solutions of train_bpe that are not written as the library's is."""

# %% buckets_by_count: no heap: the pairs stand in sets by their count, and a pointer walks down from the highest
def train_bpe(word_counts, vocab_size):
    spelled = split_bytes(word_counts, vocab_size)
    words, weights = [list(ids) for ids in spelled], list(spelled.values())
    counts, words_of = defaultdict(int), defaultdict(set)
    for position, ids in enumerate(words):
        for pair in zip(ids, ids[1:]):
            counts[pair] += weights[position]
            words_of[pair].add(position)
    buckets = defaultdict(set)
    for pair, n in counts.items():
        buckets[n].add(pair)
    highest = [-n for n in buckets]
    heapq.heapify(highest)

    merges = []
    while len(merges) < vocab_size - 256:
        while highest and not buckets[-highest[0]]:
            del buckets[-heapq.heappop(highest)]
        if not highest:
            break
        best = min(buckets[-highest[0]])
        new_id = 256 + len(merges)
        merges.append(best)
        change = defaultdict(int)
        for position in words_of.pop(best):
            ids, n = words[position], weights[position]
            for pair in zip(ids, ids[1:]):
                change[pair] -= n
            merged, i = [], 0
            while i < len(ids):
                if ids[i] == best[0] and ids[i + 1 : i + 2] == [best[1]]:
                    merged.append(new_id)
                    i += 2
                else:
                    merged.append(ids[i])
                    i += 1
            words[position] = merged
            for pair in zip(merged, merged[1:]):
                change[pair] += n
                if new_id in pair:
                    words_of[pair].add(position)
        for pair, difference in change.items():
            if difference:
                buckets[counts[pair]].discard(pair)
                counts[pair] += difference
                if counts[pair]:
                    if counts[pair] not in buckets:
                        heapq.heappush(highest, -counts[pair])
                    buckets[counts[pair]].add(pair)
    return merges


# %% linked_tokens: all words in one linked list of tokens, with the positions of every pair, and lazy heap entries
def train_bpe(word_counts, vocab_size):
    spelled = split_bytes(word_counts, vocab_size)
    token, weight, before, after = [], [], [], []
    for ids, n in spelled.items():
        for k, one in enumerate(ids):
            here = len(token)
            token.append(one)
            weight.append(n)
            before.append(here - 1 if k else None)
            after.append(here + 1 if k + 1 < len(ids) else None)
    counts, starts = defaultdict(int), defaultdict(set)

    def pair_at(i):
        return (token[i], token[after[i]])

    def add(i):
        pair = pair_at(i)
        counts[pair] += weight[i]
        starts[pair].add(i)
        return pair

    def remove(i):
        pair = pair_at(i)
        counts[pair] -= weight[i]
        starts[pair].discard(i)

    for i, following in enumerate(after):
        if following is not None:
            add(i)
    heap = [(-n, *pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and len(merges) + 256 < vocab_size:
        n, *pair = heapq.heappop(heap)
        best = tuple(pair)
        if counts[best] != -n:
            if counts[best] > 0:
                heapq.heappush(heap, (-counts[best], *best))
            continue
        new_id = 256 + len(merges)
        merges.append(best)
        fresh = set()
        for i in sorted(starts[best]):
            if i not in starts[best]:
                continue  # its first token went into the merge on its left
            j = after[i]
            previous, following = before[i], after[j]
            remove(i)
            if previous is not None:
                remove(previous)
            if following is not None:
                remove(j)
            token[i], after[i] = new_id, following
            token[j] = before[j] = after[j] = None
            if following is not None:
                before[following] = i
                fresh.add(add(i))
            if previous is not None:
                fresh.add(add(previous))
        for pair in fresh:
            if counts[pair] > 0:
                heapq.heappush(heap, (-counts[pair], *pair))
    return merges


# %% push_on_every_change: every pair whose count changed is pushed again, so an entry is either true or skipped
def train_bpe(word_counts, vocab_size):
    words = [(ids, n) for ids, n in split_bytes(word_counts, vocab_size).items()]
    counts, holders = Counter(), {}
    for k, (ids, n) in enumerate(words):
        for pair in zip(ids, ids[1:]):
            counts[pair] += n
            holders.setdefault(pair, []).append(k)
    queue = sorted((-n, pair) for pair, n in counts.items())
    merges = []
    for new_id in range(256, vocab_size):
        while queue and -queue[0][0] != counts[queue[0][1]]:
            heapq.heappop(queue)
        if not queue or queue[0][0] == 0:
            break
        _, best = heapq.heappop(queue)
        merges.append(best)
        changed = set()
        for k in set(holders.pop(best)):
            ids, n = words[k]
            merged = merge_pair(ids, best, new_id)
            for pair in zip(ids, ids[1:]):
                counts[pair] -= n
                changed.add(pair)
            for pair in zip(merged, merged[1:]):
                counts[pair] += n
                changed.add(pair)
                if new_id in pair:
                    holders.setdefault(pair, []).append(k)
            words[k] = (merged, n)
        for pair in changed:
            if counts[pair]:
                heapq.heappush(queue, (-counts[pair], pair))
    return merges


# %% own_checks: checks the input itself, and a for loop over the new ids
def train_bpe(word_counts: Mapping[bytes, int], vocab_size: int) -> list[Pair]:
    if vocab_size < 256:
        raise ValueError(f"{vocab_size} tokens are fewer than there are bytes")
    if not word_counts:
        raise ValueError("no words")
    for word, count in word_counts.items():
        if count <= 0:
            raise ValueError(f"{word}: {count}")
    words = {tuple(BYTE_IDS[byte] for byte in word): count for word, count in word_counts.items()}
    index = index_pairs(words)
    heap = sorted((-count, pair) for pair, count in index.counts.items())
    merges = []
    for new_id in range(256, vocab_size):
        if (pair := pop_most_frequent(heap, index.counts)) is None:
            return merges
        merges += [pair]
        for new in sorted(apply_merge(index, pair, new_id)):
            heapq.heappush(heap, (-index.counts[new], new))
    return merges
