"""Wrong solutions of encode_word."""

# %% longest_match: takes the longest token that fits and goes on behind it
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    spelling = {byte_ids[byte]: bytes([byte]) for byte in range(256)}
    for (a, b), (_, new_id) in sorted(ranks.items(), key=lambda item: item[1]):
        if a in spelling and b in spelling:
            spelling[new_id] = spelling[a] + spelling[b]
    ids = {token: i for i, token in spelling.items()}
    longest = max(map(len, ids))
    found, start = [], 0
    while start < len(word):
        size = next(n for n in range(longest, 0, -1) if word[start : start + n] in ids)
        found.append(ids[word[start : start + size]])
        start += size
    return found


# %% leftmost_first: merges from left to right whatever can be merged, whatever its rank
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = []
    for byte in word:
        ids.append(byte_ids[byte])
        while len(ids) > 1 and (ids[-2], ids[-1]) in ranks:
            ids[-2:] = [ranks[ids[-2], ids[-1]][1]]
    return ids


# %% renamed_naive: the obvious encoder, in time n * n
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    return encode_word_naive(word, ranks, byte_ids)


# %% searches_again_after_each_merge: its own loop over all pairs for every merge, in time n * n
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = [byte_ids[byte] for byte in word]
    while len(ids) > 1:
        best, where = None, None
        for i in range(len(ids) - 1):
            rank = ranks.get((ids[i], ids[i + 1]))
            if rank is not None and (best is None or rank < best):
                best, where = rank, i
        if best is None:
            break
        ids[where] = best[1]
        del ids[where + 1]
    return ids


# %% all_occurrences_at_once: merges a pair everywhere before it looks for a better one
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = tuple(byte_ids[byte] for byte in word)
    while True:
        best = min((pair for pair in zip(ids, ids[1:]) if pair in ranks), key=lambda pair: ranks[pair], default=None)
        if best is None:
            return list(ids)
        ids = merge_pair(ids, best, ranks[best][1])


# %% one_pass_over_the_merges: applies each merge once, in order, and never returns to an earlier one
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = tuple(byte_ids[byte] for byte in word)
    for pair, (_, new_id) in sorted(ranks.items(), key=lambda item: item[1][0]):
        ids = merge_pair(ids, pair, new_id)
    return list(ids)


# %% rightmost_first: among equal ranks the position furthest right comes first
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], -i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        i = -i
        j = right[i]
        if ranks.get((ids[i], ids[j]), (None, None))[0] != rank:
            continue
        ids[i], ids[j] = ranks[ids[i], ids[j]][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], -k))
    return [token for token in ids if token is not None]


# %% standard_byte_ids: takes the library's byte ids instead of those it was given
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [BYTE_IDS[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        if ranks.get((ids[i], ids[j]), (None, None))[0] != rank:
            continue
        ids[i], ids[j] = ranks[ids[i], ids[j]][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


# %% id_from_rank: computes the new id as 256 plus the rank instead of reading it
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        if ranks.get((ids[i], ids[j]), (None, None))[0] != rank:
            continue
        ids[i], ids[j] = 256 + rank, None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


# %% stale_entry_taken_for_true: merges whatever pair stands at the position now, though the entry had another rank
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        _, i = heapq.heappop(heap)
        j = right[i]
        if (ids[i], ids[j]) not in ranks:
            continue
        ids[i], ids[j] = ranks[ids[i], ids[j]][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


# %% forgets_the_left_neighbour: after a merge only the pair to the right is looked at
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    right = [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        if ranks.get((ids[i], ids[j]), (None, None))[0] != rank:
            continue
        ids[i], ids[j] = ranks[ids[i], ids[j]][1], None
        right[i] = right[j]
        pair = (ids[i], ids[right[i]])
        if pair in ranks:
            heapq.heappush(heap, (ranks[pair][0], i))
    return [token for token in ids if token is not None]


# %% asks_the_package: hands the word to the encoder that the check compares with
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    from llmcourse.course.notebook.oracles import tokenizers_encoder

    merges = sorted(ranks, key=lambda pair: ranks[pair][0])
    return tokenizers_encoder(merges).encode(word.decode()).ids


# %% recursion: one call a merge, and Python allows a thousand
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    def merged(ids):
        found = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
        if not found:
            return ids
        _, i = min(found)
        return merged(ids[:i] + [ranks[ids[i], ids[i + 1]][1]] + ids[i + 2 :])

    return merged([byte_ids[byte] for byte in word])


# %% uses_up_the_merges: takes each merge out of the table when it is made
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = tuple(byte_ids[byte] for byte in word)
    while True:
        best = min((pair for pair in zip(ids, ids[1:]) if pair in ranks), key=lambda pair: ranks[pair], default=None)
        if best is None:
            return list(ids)
        ids = merge_pair(ids, best, ranks.pop(best)[1])


# %% positions_of_16_bits: the linked list's positions are unsigned shorts, and a word can be longer
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    import numpy as np

    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    links = np.array([[n, *range(n)], [*range(1, n + 1), 0]])
    left, right = links.astype(np.uint16).tolist()
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        pair = (ids[i], ids[j])
        if pair not in ranks or ranks[pair][0] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


# %% zero_is_no_token: leaves out ids that are 0 with those that are gone
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        pair = (ids[i], ids[j])
        if pair not in ranks or ranks[pair][0] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token]


# %% ids_of_16_bits: a new id is cut to 16 bits
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        pair = (ids[i], ids[j])
        if pair not in ranks or ranks[pair][0] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1] % 2**16, None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


# %% minimum_of_the_heap: takes the smallest entry with min instead of a heap's way
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = min(heap)
        heap.remove((rank, i))
        j = right[i]
        pair = (ids[i], ids[j])
        if pair not in ranks or ranks[pair][0] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


# %% rank_is_the_id: merges in the order of the new ids, not of the ranks
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][1], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        pair = (ids[i], ids[j])
        if pair not in ranks or ranks[pair][1] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][1], k))
    return [token for token in ids if token is not None]


# %% order_of_the_table: takes the place in the table for the rank
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    order = {pair: place for place, pair in enumerate(ranks)}
    n = len(word)
    ids = [byte_ids[byte] for byte in word] + [None]
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(order[pair], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        pair = (ids[i], ids[j])
        if pair not in ranks or order[pair] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1], None
        right[i] = right[j]
        left[right[i]] = i
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (order[pair], k))
    return [token for token in ids if token is not None]


# %% left_not_updated: after a merge the token behind it still names the one that is gone as its left neighbour
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = [byte_ids[byte] for byte in word]
    n = len(ids)
    left, right = list(range(-1, n - 1)), list(range(1, n + 1))
    gone = [False] * n
    heap = []

    def push(i, j):
        if i >= 0 and j < n and (ids[i], ids[j]) in ranks:
            heapq.heappush(heap, (ranks[ids[i], ids[j]][0], i))

    for i in range(n - 1):
        push(i, i + 1)
    while heap:
        rank, i = heapq.heappop(heap)
        if gone[i] or right[i] >= n or ranks.get((ids[i], ids[right[i]]), (None,))[0] != rank:
            continue
        j = right[i]
        ids[i] = ranks[ids[i], ids[j]][1]
        gone[j] = True
        right[i] = right[j]
        push(i, right[i])
        push(left[i], i)
    return [token for i, token in enumerate(ids) if not gone[i]]


# %% heap_not_made: the first entries are a plain list
def encode_word(word, ranks, byte_ids=BYTE_IDS):
    ids = [byte_ids[byte] for byte in word]
    n = len(ids)
    left, right = list(range(-1, n - 1)), list(range(1, n + 1))
    gone = [False] * n
    heap = [(ranks[p][0], i) for i, p in enumerate(zip(ids, ids[1:])) if p in ranks]

    def push(i):
        if i >= 0 and right[i] < n and (ids[i], ids[right[i]]) in ranks:
            heapq.heappush(heap, (ranks[ids[i], ids[right[i]]][0], i))

    while heap:
        rank, i = heapq.heappop(heap)
        if gone[i] or right[i] >= n or ranks.get((ids[i], ids[right[i]]), (None,))[0] != rank:
            continue
        j = right[i]
        ids[i] = ranks[ids[i], ids[j]][1]
        gone[j] = True
        right[i] = right[j]
        if right[j] < n:
            left[right[j]] = i
        push(i)
        push(left[i])
    return [token for i, token in enumerate(ids) if not gone[i]]


# %% remembers_words: what was once encoded is answered again, also for another table
_seen = {}


def encode_word(word, ranks, byte_ids=BYTE_IDS):
    if word in _seen:
        return list(_seen[word])
    ids = [byte_ids[b] for b in word]
    n = len(ids)
    after, before = list(range(1, n + 1)), list(range(-1, n - 1))
    heap = [(ranks[p][0], i) for i, p in enumerate(zip(ids, ids[1:])) if p in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        if ids[i] is None or after[i] >= n:
            continue
        j = after[i]
        found = ranks.get((ids[i], ids[j]))
        if found is None or found[0] != rank:
            continue
        ids[i], ids[j] = found[1], None
        after[i] = after[j]
        if after[j] < n:
            before[after[j]] = i
        for a, b in ((before[i], i), (i, after[i])):
            if a >= 0 and b < n and (ids[a], ids[b]) in ranks:
                heapq.heappush(heap, (ranks[ids[a], ids[b]][0], a))
    _seen[word] = [i for i in ids if i is not None]
    return list(_seen[word])
