"""Right solutions of encode_word that are not written as the library's is."""

# %% node_objects: a linked list of small objects; a heap entry knows the very tokens that it would merge
class _Node:
    def __init__(self, token, place):
        self.token, self.place, self.previous, self.following = token, place, None, None


def encode_word(word, ranks, byte_ids=BYTE_IDS):
    nodes = [_Node(byte_ids[byte], place) for place, byte in enumerate(word)]
    for a, b in zip(nodes, nodes[1:]):
        a.following, b.previous = b, a
    heap = []

    def consider(a, b):
        if a is not None and b is not None and (a.token, b.token) in ranks:
            rank, new_id = ranks[a.token, b.token]
            heapq.heappush(heap, (rank, a.place, len(heap), new_id, a.token, b.token, a, b))

    for a, b in zip(nodes, nodes[1:]):
        consider(a, b)
    first = nodes[0] if nodes else None
    while heap:
        _, _, _, new_id, token_a, token_b, a, b = heapq.heappop(heap)
        if a.token != token_a or b.token != token_b or a.following is not b:
            continue
        a.token, b.token = new_id, None
        a.following = b.following
        if a.following is not None:
            a.following.previous = a
        consider(a.previous, a)
        consider(a, a.following)
    ids = []
    while first is not None:
        ids.append(first.token)
        first = first.following
    return ids


# %% places_by_rank: for each rank a heap of places; the lowest rank that has any comes first
def encode_word(word: bytes, ranks: Mapping[Pair, tuple[int, int]], byte_ids: Sequence[int] = BYTE_IDS) -> list[int]:
    tokens = dict(enumerate(byte_ids[byte] for byte in word))
    nexts = {i: i + 1 for i in range(len(word) - 1)}
    backs = {i + 1: i for i in range(len(word) - 1)}
    places, waiting = {}, []

    def note(i):
        found = ranks.get((tokens[i], tokens[nexts[i]])) if i in nexts else None
        if found:
            rank = found[0]
            if not places.get(rank):
                heapq.heappush(waiting, rank)
            heapq.heappush(places.setdefault(rank, []), i)

    for i in range(len(word)):
        note(i)
    while waiting:
        rank = waiting[0]
        if not places[rank]:
            heapq.heappop(waiting)
            continue
        i = heapq.heappop(places[rank])
        if i not in tokens or i not in nexts:
            continue
        j = nexts[i]
        found = ranks.get((tokens[i], tokens[j]))
        if not found or found[0] != rank:
            continue
        tokens[i] = found[1]
        del tokens[j]
        if j in nexts:
            nexts[i] = nexts.pop(j)
            backs[nexts[i]] = i
        else:
            del nexts[i]
        if i in backs:
            note(backs[i])
        note(i)
    return [tokens[i] for i in sorted(tokens)]


# %% dictionaries: what is left stands in dictionaries by position; an entry knows its two tokens
def encode_word(word: bytes, ranks: Mapping[Pair, tuple[int, int]], byte_ids: Sequence[int] = BYTE_IDS) -> list[int]:
    token = {i: byte_ids[byte] for i, byte in enumerate(word)}
    after = {i: i + 1 for i in token}
    before = {i: i - 1 for i in token}
    waiting: list[tuple[int, int, int, int]] = []

    def look_at(i: int) -> None:
        j = after.get(i)
        if i in token and j in token and (token[i], token[j]) in ranks:
            heapq.heappush(waiting, (ranks[token[i], token[j]][0], i, token[i], token[j]))

    for i in range(len(word)):
        look_at(i)
    while waiting:
        _, i, left, right = heapq.heappop(waiting)
        j = after.get(i)
        if token.get(i) != left or token.get(j) != right:
            continue
        token[i] = ranks[left, right][1]
        after[i] = after[j]
        before[after[j]] = i
        del token[j]
        look_at(before[i])
        look_at(i)
    return [token[i] for i in sorted(token)]
