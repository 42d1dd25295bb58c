"""Right solutions of order_by_expert that are not written as the library's is."""

# %% by_slices: the places of each sender's rows for each expert, put together expert by expert
def order_by_expert(counts_NL):
    n_ranks, n_local = counts_NL.shape
    ends = counts_NL.flatten().cumsum(0).view(n_ranks, n_local)
    pieces = [
        torch.arange(int(ends[n, e] - counts_NL[n, e]), int(ends[n, e])) for e in range(n_local) for n in range(n_ranks)
    ]
    return torch.cat(pieces)


# %% pairs: sorts pairs of expert and place
def order_by_expert(counts_NL):
    experts = [e for row in counts_NL.tolist() for e, count in enumerate(row) for _ in range(count)]
    return torch.tensor([place for _, place in sorted((e, place) for place, e in enumerate(experts))], dtype=torch.int64)


# %% notebook_3: the sort of notebook 3, one choice a row
def order_by_expert(counts_NL):
    from llmcourse.moe.dispatch import sort_by_expert

    n_ranks, n_local = counts_NL.shape
    experts = torch.arange(n_ranks * n_local).remainder(n_local).repeat_interleave(counts_NL.flatten())
    return sort_by_expert(experts[:, None], n_local)[0]


# %% starts_and_steps: where each piece begins, repeated, and a count within the piece
def order_by_expert(counts_NL):
    flat = counts_NL.reshape(-1)
    starts = (flat.cumsum(0) - flat).view_as(counts_NL).t().reshape(-1)
    sizes = counts_NL.t().reshape(-1)
    total = int(sizes.sum())
    first = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    return starts.repeat_interleave(sizes) + torch.arange(total) - first
