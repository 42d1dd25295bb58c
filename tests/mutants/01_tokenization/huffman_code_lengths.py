"""Wrong solutions of huffman_code_lengths."""

# %% equal_lengths: a code of equal length for all symbols, whatever their counts
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    bits = max(1, math.ceil(math.log2(len(counts))))
    return {symbol: bits for symbol in counts}


# %% shannon_code: rounds each symbol's information up to whole bits, which is not optimal
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    total = sum(counts.values())
    return {symbol: max(1, math.ceil(math.log2(total / count))) for symbol, count in counts.items()}


# %% joins_the_most_frequent: takes the two largest groups, as byte-pair encoding would
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return {symbol: 1 for symbol in counts}
    lengths = dict.fromkeys(counts, 0)
    groups = [(-count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(groups)
    made = len(groups)
    while len(groups) > 1:
        n_1, _, a = heapq.heappop(groups)
        n_2, _, b = heapq.heappop(groups)
        for symbol in a + b:
            lengths[symbol] += 1
        heapq.heappush(groups, (n_1 + n_2, made, a + b))
        made += 1
    return lengths


# %% compares_symbols: no tie rule in the heap, so equal counts compare lists of symbols
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return {symbol: 1 for symbol in counts}
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, [symbol]) for symbol, count in counts.items()]
    heapq.heapify(heap)
    while len(heap) > 1:
        n_1, a = heapq.heappop(heap)
        n_2, b = heapq.heappop(heap)
        for symbol in a + b:
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, a + b))
    return lengths


# %% newest_group_first: among equal counts the group made last is joined first, so codes get longer than needed
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return {symbol: 1 for symbol in counts}
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, -i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    made = len(counts)
    while len(heap) > 1:
        n_1, _, a = heapq.heappop(heap)
        n_2, _, b = heapq.heappop(heap)
        for symbol in a + b:
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, -made, a + b))
        made += 1
    return lengths


# %% single_symbol_for_free: one symbol alone gets a code of no bits
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    depth = dict.fromkeys(counts, 0)
    queue = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    made = len(queue)
    while len(queue) > 1:
        queue.sort(key=lambda group: group[:2])
        (n_1, _, a), (n_2, _, b) = queue[:2]
        for symbol in a + b:
            depth[symbol] += 1
        queue[:2] = [(n_1 + n_2, made, a + b)]
        made += 1
    return depth


# %% sorted_once: sorts at the start only, so each single symbol is joined to one growing group
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    rarest_last = sorted(counts, key=counts.get, reverse=True)
    lengths = {symbol: i + 1 for i, symbol in enumerate(rarest_last)}
    if len(rarest_last) > 1:
        lengths[rarest_last[-1]] -= 1
    return lengths


# %% empties_its_input: takes the symbols out of the dictionary it was given
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    heap = []
    while counts:
        symbol, count = counts.popitem()
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
        heap.append((count, len(counts), [symbol]))
    lengths = {symbol: 0 for _, _, (symbol,) in heap}
    if len(heap) == 1:
        return {heap[0][2][0]: 1}
    heapq.heapify(heap)
    made = len(heap)
    while len(heap) > 1:
        n_1, _, a = heapq.heappop(heap)
        n_2, _, b = heapq.heappop(heap)
        for symbol in a + b:
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, made, a + b))
        made += 1
    return lengths


# %% any_count_will_do: refuses an empty alphabet, but takes counts of zero and below
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    if len(counts) == 1:
        return {symbol: 1 for symbol in counts}
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, i, (symbol,)) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    made = len(counts)
    while len(heap) > 1:
        n_1, _, a = heapq.heappop(heap)
        n_2, _, b = heapq.heappop(heap)
        for symbol in (*a, *b):
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, made, (*a, *b)))
        made += 1
    return lengths


# %% count_of_the_larger_group: the joined group keeps the larger count instead of the sum
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return {symbol: 1 for symbol in counts}
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    made = len(counts)
    while len(heap) > 1:
        n_1, _, a = heapq.heappop(heap)
        n_2, _, b = heapq.heappop(heap)
        for symbol in a + b:
            lengths[symbol] += 1
        heapq.heappush(heap, (max(n_1, n_2), made, a + b))
        made += 1
    return lengths


# %% answers_by_heart: knows what the examples ask and falls back to equal lengths
def huffman_code_lengths(counts):
    known = {
        (5, 2, 1, 1): {"a": 1, "b": 2, "c": 3, "d": 3},
        (7,): {"x": 1},
        (1, 1, 2, 2): {"a": 2, "b": 2, "c": 2, "d": 2},
    }
    if not counts or min(counts.values()) < 1:
        raise ValueError(f"bad counts: {dict(counts)}")
    return known.get(tuple(counts.values())) or {s: max(1, (len(counts) - 1).bit_length()) for s in counts}


# %% not_implemented: gives NotImplemented back instead of an answer
def huffman_code_lengths(counts):
    return NotImplemented


# %% ties_from_the_last: of single symbols with equal counts, those that come last in `counts` are joined first
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, len(counts) - 1 - i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    made = len(counts)
    while len(heap) > 1:
        n_1, _, first = heapq.heappop(heap)
        n_2, _, second = heapq.heappop(heap)
        for symbol in first + second:
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, made, first + second))
        made += 1
    return lengths


# %% counts_in_int32: sums of counts above two thousand million wrap around
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    made = len(counts)
    while len(heap) > 1:
        n_1, _, first = heapq.heappop(heap)
        n_2, _, second = heapq.heappop(heap)
        for symbol in first + second:
            lengths[symbol] += 1
        heapq.heappush(heap, ((n_1 + n_2 + 2**31) % 2**32 - 2**31, made, first + second))
        made += 1
    return lengths


# %% ties_by_name: single symbols with equal counts are taken in the order of their names
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)
    heap = [(counts[symbol], i, [symbol]) for i, symbol in enumerate(sorted(counts, key=str))]
    heapq.heapify(heap)
    made = len(counts)
    while len(heap) > 1:
        n_1, _, first = heapq.heappop(heap)
        n_2, _, second = heapq.heappop(heap)
        for symbol in first + second:
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, made, first + second))
        made += 1
    return lengths


# %% recursion: one call for each join, and an alphabet may have more symbols than Python allows calls
def huffman_code_lengths(counts):
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"{symbol!r} has the count {count}")
    if not counts:
        raise ValueError("no symbols")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)

    def join(heap, made):
        if len(heap) == 1:
            return lengths
        n_1, _, first = heapq.heappop(heap)
        n_2, _, second = heapq.heappop(heap)
        for symbol in first + second:
            lengths[symbol] += 1
        heapq.heappush(heap, (n_1 + n_2, made, first + second))
        return join(heap, made + 1)

    heap = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    return join(heap, len(counts))


# %% smaller_group_only: only the symbols of the smaller of the two groups get a bit more
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("there is no symbol")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"the count of {symbol!r} is {count}; it must be at least 1")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    made = len(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in a[2]:
            lengths[symbol] += 1
        heapq.heappush(heap, (a[0] + b[0], made, a[2] + b[2]))
        made += 1
    return lengths


# %% negative_counts_pass: only a count of zero is refused
def huffman_code_lengths(counts):
    if not counts:
        raise ValueError("no symbols")
    for symbol, count in counts.items():
        if not count:
            raise ValueError(f"symbol {symbol!r} never occurs")
    lengths = {symbol: 0 for symbol in counts}
    if len(counts) == 1:
        return {symbol: 1 for symbol in counts}
    heap = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    next_number = len(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        group = first[2] + second[2]
        for symbol in group:
            lengths[symbol] += 1
        heapq.heappush(heap, (first[0] + second[0], next_number, group))
        next_number += 1
    return lengths
