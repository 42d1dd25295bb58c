"""Right solutions of exchange_splits that are not written as the library's is."""

# %% by_slices: the parts are taken one by one
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n != 0:
        raise ValueError(f"{n} ranks cannot share {len(counts_E)} experts")
    each = len(counts_E) // n
    mine = group.all_to_all(counts_E, [each] * n, [each] * n).wait()
    send = [int(part.sum()) for part in counts_E.split(each)]
    receive = [int(part.sum()) for part in mine.split(each)]
    return Splits(send, receive, mine.reshape(n, each))


# %% as_a_table: the table travels as a table
def exchange_splits(counts_E, group):
    experts, ranks = counts_E.numel(), group.size
    if experts % ranks:
        raise ValueError(f"n_experts={experts} is no multiple of {ranks}")
    table = counts_E.reshape(ranks, experts // ranks)
    came = group.all_to_all(table).wait()
    return Splits(table.sum(-1).tolist(), came.sum(-1).tolist(), came.clone())


# %% error_of_the_group: what cannot be cut is refused by the exchange itself, before it begins
def exchange_splits(counts_E, group):
    came = group.all_to_all(counts_E).wait()
    sums = [counts.view(group.size, -1).sum(1).tolist() for counts in (counts_E, came)]
    return Splits(*sums, came.view(group.size, -1))


# %% lists: the sums in Python
def exchange_splits(counts_E, group):
    E, N = counts_E.numel(), group.size
    if E % N != 0:
        raise ValueError(f"the number of experts is {E}; it must be a multiple of the number of ranks, {N}")
    L = E // N
    arrived = group.all_to_all(counts_E, [L] * N, [L] * N).wait()
    mine, theirs = counts_E.tolist(), arrived.tolist()
    return Splits(
        send=[sum(mine[r * L : (r + 1) * L]) for r in range(N)],
        receive=[sum(theirs[r * L : (r + 1) * L]) for r in range(N)],
        counts_NL=torch.tensor(theirs, dtype=torch.int64).reshape(N, L),
    )
