"""Right solutions of shard."""

# %% padded_rows: a table with a row a rank
def shard(tensors, rank, n_ranks):
    if rank < 0 or rank >= n_ranks:
        raise ValueError(f"there is no rank {rank} of {n_ranks}")
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
    padded = torch.nn.functional.pad(flat, (0, -flat.numel() % n_ranks))
    return padded.view(n_ranks, -1)[rank].clone()


# %% element_by_element: from lists
def shard(tensors, rank, n_ranks):
    if rank not in range(n_ranks):
        raise ValueError(f"rank {rank}")
    with torch.no_grad():
        flat = torch.hstack([tensor.reshape(-1) for tensor in tensors])
    size = (len(flat) + n_ranks - 1) // n_ranks
    places = torch.arange(rank * size, (rank + 1) * size)
    part = torch.zeros(size, dtype=flat.dtype)
    part[places < len(flat)] = flat[places[places < len(flat)]]
    return part
