"""Wrong solutions of rows_to_read."""

# %% evenly: rows are shared out as evenly as possible, not ceil(n / R) until none are left
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    sizes = [n // n_ranks + (rank < n % n_ranks) for rank in range(n_ranks)]
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan, begin = [], 0
    for size in sizes:
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], begin + size)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads)
        begin += size
    return plan


# %% floor: each rank gets floor(n / R) rows, the last one the rest
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = n // n_ranks
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, n if rank == n_ranks - 1 else (rank + 1) * each
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads)
    return plan


# %% whole_rows: start and stop count in the whole tensor, not in the shard
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low, high, low - begin))
        plan.append(reads)
    return plan


# %% to_in_the_whole: `to` counts in the whole tensor, not in the rank's own part
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first, low))
        plan.append(reads)
    return plan


# %% touching: shards that only touch the rank's part are read, too, with no rows
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = min(n, rank * each), min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low <= high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads)
    return plan


# %% equal_shards: takes every saved shard to be as large as the first
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    size = max(saved, default=0)
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard in range(len(saved)):
            first = shard * size
            low, high = max(first, begin), min(first + size, end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads)
    return plan


# %% empty_shards_renumbered: shards without rows are dropped, and the others numbered anew
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    saved = [size for size in saved if size]
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads)
    return plan


# %% idle_ranks_left_out: ranks without rows have no list
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        if reads:
            plan.append(reads)
    return plan


# %% inclusive_stop: `stop` is the last row, not the one behind it
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first - 1, low - begin))
        plan.append(reads)
    return plan


# %% two_shards_at_most: a rank reads from the shard that holds its first row and the next one only
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    n = sum(saved)
    each = -(-n // n_ranks)
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads[:2])
    return plan


# %% row_by_row: one read for each row
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if any(size < 0 for size in saved):
        raise ValueError(f"a shard has {min(saved)} rows")
    each = -(-sum(saved) // n_ranks)
    plan, row = [[] for _ in range(n_ranks)], 0
    for shard, size in enumerate(saved):
        for i in range(size):
            plan[row // each].append((shard, i, i + 1, row % each))
            row += 1
    return plan


# %% no_errors: takes any number of ranks and rows
def rows_to_read(saved, n_ranks):
    n = sum(saved)
    each = -(-n // max(1, n_ranks))
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads = []
        for shard, first in enumerate(firsts):
            low, high = max(first, begin), min(first + saved[shard], end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
        plan.append(reads)
    return plan


# %% one_empty_shard_skipped: goes to the next shard once, also where that is empty as well
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}; it must be at least 1")
    if any(size < 0 for size in saved):
        raise ValueError(f"saved is {saved}; no size may be negative")
    left = sum(saved)
    each = -(-left // n_ranks)
    plan, shard, at = [], 0, 0
    for _ in range(n_ranks):
        reads, to = [], 0
        want = min(each, left)
        left -= want
        while to < want:
            if at == saved[shard]:
                shard, at = shard + 1, 0
                if saved[shard] == 0:
                    shard += 1
            n = min(want - to, saved[shard] - at)
            reads.append((shard, at, at + n, to))
            at, to = at + n, to + n
        plan.append(reads)
    return plan


# %% nothing_unchecked: without saved shards the number of ranks is not looked at
def rows_to_read(saved, n_ranks):
    if not saved:
        return [[] for _ in range(n_ranks)]
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    if min(saved) < 0:
        raise ValueError(f"a shard has {min(saved)} rows")
    per = -(-sum(saved) // n_ranks)
    plan = []
    for rank in range(n_ranks):
        first, begin, reads = rank * per, 0, []
        for shard, size in enumerate(saved):
            a, b = max(first, begin), min(first + per, begin + size)
            if a < b:
                reads.append((shard, a - begin, b - begin, a - first))
            begin += size
        plan.append(reads)
    return plan
