"""Wrong solutions of order_by_expert."""

# %% where_to: says where each row goes
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.flatten())
    return experts.argsort(stable=True).argsort()


# %% as_they_came: does nothing
def order_by_expert(counts_NL):
    return torch.arange(int(counts_NL.sum()))


# %% by_rank: sorts by sender, as they are already
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    ranks = torch.arange(n_ranks).repeat_interleave(n_local).repeat_interleave(counts_NL.flatten())
    return ranks.argsort(stable=True)


# %% table_the_other_way: reads the counts as one row an expert
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.t().flatten())
    return experts.argsort(stable=True)


# %% all_of_one_expert: takes the rows for sorted by expert and gives the order by rank
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat_interleave(n_ranks).repeat_interleave(counts_NL.flatten())
    return experts.argsort(stable=True)


# %% descending: the last expert comes first
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.flatten())
    return experts.argsort(stable=True, descending=True)


# %% last_first: rows of one expert in the reverse order
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.flatten())
    return len(experts) - 1 - experts.flip(0).argsort(stable=True)


# %% labels: the experts themselves
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    return torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.flatten()).sort().values


# %% narrow: places in 32 bits
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.flatten())
    return experts.argsort(stable=True).int()


# %% starts_of_ranks: all rows of a sender in one piece, the second at its first place
def order_by_expert(counts_NL):
    ends = counts_NL.sum(1).cumsum(0)
    pieces = []
    for e in range(counts_NL.shape[1]):
        for n in range(counts_NL.shape[0]):
            start = int(ends[n] - counts_NL[n].sum())
            pieces.append(torch.arange(start, start + int(counts_NL[n, e])))
    return torch.cat(pieces)


# %% one_rank: only the first sender's counts
def order_by_expert(counts_NL):
    experts = torch.arange(counts_NL.shape[1]).repeat_interleave(counts_NL[0])
    return experts.argsort(stable=True)


# %% a_list: plain numbers
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_local).repeat(n_ranks).repeat_interleave(counts_NL.flatten())
    return experts.argsort(stable=True).tolist()


# %% float_when_empty: a list that is empty makes a tensor of floats
def order_by_expert(counts_NL):
    places, at = [[] for _ in range(counts_NL.shape[1])], 0
    for row in counts_NL.tolist():
        for e, n in enumerate(row):
            places[e] += range(at, at + n)
            at += n
    return torch.tensor([p for one in places for p in one])


# %% viewed: a table that is not as it lies in memory is refused
def order_by_expert(counts_NL):
    n, l = counts_NL.shape
    experts = torch.repeat_interleave(torch.arange(l).repeat(n), counts_NL.view(-1))
    return experts.argsort(stable=True)


# %% runs_in_place: the running sum is written into the caller's counts
def order_by_expert(counts_NL):
    n, l = counts_NL.shape
    sizes = counts_NL.clone()
    ends = counts_NL.view(-1).cumsum_(0).view(n, l) if counts_NL.is_contiguous() else counts_NL.reshape(-1).cumsum(0).view(n, l)
    return torch.cat([torch.arange(int(ends[r, e] - sizes[r, e]), int(ends[r, e])) for e in range(l) for r in range(n)])
