"""Right solutions of huffman_code_lengths that are not written as the library's is."""

# %% two_queues: sorted symbols and joined groups in two queues, no heap; then depths from the root down
def huffman_code_lengths(counts):
    from collections import deque

    bad = {symbol: count for symbol, count in counts.items() if count < 1}
    if bad or not counts:
        raise ValueError(f"counts below 1: {bad}" if bad else "nothing to code")
    # sorted() is stable, and sums come out in growing order: both queues are in the order of the tie rule
    leaves = deque((count, symbol) for symbol, count in sorted(counts.items(), key=lambda item: item[1]))
    leaves = deque((count, ("leaf", symbol)) for count, symbol in leaves)
    joined = deque()

    def smallest():
        if not joined or (leaves and leaves[0][0] <= joined[0][0]):
            return leaves.popleft()
        return joined.popleft()

    while len(leaves) + len(joined) > 1:
        (n_1, left), (n_2, right) = smallest(), smallest()
        joined.append((n_1 + n_2, ("node", left, right)))
    lengths = {}
    todo = [((leaves or joined)[0][1], 0)]
    while todo:
        node, depth = todo.pop()
        if node[0] == "leaf":
            lengths[node[1]] = max(depth, 1)
        else:
            todo += [(node[1], depth + 1), (node[2], depth + 1)]
    return lengths


# %% parents: an array of parents, sorted anew at each join
def huffman_code_lengths(counts: Mapping[Hashable, int]) -> dict[Hashable, int]:
    symbols = list(counts)
    if len(symbols) == 0:
        raise ValueError("the alphabet is empty")
    weights = []
    for symbol in symbols:
        if counts[symbol] <= 0:
            raise ValueError(f"{symbol!r}: {counts[symbol]}")
        weights.append(counts[symbol])
    parent = {}
    alive = list(range(len(symbols)))
    while len(alive) >= 2:
        alive.sort(key=lambda node: (weights[node], node))
        first, second, *alive = alive
        parent[first] = parent[second] = len(weights)
        alive.append(len(weights))
        weights.append(weights[first] + weights[second])
    result = {}
    for node, symbol in enumerate(symbols):
        bits = 0
        while node in parent:
            node = parent[node]
            bits += 1
        result[symbol] = bits if bits else 1
    return result


# %% names_without_quotes: two lists, the one of groups kept sorted by insertion; a message without quotes
def huffman_code_lengths(counts):
    import bisect

    if len(counts) == 0:
        raise ValueError("an empty alphabet")
    for symbol in counts:
        if counts[symbol] < 1:
            raise ValueError(f"symbol {symbol} occurs {counts[symbol]} times, which is less than once")
    groups = sorted(((counts[symbol], number, (symbol,)) for number, symbol in enumerate(counts)), key=lambda g: g[:2])
    bits = {symbol: int(len(counts) == 1) for symbol in counts}
    number = len(counts)
    while len(groups) > 1:
        (n_1, _, left), (n_2, _, right) = groups[:2]
        del groups[:2]
        for symbol in left + right:
            bits[symbol] += 1
        bisect.insort(groups, (n_1 + n_2, number, left + right), key=lambda g: g[:2])
        number += 1
    return bits
