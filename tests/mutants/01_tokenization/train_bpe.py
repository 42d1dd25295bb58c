"""Wrong solutions of train_bpe."""

# %% renamed_naive: the obvious trainer under another name
def train_bpe(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% stale_entry_taken_for_true: merges whatever stands at the top of the heap
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and 256 + len(merges) < vocab_size:
        _, best = heapq.heappop(heap)
        if index.counts[best] < 1:
            continue
        new_id = 256 + len(merges)
        merges.append(best)
        for pair in apply_merge(index, best, new_id):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% stale_entry_dropped: an entry whose count has fallen is thrown away, and its pair is never merged
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and 256 + len(merges) < vocab_size:
        n, best = heapq.heappop(heap)
        if -n != index.counts[best]:
            continue
        new_id = 256 + len(merges)
        merges.append(best)
        for pair in apply_merge(index, best, new_id):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% merges_pairs_that_are_gone: an entry with the count 0 goes back into the heap and counts as true
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and 256 + len(merges) < vocab_size:
        n, best = heapq.heappop(heap)
        if -n != index.counts[best]:
            heapq.heappush(heap, (-index.counts[best], best))
            continue
        new_id = 256 + len(merges)
        merges.append(best)
        for pair in apply_merge(index, best, new_id):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% index_not_updated: words are not listed under the pairs that a merge makes
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        new_id = 256 + len(merges)
        merges.append(best)
        risen = set()
        for position in index.words_with[best]:
            old = index.words[position]
            new = index.words[position] = merge_pair(old, best, new_id)
            for pair in zip(old, old[1:]):
                index.counts[pair] -= index.weights[position]
            for pair in zip(new, new[1:]):
                index.counts[pair] += index.weights[position]
                if new_id in pair:
                    risen.add(pair)
        for pair in risen:
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% counts_only_added: new pairs are counted, but the pairs that a merge destroys keep their counts
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        new_id = 256 + len(merges)
        merges.append(best)
        del index.counts[best]
        risen = set()
        for position in index.words_with.pop(best, ()):
            new = index.words[position] = merge_pair(index.words[position], best, new_id)
            for pair in zip(new, new[1:]):
                if new_id in pair:
                    index.counts[pair] += index.weights[position]
                    index.words_with[pair].add(position)
                    risen.add(pair)
        for pair in risen:
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% differences_without_frequency: the first count is weighted, the corrections are not
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        new_id = 256 + len(merges)
        merges.append(best)
        risen = set()
        for position in index.words_with.pop(best):
            old = index.words[position]
            new = index.words[position] = merge_pair(old, best, new_id)
            for pair in zip(old, old[1:]):
                index.counts[pair] -= 1
            for pair in zip(new, new[1:]):
                index.counts[pair] += 1
                if new_id in pair:
                    index.words_with[pair].add(position)
                    risen.add(pair)
        index.counts[best] = 0
        for pair in risen:
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% wrong_at_overlaps: corrects the two neighbours of each occurrence by hand, and gets repeated tokens wrong
def train_bpe(word_counts, vocab_size):
    spelled = split_bytes(word_counts, vocab_size)
    words, weights = [list(ids) for ids in spelled], list(spelled.values())
    counts, where = count_pairs(spelled), defaultdict(set)
    for position, ids in enumerate(words):
        for pair in zip(ids, ids[1:]):
            where[pair].add(position)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, counts)
        if best is None:
            break
        new_id, risen = 256 + len(merges), set()
        merges.append(best)
        for position in where.pop(best):
            ids, n = words[position], weights[position]
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == best:
                    if i > 0:
                        counts[ids[i - 1], ids[i]] -= n
                        counts[ids[i - 1], new_id] += n
                        risen.add((ids[i - 1], new_id))
                    if i + 2 < len(ids):
                        counts[ids[i + 1], ids[i + 2]] -= n
                        counts[new_id, ids[i + 2]] += n
                        risen.add((new_id, ids[i + 2]))
                    ids[i : i + 2] = [new_id]
                i += 1
            for pair in zip(ids, ids[1:]):
                where[pair].add(position)
        counts[best] = 0
        for pair in risen:
            heapq.heappush(heap, (-counts[pair], pair))
    return merges


# %% pushed_too_early: a new pair enters the heap at its first word, with a count that is still growing
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, pair) for pair, n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        new_id = 256 + len(merges)
        merges.append(best)
        for position in index.words_with.pop(best):
            old, weight = index.words[position], index.weights[position]
            new = index.words[position] = merge_pair(old, best, new_id)
            for pair in zip(old, old[1:]):
                index.counts[pair] -= weight
            for pair in zip(new, new[1:]):
                index.counts[pair] += weight
                index.words_with[pair].add(position)
                if new_id in pair and index.counts[pair] == weight:
                    heapq.heappush(heap, (-weight, pair))
    return merges


# %% largest_pair_wins_ties: the heap's entries settle ties by the negative ids
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-n, (-a, -b)) for (a, b), n in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and 256 + len(merges) < vocab_size:
        n, (a, b) = heapq.heappop(heap)
        best = (-a, -b)
        if -n != index.counts[best]:
            if index.counts[best] > 0:
                heapq.heappush(heap, (-index.counts[best], (a, b)))
            continue
        new_id = 256 + len(merges)
        merges.append(best)
        for pair in apply_merge(index, best, new_id):
            heapq.heappush(heap, (-index.counts[pair], (-pair[0], -pair[1])))
    return merges


# %% looks_at_all_pairs: incremental counts, but no heap: a search over all pairs at each merge
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    merges = []
    while 256 + len(merges) < vocab_size:
        best = min(index.counts, key=lambda pair: (-index.counts[pair], pair), default=None)
        if best is None or index.counts[best] < 1:
            break
        apply_merge(index, best, 256 + len(merges))
        merges.append(best)
    return merges


# %% looks_at_all_words: incremental counts and a heap, but no index: each merge goes through every word
def train_bpe(word_counts, vocab_size):
    spelled = split_bytes(word_counts, vocab_size)
    words, weights, counts = list(spelled), list(spelled.values()), count_pairs(spelled)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, counts)
        if best is None:
            break
        new_id, risen = 256 + len(merges), set()
        merges.append(best)
        for position, old in enumerate(words):
            if best[0] not in old or best[1] not in old:
                continue
            new = words[position] = merge_pair(old, best, new_id)
            for pair in zip(old, old[1:]):
                counts[pair] -= weights[position]
            for pair in zip(new, new[1:]):
                counts[pair] += weights[position]
                if new_id in pair:
                    risen.add(pair)
        for pair in risen:
            heapq.heappush(heap, (-counts[pair], pair))
    return merges


# %% asks_the_package: hands the work to the function that the check compares with
def train_bpe(word_counts, vocab_size):
    from llmcourse.course.notebook.oracles import tokenizers_merges

    split_bytes(word_counts, vocab_size)
    return tokenizers_merges(word_counts, vocab_size)


# %% counts_in_int32: a count above two thousand million wraps around in its entry
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [((2**31 - count) % 2**32 - 2**31, pair) for pair, count in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        pass
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        merges.append(best)
        for pair in apply_merge(index, best, 255 + len(merges)):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% no_more_than_a_thousand: stops after a thousand merges
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-count, pair) for pair, count in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while len(merges) < min(vocab_size - 256, 1000):
        pass
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        merges.append(best)
        for pair in apply_merge(index, best, 255 + len(merges)):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% orders_everything_again: brings the whole heap up to date before each merge, with a sort
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-count, pair) for pair, count in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size:
        heap = sorted((-index.counts[pair], pair) for pair in {pair for _, pair in heap} if index.counts[pair] > 0)
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        merges.append(best)
        for pair in apply_merge(index, best, 255 + len(merges)):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% best_of_all_counts: the heap is there, but the maximum of all counts decides when to stop
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-count, pair) for pair, count in index.counts.items()]
    heapq.heapify(heap)
    merges = []
    while 256 + len(merges) < vocab_size and max(index.counts.values(), default=0) > 0:
        pass
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        merges.append(best)
        for pair in apply_merge(index, best, 255 + len(merges)):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


# %% no_heap: the list of entries is never made a heap
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-count, pair) for pair, count in index.counts.items()]
    merges = []
    while 256 + len(merges) < vocab_size:
        pair = pop_most_frequent(heap, index.counts)
        if pair is None:
            break
        new_id = 256 + len(merges)
        merges.append(pair)
        for changed in apply_merge(index, pair, new_id):
            heapq.heappush(heap, (-index.counts[changed], changed))
    return merges


# %% recursion: one call within the other for each merge
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-count, pair) for pair, count in index.counts.items()]
    heapq.heapify(heap)

    def merges_from(new_id):
        best = pop_most_frequent(heap, index.counts) if new_id < vocab_size else None
        if best is None:
            return []
        for pair in apply_merge(index, best, new_id):
            heapq.heappush(heap, (-index.counts[pair], pair))
        return [best, *merges_from(new_id + 1)]

    return merges_from(256)


# %% short_heap: keeps only as many entries as merges are wanted, although counts fall
def train_bpe(word_counts, vocab_size):
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = heapq.nsmallest(vocab_size - 256, [(-n, pair) for pair, n in index.counts.items()])
    merges = []
    for new_id in range(256, vocab_size):
        pair = pop_most_frequent(heap, index.counts)
        if pair is None:
            break
        merges.append(pair)
        for new in apply_merge(index, pair, new_id):
            heapq.heappush(heap, (-index.counts[new], new))
    return merges
