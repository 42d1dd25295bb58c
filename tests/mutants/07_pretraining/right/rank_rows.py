"""Right solutions of rank_rows that are not written as the library's is."""

# %% cut_a_range: ranges are cut, and their ends read off
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    given = {"step": step, "batch_size": batch_size, "n_ranks": n_ranks, "rank": rank, "n_micro_batches": n_micro_batches}
    for name, value in given.items():
        if int(value) != value:
            raise ValueError(f"{name} is {value}, not a whole number")
        if value < (0 if name in ("step", "rank") else 1):
            raise ValueError(f"{name} is {value}, too small")
    step, batch_size, n_ranks, rank, n_micro_batches = map(int, given.values())
    if rank >= n_ranks:
        raise ValueError(f"rank is {rank}, there are {n_ranks}")
    if batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"{batch_size} rows for {n_ranks} ranks and {n_micro_batches} micro-batches")
    rows = range(step * batch_size, (step + 1) * batch_size)
    mine = rows[rank * batch_size // n_ranks : (rank + 1) * batch_size // n_ranks]
    size = len(mine) // n_micro_batches
    micro = [mine[i : i + size] for i in range(0, len(mine), size)]
    return [(part.start, part.stop) for part in micro]


# %% edges: all edges of the step, of which a rank has a few
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    values = [whole(n, v) for n, v in (("step", step), ("batch_size", batch_size), ("n_ranks", n_ranks), ("rank", rank), ("n_micro_batches", n_micro_batches))]
    step, batch_size, n_ranks, rank, n_micro_batches = values
    if step < 0 or batch_size < 1 or n_ranks < 1 or n_micro_batches < 1 or rank < 0 or rank >= n_ranks:
        raise ValueError(f"one of step={step}, batch_size={batch_size}, n_ranks={n_ranks}, rank={rank}, n_micro_batches={n_micro_batches} is not allowed")
    parts = n_ranks * n_micro_batches
    size, rest = divmod(batch_size, parts)
    if rest != 0:
        raise ValueError(f"batch_size={batch_size} is no multiple of n_ranks={n_ranks} times n_micro_batches={n_micro_batches}")
    edges = [step * batch_size + i * size for i in range(rank * n_micro_batches, (rank + 1) * n_micro_batches + 1)]
    return list(zip(edges, edges[1:]))


# %% walks: from one micro-batch to the next
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    for name, value, least in (("step", step, 0), ("batch_size", batch_size, 1), ("n_ranks", n_ranks, 1), ("rank", rank, 0), ("n_micro_batches", n_micro_batches, 1)):
        if whole(name, value) < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")
    if rank > n_ranks - 1:
        raise ValueError(f"rank is {rank}; it must be below {n_ranks}")
    if int(batch_size) % (int(n_ranks) * int(n_micro_batches)) > 0:
        raise ValueError(f"batch_size is {batch_size}, n_ranks is {n_ranks}, n_micro_batches is {n_micro_batches}: it does not divide")
    of_rank = int(batch_size) // int(n_ranks)
    size = of_rank // int(n_micro_batches)
    start = int(step) * int(batch_size) + int(rank) * of_rank
    found = []
    while len(found) < n_micro_batches:
        found.append((start, start + size))
        start += size
    return found
