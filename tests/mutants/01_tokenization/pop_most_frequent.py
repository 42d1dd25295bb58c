"""Wrong solutions of pop_most_frequent."""

# %% stale_entry_taken_for_true: believes the first entry whose pair is still there
def pop_most_frequent(heap, counts):
    while heap:
        _, pair = heapq.heappop(heap)
        if counts[pair] > 0:
            return pair
    return None


# %% stale_entry_dropped: an entry whose count has fallen is thrown away, and its pair is lost
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
    return None


# %% looks_without_taking: reads the top of the heap and leaves the entry in it
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heap[0]
        if counts[pair] == -negative_count:
            return pair
        heapq.heappop(heap)
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% returns_pairs_that_are_gone: an entry with the count 0 goes back and then counts as true
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
        heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% last_of_the_list: a heap's last item is not its largest
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heap.pop()
        if counts[pair] == -negative_count:
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% searches_the_counts: ignores the heap and looks at all counts
def pop_most_frequent(heap, counts):
    alive = [pair for pair in counts if counts[pair] > 0]
    return min(alive, key=lambda pair: (-counts[pair], pair), default=None)


# %% expects_an_entry: an empty heap raises IndexError
def pop_most_frequent(heap, counts):
    while True:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))


# %% looks_twice_only: replaces one entry that is out of date, and believes the next
def pop_most_frequent(heap, counts):
    if not heap:
        return None
    negative_count, pair = heapq.heappop(heap)
    if counts[pair] != -negative_count:
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
        pair = heapq.heappop(heap)[1] if heap else None
    return pair


# %% back_without_order: appends an entry that was out of date to the list, which is then no heap
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
        if counts[pair] > 0:
            heap.append((-counts[pair], pair))
    return None


# %% rebuilds_the_heap: brings every entry up to date at each call, which is the search that the heap should save
def pop_most_frequent(heap, counts):
    heap[:] = [(-counts[pair], pair) for pair in {pair for _, pair in heap} if counts[pair] > 0]
    heapq.heapify(heap)
    return heapq.heappop(heap)[1] if heap else None


# %% strikes_the_count: takes the pair out of the counts, which belong to the caller
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            counts[pair] = 0
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% returns_the_entry: count and pair instead of the pair
def pop_most_frequent(heap, counts):
    while heap:
        entry = heapq.heappop(heap)
        if counts[entry[1]] == -entry[0]:
            return entry
        if counts[entry[1]] > 0:
            heapq.heappush(heap, (-counts[entry[1]], entry[1]))
    return None


# %% recursion: one call for each entry that is out of date
def pop_most_frequent(heap, counts):
    if not heap:
        return None
    negative_count, pair = heapq.heappop(heap)
    if counts[pair] == -negative_count:
        return pair
    if counts[pair] > 0:
        heapq.heappush(heap, (-counts[pair], pair))
    return pop_most_frequent(heap, counts)


# %% one_less_each_time: an entry goes back with a count that is lower by one, not with today's
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (negative_count + 1, pair))
    return None


# %% a_gone_pair_ends_it: the first pair that is gone counts as the end of the heap
def pop_most_frequent(heap, counts):
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == 0:
            return None
        if counts[pair] == -negative_count:
            return pair
        heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% smallest_of_the_list: finds the smallest entry with min, and takes it out of the list
def pop_most_frequent(heap, counts):
    while heap:
        entry = min(heap)
        heap.remove(entry)
        if counts[entry[1]] == -entry[0]:
            heapq.heapify(heap)
            return entry[1]
        if counts[entry[1]] > 0:
            heap.append((-counts[entry[1]], entry[1]))
    return None


# %% most_frequent_of_the_counts: asks the counts for their maximum, and the heap for nothing but the entry
def pop_most_frequent(heap, counts):
    most = max(counts.values(), default=0)
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count == most:
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% orders_again: appends what goes back and makes a heap of the whole list again, each time
def pop_most_frequent(heap, counts):
    while heap:
        heapq.heapify(heap)
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
        if counts[pair] > 0:
            heap.append((-counts[pair], pair))
    return None


# %% works_on_a_copy: the caller's heap stays as it was
def pop_most_frequent(heap, counts):
    heap = list(heap)
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] == -negative_count:
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


# %% plain_pop: the first entry is taken with heap.pop(0), after which the list is no heap
def pop_most_frequent(heap, counts):
    while heap:
        negative, pair = heap.pop(0)
        today = counts.get(pair, 0)
        if today == -negative and today:
            return pair
        if today:
            heapq.heappush(heap, (-today, pair))
    return None
