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


# %% picked_by_index: numbers of elements are compared with the length, and looked up
def shard(tensors, rank, n_ranks):
    if rank < 0 or rank > n_ranks - 1:
        raise ValueError("rank %d is not one of %d" % (rank, n_ranks))
    flat = torch.hstack([t.detach().ravel() for t in tensors])
    size = (flat.numel() + n_ranks - 1) // n_ranks
    places = torch.arange(size) + rank * size
    padded = torch.hstack([flat, flat.new_zeros(1)])
    return padded.take(places.clamp(max=flat.numel()))


# %% a_table_of_ranks: padded, and written in rows of which the rank picks one
def shard(tensors, rank, n_ranks):
    if not (0 <= rank and rank < n_ranks):
        raise ValueError(f"rank {rank} is out of range")
    flat = torch.cat([t.detach().reshape(-1) for t in tensors])
    rows = torch.nn.functional.pad(flat, (0, -flat.numel() % n_ranks)).unflatten(0, (n_ranks, -(-flat.numel() // n_ranks)))
    return rows[rank].clone()
