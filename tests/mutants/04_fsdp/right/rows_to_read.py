"""Right solutions of rows_to_read that are not written as the library's is."""

# %% overlaps: every rank against every shard, as intervals
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    for size in saved:
        if size < 0:
            raise ValueError(f"a shard cannot have {size} rows")
    n = sum(saved)
    each = (n + n_ranks - 1) // n_ranks
    plan = []
    for rank in range(n_ranks):
        begin, end = rank * each, min(n, (rank + 1) * each)
        reads, first = [], 0
        for shard, size in enumerate(saved):
            low, high = max(first, begin), min(first + size, end)
            if low < high:
                reads.append((shard, low - first, high - first, low - begin))
            first += size
        plan.append(reads)
    return plan


# %% rows_by_torch: the owners of all rows, cut by torch and then run by run
def rows_to_read(saved, n_ranks):
    if n_ranks <= 0:
        raise ValueError(f"cannot read with {n_ranks} ranks")
    if any(size < 0 for size in saved):
        raise ValueError(f"negative size in {list(saved)}")
    owners = [(shard, row) for shard, size in enumerate(saved) for row in range(size)]
    each = -(-len(owners) // n_ranks)
    plan = []
    for rank in range(n_ranks):
        reads = []
        for to, (shard, row) in enumerate(owners[rank * each : (rank + 1) * each]):
            if reads and reads[-1][0] == shard:
                reads[-1][2] = row + 1
            else:
                reads.append([shard, row, row + 1, to])
        plan.append([tuple(read) for read in reads])
    return plan


# %% two_pointers: walks along both rows of borders at once
def rows_to_read(saved, n_ranks):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}, at least 1 is needed")
    left = []
    for size in saved:
        if size < 0:
            raise ValueError(f"{size} rows in a shard")
        left.append(size)
    each = -(-sum(left) // n_ranks)
    shard, used, plan = 0, 0, []
    for _ in range(n_ranks):
        reads, got = [], 0
        while got < each and shard < len(left):
            take = min(each - got, left[shard] - used)
            if take > 0:
                reads.append((shard, used, used + take, got))
            got, used = got + take, used + take
            if used == left[shard]:
                shard, used = shard + 1, 0
        plan.append(reads)
    return plan
