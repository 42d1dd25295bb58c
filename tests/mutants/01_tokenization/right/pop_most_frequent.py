"""Right solutions of pop_most_frequent that are not written as the library's is."""

# %% replaces_in_place: looks at the top first, and replaces or pops it
def pop_most_frequent(heap, counts):
    while len(heap) > 0:
        top, pair = heap[0]
        today = counts[pair]
        if today == -top:
            heapq.heappop(heap)
            return pair
        if today:
            heapq.heapreplace(heap, (-today, pair))
        else:
            heapq.heappop(heap)


# %% pushpop: an entry that is out of date goes back and the next one comes out in one step
def pop_most_frequent(heap: list[tuple[int, Pair]], counts: Mapping[Pair, int]) -> Pair | None:
    entry = heapq.heappop(heap) if heap else None
    while entry is not None:
        promised, pair = entry
        if promised + counts[pair] == 0:
            return pair
        if counts[pair] > 0:
            entry = heapq.heappushpop(heap, (-counts[pair], pair))
        else:
            entry = heapq.heappop(heap) if heap else None
    return None


# %% looks_first: the entry is taken only when it is true
def pop_most_frequent(heap: list[tuple[int, Pair]], counts: Mapping[Pair, int]) -> Pair | None:
    while heap:
        promised, pair = heap[0]
        today = -counts[pair]
        if promised == today != 0:
            return heapq.heappop(heap)[1]
        if today < 0:
            heapq.heapreplace(heap, (today, pair))
        else:
            heapq.heappop(heap)
    return None
